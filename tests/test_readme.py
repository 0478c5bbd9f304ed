"""The commands and the Python code of the README and of CONTRIBUTING work as written."""

import contextlib
import io
import re
import subprocess
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch

from relaylib import TrainingConfig, analyse, record_module, train

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
(PYTHON,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
ROOMS = sorted(path.parent.name for path in (ROOT / "relaylib").glob("*/__init__.py"))


@pytest.fixture(scope="module")
def printed() -> tuple[dict, str]:
    """Names and output of the ten lines of Python."""
    names: dict = {}
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(compile(PYTHON, "README.md", "exec"), names)
    return names, output.getvalue()


def test_the_ten_lines_of_python_print_what_the_readme_shows(printed):
    (shown,) = re.findall(r"```text\n(.*?)```", README, re.DOTALL)
    lines = [line.rstrip() for line in printed[1].splitlines()]
    assert lines == shown.splitlines()
    assert len(PYTHON.splitlines()) <= 10


def test_the_ten_lines_of_python_give_labelled_bits_of_every_concept(printed):
    bits = printed[0]["bits"]
    assert bits.dims == ("network", "time", "concept", "node")
    assert bits.concept.values.tolist() == ["A", "B", "C"]
    assert bits.node.values.tolist() == list(range(1, 13))
    assert bits.attrs["units"] == "bit"
    assert (bits.sel(time=10).max("node") == 1).all()
    assert (bits.sel(time=3) == 0).all()  # before the first pulse


def test_the_line_for_your_own_network_works():
    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = torch.nn.GRU(3, 12, batch_first=True)
            self.head = torch.nn.Linear(12, 2, bias=False)

        def forward(self, x):
            return self.head(self.gru(x)[0][:, -1])

    (line,) = re.findall(r"(analyse\(record_module.+\))", PYTHON)
    rng = np.random.default_rng(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Model()
    inputs = rng.normal(size=(2000, 5, 3)).astype(np.float32)
    names = {"analyse": analyse, "record_module": record_module, "model": model, "rng": rng}
    answers = model(torch.as_tensor(inputs)).argmax(dim=1).numpy()
    assert 0.1 < answers.mean() < 0.9
    concepts = np.where(rng.random(2000) < 0.6, answers, 1 - answers)  # 60 % are answered right
    names |= {"inputs": inputs, "concepts": concepts}
    analysis = eval(line, names)
    assert analysis.information_bits.sizes == {"time": 5, "concept": 1, "node": 12}


def test_the_example_of_a_task_can_be_trained():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = next(b for b in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "Trials" in b)
    names: dict = {"__name__": __name__}
    exec(compile(textwrap.dedent(block), "CONTRIBUTING.md", "exec"), names)
    task = names["CompareTask"]()
    assert task.sample(3, rng=np.random.default_rng(0)).concepts == ("first", "second", "same")
    trained = train(TrainingConfig(task, architecture="GRU", regime="1", n_replicates=1))
    assert trained.population_accuracy.min() >= 0.98


@pytest.mark.parametrize("room", ROOMS)
def test_the_readme_lists_the_rooms(room):
    assert f"[`{room}`](relaylib/{room})" in README


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE)))
)
def test_every_make_target_exists(target):
    done = subprocess.run(["make", "-n", target, "NB=03_relays"], cwd=ROOT, capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_every_linked_file_exists(path):
    assert (ROOT / path).exists()
