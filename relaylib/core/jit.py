"""`numba.njit` with a cache on disk that a change of any kernel of relaylib makes stale."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

_PACKAGE = Path(__file__).parent.parent


def kernels_hash(package: Path = _PACKAGE) -> str:
    """Return the SHA-256 of all files with cached kernels, at any depth, and of the tolerances."""
    sources = {path: path.read_bytes() for path in sorted(package.rglob("*.py"))}
    kernels = (s for p, s in sources.items() if b"cached_njit(" in s or p.name == "tolerances.py")
    return hashlib.sha256(b"".join(kernels)).hexdigest()


_STAMP = kernels_hash()


def cached_njit(**options: Any) -> Callable[[Callable], Any]:
    """Compile a function with `numba.njit` and cache the machine code beside its source file.

    numba recompiles a function when its own file changes, but not when the file of a function
    that it calls does: it would go on with the old machine code, and its results would be stored
    under the hash of the new code. Here a change of any file with kernels makes every cached
    function stale.

    Parameters
    ----------
    options
        Options of `numba.njit`: ``parallel``, ``fastmath``, ...
    """

    def decorate(function: Callable) -> Any:
        dispatcher = numba.njit(cache=True, **options)(function)
        if hasattr(dispatcher, "_cache"):  # absent where NUMBA_DISABLE_JIT is set
            cache_file = dispatcher._cache._cache_file
            cache_file._source_stamp = (cache_file._source_stamp, _STAMP)
        return dispatcher

    return decorate
