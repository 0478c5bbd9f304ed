"""Files that are written whole or not at all, and read only if they are what they should be."""

import os
import stat
import uuid
from contextlib import suppress
from pathlib import Path

from relaylib.core.checks import check_integer, check_type

PARTIAL = ".partial"  # ends the name of a file that is being written


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that it is never seen half-written; a folder in its place is moved aside.

    The data go to a file of their own beside it, ``NAME.<unique>.partial``, which then takes its
    place, so that processes may write the same file at the same time. The folder is made if need
    be.

    Raises
    ------
    OSError
        If that is not possible; what was there before stays.
    """
    check_type("path", path, Path), check_type("data", data, bytes)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}{PARTIAL}")
    try:
        with partial.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if path.is_dir() and not path.is_symlink():
            path.rename(path.with_name(f"{path.name}.{uuid.uuid4().hex}.moved"))
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def read_regular(path: Path, max_bytes: int) -> bytes:
    """Return the content of a regular file; anything else could block or never end.

    Raises
    ------
    OSError
        If it is missing or not a regular file.
    ValueError
        If it is larger than ``max_bytes``.
    """
    status = check_type("path", path, Path).stat()
    max_bytes = check_integer("max_bytes", max_bytes, 0)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{path.name} is not a regular file")
    if status.st_size > max_bytes:
        raise ValueError(f"{path.name} has {status.st_size} bytes, max_bytes is {max_bytes}")
    return path.read_bytes()
