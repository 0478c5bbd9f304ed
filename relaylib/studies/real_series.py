"""Real time series: networks trained on them, beside standard classifiers, and what they relay."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from relaylib.core.checks import check_type
from relaylib.core.store import Store, StoreLike, as_store
from relaylib.studies.baselines import baseline_accuracy
from relaylib.studies.cluster import Cluster, compute_all
from relaylib.studies.config import configured
from relaylib.studies.grid import stack
from relaylib.studies.real_config import GOALS, RealConfig
from relaylib.studies.real_measures import measure_relays
from relaylib.studies.real_networks import accuracies, asked_series, train_condition


def run_real_series(
    config: RealConfig | None = None, *, store: StoreLike | None = None, cluster: Cluster = None
) -> xr.Dataset:
    """Train networks on real time series, test them, and ask what their nodes relay.

    Parameters
    ----------
    config
        Of the study; None: the default.
    store
        Where the networks of each data set and architecture are kept as soon as they are done, and
        from where an interrupted study goes on.
    cluster
        None, a number of processes, a scheduler's address or a `distributed.Client`, as in
        `relaylib.studies.cluster.compute_all`. No number depends on it.

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
    return place.dataset(
        "real-series", config, lambda: _measure(config, place, cluster), modules=modules
    )


def _measure(config: RealConfig, store: Store, cluster: Cluster) -> xr.Dataset:
    by_data = [replace(config, data=(data,)) for data in config.data]
    parts = [replace(each, architectures=(a,)) for each in by_data for a in config.architectures]
    how: dict[str, Any] = {"store": store, "cluster": cluster}
    given = compute_all(measure_networks, parts, name="real-networks", desc="real series", **how)
    networks = {parts[at]: dataset for at, dataset in given}
    given = compute_all(measure_data, by_data, name="real-data", desc="classifiers", **how)
    described = {by_data[at]: dataset for at, dataset in given}
    cells = []
    for each in by_data:
        own = [networks[replace(each, architectures=(a,))] for a in config.architectures]
        stacked = stack(own, "architecture").assign_coords(architecture=list(config.architectures))
        cells.append(xr.merge([stacked, described[each]], join="outer", compat="override"))
    found = stack(cells, "data").assign_coords(data=list(config.data))
    found = found.transpose("data", "n_nodes", "architecture", "regime", "replicate", ...)
    for name, values in found.data_vars.items():
        values.attrs["units"] = "bit" if str(name).endswith("_bits") else "1"
    names = {data: config.task(data, "test") for data in config.data}
    questions = {data: task.concepts for data, task in names.items()}
    classes = {data: task.series().class_names for data, task in names.items()}
    return found.assign_attrs(
        seed=config.seed, questions=json.dumps(questions), classes=json.dumps(classes)
    )


def measure_networks(config: RealConfig) -> xr.Dataset:
    """Train, test and analyse the networks of one data set and architecture: (n_nodes, ...)."""
    (data,), (architecture,) = check_type("config", config, RealConfig).data, config.architectures
    with threadpool_limits(1):  # threads only slow down matrices this small
        cells = [_condition(config, data, architecture, n) for n in config.n_nodes]
    return stack(cells, "n_nodes").assign_coords(n_nodes=list(config.n_nodes))


def measure_data(config: RealConfig) -> xr.Dataset:
    """Describe one data set, and test the classifiers on it that networks stand beside."""
    (data,) = check_type("config", config, RealConfig).data
    task = config.task(data, "test")
    train, test = config.task(data, "train").series(), task.series()
    means = [test.inputs[test.classes == k].mean(axis=0) for k in range(len(test.class_names))]
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
    with threadpool_limits(1):
        return labelled.merge(baseline_accuracy(train, test, seed=config.seed))


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
