"""Knockouts: against torch modules run by hand, and what the definition implies."""

import numpy as np
import pytest
import torch
import xarray as xr

from relaylib.measures.knockout import first_nodes, knockout_accuracy
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import ARCHITECTURES, Ensemble, weight_shapes
from relaylib.networks.training import train
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask
from relaylib.tasks.task import Trials

TASKS = (MemoryTask(), BlockTask())


def untrained(architecture, n_inputs, *, n_networks=2):
    """Networks with weights large enough that knockouts change answers."""
    rng = np.random.default_rng(7)
    return Ensemble(
        architecture,
        {
            name: torch.from_numpy(rng.normal(0, 0.8, (n_networks, *shape)).astype(np.float32))
            for name, shape in weight_shapes(architecture, n_inputs, 12, 3).items()
        },
    )


@torch.no_grad()
def by_hand(ensemble, trials, nodes, *, index, delay, step):
    """Accuracy per concept by torch.nn modules: run, overwrite the state, run on."""
    layer, readout = ensemble.to_torch(index)
    blank = np.zeros((len(trials.inputs), delay, trials.inputs.shape[2]), np.float32)
    inputs = torch.from_numpy(np.concatenate([trials.inputs, blank], axis=1)).transpose(0, 1)
    _, state = layer(inputs[:step])
    parts = [part.clone() for part in (state if isinstance(state, tuple) else (state,))]
    for part in parts:
        part[:, :, nodes] = 0
    if len(inputs) > step:
        _, state = layer(inputs[step:], tuple(parts) if len(parts) == 2 else parts[0])
        parts = list(state) if isinstance(state, tuple) else [state]
    answers = torch.tanh(readout(parts[0][0])).numpy() > 0
    return (answers == (trials.targets > 0)).mean(axis=0)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("step", [None, 6, 11, 13])
def test_equals_torch_modules_whose_state_is_overwritten(task, architecture, step):
    ensemble, trials = untrained(architecture, task.n_inputs), task.population()
    sets = [[], [3], [0, 5, 11], list(range(12))]
    knocked_out = np.array([[[n in nodes for n in range(12)] for nodes in sets]] * 2)
    delays = (0, 3) if step is None or step <= 10 else (3, 5)
    accuracy = knockout_accuracy(ensemble, trials, knocked_out, delays=delays, step=step)
    assert accuracy.shape == (2, len(sets), 2, 3)
    for network, k, d in np.ndindex(2, len(sets), 2):
        expected = by_hand(
            ensemble, trials, sets[k], index=network, delay=delays[d], step=step or task.n_steps
        )
        np.testing.assert_allclose(accuracy[network, k, d], expected, atol=1.01 / len(trials[0]))
        if task.name == "memory":
            np.testing.assert_array_equal(accuracy[network, k, d], expected)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_after_losing_every_node_the_network_guesses(task, architecture):
    ensemble = untrained(architecture, task.n_inputs)
    everything = np.ones((2, 1, 12), bool)
    accuracy = knockout_accuracy(ensemble, task.population(), everything, delays=(0, 1, 4))
    assert (accuracy == 0.5).all()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_knocking_out_no_node_leaves_a_trained_network_perfect(architecture):
    trained = train(TrainingConfig(architecture=architecture, regime="random", n_replicates=2))
    before = {name: weight.clone() for name, weight in trained.ensemble.weights.items()}
    sets = first_nodes(np.tile(np.arange(12), (2, 1)))
    accuracy = knockout_accuracy(
        trained.ensemble, MemoryTask().population(), sets, delays=(1, 2, 3, 4, 5)
    )
    np.testing.assert_allclose(
        accuracy[:, 0].mean(axis=(1, 2)), trained.population_accuracy, atol=1e-12
    )
    assert (accuracy[:, -1] == 0.5).all()
    for name, weight in trained.ensemble.weights.items():
        assert torch.equal(weight, before[name])


def test_one_set_more_does_not_change_the_others():
    ensemble, trials = untrained("GRU", 3), MemoryTask().population()
    sets = first_nodes(np.stack([np.arange(12), np.arange(12)[::-1]]))
    together = knockout_accuracy(ensemble, trials, sets, delays=(2,))
    alone = knockout_accuracy(ensemble, trials, sets[:, 4:5], delays=(2,))
    np.testing.assert_array_equal(together[:, 4:5], alone)


def test_first_nodes_are_nested_sets_that_follow_the_order():
    order = np.array([[2, 0, 1], [1, 2, 0]])
    sets = first_nodes(order)
    assert sets.shape == (2, 4, 3)
    assert sets.sum(axis=2).tolist() == [[0, 1, 2, 3], [0, 1, 2, 3]]
    assert np.flatnonzero(sets[0, 1]).tolist() == [2]
    assert np.flatnonzero(sets[1, 2]).tolist() == [1, 2]


def test_first_nodes_from_the_end_are_the_last_ones():
    order = np.array([[2, 0, 1], [1, 2, 0]])
    np.testing.assert_array_equal(first_nodes(order, from_end=True), first_nodes(order[:, ::-1]))


@pytest.mark.parametrize(
    ("orders", "error", "message"),
    [
        (xr.DataArray([1.0, np.nan], dims="removal_step"), ValueError, "orders must be finite"),
        (xr.DataArray([[1, 2], [1, 3]], dims=("a", "removal_step")), ValueError, "each node"),
        (xr.DataArray([1, 2], dims="node"), ValueError, "missing .'removal_step'"),
        (np.array([0.5, 1]), TypeError, "orders must hold discrete"),
    ],
)
def test_bad_orders_are_named(orders, error, message):
    with pytest.raises(error, match=message):
        first_nodes(orders)


@pytest.fixture
def orders():
    """Removal orders of two networks and two concepts, labelled."""
    drawn = np.random.default_rng(2).permuted(np.tile(np.arange(1, 13), (2, 2, 1)), axis=-1)
    coords = {"network": [0, 1], "concept": ["A", "B"], "removal_step": np.arange(1, 13)}
    return xr.DataArray(drawn, coords, ("network", "concept", "removal_step"))


def test_sets_of_a_labelled_order_are_labelled(orders):
    sets = first_nodes(orders)
    assert sets.dims == ("network", "concept", "n_knocked_out", "node")
    last = orders.sel(network=1, concept="B").values[-2:]
    two = first_nodes(orders, from_end=True).sel(network=1, concept="B", n_knocked_out=2)
    assert two.node.values[two].tolist() == sorted(last)
    np.testing.assert_array_equal(sets, first_nodes(orders.values - 1))
    for turned in (orders.transpose(), orders[..., ::-1]):
        xr.testing.assert_equal(first_nodes(turned).transpose(*sets.dims), sets)


def test_accuracy_of_labelled_sets_is_labelled(orders):
    ensemble, trials = untrained("GRU", 3), MemoryTask().population()
    sets = first_nodes(orders)
    accuracy = knockout_accuracy(ensemble, trials, sets, delays=(3, 0))
    assert accuracy.dims == ("network", "relays_of", "n_knocked_out", "delay", "concept")
    assert accuracy.concept.values.tolist() == ["A", "B", "C"]
    plain = knockout_accuracy(ensemble, trials, sets.values.reshape(2, -1, 12), delays=(3, 0))
    np.testing.assert_array_equal(accuracy, plain.reshape(accuracy.shape))
    nodes = np.flatnonzero(sets.sel(network=1, concept="B", n_knocked_out=3))
    one = {"network": 1, "relays_of": "B", "n_knocked_out": 3, "delay": 0}
    expected = by_hand(ensemble, trials, nodes, index=1, delay=0, step=10)
    np.testing.assert_array_equal(accuracy.sel(one), expected)
    for turned in (sets.transpose(), sets.isel(node=slice(None, None, -1))):
        again = knockout_accuracy(ensemble, trials, turned, delays=(3, 0))
        xr.testing.assert_equal(again.transpose(*accuracy.dims), accuracy)


def test_labelled_sets_of_replicates_of_one_concept_or_of_no_network(orders):
    ensemble, trials = untrained("RNN", 3), MemoryTask().population()
    replicates = first_nodes(orders.sel(concept="A").rename(network="replicate"))
    accuracy = knockout_accuracy(ensemble, trials, replicates, delays=(1,))
    assert accuracy.dims == ("replicate", "n_knocked_out", "delay", "concept")
    assert accuracy.relays_of.item() == "A"
    same = knockout_accuracy(ensemble, trials, replicates.isel(replicate=0, drop=True), delays=(1,))
    assert same.dims == ("network", "n_knocked_out", "delay", "concept")
    np.testing.assert_array_equal(same.sel(network=0), accuracy.sel(replicate=0))


def test_default_step_is_the_last_of_the_tasks_input():
    """A task of 14 steps: the knockout comes after step 14, not 10."""
    short = MemoryTask().population()
    inputs = np.pad(short.inputs, ((0, 0), (4, 0), (0, 0)))
    trials, ensemble = Trials(inputs, short.targets), untrained("RNN", 3)
    sets = xr.DataArray(np.arange(1, 13) % 2 == 0, {"node": np.arange(1, 13)})
    accuracy = knockout_accuracy(ensemble, trials, sets, delays=(1,))
    nodes = np.flatnonzero(sets)
    at_14, at_10 = (by_hand(ensemble, trials, nodes, index=0, delay=1, step=k) for k in (14, 10))
    assert accuracy.concept.values.tolist() == ["1", "2", "3"]
    np.testing.assert_array_equal(accuracy.sel(network=0, delay=1), at_14)
    assert (at_14 != at_10).any()


def test_an_order_that_misses_a_node_is_refused():
    with pytest.raises(ValueError, match=r"each node \(indices 0\.\.2\) once"):
        first_nodes(np.array([0, 0, 1]))


GOOD = MemoryTask().population()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"delays": ()}, ValueError, "delays must be a tuple of one delay or more"),
        ({"delays": 3}, ValueError, "delays must be a tuple"),
        ({"delays": (-1,)}, ValueError, r"delays must be in 0\.\.10000"),
        ({"delays": (10**9,)}, ValueError, r"delays must be in 0\.\.10000"),
        ({"delays": (1.0,)}, TypeError, "delays must be a whole number"),
        ({"step": 12}, ValueError, "step must be in 1..11"),
        ({"knocked_out": np.zeros((1, 4, 12), bool)}, ValueError, "knocked_out must have shape"),
        ({"knocked_out": np.full((2, 1, 12), 2)}, ValueError, "True or False for every node"),
        ({"knocked_out": xr.DataArray(np.zeros(11))}, ValueError, "must have dimensions"),
        (
            {"knocked_out": xr.DataArray(np.ones(11), {"node": range(11)})},
            ValueError,
            "node must be",
        ),
        (
            {"trials": GOOD._replace(targets=GOOD.targets[:4])},
            ValueError,
            "targets of trials must have shape",
        ),
        (
            {"trials": GOOD._replace(targets=GOOD.targets * np.nan)},
            ValueError,
            "targets of trials must be f",
        ),
        ({"trials": GOOD._replace(targets=GOOD.targets > 0)}, TypeError, "real numbers"),
        ({"trials": GOOD._replace(targets=2 * GOOD.targets)}, ValueError, r"must be -1 or \+1"),
        (
            {"trials": GOOD._replace(inputs=GOOD.inputs[:, :, :2])},
            ValueError,
            "inputs of trials must have",
        ),
    ],
)
def test_bad_input_is_named(change, error, message):
    arguments = {"trials": GOOD, "knocked_out": np.zeros((2, 4, 12), bool), "delays": (1,)}
    with pytest.raises(error, match=message):
        knockout_accuracy(untrained("RNN", 3), **arguments | change)


def test_whole_numbers_of_numpy_are_allowed():
    ensemble, sets = untrained("RNN", 3), np.ones((2, 1, 12), bool)
    numbers = {"delays": (np.int64(1),), "step": np.uint8(9)}
    plain = knockout_accuracy(ensemble, GOOD, sets, delays=(1,), step=9)
    np.testing.assert_array_equal(knockout_accuracy(ensemble, GOOD, sets, **numbers), plain)


SHOWN, WANTED, NAMES = MemoryTask().population()


@pytest.mark.parametrize(
    ("trials", "message"),
    [
        (Trials(SHOWN, WANTED[:4], NAMES), r"targets .* must have shape \(8, .*got \(4, 3\)"),
        (Trials(SHOWN, WANTED[:, :2], NAMES), r"targets .* must have shape|concepts .* 2 distinct"),
        (Trials(SHOWN * np.nan, WANTED, NAMES), "inputs .* must be finite"),
        (Trials(SHOWN, WANTED * np.nan, NAMES), "targets .* must be finite"),
        (Trials(SHOWN, (WANTED + 1) / 2, NAMES), "targets .* must be -1 or"),
    ],
)
def test_trials_that_do_not_fit_are_named(trials, message):
    with pytest.raises(ValueError, match=message):
        knockout_accuracy(untrained("RNN", 3), trials, np.ones((2, 1, 12), bool), delays=(1,))
