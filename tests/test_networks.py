"""Ensembles equal torch's modules: forward pass, gradients, conversion in both directions."""

import copy
import re

import numpy as np
import pytest
import torch
from torch import nn

from relaylib.networks import autograd, compiled_training
from relaylib.networks.ensemble import ARCHITECTURES, Ensemble, weight_shapes
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask

TASKS = (MemoryTask(), BlockTask())
N_NODES, N_BLANK = 12, 5
LAYERS = {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}

each_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)
each_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)


def untrained(architecture, task, *, n_networks=3, n_nodes=N_NODES, scale=1.0, dtype=torch.float32):
    """Return networks with weights as at the start of training, times ``scale``."""
    shapes = weight_shapes(architecture, task.n_inputs, n_nodes, len(task.concepts))
    rng, bound = np.random.default_rng(5), scale / np.sqrt(n_nodes)
    draws = {name: rng.uniform(-bound, bound, (n_networks, *s)) for name, s in shapes.items()}
    return Ensemble(architecture, {k: torch.as_tensor(v, dtype=dtype) for k, v in draws.items()})


def flatten(ensemble):
    return torch.cat([weight.flatten(1) for weight in ensemble.weights.values()], dim=1)


def torch_outputs(layer, readout, inputs, n_blank):
    """Outputs (time, sequence, concept) and last states of torch modules."""
    shown = torch.as_tensor(inputs).to(readout.weight).transpose(0, 1)
    blank = shown.new_zeros(n_blank, *shown.shape[1:])
    hidden, last = layer(torch.cat([shown, blank]))
    return torch.tanh(readout(hidden)), hidden, last


def torch_gradient(layer, readout, trials, delays):
    """Gradient of the mean squared error of the answers at each sequence's own delay."""
    outputs, _, _ = torch_outputs(layer, readout, trials.inputs, N_BLANK)
    at = trials.inputs.shape[1] - 1 + torch.as_tensor(delays)
    answers = outputs[at, torch.arange(len(delays))]
    nn.functional.mse_loss(answers, torch.as_tensor(trials.targets).to(answers)).backward()
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    parts = [getattr(layer, name) for name in names] + [readout.weight, readout.bias]
    return torch.cat([part.grad.flatten() for part in parts])


@each_architecture
@each_task
@pytest.mark.parametrize(
    ("scale", "dtype", "within"), [(1, "float32", 1e-6), (3, "float64", 1e-12)]
)
def test_forward_equals_torch(architecture, task, scale, dtype, within):
    ensemble = untrained(architecture, task, scale=scale, dtype=getattr(torch, dtype))
    inputs = task.population().inputs
    run = ensemble.run(inputs, N_BLANK)
    for index in range(len(ensemble)):
        layer, readout = ensemble.to_torch(index)
        with torch.no_grad():
            outputs, hidden, last = torch_outputs(layer, readout, inputs, N_BLANK)
        assert abs(run.outputs[index] - outputs.permute(0, 2, 1).numpy()).max() < within
        assert abs(run.hidden[index] - hidden.permute(0, 2, 1).numpy()).max() < within
        if architecture == "LSTM":
            assert abs(run.cell[index, -1] - last[1][0].T.numpy()).max() < within
        else:
            assert run.cell is None


@each_architecture
@each_task
def test_forward_of_trained_networks_equals_torch(small_study, architecture, task):
    from relaylib.studies.study import load_ensemble

    config, store, _ = small_study
    ensemble = load_ensemble(config, task, architecture, "random", store=store)
    inputs = task.population().inputs
    layer, readout = ensemble.to_torch(1)
    with torch.no_grad():
        outputs, _, _ = torch_outputs(layer, readout, inputs, N_BLANK)
    ran = ensemble.run(inputs, N_BLANK).outputs[1]
    assert abs(ran - outputs.permute(0, 2, 1).numpy()).max() < 1e-5


def mixed_delays(n_networks, n_sequences):
    delays = np.random.default_rng(1).integers(0, N_BLANK + 1, (n_networks, n_sequences))
    assert len(np.unique(delays)) == N_BLANK + 1
    return delays


@each_architecture
@each_task
@pytest.mark.parametrize("n_nodes", [12, 7])
def test_compiled_outputs_and_gradients_equal_torch(architecture, task, n_nodes):
    ensemble, trials = untrained(architecture, task, n_nodes=n_nodes), task.population()
    inputs = np.ascontiguousarray(trials.inputs.transpose(2, 1, 0))
    targets = np.ascontiguousarray(trials.targets.T)
    delays = mixed_delays(len(ensemble), len(trials.inputs))
    kind = ARCHITECTURES.index(architecture)
    ran = ensemble.run(trials.inputs, N_BLANK).outputs[:, task.n_steps - 1 :]
    for index, flat in enumerate(flatten(ensemble).numpy()):
        case = (inputs, targets, delays[index], N_BLANK, flat)
        outputs, gradient = compiled_training.loss_gradient(kind, n_nodes, *case)
        wanted = torch_gradient(*ensemble.to_torch(index), trials, delays[index])
        assert abs(outputs - ran[index]).max() < 1e-6
        assert abs(gradient - wanted.numpy()).max() < 1e-5
        assert abs(gradient - wanted.numpy()).max() < 1e-4 * abs(gradient).max()


@each_architecture
@each_task
def test_autograd_outputs_and_gradients_equal_torch(architecture, task):
    ensemble, trials = untrained(architecture, task), task.population()
    delays = mixed_delays(len(ensemble), len(trials.inputs))
    case = (trials.inputs.transpose(2, 1, 0).copy(), trials.targets.T.copy(), delays, N_BLANK)
    flat = flatten(ensemble)
    outputs, gradient = autograd.loss_gradient(architecture, flat, N_NODES, *case)
    ran = ensemble.run(trials.inputs, N_BLANK).outputs[:, task.n_steps - 1 :]
    assert abs(outputs - ran).max() < 1e-6
    for index in range(len(ensemble)):
        wanted = torch_gradient(*ensemble.to_torch(index), trials, delays[index])
        assert abs(gradient[index] - wanted).max() < 1e-5
        assert abs(gradient[index] - wanted).max() < 1e-4 * abs(wanted).max()


@each_architecture
def test_step_by_step_is_the_run(architecture):
    task = MemoryTask()
    ensemble, inputs = untrained(architecture, task), task.population().inputs
    run, state = ensemble.run(inputs, 1), ensemble.start(len(inputs))
    steps = [*torch.as_tensor(inputs.transpose(1, 2, 0).copy()), None]
    for time, x in enumerate(steps):
        state = ensemble.step(x, state)
        assert torch.equal(state[0], torch.as_tensor(run.hidden[:, time]))
        assert torch.equal(ensemble.readout(state), torch.as_tensor(run.outputs[:, time]))


@each_architecture
def test_a_blank_step_is_a_step_of_zeros(architecture):
    ensemble = untrained(architecture, MemoryTask())
    inputs = MemoryTask().population().inputs
    longer = np.concatenate([inputs, np.zeros((8, 2, 3), np.float32)], axis=1)
    ran, shown = ensemble.run(inputs, 2), ensemble.run(longer, 0)
    assert abs(ran.outputs - shown.outputs).max() < 1e-7


@each_architecture
def test_to_torch_and_back_is_bit_identical(architecture):
    ensemble = untrained(architecture, BlockTask())
    back = Ensemble.from_torch(ensemble.to_torch(index) for index in range(len(ensemble)))
    assert back.architecture == architecture
    assert list(back.weights) == list(ensemble.weights)
    assert all(torch.equal(back.weights[k], w) for k, w in ensemble.weights.items())


@each_architecture
def test_from_torch_copies_and_does_not_change_the_modules(architecture):
    pair = LAYERS[architecture](3, N_NODES), nn.Linear(N_NODES, 3)
    before = [copy.deepcopy(module.state_dict()) for module in pair]
    ensemble = Ensemble.from_torch([pair])
    ensemble.run(MemoryTask().population().inputs, 5)
    for weight in ensemble.weights.values():
        weight.zero_()
    for module, state in zip(pair, before, strict=True):
        assert all(torch.equal(module.state_dict()[name], w) for name, w in state.items())
        assert all(parameter.requires_grad for parameter in module.parameters())


def test_to_torch_copies_and_draws_no_random_number():
    ensemble = untrained("GRU", MemoryTask())
    state = torch.random.get_rng_state()
    layer, _ = ensemble.to_torch(0)
    assert torch.equal(torch.random.get_rng_state(), state)
    with torch.no_grad():
        layer.weight_hh_l0.zero_()
    assert ensemble.weights["weight_hh"][0].abs().min() > 0


def test_networks_are_selected_by_number_slice_and_list():
    ensemble = untrained("RNN", MemoryTask(), n_networks=4)
    for index, wanted in [(-1, [3]), (np.int64(2), [2]), (slice(1, 3), [1, 2]), ([3, 0], [3, 0])]:
        part = ensemble[index]
        assert len(part) == len(wanted)
        assert torch.equal(part.weights["bias_hh"], ensemble.weights["bias_hh"][wanted])
    assert (ensemble.n_nodes, ensemble.n_inputs, ensemble.n_outputs) == (12, 3, 3)


def test_running_changes_neither_weights_nor_inputs():
    ensemble, inputs = untrained("LSTM", MemoryTask()), MemoryTask().population().inputs
    before, shown = flatten(ensemble).clone(), inputs.copy()
    ensemble.run(inputs, 5)
    assert torch.equal(flatten(ensemble), before)
    assert (inputs == shown).all()


def test_the_repr_is_one_line_with_the_sizes():
    ensemble = untrained("GRU", BlockTask(), n_networks=4, n_nodes=7)
    assert repr(ensemble) == "<Ensemble: 4 x GRU, 16 inputs, 7 nodes, 3 outputs>"


def test_an_unknown_network_is_an_index_error_with_the_limits():
    ensemble = untrained("RNN", MemoryTask())
    for index in (5, -4, [0, 3]):
        with pytest.raises(IndexError, match=re.escape("index must be in -3..2, got")):
            ensemble[index]
    for wrong in ([1.0], "a", None, [True, False, True], [[0]]):
        with pytest.raises(TypeError, match="index must be a slice or whole numbers, got"):
            ensemble[wrong]
    assert [len(network) for network in ensemble] == [1, 1, 1]


def test_weights_with_gradients_are_used_without_them():
    plain = untrained("LSTM", MemoryTask())
    weights = {name: weight.clone().requires_grad_() for name, weight in plain.weights.items()}
    ensemble = Ensemble("LSTM", weights)
    assert all(weight.requires_grad for weight in weights.values())
    assert not ensemble.step(None, ensemble.start(2))[0].requires_grad
    assert (ensemble.weights["bias_hh"].numpy() == plain.weights["bias_hh"].numpy()).all()
    run, wanted = (e.run(MemoryTask().population().inputs, 2) for e in (ensemble, plain))
    assert (run.outputs == wanted.outputs).all()


def test_the_analysed_state_of_an_lstm_is_chosen():
    inputs = MemoryTask().population().inputs
    run = untrained("LSTM", MemoryTask()).run(inputs, 1)
    assert run.analysed("cell") is run.cell
    assert run.analysed("hidden") is run.hidden
    run = untrained("GRU", MemoryTask()).run(inputs, 1)
    assert run.analysed("cell") is run.analysed("hidden") is run.hidden
    with pytest.raises(ValueError, match="lstm_state must be one of 'cell', 'hidden'; got 'both'"):
        run.analysed("both")


class DoubledGRU(nn.GRU):
    def forward(self, x, state=None):
        return super().forward(2 * x, state)


class NegativeLinear(nn.Linear):
    def forward(self, x):
        return -super().forward(x)


def replaced(**weights):
    good = untrained("RNN", MemoryTask())
    return lambda: Ensemble("RNN", good.weights | weights)


def run_with(inputs, n_blank=5):
    return lambda: untrained("RNN", MemoryTask()).run(inputs, n_blank)


def stacked(*pairs):
    return lambda: Ensemble.from_torch(pairs)


SHOWN = MemoryTask().population().inputs
GOOD = nn.RNN(3, 12), nn.Linear(12, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Ensemble("rnn", {}), "architecture must be one of 'RNN', 'GRU', 'LSTM'; got"),
        (lambda: Ensemble("RNN", {}), "weights must hold ['readout_weight', 'weight_hh',"),
        (replaced(extra=torch.zeros(3, 1, 1)), "weights must be named ['weight_ih', 'weight_hh',"),
        (replaced(bias_ih=torch.zeros(3, 11)), "weights['bias_ih'] must have shape (3, 12)"),
        (replaced(bias_ih=torch.zeros(2, 12)), "weights['bias_ih'] must have shape (3, 12)"),
        (replaced(weight_hh=torch.zeros(12, 12)), "weights['weight_hh'] must be a torch tensor"),
        (replaced(weight_ih=np.zeros((3, 12, 3))), "weights['weight_ih'] must be a torch tensor"),
        (
            replaced(weight_hh=torch.full((3, 12, 12), torch.nan)),
            "weights['weight_hh'] must be finite",
        ),
        (run_with(SHOWN[0]), "inputs must have shape (any, any, 3), got (10, 3)"),
        (run_with(SHOWN[:, :, :2]), "inputs must have shape (any, any, 3), got (8, 10, 2)"),
        (run_with(SHOWN[:0]), "inputs must not be empty"),
        (run_with(SHOWN * np.nan), "inputs must be finite"),
        (
            run_with(SHOWN.astype(float) * 1e300),
            "inputs must be in the range of torch.float32, got",
        ),
        (run_with(SHOWN, -1), "n_blank must be in 0..10000, got -1"),
        (run_with(SHOWN, 10**9), "n_blank must be in 0..10000, got 1000000000"),
        (
            lambda: untrained("RNN", MemoryTask()).start(0),
            "n_sequences must be in 1..10000000, got 0",
        ),
        (lambda: untrained("RNN", MemoryTask()).to_torch(3), "index must be in -3..2, got 3"),
        (stacked(), "networks must hold (layer, readout) pairs, got ()"),
        (stacked(GOOD[0]), "networks must hold pairs (layer, nn.Linear)"),
        (stacked((GOOD[1], GOOD[0])), "networks must hold pairs (layer, nn.Linear)"),
        (
            stacked((GOOD[1], GOOD[1])),
            "networks: the layer must be an nn.RNN, nn.GRU or nn.LSTM and not of a subclass, got",
        ),
        (stacked((DoubledGRU(3, 12), GOOD[1])), "not of a subclass, got DoubledGRU"),
        (stacked((GOOD[0], NegativeLinear(12, 3))), "networks must hold pairs (layer, nn.Linear)"),
        (
            stacked((nn.RNN(3, 12), GOOD[1]), (nn.RNN(3, 12, nonlinearity="relu"), GOOD[1])),
            "networks must be of one kind and size",
        ),
        (
            lambda: Ensemble("GRU", untrained("GRU", MemoryTask()).weights, "relu"),
            "nonlinearity must be one of 'tanh'; got 'relu'",
        ),
        (stacked((nn.GRU(3, 12, 2), GOOD[1])), "networks must have one layer"),
        (stacked((nn.GRU(3, 6, bidirectional=True), GOOD[1])), "networks must have one layer, one"),
        (
            stacked((nn.LSTM(3, 12, proj_size=4), GOOD[1])),
            "no projection, got LSTM(3, 12, proj",
        ),
        (stacked((nn.GRU(3, 12, bias=False), GOOD[1])), "networks must have biases"),
        (stacked((GOOD[0], nn.Linear(12, 3, bias=False))), "networks must have biases"),
        (stacked(GOOD, (nn.GRU(3, 12), GOOD[1])), "networks must be of one kind and size"),
        (stacked(GOOD, (nn.RNN(3, 7), nn.Linear(7, 3))), "networks must be of one kind and size"),
        (stacked((GOOD[0], nn.Linear(7, 3))), "must have shape (1, 3, 12)"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            replaced(bias_ih=torch.zeros(3, 12, dtype=torch.int64)),
            r"weights must all be torch.float32 or float64, got \['torch.float32', 'torch.int64'\]",
        ),
        (replaced(bias_ih=torch.zeros(3, 12).double()), "weights must all be torch.float32 or"),
        (run_with(np.ma.masked_equal(SHOWN, 1)), "inputs must not be masked"),
        (run_with(SHOWN, 1.5), "n_blank must be a whole number, got 1.5"),
        (run_with([[["a", "b", "c"]]]), "inputs must hold real numbers"),
        (lambda: untrained("RNN", MemoryTask()).to_torch("0"), "index must be a whole number"),
    ],
)
def test_bad_types_are_named(call, message):
    with pytest.raises(TypeError, match=message):
        call()
