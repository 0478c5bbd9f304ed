"""Machine code on disk is dropped when a file that it calls into has changed."""

import subprocess
import sys
from pathlib import Path

from conftest import ROOT

CALLED = "from relaylib.core.jit import cached_njit\n\n@compiled()\ndef one():\n    return {}\n"
CALLING = """
from relaylib.called import one
from relaylib.core.jit import cached_njit

@compiled()
def two():
    return one() + 1

print(two(), len(two.stats.cache_hits))
"""


def run(folder: Path) -> str:
    command = [sys.executable, "-c", "import relaylib.calling"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_a_loop_in_another_file_counts(tmp_path):
    package = tmp_path / "relaylib"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "compiled.py").write_text((ROOT / "relaylib" / "compiled.py").read_text())
    (package / "called.py").write_text(CALLED.format(1))
    (package / "calling.py").write_text(CALLING)
    assert [run(tmp_path), run(tmp_path)] == ["2 0\n", "2 1\n"]
    (package / "called.py").write_text(CALLED.format(5))
    assert run(tmp_path) == "6 0\n"
