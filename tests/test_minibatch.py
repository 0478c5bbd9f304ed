"""Training in minibatches: equal to torch's modules and Adam, and independent of the company."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from relaylib.networks.cells import WEIGHT_NAMES
from relaylib.networks.compiled_minibatch import train_batches
from relaylib.networks.minibatch import MinibatchConfig, first_modules, train_minibatches
from relaylib.tasks.task import Trials


def trials(n=40, n_steps=6, n_inputs=2):
    """Series whose mean is above or below 0: the sign is asked."""
    rng = np.random.default_rng(3)
    signs = rng.choice((-1.0, 1.0), n)
    inputs = rng.standard_normal((n, n_steps, n_inputs)) + 0.8 * signs[:, None, None]
    return Trials(inputs.astype(np.float32), signs[:, None].astype(np.float32), ("up",))


@pytest.mark.parametrize("architecture", ["RNN", "GRU", "LSTM"])
def test_steps_are_those_of_torch_modules_and_of_its_adam(architecture):
    shown, delays = trials(), np.array([1, 2] * 20)
    first = first_modules(architecture, (2, 5, 1), 1, rng=np.random.default_rng(1))
    layer, readout = first.to_torch(0)
    optimiser = torch.optim.Adam([*layer.parameters(), *readout.parameters()], lr=0.02)
    inputs = torch.as_tensor(shown.inputs.transpose(1, 0, 2).copy())
    blank = torch.zeros(2, 40, 2)
    for chosen in (slice(0, 20), slice(20, 40)):
        hidden, _ = layer(torch.cat([inputs, blank])[:, chosen])
        answers = torch.tanh(readout(hidden))[..., 0]
        read = answers[5 + torch.as_tensor(delays[chosen]), torch.arange(20)]
        loss = ((read - torch.as_tensor(shown.targets[chosen, 0])) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    flat = np.hstack([first.weights[name].flatten(1).numpy() for name in WEIGHT_NAMES])[0]
    state = (flat, np.zeros_like(flat), np.zeros_like(flat))
    case = (np.ascontiguousarray(shown.inputs.transpose(2, 1, 0)), shown.targets.T.copy())
    kind = ["RNN", "GRU", "LSTM"].index(architecture)
    train_batches(kind, 5, (*case, delays, 2), state, 0, 2, 0.02)
    wanted = [*(w for w in layer.all_weights[0]), readout.weight, readout.bias]
    wanted = np.concatenate([w.detach().numpy().ravel() for w in wanted])
    np.testing.assert_allclose(flat, wanted, atol=2e-4)


def test_networks_learn_and_are_judged_on_other_sequences():
    config = MinibatchConfig(n_nodes=6, n_updates=150, learning_rate=0.02)
    found = train_minibatches(
        trials(120), "GRU", [(1,), (1, 2, 3)], config, rng=np.random.default_rng(5)
    )
    assert found.validation_accuracy.shape == (2, 1)
    assert found.validation_accuracy.min() > 0.85
    assert (found.n_updates > 0).all()
    outputs = found.ensemble.run(trials(120).inputs, 3).outputs[:, 6]
    right = (outputs[:, 0] > 0) == (trials(120).targets[:, 0] > 0)
    assert right.mean() > 0.85


def test_a_network_does_not_depend_on_how_many_others_there_are():
    config = MinibatchConfig(n_nodes=4, n_updates=5, noise_sd=0.1)
    few, many = (
        train_minibatches(trials(), "LSTM", [(1, 2)] * n, config, rng=np.random.default_rng(8))
        for n in (2, 4)
    )
    for name, weights in few.ensemble.weights.items():
        assert torch.equal(weights, many.ensemble.weights[name][:2]), name


def test_checkpoints_are_weights_on_the_way_and_change_none():
    config = MinibatchConfig(n_nodes=4, n_updates=12, batch_size=10, noise_sd=0.1)
    kept = replace(config, checkpoints=(0, 1, 2, 7, 12))  # three batches per epoch
    plain, found, short = (
        train_minibatches(trials(), "GRU", [(1, 2)] * 2, c, rng=np.random.default_rng(8))
        for c in (config, kept, replace(kept, n_updates=7, checkpoints=(7,)))
    )
    assert plain.checkpoints == {}
    assert list(found.checkpoints) == [0, 3, 9, 12]
    first = first_modules("GRU", (2, 4, 1), 2, rng=np.random.default_rng(8))
    for name, weights in plain.ensemble.weights.items():
        assert torch.equal(found.ensemble.weights[name], weights), name
        assert torch.equal(found.checkpoints[0].weights[name], first.weights[name]), name
        assert torch.equal(found.checkpoints[9].weights[name], short.checkpoints[9].weights[name])
        assert not torch.equal(found.checkpoints[12].weights[name], first.weights[name]), name


@pytest.mark.parametrize("checkpoints", [(-1,), (13,), (3, 1), (2, 2)])
def test_checkpoints_are_steps_of_the_training_in_rising_order(checkpoints):
    with pytest.raises(ValueError, match="checkpoints must be"):
        MinibatchConfig(n_updates=12, checkpoints=checkpoints)
    with pytest.raises(TypeError, match="checkpoints must be a tuple"):
        MinibatchConfig(checkpoints=[0])


def test_first_modules_leave_torchs_random_state_alone():
    before = torch.random.get_rng_state()
    first_modules("RNN", (1, 2, 1), 2, rng=np.random.default_rng(0))
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"delays": []}, "delays must hold"),
        ({"delays": [(1,), ()]}, "delays must hold"),
        ({"delays": [(-1,)]}, "delays must be"),
        ({"architecture": "CNN"}, "architecture must be one of"),
        ({"trials": trials(1)}, "at least 2 sequences"),
    ],
)
def test_bad_input_is_named(changed, message):
    given = {"trials": trials(), "architecture": "RNN", "delays": [(1,)]} | changed
    with pytest.raises(ValueError, match=message):
        train_minibatches(**given, config=MinibatchConfig(), rng=np.random.default_rng(0))
