"""What training may be told otherwise: each choice against a plain loop over torch's own parts."""

import hashlib
import re
from dataclasses import fields, replace
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from relaylib.networks import draws
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.draws import Draws
from relaylib.networks.ensemble import ARCHITECTURES, Ensemble
from relaylib.networks.replicate import Replicate
from relaylib.networks.training import train, train_conditions
from relaylib.studies.config import StudyConfig
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask

N_EPOCHS = 5
UNSOLVED = {"max_epochs": N_EPOCHS, "max_attempts": 1, "on_unsolved": "record"}
OPTIMISERS = {
    "adam": torch.optim.Adam,
    "rmsprop": torch.optim.RMSprop,
    "sgd": lambda parameters, **settings: torch.optim.SGD(parameters, momentum=0.9, **settings),
}
CHOICES = [
    {"optimiser": "rmsprop"},
    {"optimiser": "sgd", "weight_decay": 0.01},
    {"loss": "cross-entropy"},
    {"supervision": "delay"},
    {"supervision": "delay", "regime": "0"},
    {"batch_size": 5},
    {"weight_decay": 0.1},
    {"state_dropout": 0.3},
    {"state_noise": 0.1},
    {"sensor_noise": 0.3, "batch_size": 5},
    {"nonlinearity": "relu"},
]
PAIRS = [
    (choice, architecture)
    for choice, architecture in product(CHOICES, ARCHITECTURES)
    if architecture == "RNN" or "nonlinearity" not in choice
]
GPU = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="runs where torch.cuda.is_available(): needs a GPU"
)


def test_the_default_trains_the_networks_it_always_did():
    """The hash is that of the weights before there were other choices, on any processor."""
    digest = hashlib.sha256()
    tasks, regimes = (MemoryTask(), BlockTask()), ("3", "random")
    for task, architecture, regime in product(tasks, ARCHITECTURES, regimes):
        config = TrainingConfig(task, architecture, regime, n_replicates=2, accuracy_goal=0.8)
        for weights in train(config).ensemble.weights.values():
            digest.update(weights.numpy().tobytes())
    assert digest.hexdigest() == "34ca7cff8a579846b73343eed78e5753a515d2addc1f16b6da028b5a58c04014"


def cells_of(config, flat):
    """One network as a torch cell and readout that share no code with relaylib."""
    ensemble = Ensemble.from_flat(config.architecture, torch.tensor(flat)[None], 3, config.n_nodes)
    layer, out = replace(ensemble, nonlinearity=config.nonlinearity).to_torch(0)
    how = {"nonlinearity": config.nonlinearity} if config.architecture == "RNN" else {}
    cell = getattr(nn, f"{config.architecture}Cell")(3, config.n_nodes, **how)
    with torch.no_grad():
        for name, values in layer.named_parameters():
            getattr(cell, name.removesuffix("_l0")).copy_(values)
    return cell, out


def loss_of(config, cell, out, inputs, targets, draw):
    """Mean loss of one network, sequence by sequence and step by step."""
    total, chosen = 0.0, range(len(targets)) if draw.chosen is None else draw.chosen[0].tolist()
    for column, sequence in enumerate(chosen):
        state, wanted = None, targets[sequence]
        last = int(draw.delays[0, sequence])
        used = {last} if config.supervision == "answer" else {*range(min(1, last), last + 1)}
        for step in range(10 + last):
            x = inputs[sequence, step] if step < 10 else torch.zeros(3)
            if draw.sensors is not None and step < 10:
                x = x + draw.sensors[0, step, :, column]
            if state is not None and draw.dropped is not None:
                kept = ~draw.dropped[0, step - 1, :, column] / (1 - config.state_dropout)
                state = tuple(part * kept for part in state)
            if state is not None and draw.state is not None:
                state = tuple(part + draw.state[0, step - 1, :, column] for part in state)
            if config.architecture == "LSTM":
                state = tuple(
                    part[0] for part in cell(x[None], state and tuple(s[None] for s in state))
                )
            else:
                state = (cell(x[None], state and state[0][None])[0],)
            if step - 9 in used:
                a = out(state[0])
                error = (a.tanh() - wanted) ** 2
                if config.loss == "cross-entropy":
                    error = -torch.log((1 + wanted * a.tanh()) / 2)
                total = total + error.mean() / len(used) / len(chosen)
    return total


@pytest.mark.parametrize(("choice", "architecture"), PAIRS, ids=str)
def test_a_choice_is_torch_s_own(choice, architecture):
    settings = {"architecture": architecture, "regime": "random", "n_nodes": 4, "n_replicates": 2}
    config = TrainingConfig(**settings | UNSOLVED | choice, checkpoints=(N_EPOCHS,))
    trained = train(config)
    assert (trained.epochs == N_EPOCHS).all()
    trials = config.task.population()
    inputs, targets = torch.tensor(trials.inputs), torch.tensor(trials.targets)
    for number in range(2):
        slot = Replicate(config, number)
        cell, out = cells_of(config, slot.restart())
        drawn = Draws([slot], (3, 10, 8), max(config.delays))
        parameters = [*cell.parameters(), *out.parameters()]
        how = {"lr": config.learning_rate, "weight_decay": config.weight_decay}
        optimiser = OPTIMISERS[config.optimiser](parameters, **how)
        for _ in range(N_EPOCHS):
            optimiser.zero_grad()
            loss_of(config, cell, out, inputs, targets, drawn.next()).backward()
            optimiser.step()
        for name in ("weight_ih", "weight_hh", "bias_hh"):
            apart = abs(trained.ensemble.weights[name][number] - getattr(cell, name)).max()
            assert apart < 2e-5, (name, apart)
        assert abs(trained.ensemble.weights["readout_weight"][number] - out.weight).max() < 2e-5


def test_draws_have_the_shares_and_sizes_that_are_asked():
    how = {"state_dropout": 0.3, "state_noise": 0.1, "sensor_noise": 0.2, "batch_size": 3}
    slot = Replicate(TrainingConfig(**how), 0)
    slot.restart()
    source = Draws([slot], (3, 10, 8), 5)
    drawn = [source.next() for _ in range(200)]
    dropped = torch.stack([draw.dropped for draw in drawn]).float().mean()
    assert abs(dropped - 0.3) < 0.01
    assert abs(torch.stack([draw.state for draw in drawn]).std() - 0.1) < 0.002
    assert abs(torch.stack([draw.sensors for draw in drawn]).std() - 0.2) < 0.004
    chosen = torch.stack([draw.chosen[0] for draw in drawn])
    assert all(len({*row}) == 3 for row in chosen.tolist())
    assert abs(np.bincount(chosen.flatten(), minlength=8) / chosen.numel() - 1 / 8).max() < 0.03


def test_a_network_draws_the_same_alone_and_in_blocks_of_any_length(monkeypatch):
    config = TrainingConfig(state_dropout=0.2, state_noise=0.1, sensor_noise=0.1, batch_size=4)

    def drawn(numbers):
        slots = [Replicate(config, number) for number in numbers]
        for slot in slots:
            slot.restart()
        source = Draws(slots, (3, 10, 8), 5)
        return [source.next() for _ in range(7)]

    together = drawn((0, 1, 2))
    monkeypatch.setattr(draws, "_LONGEST", 3)
    for whole, alone in zip(together, drawn((2,)), strict=True):
        for a, b in zip(whole, alone, strict=True):
            assert torch.equal(a[2:], b)


def test_accuracy_is_that_without_noise_and_training_stops_by_it():
    config = TrainingConfig(
        architecture="GRU", regime="2", n_replicates=2, sensor_noise=0.3, state_dropout=0.1
    )
    trained = train(config)
    trials = config.task.population()
    answers = trained.ensemble.run(trials.inputs, 2).outputs[:, -1] > 0
    right = (answers == (trials.targets.T > 0)).mean(axis=(1, 2))
    assert (right == trained.population_accuracy).all()
    assert (right >= 0.98).all()


def test_extra_epochs_follow_the_goal():
    config = TrainingConfig(architecture="GRU", regime="1", n_replicates=3, backend="autograd")
    until_goal, longer = train(config), train(replace(config, extra_epochs=30))
    assert (longer.epochs == until_goal.epochs + 30).all()
    assert len(set(longer.epochs)) > 1
    at_goal = train(
        replace(config, extra_epochs=30, checkpoints=tuple(int(e) for e in until_goal.epochs))
    )
    for number, epoch in enumerate(until_goal.epochs):
        kept = at_goal.checkpoints[int(epoch)].weights["weight_hh"][number]
        assert abs(kept - until_goal.ensemble.weights["weight_hh"][number]).max() < 1e-4


def test_a_network_that_diverges_is_recorded_with_finite_weights():
    config = TrainingConfig(
        optimiser="sgd", learning_rate=1e4, nonlinearity="relu", n_replicates=2, **UNSOLVED
    )
    trained = train(config)  # Ensemble refuses weights that are not finite
    assert (trained.population_accuracy < 0.98).all()


def test_relu_networks_run_as_torch_runs_them():
    config = TrainingConfig(nonlinearity="relu", regime="1", n_replicates=2, accuracy_goal=0.6)
    ensemble = train(config).ensemble
    inputs = config.task.population().inputs
    hidden = ensemble.run(inputs, 2).hidden
    assert (hidden >= 0).all()
    assert hidden.max() > 0
    shown = np.concatenate([inputs, np.zeros((8, 2, 3), np.float32)], axis=1).transpose(1, 0, 2)
    for number in range(2):
        layer, _ = ensemble.to_torch(number)
        assert layer.nonlinearity == "relu"
        states = layer(torch.tensor(shown))[0].detach().numpy()
        assert abs(states.transpose(0, 2, 1) - hidden[number]).max() < 1e-5
    again = Ensemble.from_torch([ensemble.to_torch(0)])
    assert again.nonlinearity == "relu"
    assert (again.run(inputs, 2).hidden == ensemble[0].run(inputs, 2).hidden).all()


def test_compiled_training_is_taken_where_it_covers_the_condition():
    assert TrainingConfig().gradients == "compiled"
    assert TrainingConfig(backend="autograd").gradients == "autograd"
    for name, value in {"loss": "cross-entropy", "state_noise": 0.1, "extra_epochs": 1}.items():
        assert TrainingConfig(**{name: value}).gradients == "autograd"
    defaults = {item.name: item.default for item in fields(TrainingConfig)}
    shared = {item.name: item.default for item in fields(StudyConfig)}
    assert not [n for n in defaults.keys() & shared.keys() if defaults[n] != shared[n]]


def test_conditions_of_both_backends_train_together():
    plain = TrainingConfig(regime="1", n_replicates=2, accuracy_goal=0.7)
    configs = [replace(plain, loss="cross-entropy"), plain]
    together = dict(train_conditions(configs))
    for config in configs:
        alone = train(config).ensemble.weights["weight_hh"]
        assert torch.equal(together[config].ensemble.weights["weight_hh"], alone)


def test_a_study_hands_every_choice_to_its_conditions():
    chosen = {
        "loss": "cross-entropy",
        "optimiser": "sgd",
        "batch_size": 4,
        "extra_epochs": 3,
        "weight_decay": 0.1,
        "state_dropout": 0.1,
        "state_noise": 0.2,
        "sensor_noise": 0.3,
        "supervision": "delay",
        "backend": "autograd",
    }
    study = StudyConfig(**chosen, nonlinearity="relu")
    for condition in study.conditions():
        assert {name: getattr(condition, name) for name in chosen} == chosen
        wanted = "relu" if condition.architecture == "RNN" else "tanh"
        assert condition.nonlinearity == wanted


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "hinge"}, "loss must be one of 'squared error', 'cross-entropy'; got 'hinge'"),
        ({"optimiser": "lion"}, "optimiser must be one of 'adam', 'rmsprop', 'sgd'; got 'lion'"),
        ({"batch_size": 0}, "batch_size must be >= 1, got 0"),
        ({"extra_epochs": -1}, "extra_epochs must be in 0..1000000, got -1"),
        ({"weight_decay": -1.0}, "weight_decay must be in [0, "),
        ({"state_dropout": 1}, "state_dropout must be below 1"),
        ({"state_dropout": 1.5}, "state_dropout must be in [0, 1]"),
        ({"state_noise": np.inf}, "state_noise must be finite"),
        ({"sensor_noise": -0.1}, "sensor_noise must be in [0, "),
        ({"supervision": "all"}, "supervision must be one of 'answer', 'delay'; got 'all'"),
        ({"nonlinearity": "gelu"}, "nonlinearity must be one of 'tanh', 'relu'; got 'gelu'"),
        (
            {"nonlinearity": "relu", "architecture": "GRU"},
            "nonlinearity must be \"tanh\" for GRU, got 'relu'",
        ),
        (
            {"backend": "compiled", "loss": "cross-entropy"},
            'backend must be "auto" or "autograd" with loss other than the default',
        ),
    ],
)
def test_bad_choices_are_named(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        TrainingConfig(**settings)


@GPU
@pytest.mark.parametrize("choice", [{}, *CHOICES], ids=str)
def test_a_gpu_follows_the_processor_through_every_choice(choice):
    config = TrainingConfig(**{"regime": "random", "n_replicates": 3} | UNSOLVED | choice)
    on_gpu = train(replace(config, device="cuda")).ensemble
    on_cpu = train(replace(config, backend="autograd")).ensemble
    for name, weights in on_gpu.weights.items():
        assert abs(weights - on_cpu.weights[name]).max() < 1e-3


@GPU
def test_an_epoch_on_a_gpu_copies_accuracy_alone():
    config = TrainingConfig(regime="1", device="cuda", n_replicates=4, n_nodes=48, **UNSOLVED)
    train(config)
    with torch.profiler.profile() as profile:
        train(replace(config, max_epochs=20))
    copied = [event.count for event in profile.key_averages() if "DtoH" in event.key]
    assert sum(copied) < 20 * 3 + 20


@GPU
def test_a_study_runs_on_a_gpu(tmp_path):
    from relaylib.studies.study import run_study

    config = StudyConfig(
        tasks=(MemoryTask(),), regimes=("1",), n_replicates=2, device="cuda", accuracy_goal=0.7
    )
    assert (run_study(config, store=tmp_path).population_accuracy >= 0.7).all()
