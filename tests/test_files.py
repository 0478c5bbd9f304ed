"""A file written atomically is the old one or the new one, whatever happens."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from relaylib.core.files import write_atomically


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "file.csv"
    for data in (b"first", b"", b"second" * 1000):
        write_atomically(path, data)
        assert path.read_bytes() == data
        assert list(path.parent.iterdir()) == [path]


def test_a_failure_keeps_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "file.csv"
    write_atomically(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_many_writers_at_once_all_succeed(tmp_path):
    path, contents = tmp_path / "file.csv", [bytes([65 + k]) * 200_000 for k in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda data: write_atomically(path, data), contents))
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_writer_leaves_the_old_or_the_new_file(tmp_path):
    path, sizes = tmp_path / "file.csv", set()
    source = (
        "import itertools, sys; from pathlib import Path\n"
        "from relaylib.core.files import write_atomically\n"
        "for k in itertools.count():\n"
        "    write_atomically(Path(sys.argv[1]), b'%d ' % (k % 10) * 500_000)\n"
    )
    for wait in (0.01, 0.02, 0.03):
        path.unlink(missing_ok=True)
        writer = subprocess.Popen([sys.executable, "-c", source, path])
        while not path.exists():
            time.sleep(0.005)
        time.sleep(wait)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        sizes.add(path.stat().st_size)
    assert sizes == {1_000_000}


@pytest.mark.parametrize(("path", "data"), [("file.csv", b""), (Path("file.csv"), "text")])
def test_other_types_are_refused(path, data):
    with pytest.raises(TypeError, match=r"^(path|data) must be"):
        write_atomically(path, data)
