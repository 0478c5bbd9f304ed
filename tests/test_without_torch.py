"""Arrays of any origin are recorded, saved, opened and analysed where torch is not installed."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROGRAM = """
import sys


class Missing:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name=name)


sys.meta_path.insert(0, Missing)  # an import of it fails, as where it is not installed
import numpy as np

from relaylib import Recording, analyse, greedy_order, shuffle_test
from relaylib.information import decoder, entropy, exact, labels, relay, significance

rng = np.random.default_rng(0)
concept = rng.integers(2, size=200)
activations = np.stack([concept, rng.normal(size=200)])
recording = Recording.from_arrays(activations, concept, concept, nodes=["copy", "coin"])
recording.save("mine.nc")
opened = Recording.open("mine.nc")
assert opened.data.equals(recording.data)
for estimator in ("plugin", "decoder"):
    analysis = analyse(opened, rng=rng, n_shuffles=19, estimator=estimator)
    here = analysis.sel(time=1, concept="1")
    assert here.removal_order[-1] == "copy"
    assert here.p_value.sel(node="copy") == 0.05 < here.p_value.sel(node="coin")
try:
    from relaylib import record_module
    record_module(None, activations, concept, watch="0")
except ModuleNotFoundError as error:
    print(error)
"""


def test_arrays_are_analysed_without_torch(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "torch" in done.stdout  # recording a module says what is missing


def test_torch_is_an_extra():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert not [need for need in project["dependencies"] if need.startswith("torch")]
    assert project["optional-dependencies"]["torch"] == ["torch>=2.4"]
