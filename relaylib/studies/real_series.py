"""Real time series: networks trained on them, beside standard classifiers, and what they relay."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from relaylib.core.progress import progress
from relaylib.core.store import StoreLike, as_store
from relaylib.studies.baselines import baseline_accuracy
from relaylib.studies.config import configured
from relaylib.studies.grid import stack
from relaylib.studies.real_config import GOALS, RealConfig
from relaylib.studies.real_measures import measure_relays
from relaylib.studies.real_networks import accuracies, asked_series, train_condition


def run_real_series(
    config: RealConfig | None = None, *, store: StoreLike | None = None
) -> xr.Dataset:
    """Train networks on real time series, test them, and ask what their nodes relay.

    Returns
    -------
    xarray.Dataset
        (data, n_nodes, architecture, regime, replicate, ...): ``accuracy`` (question, test_delay)
        and ``class_accuracy`` (test_delay), fractions of the test series answered right;
        ``validation_accuracy``, ``n_updates`` and ``learned``, whether the goal was reached.
        (data, baseline): ``baseline_accuracy`` with ``baseline_low`` and ``baseline_high``.
        (data, class, step, channel): ``mean_series`` of the test split. Attributes: ``questions``
        and ``classes``, names by data set (JSON). Of networks of the first
        size that learned (NaN for the others), also what
        `relaylib.studies.real_measures.measure_relays` finds.
    """
    config, place = configured(config, RealConfig), as_store(store)
    modules = ["relaylib.studies.real_series"]
    return place.dataset("real-series", config, lambda: _measure(config), modules=modules)


def _measure(config: RealConfig) -> xr.Dataset:
    with threadpool_limits(1):  # threads only slow down matrices this small
        parts = [
            _of_data(config, data)
            for data in progress(config.data, desc="real series", unit="data set")
        ]
    found = stack(parts, "data").assign_coords(data=list(config.data))
    for name, values in found.data_vars.items():
        values.attrs["units"] = "bit" if str(name).endswith("_bits") else "1"
    names = {data: config.task(data, "test") for data in config.data}
    questions = {data: task.concepts for data, task in names.items()}
    classes = {data: task.series().class_names for data, task in names.items()}
    return found.assign_attrs(
        seed=config.seed, questions=json.dumps(questions), classes=json.dumps(classes)
    )


def _of_data(config: RealConfig, data: str) -> xr.Dataset:
    """All that is measured on one data set."""
    names = {"n_nodes": config.n_nodes, "architecture": config.architectures}
    cells = [
        stack([_condition(config, data, name, n) for name in config.architectures], "architecture")
        for n in config.n_nodes
    ]
    found = stack(cells, "n_nodes").assign_coords({k: list(v) for k, v in names.items()})
    train, test = config.task(data, "train").series(), config.task(data, "test").series()
    baselines = baseline_accuracy(train, test, seed=config.seed)
    means = [test.inputs[test.classes == k].mean(axis=0) for k in range(len(test.class_names))]
    task = config.task(data, "test")
    described = {
        "mean_series": (("class", "step", "channel"), np.stack(means)),
        "n_train": len(train.inputs),
        "n_test": len(test.inputs),
        "n_steps": task.n_steps,
        "n_averaged": task.n_averaged,
        "residual_sd": task.residual_sd,
        "goal": GOALS[data],
        "chance": np.bincount(test.classes).max() / len(test.classes),
    }
    sizes = xr.Dataset(described).sizes
    labelled = xr.Dataset(described).assign_coords({dim: np.arange(n) for dim, n in sizes.items()})
    return xr.merge([found, baselines, labelled], join="outer", compat="override")


def _condition(config: RealConfig, data: str, architecture: str, n_nodes: int) -> xr.Dataset:
    """Train and test the networks of one data set, architecture and size; analyse the first."""
    trained = train_condition(config, data, architecture, n_nodes)
    test = asked_series(config.task(data, "test"))
    regimes = list(trained)
    cells = []
    for validated in trained.values():
        n_questions = len(test.questions)
        validation = validated.validation_accuracy[:, :n_questions].mean(axis=1)
        tested = accuracies(validated.ensemble, test)
        tested["validation_accuracy"] = ("replicate", validation)
        tested["n_updates"] = ("replicate", validated.n_updates)
        tested["learned"] = ("replicate", validation >= GOALS[data])
        cells.append(tested)
    found = stack(cells, "regime").assign_coords(regime=regimes)
    if n_nodes == config.n_nodes[0]:
        measured = measure_relays(config, data, architecture, trained)
        masked = {
            name: values.where(found.learned.sel(regime="random", drop=True))
            if "regime" not in values.dims
            else values.where(found.learned)
            for name, values in measured.data_vars.items()
        }
        found = found.assign(masked)
    return found
