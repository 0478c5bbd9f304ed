"""The fingerprint of a user's own task changes with everything that changes what it does."""

import importlib
import linecache
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relaylib.core.fingerprint import UnstableError, fingerprint
from relaylib.tasks.memory import MemoryTask

TASK = """
import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import helpers
from helpers import Base, scaled
from relaylib import Trials

SCALE = 1.0
TABLE = np.ones(2)
HERE = Path(__file__).parent if "__file__" in globals() else Path({folder!r})


def local(x):
    return [np.abs(v) for v in x]


@dataclass(frozen=True)
class Mine(Base):
    code: str = "mine"
    name = "mine"
    concepts = ("a",)
    n_inputs = 1
    n_steps = 1
    is_sampled = True

    def rare(self, rng):
        return scaled(SCALE) + helpers.SHIFT + TABLE[0] + self.offset()

    @property
    def hidden(self):
        return functools.partial(local, 3)

    def sample(self, n, *, rng):
        from inside import of_function
        signs = np.sign(rng.normal(size=(n, 1))).astype(np.float32)
        data = float((HERE / "data.txt").read_text()) * of_function()
        return Trials(signs[:, None] * np.float32(data), signs, self.concepts)

    def population(self):
        raise ValueError("sampled")
"""
HELPERS = """
SHIFT = 1
class Base:
    def offset(self):
        return deeper(2)
def deeper(x):
    return x + 1
def scaled(x, by=2):
    return by * x
"""
FILES = {
    "mine.py": TASK,
    "helpers.py": HELPERS,
    "inside.py": "def of_function():\n    return 1\n",
    "data.txt": "1",
}


def write(folder: Path, name: str = "", old: str = "", new: str = "") -> None:
    for file, text in FILES.items():
        assert file != name or old in text
        changed = text.replace(old, new) if file == name else text
        (folder / file).write_text(changed.replace("{folder!r}", repr(str(folder))))


def load(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(folder))
    for module in ("mine", "helpers", "inside"):
        sys.modules.pop(module, None)
    importlib.invalidate_caches()
    linecache.clearcache()
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    return importlib.import_module("mine").Mine()


CHANGES = [
    ("mine.py", "return scaled(SCALE)", "return -scaled(SCALE)"),
    ("mine.py", "SCALE = 1.0", "SCALE = 2.0"),
    ("mine.py", "np.ones(2)", "np.zeros(2)"),
    ("mine.py", "np.abs(v)", "np.exp(v)"),
    ("mine.py", "partial(local, 3)", "partial(local, 4)"),
    ("mine.py", "size=(n, 1)", "scale=2, size=(n, 1)"),
    ("mine.py", 'concepts = ("a",)', 'concepts = ("b",)'),
    ("helpers.py", "SHIFT = 1", "SHIFT = 2"),
    ("helpers.py", "x + 1", "x + 2"),
    ("helpers.py", "by * x", "by * x * x"),
    ("helpers.py", "by=2", "by=3"),
    ("helpers.py", "deeper(2)", "deeper(3)"),
    ("inside.py", "return 1", "return 2"),
    ("data.txt", "1", "2"),
]


@pytest.mark.parametrize(("name", "old", "new"), CHANGES, ids=lambda text: str(text)[:16])
def test_every_change_of_what_a_task_does_is_seen(name, old, new, tmp_path, monkeypatch):
    write(tmp_path)
    before = fingerprint(load(tmp_path, monkeypatch))
    assert fingerprint(load(tmp_path, monkeypatch)) == before
    write(tmp_path, name, old, new)
    assert fingerprint(load(tmp_path, monkeypatch)) != before


def test_comments_and_place_in_the_file_do_not_count(tmp_path, monkeypatch):
    write(tmp_path)
    before = fingerprint(load(tmp_path, monkeypatch))
    write(tmp_path, "mine.py", "SCALE = 1.0", "# a comment\n\n\nSCALE = 1.0")
    assert fingerprint(load(tmp_path, monkeypatch)) == before


def test_a_task_defined_at_a_prompt_is_told_from_its_redefinition(tmp_path, monkeypatch):
    write(tmp_path)
    load(tmp_path, monkeypatch)
    found = []
    for scale in (1.0, 1.0, 2.0):
        space: dict[str, Any] = {"__name__": "__main__"}
        exec((tmp_path / "mine.py").read_text().replace("SCALE = 1.0", f"SCALE = {scale}"), space)
        found.append(fingerprint(space["Mine"]())["code"])
    assert found[0] == found[1] != found[2]


def test_it_is_the_same_in_every_process(tmp_path, monkeypatch):
    write(tmp_path)
    here = fingerprint(load(tmp_path, monkeypatch))
    script = (
        "from relaylib.core.fingerprint import fingerprint\n"
        "import mine\nprint(fingerprint(mine.Mine()))"
    )
    command = [sys.executable, "-c", script]
    for _ in range(2):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout == f"{here}\n"


class Unstable(MemoryTask):
    def population(self):
        trials = super().population()
        return trials._replace(inputs=trials.inputs * np.float32(np.random.default_rng().random()))


CALLS: list[int] = []


class Counting(MemoryTask):
    def population(self):
        CALLS.append(1)
        return super().population()


@pytest.mark.parametrize(("task", "part"), [(Unstable(), "behaviour"), (Counting(), "code")])
def test_a_task_that_acts_differently_every_time_is_refused(task, part):
    with pytest.raises(UnstableError, match=f"{type(task).__name__} acts .*its {part} changes"):
        fingerprint(task)
