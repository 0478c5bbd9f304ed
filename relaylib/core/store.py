"""Results on disk, each under the hash of its name, its configuration and its code."""

import dataclasses
import hashlib
import inspect
import io
import json
import math
import os
import re
import sys
import uuid
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import xarray as xr
from filelock import FileLock, Timeout
from safetensors.numpy import load, save

from relaylib.core.checks import check_type
from relaylib.core.provenance import code_hash

Result = TypeVar("Result")
Arrays = dict[str, np.ndarray]
_PATIENCE_S = 2.0  # a longer wait for another process is reported
_LIBRARIES = ("numpy", "torch", "xarray", "relaylib")


class StoreWarning(UserWarning):
    """A stored result was damaged and is computed again, or a result could not be stored."""


class _Format(NamedTuple, Generic[Result]):
    suffix: str
    pack: Callable[[Result, dict[str, str]], bytes]
    unpack: Callable[[bytes], Result]


class Store:
    """A folder of results, each under the hash of its name, its configuration and its code.

    An entry is a data file (netCDF or safetensors) and a manifest, written last, that holds the
    checksum of the data. Data that do not match their manifest are computed again, with a
    `StoreWarning`. Processes that ask for the same entry at the same time compute it once.

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
        key = _key(name, config, modules)
        return any(_manifest(self._path(key, form)).exists() for form in (_DATASET, _ARRAYS))

    def export(self, dataset: xr.Dataset, filename: str) -> Path:
        """Write a netCDF copy for other tools, e.g. ``study.nc``, and return its path."""
        _check_name("filename", filename)
        check_type("dataset", dataset, xr.Dataset)
        path = self.root / filename
        data = bytes(dataset.to_netcdf(engine="h5netcdf"))
        with self._lock(path):
            _sweep(path)
            _keep({path: data})
        return path

    def _entry(
        self,
        name: str,
        config: Any,
        compute: Callable[[], Result],
        modules: Sequence[str],
        form: _Format[Result],
    ) -> Result:
        key = _key(name, config, modules)
        path = self._path(key, form)
        with self._lock(path):
            data = _read(path, key)
            if data is not None:
                return form.unpack(data)
            computed = compute()
            manifest = key | {
                "versions": {library: version(library) for library in _LIBRARIES},
                "created": datetime.now(UTC).isoformat(timespec="seconds"),
            }
            labels = {k: v if isinstance(v, str) else _json(v) for k, v in manifest.items()}
            data = form.pack(computed, labels)
            result = form.unpack(data)
            manifest["sha256"] = hashlib.sha256(data).hexdigest()
            _keep({path: data, _manifest(path): json.dumps(manifest, indent=1).encode()})
            return result

    def _path(self, key: dict[str, Any], form: _Format[Any]) -> Path:
        digest = hashlib.sha256(_json(key).encode()).hexdigest()
        return self.root / f"{key['name']}-{digest[:16]}{form.suffix}"

    def _lock(self, path: Path) -> AbstractContextManager[Any]:
        """Return a lock for a ``with`` block; no lock where the folder cannot be written."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = FileLock(path.with_name(f".{path.name}.lock"))
            try:
                return lock.acquire(timeout=_PATIENCE_S)
            except Timeout:
                print(f"Waiting for another process that computes {path.name}", file=sys.stderr)
                return lock.acquire()
        except OSError:
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


def _key(name: str, config: Any, modules: Sequence[str]) -> dict[str, Any]:
    _check_name("name", name)
    if not dataclasses.is_dataclass(config):
        raise TypeError(f"config must be a frozen dataclass, got {type(config).__name__}")
    return {
        "name": name,
        "configuration": _plain(config, "config"),
        "code_hash": code_hash(modules),
    }


def _check_name(argument: str, name: str) -> None:
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{,99}", name):
        raise ValueError(
            f"{argument} must be at most 100 letters, digits, '_', '.' and '-', got {name!r}"
        )


def _plain(value: Any, field: str) -> Any:
    """Return a configuration as JSON types, class names included."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{field} must be finite, got {value}")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, tuple):
        return [_plain(item, f"{field}[{index}]") for index, item in enumerate(value)]
    params = getattr(type(value), "__dataclass_params__", None)
    if params is None or not params.frozen:
        raise TypeError(
            f"{field} must be a string, a number, a boolean, None, a tuple or a frozen dataclass, "
            f"got {value!r} ({type(value).__name__})"
        )
    names = [item.name for item in dataclasses.fields(value)]
    fields = {name: _plain(getattr(value, name), f"{field}.{name}") for name in names}
    return {"class": type(value).__name__} | _foreign_code(type(value)) | fields


def _foreign_code(kind: type) -> dict[str, str]:
    """Hash of a class outside the package, e.g. a user's own task; the code hash covers ours."""
    if kind.__module__.partition(".")[0] == __name__.partition(".")[0]:
        return {}
    try:
        source = inspect.getsource(kind)
    except (OSError, TypeError):  # defined at a prompt: there is no source
        source = ""
    return {"code": hashlib.sha256(source.encode()).hexdigest()}


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _manifest(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _read(path: Path, key: dict[str, Any]) -> bytes | None:
    """Return the data of an undamaged entry, else None; warn of a damaged one."""
    _sweep(path)
    try:
        if not path.exists() and not _manifest(path).exists():
            return None
        manifest = json.loads(_manifest(path).read_bytes())
        data = path.read_bytes()
        undamaged = manifest["sha256"] == hashlib.sha256(data).hexdigest()
        if undamaged and all(manifest[name] == value for name, value in key.items()):
            return data
        damage = "data and manifest do not match"
    except (OSError, ValueError, KeyError, TypeError) as error:
        damage = f"{type(error).__name__}: {error}"
    _warn(f"{path} is damaged and is computed again ({damage})")
    return None


def _sweep(path: Path) -> None:
    for partial in path.parent.glob(f"{path.name}.*.partial"):
        _warn(f"{partial} was left half-written by a stopped process and is removed")
        with suppress(OSError):
            partial.unlink()


def _keep(files: dict[Path, bytes]) -> None:
    """Write the files in order, each atomically; warn if that is not possible."""
    for path, data in files.items():
        partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
        try:
            with partial.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as error:
            _warn(f"{path} could not be stored ({error}); the result itself is complete")
            return
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def _warn(text: str) -> None:
    warnings.warn(text, StoreWarning, stacklevel=2)


def _pack_dataset(dataset: xr.Dataset, labels: dict[str, str]) -> bytes:
    if not isinstance(dataset, xr.Dataset):
        raise TypeError(f"compute must return an xarray.Dataset, got {type(dataset).__name__}")
    return bytes(dataset.assign_attrs(labels).to_netcdf(engine="h5netcdf"))


def _unpack_dataset(data: bytes) -> xr.Dataset:
    return xr.load_dataset(io.BytesIO(data), engine="h5netcdf").drop_encoding()


def _pack_arrays(arrays: Arrays, labels: dict[str, str]) -> bytes:
    # safetensors copies memory as it is: a transposed array would come back wrong
    return save({k: np.asarray(v, order="C") for k, v in arrays.items()}, metadata=labels)


def _unpack_arrays(data: bytes) -> dict[str, np.ndarray]:
    return dict(sorted(load(data).items()))  # safetensors gives another order in every process


_DATASET = _Format(".nc", _pack_dataset, _unpack_dataset)
_ARRAYS = _Format(".safetensors", _pack_arrays, _unpack_arrays)
