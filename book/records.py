"""Records of pages: what each was made from, and the checksums of all its files.

A page is its executed notebook, the CSV files of its figures and the shared scripts of its
widgets. Its record, ``executed/records/NAME.json``, is written last: a page whose run was stopped
between any two steps does not match its record and is run again. What is unfinished lies in
``_build/runs``, where nothing is published from; only one process works there at a time.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import nbformat
import xarray as xr
from filelock import FileLock, Timeout
from pages import Page
from unchanged import EXPORTS

from relaylib.core.files import read_regular, write_atomically
from relaylib.core.store import Store

PACKED = ("study.nc",)
"""Files of which such a page offers a compressed copy, if it names them."""
_LARGEST = 2**30  # bytes of a file; a larger one is none of ours


def runs_folder(book: Path) -> Path:
    """Return the folder of unfinished pages, logs, the lock and the record of the site."""
    return book.parent / "_build" / "runs"


def unfinished(name: str, book: Path) -> Path:
    """Return where this process writes a page before it is published."""
    return runs_folder(book) / f"{name}-{os.getpid()}" / f"{name}.ipynb"


def log_of(name: str, book: Path) -> Path:
    """Return the file of the warnings and messages of a page's last run."""
    return runs_folder(book) / "logs" / f"{name}.log"


@contextmanager
def only_run(book: Path) -> Iterator[None]:
    """Work alone in the folder of a book; wait, with a message, while another process does."""
    folder = runs_folder(book)
    folder.mkdir(parents=True, exist_ok=True)
    lock, owner = FileLock(folder / "lock"), folder / "lock.pid"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        pid = owner.read_text() if owner.exists() else "unknown"
        print(f"another make book runs here (process {pid}), waiting", flush=True)
        lock.acquire()
    with lock:
        write_atomically(owner, str(os.getpid()).encode())
        yield


def checksum(data: bytes) -> str:
    """Return the SHA-256 of ``data`` as hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def read_record(path: Path) -> dict[str, Any]:
    """Return the content of a record, {} if it is missing or damaged."""
    try:
        record = json.loads(read_regular(path, _LARGEST))
        found = record.pop("sha256")
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return {}
    return record if found == checksum(_text(record)) else {}


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Write a record with a checksum of its own."""
    write_atomically(path, _text(record | {"sha256": checksum(_text(record))}))


def record_of(page: str, book: Path) -> dict[str, Any]:
    """Return the record of a page by name, {} if it is missing or damaged."""
    return read_record(book / "executed" / "records" / f"{page}.json")


def damaged_files(files: dict[str, str], folder: Path) -> dict[str, str]:
    """Return path -> "is missing" or "was changed" of files that do not match their checksums."""
    found = {}
    for name, wanted in files.items():
        try:
            if checksum(read_regular(folder / name, _LARGEST)) != wanted:
                found[name] = "was changed"
        except (OSError, ValueError):
            found[name] = "was changed" if os.path.lexists(folder / name) else "is missing"
    return found


def publish(
    page: Page, book: Path, notebook: nbformat.NotebookNode, data: Path, about: dict[str, Any]
) -> None:
    """Write the files of a page, then its record.

    Parameters
    ----------
    data
        Folder of the CSV files of its figures and of its copies of exports.
    about
        What the record holds besides the checksums: the key of the run, and ``assets``, the shared
        scripts in ``book/assets``.
    """
    folder = f"executed/data/{page.name}"
    files = {f"{folder}/{path.name}": path.read_bytes() for path in sorted(data.iterdir())}
    files[f"executed/{page.name}.ipynb"] = nbformat.writes(notebook).encode()
    for name, content in files.items():
        write_atomically(book / name, content)
    for path in (book / folder).glob("*"):
        if f"{folder}/{path.name}" not in files:
            remove(path)
    for name in about["assets"]:
        files[f"assets/{name}"] = (book / "assets" / name).read_bytes()
    sums = {name: checksum(content) for name, content in files.items()}
    write_record(book / "executed" / "records" / f"{page.name}.json", about | {"files": sums})


def drop_damaged_assets(page: Page, book: Path) -> None:
    """Remove shared scripts that do not match the page's record, so that its widgets write them."""
    for name in damaged_files(record_of(page.name, book).get("files", {}), book):
        if name.startswith("assets/"):
            remove(book / name)


def copy_exports(page: Page, data: Path) -> None:
    """Copy the exports that the page's notebook names from the store into its data."""
    source = page.source.read_text(encoding="utf-8")
    for name in (*EXPORTS, *PACKED):
        if name in source and (Store().root / name).is_file():
            if name in PACKED:
                _pack(Store().root / name, data / name)
            else:
                shutil.copyfile(Store().root / name, data / name)


def _pack(path: Path, target: Path) -> None:
    """Write a compressed copy of a netCDF file in single precision, a fifth of its size."""
    with xr.open_dataset(path, engine="h5netcdf") as full:
        packed: dict[Hashable, dict[str, Any]] = {
            name: {
                "zlib": True,
                "complevel": 9,
                "dtype": "float32" if values.dtype.kind == "f" else "int16",
            }
            for name, values in full.data_vars.items()
        }
        full.to_netcdf(target, engine="h5netcdf", encoding=packed)


def restore_exports(page: Page, book: Path) -> None:
    """Write the exports of an undamaged page again where they are missing or were changed."""
    for name in EXPORTS:
        copy, target = book / "executed" / "data" / page.name / name, Store().root / name
        if copy.is_file() and write_if_other(target, copy.read_bytes()):
            print(f"{target} was missing or changed; restored from the page {page.name}")


def write_if_other(path: Path, data: bytes) -> bool:
    """Write data where the file is missing or another, and return whether it was.

    A file that stays keeps its time.
    """
    if path.is_file() and path.read_bytes() == data:
        return False
    write_atomically(path, data)
    return True


def own_page(path: Path, book: Path) -> Page | None:
    """Return the page of an executed notebook from its record, else from the notebook itself.

    If both are damaged, nobody knows its parameters: the file is set aside, and None returned.
    """
    made = record_of(path.stem, book)
    try:
        if not made:
            text = read_regular(path, _LARGEST).decode()
            made = nbformat.reads(text, as_version=4).metadata.get("relay", {})
        return Page(made.get("notebook", path.stem), made.get("parameters", {}))
    except Exception as error:  # of any type: a damaged file may raise what it likes
        aside = runs_folder(book) / "damaged" / path.name
        aside.parent.mkdir(parents=True, exist_ok=True)
        path.replace(aside)
        print(f"{path} is damaged ({type(error).__name__}), its parameters are lost: see {aside}")
        return None


def sweep(book: Path) -> None:
    """Remove what stopped runs left, and data and records of pages that were deleted."""
    executed, runs = book / "executed", runs_folder(book)
    kept = ("lock", "lock.pid", "logs", "damaged", "site.json", "last.json")
    left = [path for path in runs.glob("*") if path.name not in kept]
    left += [*executed.glob(".*.ipynb"), *executed.glob(".data-*"), *executed.rglob("*.partial")]
    left += (book / "assets").glob(".*")
    for path in (*executed.glob("data/*"), *executed.glob("records/*.json")):
        name = path.name.removesuffix(".json") if path.parent.name == "records" else path.name
        if not (executed / f"{name}.ipynb").exists():
            left.append(path)
    for path in left:
        remove(path)


def remove(path: Path) -> None:
    """Remove a file, a folder or nothing; what cannot be removed stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _text(record: dict[str, Any]) -> bytes:
    return json.dumps(record, sort_keys=True, indent=1).encode()
