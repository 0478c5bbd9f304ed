"""Knockouts: against torch modules run by hand, and what the definition implies."""

import numpy as np
import pytest
import torch

from relaylib.measures.knockout import first_nodes, knockout_accuracy
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import ARCHITECTURES, Ensemble, weight_shapes
from relaylib.networks.training import train
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask

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
@pytest.mark.parametrize("step", [None, 6])
def test_equals_torch_modules_whose_state_is_overwritten(task, architecture, step):
    ensemble, trials = untrained(architecture, task.n_inputs), task.population()
    sets = [[], [3], [0, 5, 11], list(range(12))]
    knocked_out = np.array([[[n in nodes for n in range(12)] for nodes in sets]] * 2)
    accuracy = knockout_accuracy(ensemble, trials, knocked_out, delays=(0, 3), step=step)
    assert accuracy.shape == (2, len(sets), 2, 3)
    for network, k, d in np.ndindex(2, len(sets), 2):
        expected = by_hand(
            ensemble, trials, sets[k], index=network, delay=(0, 3)[d], step=step or task.n_steps
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


def test_an_order_that_misses_a_node_is_refused():
    with pytest.raises(ValueError, match=r"each node 0\.\.2 once"):
        first_nodes(np.array([0, 0, 1]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"delays": ()}, "delays must name at least one"),
        ({"delays": (-1,)}, "delays must be >= 0"),
        ({"step": 11}, "step must be in 1..10"),
        ({"knocked_out": np.zeros((1, 4, 12), bool)}, "knocked_out must have shape"),
    ],
)
def test_bad_input_is_named(change, message):
    arguments = {"knocked_out": np.zeros((2, 4, 12), bool), "delays": (1,)} | change
    sets = arguments.pop("knocked_out")
    with pytest.raises(ValueError, match=message):
        knockout_accuracy(untrained("RNN", 3), MemoryTask().population(), sets, **arguments)
