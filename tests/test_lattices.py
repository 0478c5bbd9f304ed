"""All relay sets of a study: the same numbers as network by network, and the same greedy order."""

import numpy as np
import pytest
import xarray as xr

from relaylib.core.store import Store
from relaylib.information.exact import exact_subsets
from relaylib.information.relay import relay_information
from relaylib.networks.recording import record
from relaylib.studies.config import StudyConfig
from relaylib.studies.lattices import greedy_ratio, run_lattices, worst_case
from relaylib.studies.study import load_ensemble, run_study
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask

CONFIG = StudyConfig(
    tasks=(MemoryTask(), BlockTask()),
    architectures=("RNN", "LSTM"),
    regimes=("2", "random"),
    n_replicates=2,
    n_nodes=8,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("lattices"))


@pytest.fixture(scope="module")
def lattices(store):
    return run_lattices(CONFIG, store=store)


def symbols(store, condition, replicate, time):
    """Record one network anew: x_in and x_out (concept, sequence), states (sequence, node)."""
    delay = CONFIG.read_delay(condition["regime"])
    trials = {"memory": MemoryTask(), "block": BlockTask()}[condition["task"]].population()
    recording = record(load_ensemble(CONFIG, **condition, store=store), trials, delay=delay)
    network = recording.sel(network=replicate, time=time)
    return network.x_in.values, network.x_out.values, network.states.transpose(..., "node").values


@pytest.mark.parametrize(
    ("task", "architecture", "regime", "replicate", "time", "concept"),
    [("memory", "RNN", "2", 1, 8, 1), ("block", "LSTM", "random", 0, 12, 2)],
)
def test_a_case_of_the_study_is_that_networks_lattice(
    lattices, store, task, architecture, regime, replicate, time, concept
):
    condition = {"task": task, "architecture": architecture, "regime": regime}
    x_in, x_out, states = symbols(store, condition, replicate, time)
    exact = exact_subsets(x_in[concept], x_out[concept], states, is_population=True)
    case = lattices.sel(condition | {"replicate": replicate, "time": time, "concept": concept})
    assert case.best_bits.max() > 0.1
    for name in ("best_bits", "best_sets", "greedy_bits", "shapley_bits", "essential_bits"):
        np.testing.assert_array_equal(case[name], getattr(exact, name), err_msg=name)

    size = 3  # the mask names nodes as the labels do: bit k is node k + 1
    inside = [k for k in range(8) if int(case.best_sets.sel(set_size=size)) >> k & 1]
    outside = [k for k in range(8) if k not in inside]
    assert len(inside) == size
    bits = relay_information(x_in[concept], x_out[concept], states[:, inside], states[:, outside])
    assert bits == pytest.approx(case.best_bits.sel(set_size=size).item(), abs=1e-12)


def test_greedy_is_the_order_of_the_study(lattices, store):
    study = run_study(CONFIG, store=store)
    np.testing.assert_allclose(lattices.greedy_bits, study.relay_bits, atol=1e-12)
    np.testing.assert_array_equal(lattices.removal_order, study.removal_order)


def test_shapley_values_sum_to_the_total(lattices):
    total = lattices.best_bits.sel(set_size=8)
    np.testing.assert_allclose(lattices.shapley_bits.sum("node"), total, rtol=0, atol=1e-12)


def test_ratio_leaves_out_sets_that_relay_nothing():
    lattices = xr.Dataset(
        {
            "greedy_bits": ("set_size", [1.0, 0.4, -0.1, 0.0]),
            "best_bits": ("set_size", [1.0, 0.8, 0.2, 0.0]),
        }
    )
    assert greedy_ratio(lattices).values == pytest.approx([1, 0.5, -0.5, np.nan], nan_ok=True)


def test_worst_case_is_the_one_with_the_largest_gap(lattices):
    gap_bits = (lattices.best_bits - lattices.greedy_bits).max("set_size")
    in_order = np.sort(gap_bits.values.ravel())[::-1]
    for rank in (1, 2, 50):
        worst = worst_case(lattices, rank=rank)
        gap = float((worst.best_bits - worst.greedy_bits).max())
        assert gap == pytest.approx(in_order[rank - 1], abs=1e-9)
        assert worst.removal_order.dims == ("removal_step",)
    assert in_order[0] > 0.01
    with pytest.raises(ValueError, match="rank must be"):
        worst_case(lattices, rank=0)


def test_labels_units_and_configuration(lattices):
    assert lattices.shapley_bits.dims == (
        *("task", "architecture", "regime", "replicate", "time", "concept", "node"),
    )
    assert lattices.set_size.values.tolist() == [*range(8, -1, -1)]
    assert lattices.node.values.tolist() == [*range(1, 9)]
    assert lattices.concept_name.sel(task="block").values.tolist() == list(BlockTask().concepts)
    assert lattices.best_bits.attrs["units"] == "bit"
    assert '"n_nodes":8' in lattices.attrs["configuration"]


def test_too_many_nodes_are_named(store):
    config = StudyConfig(
        tasks=(MemoryTask(),), architectures=("GRU",), regimes=("1",), n_replicates=1, n_nodes=17
    )
    with pytest.raises(ValueError, match=r"n_nodes must be in 1..16, got 17"):
        run_lattices(config, store=store)
