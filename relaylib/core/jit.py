"""`numba.njit` with a cache on disk that is never stale, and never used where it is damaged."""

import contextlib
import hashlib
import io
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile

_PACKAGE = Path(__file__).parent.parent
_DIGEST_BYTES = hashlib.sha256().digest_size


class CompilationCacheWarning(UserWarning):
    """Machine code could not be kept on disk: the next process compiles again."""


def kernels_hash(package: Path = _PACKAGE) -> str:
    """Return the SHA-256 of all files with cached kernels, at any depth, and of the tolerances."""
    sources = {path: path.read_bytes() for path in sorted(package.rglob("*.py"))}
    kernels = (s for p, s in sources.items() if b"cached_njit(" in s or p.name == "tolerances.py")
    return hashlib.sha256(b"".join(kernels)).hexdigest()


_STAMP = kernels_hash()


class _CheckedFile(IndexDataCacheFile):
    """numba's files of a function, each followed by its checksum; a damaged one counts as lost."""

    @contextlib.contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[io.BytesIO]:
        with super()._open_for_write(filepath) as file:
            content = io.BytesIO()
            yield content
            file.write(content.getvalue() + hashlib.sha256(content.getvalue()).digest())

    def _load_index(self) -> dict:
        return super()._load_index() if _is_intact(Path(self._index_path)) else {}

    def _load_data(self, name: str) -> Any:
        if not _is_intact(Path(self._data_path(name))):
            raise OSError(f"{name} is damaged")  # numba compiles the function and writes it again
        return super()._load_data(name)


def _is_intact(path: Path) -> bool:
    content = path.read_bytes() if path.is_file() else b""
    return hashlib.sha256(content[:-_DIGEST_BYTES]).digest() == content[-_DIGEST_BYTES:]


class _Cache(FunctionCache):
    """The cache of one function; where it cannot be written, the function works without."""

    def __init__(self, function: Callable) -> None:
        super().__init__(function)
        stamp = (self._impl.locator.get_source_stamp(), _STAMP)
        self._cache_file = _CheckedFile(self._cache_path, self._impl.filename_base, stamp)

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _warn(f"{self._cache_path} cannot be written ({error})")


def _warn(problem: str) -> None:
    warnings.warn(
        f"compiled functions are not kept: {problem}; the next process compiles again",
        CompilationCacheWarning,
        stacklevel=3,
    )


def cached_njit(**options: Any) -> Callable[[Callable], Any]:
    """Compile a function with `numba.njit` and cache the machine code beside its source file.

    numba recompiles a function when its own file changes, but not when the file of a function
    that it calls does: it would go on with the old machine code, and its results would be stored
    under the hash of the new code. Here a change of any file with kernels makes every cached
    function stale, a damaged file is replaced, and a full disk costs only the cache.

    Parameters
    ----------
    options
        Options of `numba.njit`: ``parallel``, ``fastmath``, ...

    Warns
    -----
    CompilationCacheWarning
        If the cache cannot be written.
    """

    def decorate(function: Callable) -> Any:
        dispatcher = numba.njit(**options)(function)
        if hasattr(dispatcher, "_cache"):  # absent where NUMBA_DISABLE_JIT is set
            try:
                dispatcher._cache = _Cache(function)
            except RuntimeError as error:  # no folder can be written
                _warn(str(error))
        return dispatcher

    return decorate
