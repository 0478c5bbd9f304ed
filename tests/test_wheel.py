"""The built wheel alone, without the repository: what `pip install relaylib` gives."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
IGNORED = shutil.ignore_patterns("__pycache__")
USED = """
import numpy as np

import relaylib
from relaylib import Recording, analyse
from relaylib.figures.table import table_of
from relaylib.figures import fig_your_network
from relaylib.widgets.toy import RelayToy

rng = np.random.default_rng(1)
facts = rng.integers(0, 2, (2, 400))
activations = np.stack([facts[0], facts[1], rng.integers(0, 2, 400)])[None].astype(float)
found = analyse(Recording.from_arrays(activations, facts, facts), rng=rng)
print(found.information_bits.round(2).values.tolist())
figure = fig_your_network.draw_totals(found)
print(len(table_of(figure)), "rows")
print(RelayToy().get_state()["_esm"][:2] != "", "widget")
print(relaylib.__file__)
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Python of an environment with the wheel, and the packages that it depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # building writes beside what it builds
    shutil.copytree(ROOT / "relaylib", source / "relaylib", ignore=IGNORED)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", folder, source], check=True)
    (wheel,) = folder.glob("relaylib-*.whl")
    environment = folder / "environment"
    venv.create(environment, with_pip=False, symlinks=True)
    own = Path(
        sysconfig.get_path("purelib", "venv", {"base": environment, "platbase": environment})
    )
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", own]
    subprocess.run([*install, wheel], check=True)
    # Machine code of the same kernels, known by its hash: compiling it again takes minutes.
    for cached in (ROOT / "relaylib").rglob("*.nb[ic]"):
        copy = own / cached.relative_to(ROOT)
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(cached, copy)
    # Its dependencies; a .pth file there, as that of the repository, is not followed.
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return environment / "bin" / "python"


def run(python, code, folder):
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [python, "-W", "error", "-c", code]
    done = subprocess.run(
        command, cwd=folder, env=clean | {"CI": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_analysis_a_figure_and_a_widget_work(python, tmp_path):
    bits, table, widget, where = run(python, USED, tmp_path).splitlines()
    of_nodes = json.loads(bits)[0]  # step 1: (concept, node)
    assert of_nodes[0][0] > 0.9 > 0.1 > max(of_nodes[0][1:])
    assert of_nodes[1][1] > 0.9 > 0.1 > max(of_nodes[1][0], of_nodes[1][2])
    assert table.endswith("rows")
    assert widget == "True widget"
    assert Path(where).is_relative_to(python.parent.parent), "this is the repository's"


def test_the_lines_of_the_readme_print_what_it_says(python, tmp_path):
    readme = (ROOT / "README.md").read_text()
    (code,) = re.findall(r"```python\n(from relaylib import .*?)```", readme, flags=re.DOTALL)
    (printed,) = re.findall(r"It prints\n\n```text\n(.*?)```", readme, flags=re.DOTALL)
    said = run(python, code, tmp_path)
    assert said.split() == printed.split()
