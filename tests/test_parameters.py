"""Every notebook accepts all tested allowed values of its parameters and refuses others by name.

A notebook's cells run in this process, with few networks. Run r gives each parameter its value r
(modulo their number): there are as many runs as the longest list has values, and each value occurs.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from conftest import ROOT
from matplotlib.figure import Figure
from parameters import parameters_of
from sklearn.manifold import TSNE

from relaylib.core.store import Store
from relaylib.figures.table import table_of
from relaylib.mmphate import embeddings

NOTEBOOKS = {path.stem: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}

# These change together with the run: they must fit each other, and decide what is recomputed.
IN_STEP: dict[str, tuple[Any, ...]] = {
    "seed": (2025, 1),
    "n_replicates": (2, 1),
    "n_nodes": (12, 8),
    "learning_rate": (0.01, 0.012),
    "replicate": (1, 0),
    "regime": ("1", "5", "random"),
    "lag": (1, 5, 3),
    "discretiser": ("kmeans", "sign", "median"),
    "levels": (16, 2, 3),
    "lstm_state": ("cell", "hidden"),
    "value": ("cumulative", "increment", "aggregate"),
}
# Each of the others starts at another place of its list, so that combinations vary.
ROTATED: dict[str, tuple[Any, ...]] = {
    "task": ("memory", "block"),
    "architecture": ("RNN", "GRU", "LSTM"),
    "time": (1, 5, 15),
    "n_random": (2, 5),
}
ONE_SIZE = {"seed": (2025,), "n_replicates": (2,), "n_nodes": (12,), "learning_rate": (0.01,)}
"""Of notebooks that take long: the networks that others train, too, and the quick book."""
OF_A_NOTEBOOK: dict[str, dict[str, tuple[Any, ...]]] = {
    "00_home": ONE_SIZE | {"seed": (1,), "n_nodes": (8,)},  # as it is, it is the quick book's
    "01_tasks": {"delay": (0, 3, 9), "first": (0, 4, 7), "second": (0, 4, 7)},
    "02_training": {
        "n_replicates": (1,),
        "learning_rate": (0.01, 0.03),
        "accuracy_goal": (0.3, 0.9, 1.0),
        "max_epochs": (1000, 2000),
    },
    "04_knockouts": {"time": (1, 5, 10), "n_random": (1, 5)},
    "05_information_over_time": {"replicate": (1, 0, -1), "settle": (0, 3, 5)},
    "09_latent_space": {
        "replicate": (1, 0, -1),
        "noise_sd": (0.0, 0.1, 1.0),
        "sequences_per_state": (4, 8),
        "n_random": (1, 5),
        "order_time": (1, 10, 15),
        "labelling": ("concept", "state"),
    },
    "10_claims": ONE_SIZE
    | {
        "discretiser": ("kmeans", "median"),
        "levels": (2, 3),
        "value": ("cumulative", "increment"),
    },
    "11_exactness": {"n_replicates": (1,), "rank": (1, 2, 1620)},
    "12_attribution": {
        "n_replicates": (1,),
        "replicate": (0,),
        "regime": ("1", "random"),
        "discretiser": ("kmeans", "median"),
        "levels": (3, 2),
        "time": (1, 10),
        "ridge": (1e-6, 100.0),
    },
    "07_what_the_drift_is": ONE_SIZE
    | {
        "n_removed": (4, 1, 8),
        "noise_sd": (0.1, 0.0, 1.0),
    },
    "16_real_series": {"results": ("real_series.nc",)},
    "18_mmphate_claims": {"results": ("mmphate_claims.nc",)},
    "19_what_the_findings_hang_on": {"results": ("multiverse.nc",)},
    "21_nodes_that_matter": {"results": ("nodes_that_matter.nc",)},
    "20_your_network": {
        "recording": ("example",),
        "estimator": ("decoder", "plugin"),
        "time": (0, 8),
        "n_shuffles": (9,),
        "n_permutations": (2, 3),
    },
    "13_speed": {"run": ("bench.json",)},
    "14_mmphate": ONE_SIZE
    | {
        "seed": (1,),  # nothing of the quick book's: its t-SNE takes more steps
        "n_replicates": (1,),
        "regime": ("1",),
        "discretiser": ("median",),
        "lstm_state": ("hidden",),
        "time": (1, 10, 15),
        "level": (0.01, 0.5, 1.0),
        "map_epochs": (2,),
        "n_landmarks": (2,),
        "n_scored": (3,),
        "k": (11,),
    },
    "15_samples": {
        "n_shuffles": (2, 19),
        "n_nodes": (2, 12, 20),
        "agreement": (0.5, 0.9, 1.0),
    },
    "17_limits": {"n_steps": (3, 6, 10)},
}
OUTSIDE: dict[str, dict[str, tuple[Any, ...]]] = {
    "00_home": {"n_replicates": (1,), "n_nodes": (1, 17), "learning_rate": (0.0,)},
    "01_tasks": {"delay": (-1,), "first": (-1, 8), "second": (-1, 8)},
    "02_training": {
        "n_replicates": (0,),
        "seed": (-1,),
        "n_nodes": (0,),
        "learning_rate": (0.0,),
        "accuracy_goal": (0.0, 1.1),
        "max_epochs": (0,),
    },
    "03_relays": {
        "task": ("Memory",),
        "architecture": ("rnn",),
        "regime": ("6",),
        "replicate": (-1, 2),
        "time": (0, 16),
        "discretiser": ("mean",),
        "levels": (1, 17),
        "lstm_state": ("output",),
        "n_nodes": (0,),
        "learning_rate": (0.0,),
    },
    "04_knockouts": {
        "regime": ("0",),
        "time": (0, 11),
        "n_random": (0,),
        "n_nodes": (0,),
        "learning_rate": (0.0,),
    },
    "05_information_over_time": {
        "task": ("both",),
        "regime": ("6",),
        "architecture": ("lstm",),
        "replicate": (-2, 2),
        "lag": (0, 6),
        "settle": (-1, 6),
        "value": ("sum",),
        "n_nodes": (0,),
        "learning_rate": (0.0,),
    },
    "06_drift": {"lag": (0, 6), "value": ("sum",), "n_nodes": (0,), "learning_rate": (0.0,)},
    "08_smearing": {
        "regime": ("6",),
        "time": (0, 16),
        "n_nodes": (0,),
        "learning_rate": (0.0,),
    },
    "09_latent_space": {
        "task": ("both",),
        "architecture": ("rnn",),
        "regime": ("6",),
        "replicate": (-2, 2),
        "noise_sd": (-0.1,),
        "sequences_per_state": (3,),
        "n_random": (0,),
        "order_time": (0, 16),
        "labelling": ("node",),
        "n_nodes": (0,),
        "learning_rate": (0.0,),
    },
    "10_claims": {
        "n_replicates": (1,),
        "levels": (1, 4),
        "n_nodes": (1, 17),
        "learning_rate": (0.0,),
    },
    "11_exactness": {"rank": (0, 1621), "n_nodes": (0, 17), "learning_rate": (0.0,)},
    "12_attribution": {
        "task": ("both",),
        "architecture": ("rnn",),
        "replicate": (-1, 1),
        "regime": ("6",),
        "time": (0, 11),
        "n_random": (1,),
        "ridge": (0.0,),
        "n_nodes": (1, 21),
        "learning_rate": (0.0,),
    },
    "16_real_series": {"results": ("no.nc",)},
    "18_mmphate_claims": {"results": ("no.nc",)},
    "19_what_the_findings_hang_on": {"results": ("no.nc",)},
    "21_nodes_that_matter": {"results": ("no.nc",)},
    "20_your_network": {
        "recording": ("no.nc",),
        "estimator": ("both",),
        "time": (-1, 9),
        "n_shuffles": (8,),
        "n_permutations": (1,),
    },
    "13_speed": {"run": ("no.json",)},
    "14_mmphate": {
        "regime": ("6",),
        "time": (0, 16),
        "level": (0.0, 1.1),
        "map_epochs": (1,),
        "n_landmarks": (1,),
        "n_scored": (0,),
        "k": (0, 12),
        "n_nodes": (0,),
        "learning_rate": (0.0,),
    },
    "15_samples": {"n_shuffles": (1,), "n_nodes": (1, 63), "agreement": (0.4, 1.1)},
    "17_limits": {"n_steps": (2, 11)},
}


def allowed(notebook: str) -> dict[str, tuple[Any, ...]]:
    """Values of each parameter of a notebook that are tested."""
    values = IN_STEP | ROTATED | OF_A_NOTEBOOK.get(notebook, {})
    return {name: values[name] for name in parameters_of(NOTEBOOKS[notebook])}


def designed(notebook: str) -> Iterator[dict[str, Any]]:
    """Yield the parameters of each run."""
    values = allowed(notebook)
    for run in range(max(map(len, values.values()))):
        place = {name: run + i * (name not in IN_STEP) for i, name in enumerate(values)}
        yield {name: of[place[name] % len(of)] for name, of in values.items()}


def run_notebook(notebook: str, parameters: dict[str, Any]) -> None:
    """Run the cells in order; every figure's cell makes one figure, which is not empty."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    made: list[Figure] = []
    for cell in nbformat.read(NOTEBOOKS[notebook], as_version=4).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, notebook, "exec"), namespace)
        if "parameters" in cell.metadata.get("tags", []):
            namespace |= parameters
        if cell.metadata.get("mystnb"):
            made.append(namespace["figure"])
    assert len(set(map(id, made))) == len(made)
    assert plt.get_fignums() == [], "a figure left open in pyplot would be shown twice"
    for figure in made:
        values = table_of(figure).select_dtypes("number").astype(float)
        assert np.isfinite(values).any(axis=None)


@pytest.fixture(autouse=True)
def _as_papermill_runs_it(
    quick_results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.chdir(ROOT / "notebooks")
    monkeypatch.setenv("RELAY_RESULTS", str(quick_results))
    monkeypatch.setenv("RELAY_ASSETS", str(tmp_path))
    monkeypatch.setattr(embeddings, "TSNE", partial(TSNE, max_iter=250))  # faster
    plt.switch_backend("Agg")
    yield
    plt.close("all")


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_every_parameter_is_tested_and_its_comment_lists_the_allowed_words(notebook):
    cells = nbformat.read(NOTEBOOKS[notebook], as_version=4).cells
    (cell,) = (cell for cell in cells if "parameters" in cell.metadata.get("tags", []))
    lines = {line.partition(":")[0]: line for line in cell.source.splitlines()}
    values = allowed(notebook)
    assert list(values) == list(lines)
    for name, of in values.items():
        assert all(str(value) in lines[name] for value in of if isinstance(value, str)), name
        assert set(of) == {run[name] for run in designed(notebook)}, name


RUNS = [(notebook, run) for notebook in NOTEBOOKS for run in designed(notebook)]


@pytest.mark.parametrize(("notebook", "parameters"), RUNS)
def test_a_notebook_works_at_allowed_values(notebook, parameters):
    run_notebook(notebook, parameters)


REFUSED = [
    (notebook, name, value)
    for notebook, outside in OUTSIDE.items()
    for name, values in outside.items()
    for value in values
]


@pytest.mark.parametrize(("notebook", "name", "value"), REFUSED)
def test_a_value_just_outside_is_refused_by_name_before_anything_runs(
    notebook, name, value, monkeypatch
):
    monkeypatch.setattr(Store, "dataset", lambda *_, **__: pytest.fail("a study is run first"))
    inside = next(designed(notebook))
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=rf"\b{name}\b"):
        run_notebook(notebook, inside | {name: value})
