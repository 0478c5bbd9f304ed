"""What the README tells a reader to type works as written."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_ten_lines_of_python_run(capsys):
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(block.strip().splitlines()) <= 11
    names: dict = {}
    exec(compile(block, "README.md", "exec"), names)
    assert names["bits"].shape == (3, 12)
    assert np.isfinite(names["bits"]).all()
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE)))
)
def test_every_make_target_exists(target):
    done = subprocess.run(["make", "-n", target, "NB=03_relays"], cwd=ROOT, capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_every_linked_file_exists(path):
    assert (ROOT / path).exists()
