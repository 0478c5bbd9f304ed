"""Loops compiled by numba and kept on disk, until a file that holds such loops changes."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

_SOURCES = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
_STAMP = hashlib.sha256(b"".join(text for text in _SOURCES if b"compiled(" in text)).hexdigest()


def compiled(**options: Any) -> Callable[[Callable], Any]:
    """Compile a function with `numba.njit`, and keep the machine code beside its source.

    numba drops what it kept when the function's own file changes. A function that calls another,
    in a file that changed, would go on with the old one, and its results would be kept under the
    hash of the new code. So each file of compiled loops counts for every one.

    Parameters
    ----------
    options
        Of `numba.njit`: ``parallel``, ``fastmath``, ...
    """

    def decorate(function: Callable) -> Any:
        dispatcher = numba.njit(cache=True, **options)(function)
        if hasattr(dispatcher, "_cache"):  # not where NUMBA_DISABLE_JIT is set
            kept = dispatcher._cache._cache_file
            kept._source_stamp = (kept._source_stamp, _STAMP)
        return dispatcher

    return decorate
