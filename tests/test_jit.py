"""Cached machine code is recompiled after a change of any kernel or tolerance of the package."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from relaylib.core.jit import kernels_hash

PACKAGE = ROOT / "relaylib"
KERNELS = [p.relative_to(PACKAGE) for p in PACKAGE.rglob("*.py") if "cached_njit(" in p.read_text()]
CALLED = """
from relaylib.core.jit import cached_njit
from relaylib.core.tolerances import SIZE

@cached_njit()
def one():
    return {} + SIZE
"""
CALLING = """
from relaylib.core.jit import cached_njit
from relaylib.information.kernels.called import one

@cached_njit()
def two():
    return one() + 1

print(two(), len(two.stats.cache_hits))
"""


def run(folder: Path) -> str:
    command = [sys.executable, "-c", "import relaylib.mmphate.calling"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_change_of_a_called_kernel_or_a_tolerance_recompiles_the_caller(tmp_path):
    package = tmp_path / "relaylib"
    files = {
        "__init__.py": "",
        "information/kernels/called.py": CALLED.format(1),
        "mmphate/calling.py": CALLING,
        "core/tolerances.py": "SIZE = 0",
        "core/jit.py": (PACKAGE / "core" / "jit.py").read_text(),
    }
    for name, text in files.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    assert [run(tmp_path), run(tmp_path)] == ["2 0\n", "2 1\n"]
    (package / "information/kernels/called.py").write_text(CALLED.format(5))
    assert run(tmp_path) == "6 0\n"
    (package / "core/tolerances.py").write_text("SIZE = 10")
    assert run(tmp_path) == "16 0\n"


@pytest.mark.parametrize("name", [*KERNELS, Path("core/tolerances.py")], ids=str)
def test_every_file_with_kernels_is_in_the_hash(name, tmp_path):
    package = tmp_path / "relaylib"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "*.js", "*.css"))
    before = kernels_hash(package)
    (package / name).write_text((package / name).read_text() + "\n# changed")
    assert kernels_hash(package) != before


def test_kernels_are_found_in_their_rooms():
    assert {path.parts[0] for path in KERNELS} == {
        "core",
        "information",
        "networks",
        "measures",
    }
