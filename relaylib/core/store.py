"""Results on disk, each under the hash of its name, its configuration and its code."""

import hashlib
import io
import json
import os
import platform
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import xarray as xr
from filelock import FileLock, Timeout
from safetensors.numpy import load, save

from relaylib.core.checks import check_all, check_type
from relaylib.core.files import PARTIAL, read_regular, write_atomically
from relaylib.core.fingerprint import UnstableError
from relaylib.core.key import check_name, entry_key
from relaylib.core.provenance import edited_files, library_versions

Result = TypeVar("Result")
Arrays = dict[str, np.ndarray]
_PATIENCE_S = 2.0  # a longer wait for another process is reported
_MANIFEST_BYTES = 2**20
_ALSO_RECORDED = ("xarray", "h5netcdf", "safetensors", "relaylib")


class StoreWarning(UserWarning):
    """A stored result was damaged and is computed again, or a result is not stored; it says why."""


class _Format(NamedTuple, Generic[Result]):
    suffix: str
    pack: Callable[[Result, dict[str, str]], bytes]
    unpack: Callable[[bytes], Result]


class Store:
    """A folder of results, each under the hash of its name, its configuration and its code.

    An entry is a data file (netCDF or safetensors) and a manifest, written last, that holds the
    checksum of the data. Data that do not match their manifest are computed again, with a
    `StoreWarning`. Processes that ask for the same entry at the same time compute it once. Where
    the code was edited since it was imported, or a task acts differently every time, results are
    computed without the store, with a `StoreWarning`.

    Parameters
    ----------
    root
        The folder, created when first written to. None: the environment variable RELAY_RESULTS,
        else ``results`` in the project around the working directory, else ``./results``.
    """

    def __init__(self, root: str | os.PathLike[str] | None = None) -> None:
        if root is not None and not isinstance(root, str | os.PathLike):
            raise TypeError(f"root must be a path or None, got {root!r}")
        self.root = (_default_root() if root is None else Path(root)).expanduser().absolute()

    def dataset(
        self, name: str, config: Any, compute: Callable[[], xr.Dataset], *, modules: Sequence[str]
    ) -> xr.Dataset:
        """Return the stored dataset, or compute it and store it.

        Parameters
        ----------
        name
            What is computed, e.g. ``"study"``: letters, digits, ``_``, ``.`` and ``-``.
        config
            Everything the result depends on: a frozen dataclass of strings, numbers, booleans,
            None, tuples and further frozen dataclasses.
        compute
            Called without arguments if no undamaged entry is stored.
        modules
            The modules of relaylib that compute it, as for `relaylib.core.provenance.code_hash`.

        Returns
        -------
        xarray.Dataset
            In memory, identical whether computed or read; ``attrs`` hold the name, the
            configuration and library versions (JSON), the code hash and the time of creation.

        Raises
        ------
        TypeError
            If a field of ``config`` holds anything else (the message names the field), or
            ``compute`` returns something other than a dataset.
        ValueError
            If ``name`` cannot be part of a file name, or a field is NaN or infinite.
        """
        return self._entry(name, config, compute, modules, _DATASET)

    def arrays(
        self, name: str, config: Any, compute: Callable[[], Arrays], *, modules: Sequence[str]
    ) -> Arrays:
        """Return the stored arrays by name, or compute and store them; arguments as `dataset`."""
        return self._entry(name, config, compute, modules, _ARRAYS)

    def holds(self, name: str, config: Any, *, modules: Sequence[str]) -> bool:
        """Return whether an entry is stored; its checksum is tested only when it is used."""
        key, obstacle = _key(name, config, modules)
        return not obstacle and self._has(key)

    def claim(
        self, entries: Sequence[tuple[str, Any]], *, modules: Sequence[str]
    ) -> AbstractContextManager[list[int]]:
        """Lock, for a ``with`` block, the missing entries that no other process computes.

        Parameters
        ----------
        entries
            (name, config) of each, as for `arrays`.
        modules
            As for `arrays`.

        Returns
        -------
        context manager of list of int
            Positions of the entries that are to be computed and stored in the block.
        """
        pairs = check_all("entries", entries, tuple)
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError(f"entries must hold pairs (name, config), got {entries!r}")
        names = [check_name("the names in entries", name) for name, _ in pairs]
        return self._claimed([_key(n, c, modules) for n, (_, c) in zip(names, pairs, strict=True)])

    @contextmanager
    def _claimed(self, keys: list[tuple[dict[str, Any], str]]) -> Iterator[list[int]]:
        with ExitStack() as locks:
            claimed = []
            for position, (key, obstacle) in enumerate(keys):
                if not obstacle:
                    lock = self._lock(self._path(key, _ARRAYS), timeout=0)
                    if lock is None:
                        continue
                    locks.enter_context(lock)
                if obstacle or not self._has(key):
                    claimed.append(position)
            yield claimed

    def export(self, dataset: xr.Dataset, filename: str) -> Path:
        """Write a netCDF copy for other tools, e.g. ``study.nc``, and return its path."""
        path = self.root / check_name("filename", filename)
        check_type("dataset", dataset, xr.Dataset)
        _keep({path: bytes(dataset.to_netcdf(engine="h5netcdf"))})
        return path

    def _entry(
        self,
        name: str,
        config: Any,
        compute: Callable[[], Result],
        modules: Sequence[str],
        form: _Format[Result],
    ) -> Result:
        key, obstacle = _key(name, config, modules)
        path = self._path(key, form)
        with nullcontext() if obstacle else self._waiting_lock(path):
            data = None if obstacle else _read(path, key)
            if data is not None:
                return form.unpack(data)
            data, manifest = _packed(compute(), key, form)
            obstacle = obstacle or _obstacle(modules)
            if obstacle:
                _warn(f"{name} is computed without the store: {obstacle}")
            else:
                _keep({path: data, _manifest(path): json.dumps(manifest, indent=1).encode()})
            return form.unpack(data)

    def _path(self, key: dict[str, Any], form: _Format[Any]) -> Path:
        digest = hashlib.sha256(_json(key).encode()).hexdigest()
        return self.root / f"{key['name']}-{digest[:16]}{form.suffix}"

    def _has(self, key: dict[str, Any]) -> bool:
        return any(os.path.exists(_manifest(self._path(key, form))) for form in (_DATASET, _ARRAYS))

    def _waiting_lock(self, path: Path) -> AbstractContextManager[Any]:
        lock = self._lock(path, timeout=_PATIENCE_S)
        if lock is None:
            print(f"Waiting for another process that computes {path.name}", file=sys.stderr)
            lock = self._lock(path, timeout=-1)
        assert lock is not None
        return lock

    def _lock(self, path: Path, timeout: float) -> AbstractContextManager[Any] | None:
        """Return a lock for a ``with`` block, or None if another process has it.

        There is no lock where nothing can be written; a file system without locks gets a warning.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = FileLock(path.with_name(f".{path.name}.lock"), is_singleton=True)
            return lock.acquire(timeout=timeout)
        except Timeout:
            return None
        except (PermissionError, FileExistsError, NotADirectoryError):
            return nullcontext()
        except (OSError, NotImplementedError) as error:
            _warn(f"{path} cannot be locked ({error}): another process may compute it as well")
            return nullcontext()


StoreLike = Store | str | os.PathLike[str]


def as_store(store: StoreLike | None) -> Store:
    """Return a store, or the one in a folder; None: the default one. TypeError for the rest."""
    if isinstance(store, Store):
        return store
    if store is not None and not isinstance(store, str | os.PathLike):
        raise TypeError(f"store must be a Store, a path or None, got {store!r}")
    return Store(store)


def _default_root() -> Path:
    if named := os.environ.get("RELAY_RESULTS"):
        return Path(named)
    here, project = Path.cwd(), ("relaylib", "notebooks")
    above = (f for f in (here, *here.parents) if all((f / part).is_dir() for part in project))
    return next(above, here) / "results"


def _key(name: str, config: Any, modules: Sequence[str]) -> tuple[dict[str, Any], str]:
    """Return the key of an entry, and why it must not be stored, if so."""
    try:
        return entry_key(name, config, modules), _obstacle(modules)
    except UnstableError as error:
        return {"name": check_name("name", name)}, str(error)


def _obstacle(modules: Sequence[str]) -> str:
    edited = edited_files(modules)
    return f"{edited[0]} was edited since it was imported; restart Python" if edited else ""


def _packed(
    computed: Result, key: dict[str, Any], form: _Format[Result]
) -> tuple[bytes, dict[str, Any]]:
    """Return a result as bytes, with its provenance inside, and the manifest of the bytes."""
    versions = {name: version(name) for name in _ALSO_RECORDED}
    manifest = key | {
        "versions": library_versions() | versions | {"python": platform.python_version()},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    labels = {k: v if isinstance(v, str) else _json(v) for k, v in manifest.items()}
    data = form.pack(computed, labels)
    return data, manifest | {"sha256": hashlib.sha256(data).hexdigest(), "n_bytes": len(data)}


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _manifest(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _read(path: Path, key: dict[str, Any]) -> bytes | None:
    """Return the data of an undamaged entry, else None; warn of a damaged one."""
    try:
        _sweep(path)
        if not path.exists() and not _manifest(path).exists():
            return None
        manifest = json.loads(read_regular(_manifest(path), _MANIFEST_BYTES))
        data = read_regular(path, manifest["n_bytes"])
        undamaged = manifest["sha256"] == hashlib.sha256(data).hexdigest()
        if undamaged and all(manifest[name] == value for name, value in key.items()):
            return data
        damage = "data and manifest do not match"
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        damage = f"{type(error).__name__}: {error}"
    _warn(f"{path} is damaged and is computed again ({damage})")
    return None


def _sweep(path: Path) -> None:
    for partial in path.parent.glob(f"{path.name}.*{PARTIAL}"):
        _warn(f"{partial} was left half-written by a stopped process and is removed")
        with suppress(OSError):
            partial.unlink()


def _keep(files: dict[Path, bytes]) -> None:
    """Write the files in order, each atomically; warn if that is not possible."""
    for path, data in files.items():
        try:
            write_atomically(path, data)
        except OSError as error:
            _warn(f"{path} could not be stored ({error}); the result itself is complete")
            return


def _warn(text: str) -> None:
    warnings.warn(text, StoreWarning, stacklevel=2)


def _pack_dataset(dataset: xr.Dataset, labels: dict[str, str]) -> bytes:
    if not isinstance(dataset, xr.Dataset):
        raise TypeError(f"compute must return an xarray.Dataset, got {type(dataset).__name__}")
    with _own_locks():
        return bytes(dataset.assign_attrs(labels).to_netcdf(engine="h5netcdf"))


def _unpack_dataset(data: bytes) -> xr.Dataset:
    with _own_locks():
        return xr.load_dataset(io.BytesIO(data), engine="h5netcdf").drop_encoding()


def _own_locks() -> AbstractContextManager[Any]:
    """Keep xarray from asking an open Dask client for a lock on bytes in memory."""
    dask = sys.modules.get("dask")
    return nullcontext() if dask is None else dask.config.set(scheduler="synchronous")


def _pack_arrays(arrays: Arrays, labels: dict[str, str]) -> bytes:
    # safetensors copies memory as it is: a transposed array would come back wrong
    return save({k: np.asarray(v, order="C") for k, v in arrays.items()}, metadata=labels)


def _unpack_arrays(data: bytes) -> dict[str, np.ndarray]:
    return dict(sorted(load(data).items()))  # safetensors gives another order in every process


_DATASET = _Format(".nc", _pack_dataset, _unpack_dataset)
_ARRAYS = _Format(".safetensors", _pack_arrays, _unpack_arrays)
