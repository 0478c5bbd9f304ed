"""Cached machine code is recompiled after a change of any kernel or tolerance of the package."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

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


KERNEL = """
from relaylib.core.jit import cached_njit

@cached_njit()
def one(x):
    return x + 1

print(one(1), len(one.stats.cache_hits))
"""


def make_kernel(tmp_path: Path) -> Path:
    """Write a package with one kernel whose machine code is cached."""
    files = {"__init__.py": "", "core/tolerances.py": "", "core/kernel.py": KERNEL}
    files["core/jit.py"] = (PACKAGE / "core" / "jit.py").read_text()
    for name, text in files.items():
        (tmp_path / "relaylib" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "relaylib" / name).write_text(text)
    return tmp_path


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A package whose machine code is cached."""
    folder = make_kernel(tmp_path_factory.mktemp("compiled"))
    assert run_kernel(folder).stdout == "2 0\n"
    return folder


@pytest.fixture
def kernel(compiled, tmp_path):
    """A copy of it, with its times, for a test to damage."""
    return shutil.copytree(compiled, tmp_path / "copy")


def run_kernel(folder: Path, before: str = "", **settings: Any) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", f"{before}\nimport relaylib.core.kernel"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, **settings)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-40])


def flip_a_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def replace_by_a_folder(path):
    path.unlink()
    path.mkdir()


def replace_by_a_pipe(path):
    path.unlink()
    os.mkfifo(path)


DAMAGES = [
    truncate,
    flip_a_byte,
    Path.unlink,
    replace_by_a_folder,
    replace_by_a_pipe,
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(b"\x80\x04N."),
]


def test_whole_machine_code_is_used_again(kernel):
    assert run_kernel(kernel).stdout == "2 1\n"


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_damaged_machine_code_is_compiled_again(suffix, damage, kernel):
    (path,) = kernel.rglob(f"kernel.one*{suffix}")
    damage(path)
    assert run_kernel(kernel, timeout=60).stdout == "2 0\n"
    if damage is not replace_by_a_folder:
        assert run_kernel(kernel).stdout == "2 1\n"


def test_a_full_disk_costs_only_the_cache(tmp_path):
    kernel = make_kernel(tmp_path)
    full = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    done = run_kernel(kernel, full + "resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))")
    assert (done.stdout, done.returncode) == ("2 0\n", 0)
    assert "CompilationCacheWarning: compiled functions are not kept" in done.stderr
