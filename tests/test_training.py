"""Training: Adam, the stopping rule, restarts, and independence of networks from each other."""

import os
import random
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, replace
from itertools import product
from typing import ClassVar

import numpy as np
import pytest
import torch

from relaylib.core.progress import progress
from relaylib.core.seeds import stream
from relaylib.networks import compiled_training
from relaylib.networks.compiled_training import loss_gradient, train_epochs
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import ARCHITECTURES
from relaylib.networks.replicate import Replicate
from relaylib.networks.training import train, train_conditions
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask
from relaylib.tasks.task import Trials, training_trials

QUICK = TrainingConfig(regime="1", n_replicates=3)
each_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)
each_backend = pytest.mark.parametrize("backend", ["compiled", "autograd"])


def same(a, b, within=0.0):
    """Whether two ensembles hold the same weights."""
    pairs = [(w, b.weights[name]) for name, w in a.weights.items()]
    return all(v.shape == w.shape and bool((abs(v - w) <= within).all()) for v, w in pairs)


def accuracy(ensemble, trials, delays):
    """Fraction of concepts answered with the right sign, averaged over the delays."""
    outputs = ensemble.run(trials.inputs, max(delays)).outputs
    at = trials.inputs.shape[1] - 1 + np.array(delays)
    return ((outputs[:, at] > 0) == (trials.targets.T > 0)).mean(axis=(1, 2, 3))


@dataclass(frozen=True)
class EchoTask:
    """Two sensors, five steps: one sign each at step 1. A task defined outside relaylib."""

    name: ClassVar[str] = "echo"
    concepts: ClassVar[tuple[str, ...]] = ("left", "right")
    n_inputs: ClassVar[int] = 2
    n_steps: ClassVar[int] = 5
    is_sampled: ClassVar[bool] = False

    def population(self):
        signs = np.array(list(product((-1.0, 1.0), repeat=2)), np.float32)
        inputs = np.zeros((4, 5, 2), np.float32)
        inputs[:, 0] = signs
        return Trials(inputs, signs)

    def sample(self, n, *, rng):
        trials = self.population()
        drawn = rng.integers(0, 4, n)
        return Trials(trials.inputs[drawn], trials.targets[drawn])


@dataclass(frozen=True)
class BrokenTask(EchoTask):
    """A task whose population has other shapes than it declares."""

    inputs: tuple[int, ...] = (4, 5, 2)
    targets: tuple[int, ...] = (4, 2)
    answer: float = 1.0

    def population(self):
        return Trials(np.zeros(self.inputs), np.full(self.targets, self.answer))


@each_architecture
@pytest.mark.parametrize("task", [MemoryTask(), BlockTask()], ids=lambda task: task.name)
def test_compiled_training_is_torch_adam_on_its_gradients(architecture, task):
    trials, kind = task.population(), ARCHITECTURES.index(architecture)
    inputs = np.ascontiguousarray(trials.inputs.transpose(2, 1, 0))
    targets, n_epochs = np.ascontiguousarray(trials.targets.T), 12
    slot = Replicate(TrainingConfig(task=task, architecture=architecture), 0)
    flat = slot.restart()
    delays = slot.draw_delays(n_epochs, targets.shape[1])
    wanted = torch.nn.Parameter(torch.tensor(flat))
    optimiser = torch.optim.Adam([wanted], lr=0.01)
    for read_at in delays:
        case = (inputs, targets, read_at, 5, wanted.detach().numpy().copy())
        wanted.grad = torch.as_tensor(loss_gradient(kind, 12, *case)[1])
        optimiser.step()
    case, never = (inputs, targets, delays, np.arange(1, 6)), (1.1, 0.01, n_epochs)
    none, kept = np.array([], np.int64), np.zeros((0, flat.size), np.float32)
    state = (flat, np.zeros_like(flat), np.zeros_like(flat))
    epochs, _ = train_epochs(kind, 12, case, state, never, 0, none, kept)
    assert epochs == n_epochs
    assert abs(flat - wanted.detach().numpy()).max() < 2e-5


@each_architecture
@pytest.mark.parametrize("task", [MemoryTask(), BlockTask()], ids=lambda task: task.name)
@pytest.mark.parametrize("regime", ["2", "random"])
def test_both_backends_train_the_same_networks(architecture, task, regime):
    config = TrainingConfig(
        task=task,
        architecture=architecture,
        regime=regime,
        n_replicates=2,
        accuracy_goal=0.55,
        checkpoints=(0, 4),
    )
    compiled, plain = train(config), train(replace(config, backend="autograd"))
    assert (compiled.attempts == plain.attempts).all()
    assert (compiled.epochs == plain.epochs).all()
    assert abs(compiled.population_accuracy - plain.population_accuracy).max() < 1e-12
    assert same(compiled.checkpoints[0], plain.checkpoints[0])
    for a, b in [
        (compiled.checkpoints[4], plain.checkpoints[4]),
        (compiled.ensemble, plain.ensemble),
    ]:
        apart = torch.cat([abs(w - b.weights[name]).flatten() for name, w in a.weights.items()])
        assert apart.quantile(0.99) < 1e-5
        assert apart.max() < 0.02  # Adam's first steps have full length even where gradients vanish


def test_autograd_networks_that_are_done_do_not_change_while_others_train():
    compiled, plain = train(QUICK), train(replace(QUICK, backend="autograd"))
    assert len(set(plain.epochs)) > 1
    assert (plain.epochs == compiled.epochs).all()
    assert same(plain.ensemble, compiled.ensemble, within=1e-3)


def test_replicate_4_of_5_is_replicate_4_of_20():
    few, many = (train(replace(QUICK, n_replicates=n)) for n in (5, 20))
    assert same(few.ensemble, many.ensemble[:5])
    for record in ("attempts", "epochs", "population_accuracy"):
        assert (getattr(few, record) == getattr(many, record)[:5]).all()


def test_a_network_does_not_depend_on_what_else_is_trained():
    configs = [
        QUICK,
        replace(QUICK, architecture="GRU"),
        replace(QUICK, regime="random"),
        replace(QUICK, learning_rate=0.02),
        replace(QUICK, seed=1),
        replace(QUICK, task=MemoryTask(noise_sd=0.05), n_sampled=20),
        replace(QUICK, task=MemoryTask(noise_sd=0.05), n_sampled=30),
    ]
    together = dict(train_conditions(configs))
    backwards = dict(train_conditions(configs[::-1]))
    for config in configs:
        alone = train(config)
        assert same(alone.ensemble, together[config].ensemble)
        assert same(alone.ensemble, backwards[config].ensemble)


def test_networks_do_not_depend_on_the_number_of_threads(monkeypatch):
    trained = []
    for n_threads in (1, 7):
        monkeypatch.setattr("os.cpu_count", lambda n=n_threads: n)
        trained.append(train(replace(QUICK, architecture="LSTM", n_replicates=6)))
    assert same(trained[0].ensemble, trained[1].ensemble)


def test_autograd_conditions_that_differ_share_no_stack():
    configs = [
        replace(QUICK, backend="autograd", max_epochs=n, accuracy_goal=0.6, learning_rate=rate)
        for n, rate in [(50, 0.01), (60, 0.05)]
    ]
    together = dict(train_conditions(configs))
    for config in configs:
        alone = train(replace(config, backend="compiled"))
        assert same(alone.ensemble, together[config].ensemble, within=1e-4)


def test_all_networks_differ():
    rows = train(QUICK).ensemble.weights["weight_hh"].flatten(1)
    others = train(replace(QUICK, seed=2026)).ensemble.weights["weight_hh"].flatten(1)
    assert torch.pdist(torch.cat([rows, others])).min() > 0.5


@pytest.mark.parametrize("regime", ["3", "random"])
def test_training_stops_when_the_goal_is_reached(regime):
    config = replace(QUICK, regime=regime, n_replicates=2)
    trained, trials = train(config), MemoryTask().population()
    reached = accuracy(trained.ensemble, trials, config.delays)
    assert abs(trained.population_accuracy - reached).max() < 1e-12
    assert (reached >= 0.98).all()
    before = tuple(int(epoch) - 1 for epoch in trained.epochs)
    kept = train(replace(config, checkpoints=before)).checkpoints
    for replicate, epoch in enumerate(before):
        assert accuracy(kept[epoch][replicate], trials, config.delays)[0] < 0.98


def test_random_regime_draws_new_delays_for_every_sequence_and_epoch():
    slots = [Replicate(TrainingConfig(), number) for number in (0, 1)]
    for slot in slots:
        slot.restart()
    delays = np.stack([slot.draw_delays(2000, 8) for slot in slots])
    counts = np.bincount(delays.ravel(), minlength=6)
    assert counts[0] == 0
    assert abs(counts[1:] / delays.size - 0.2).max() < 0.015
    assert abs(np.corrcoef(delays.reshape(-1, 8).T) - np.eye(8)).max() < 0.1
    assert (delays[0] == delays[1]).mean() < 0.25
    assert (delays[0, 1:] == delays[0, :-1]).mean() < 0.25


def test_regimes_have_their_delays():
    assert [TrainingConfig(regime=str(d)).delays for d in (0, 1, 7, 12)] == [
        (0,),
        (1,),
        (7,),
        (12,),
    ]
    assert TrainingConfig(regime="random").delays == (1, 2, 3, 4, 5)
    assert TrainingConfig(regime="random", random_delays=(2, 4)).delays == (2, 4)
    assert TrainingConfig(regime="3", random_delays=(2, 4)).delays == (3,)


@each_backend
@pytest.mark.parametrize(
    ("regime", "random_delays"), [("0", (1, 2)), ("7", (1, 2)), ("random", (2, 4))]
)
def test_networks_learn_the_delays_of_their_regime(backend, regime, random_delays):
    config = replace(
        QUICK, architecture="GRU", regime=regime, random_delays=random_delays, n_replicates=1
    )
    trained = train(replace(config, backend=backend))
    reached = accuracy(trained.ensemble, MemoryTask().population(), config.delays)
    assert (reached >= 0.98).all()
    assert abs(reached - trained.population_accuracy).max() < 1e-12


def test_random_delays_are_drawn_from_those_chosen():
    slot = Replicate(TrainingConfig(random_delays=(2, 4)), 0)
    slot.restart()
    delays, counts = np.unique(slot.draw_delays(500, 8), return_counts=True)
    assert delays.tolist() == [2, 4]
    assert abs(counts - 2000).max() < 200


def test_delays_are_drawn_in_blocks_without_changing_training(monkeypatch):
    config = replace(QUICK, regime="random", max_epochs=40, checkpoints=(0, 7, 39))
    config = replace(config, architecture="GRU", accuracy_goal=0.9)
    whole = train(config)
    monkeypatch.setattr(compiled_training, "_DELAYS_AT_ONCE", 5 * 8)
    blocks = train(config)
    assert whole.attempts.max() > 1
    assert (whole.attempts == blocks.attempts).all()
    assert (whole.epochs == blocks.epochs).all()
    assert (whole.population_accuracy == blocks.population_accuracy).all()
    assert same(whole.ensemble, blocks.ensemble)
    assert all(same(whole.checkpoints[e], blocks.checkpoints[e]) for e in (0, 7, 39))


def test_a_huge_limit_of_epochs_draws_no_delays_in_advance():
    config = replace(QUICK, regime="random", accuracy_goal=0.55, n_replicates=1)
    assert same(train(replace(config, max_epochs=10**12)).ensemble, train(config).ensemble)


def test_numpy_numbers_become_those_of_python():
    config = TrainingConfig(
        seed=np.int64(7),
        n_nodes=np.uint8(12),
        checkpoints=(np.int32(3),),
        random_delays=(np.int16(2),),
        learning_rate=np.float32(0.25),
    )
    assert config == TrainingConfig(
        seed=7, checkpoints=(3,), random_delays=(2,), learning_rate=0.25
    )
    kinds = {type(getattr(config, name)) for name in ("seed", "n_nodes", "learning_rate")}
    assert kinds == {int, float}
    assert type(config.checkpoints[0]) is type(config.random_delays[0]) is int


@each_backend
def test_restarts_are_counted_and_begin_with_new_weights(backend):
    config = replace(QUICK, n_replicates=4, backend=backend, max_epochs=30, checkpoints=(0,))
    trained = train(config)
    assert trained.attempts.max() > 1
    assert trained.attempts.min() == 1
    assert (trained.epochs <= 30).all()
    assert (trained.population_accuracy >= 0.98).all()
    for number, attempts in enumerate(trained.attempts):
        slot = Replicate(config, number)
        initial = [slot.restart() for _ in range(attempts)]
        start = torch.cat([w[number].flatten() for w in trained.checkpoints[0].weights.values()])
        assert (start.numpy() == initial[-1]).all()


def test_attempts_do_not_depend_on_the_backend():
    config = replace(QUICK, n_replicates=4, max_epochs=30)
    compiled, plain = train(config), train(replace(config, backend="autograd"))
    assert (compiled.attempts == plain.attempts).all()
    assert same(compiled.ensemble, plain.ensemble, within=1e-3)


@each_backend
def test_too_many_attempts_are_an_error_with_advice(backend):
    config = replace(QUICK, backend=backend, max_epochs=1, max_attempts=3)
    wanted = (
        r"replicate \d of TrainingConfig.* max_attempts x max_epochs; raise one of these, lower"
    )
    with pytest.raises(RuntimeError, match=wanted):
        train(config)


@pytest.mark.parametrize(("backend", "attempts"), [("compiled", 300), ("autograd", 3)])
def test_finished_conditions_are_yielded_before_one_fails(backend, attempts):
    fine = replace(QUICK, backend=backend)
    hopeless = replace(fine, task=EchoTask(), max_epochs=1, max_attempts=attempts)
    conditions = train_conditions([fine, hopeless])
    assert next(conditions)[0] == fine
    with pytest.raises(RuntimeError, match="accuracy_goal"):
        next(conditions)


def test_initial_weights_are_uniform_within_one_over_root_n():
    start = train(replace(QUICK, n_replicates=20, checkpoints=(0,))).checkpoints[0]
    weights = torch.cat([w.flatten() for w in start.weights.values()]).numpy() * np.sqrt(12)
    assert abs(weights).max() <= 1
    assert np.sort(weights)[[0, -1]] == pytest.approx([-1, 1], abs=0.01)
    uniform = np.linspace(-1, 1, weights.size)
    assert abs(np.sort(weights) - uniform).max() < 0.05


@each_backend
def test_checkpoints_do_not_change_training(backend):
    plain = train(replace(QUICK, backend=backend))
    kept = train(replace(QUICK, backend=backend, checkpoints=(0, 10, 20, 2000)))
    assert same(plain.ensemble, kept.ensemble)
    assert set(kept.checkpoints) == {0, 10, 20, 2000}
    assert same(kept.checkpoints[2000], kept.ensemble)
    assert not same(kept.checkpoints[0], kept.checkpoints[10], within=0.02)
    at_end = tuple(int(epoch) for epoch in plain.epochs)
    last = train(replace(QUICK, backend=backend, checkpoints=at_end)).checkpoints
    for number, epoch in enumerate(at_end):
        assert same(last[epoch][number], plain.ensemble[number])


@each_backend
def test_global_generators_are_untouched(backend):
    numpy_state = np.random.get_state()[1].copy()  # noqa: NPY002
    torch_state, python_state = torch.random.get_rng_state(), random.getstate()
    train(replace(QUICK, backend=backend, regime="random", accuracy_goal=0.6))
    assert (np.random.get_state()[1] == numpy_state).all()  # noqa: NPY002
    assert torch.equal(torch.random.get_rng_state(), torch_state)
    assert random.getstate() == python_state


@each_architecture
@each_backend
def test_a_task_of_a_third_party_trains(architecture, backend):
    config = TrainingConfig(
        task=EchoTask(), architecture=architecture, regime="1", n_replicates=2, n_nodes=5
    )
    trained = train(replace(config, backend=backend))
    assert (trained.population_accuracy >= 0.98).all()
    assert (accuracy(trained.ensemble, EchoTask().population(), (1,)) == 1).all()
    assert (trained.ensemble.n_inputs, trained.ensemble.n_outputs) == (2, 2)


def test_a_sampled_task_trains_on_one_fixed_sample():
    task = MemoryTask(onsets="random", noise_sd=0.05)
    config = TrainingConfig(
        task=task, architecture="GRU", regime="1", n_replicates=1, n_sampled=60, accuracy_goal=0.95
    )
    trials = training_trials(task, n_sampled=60, seed=config.seed)
    again = training_trials(task, n_sampled=60, seed=config.seed)
    assert (trials.inputs == again.inputs).all()
    drawn = task.sample(60, rng=stream(config.seed, "trials", "memory"))
    assert (trials.inputs == drawn.inputs).all()
    trained = train(config)
    assert trained.population_accuracy[0] >= 0.95
    assert accuracy(trained.ensemble, trials, (1,))[0] == trained.population_accuracy[0]


@pytest.mark.skipif(
    not torch.cuda.is_available(), reason="runs where torch.cuda.is_available(): needs a GPU"
)
@each_architecture
def test_a_gpu_trains_the_same_networks(architecture):
    config = TrainingConfig(architecture=architecture, n_replicates=3, accuracy_goal=0.7)
    on_gpu = train(replace(config, backend="autograd", device="cuda"))
    on_cpu = train(config)
    assert (on_gpu.epochs == on_cpu.epochs).all()
    assert same(on_gpu.ensemble, on_cpu.ensemble, within=1e-3)


WEIGHTS = """
from relaylib import BlockTask, TrainingConfig, train
for architecture in ("RNN", "GRU", "LSTM"):
    config = TrainingConfig(BlockTask(), architecture, n_replicates=1, accuracy_goal=0.7)
    for weights in train(config).ensemble.weights.values():
        print(weights.numpy().tobytes().hex())
"""


def test_a_generic_processor_trains_the_same_network(tmp_path):
    plainest = {"NUMBA_CPU_NAME": "generic", "NUMBA_CACHE_DIR": str(tmp_path)}
    here, there = (
        subprocess.run(
            [sys.executable, "-c", WEIGHTS],
            env=os.environ | chosen,
            capture_output=True,
            check=True,
        ).stdout
        for chosen in ({}, plainest)
    )
    assert here
    assert here == there


@pytest.mark.parametrize("name", ["CI", "TQDM_DISABLE"])
def test_progress_is_hidden_where_an_environment_variable_says_so(monkeypatch, name):
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    for value, silent in [("", False), ("0", False), ("1", True), ("true", True)]:
        monkeypatch.setenv(name, value)
        with progress(range(3), delay=100) as bar:
            assert bar.disable == silent
            assert list(bar) == [0, 1, 2]


def test_the_progress_bar_counts_networks(monkeypatch):
    moves = Counter()
    made = []

    def counted(**settings):
        made.append(settings)
        bar = progress(**settings, disable=True)
        bar.update = lambda n=1: moves.update(networks=n)
        return bar

    monkeypatch.setattr("relaylib.networks.training.progress", counted)
    train(QUICK)
    assert made == [{"total": 3, "desc": "training", "unit": "network"}]
    assert moves["networks"] == 3


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        (
            {"task": "memory"},
            TypeError,
            "task must be an instance with the attributes of relaylib.",
        ),
        (
            {"task": MemoryTask},
            TypeError,
            "task must be an instance with the attributes of relaylib",
        ),
        ({"architecture": "rnn"}, ValueError, "architecture must be one of 'RNN', 'GRU', 'LSTM';"),
        (
            {"regime": "03"},
            ValueError,
            'regime must be "random" or a delay as text, such as "3", of',
        ),
        ({"regime": 3}, ValueError, 'regime must be "random" or a delay as text, such as "3", of'),
        ({"regime": "-1"}, ValueError, "at most 10000; got '-1'"),
        ({"regime": "10001"}, ValueError, "at most 10000; got '10001'"),
        ({"regime": "3\n"}, ValueError, "at most 10000; got '3\\n'"),
        ({"regime": "9" * 5000}, ValueError, "at most 10000; got '999"),
        ({"random_delays": ()}, ValueError, "random_delays must be distinct delays, got ()"),
        (
            {"random_delays": (1, 1)},
            ValueError,
            "random_delays must be distinct delays, got (1, 1)",
        ),
        ({"random_delays": (-1,)}, ValueError, "random_delays must be in 0..10000, got -1"),
        (
            {"random_delays": (10**9,)},
            ValueError,
            "random_delays must be in 0..10000, got 1000000000",
        ),
        (
            {"random_delays": [1]},
            TypeError,
            "random_delays must be a tuple of whole numbers, got [1]",
        ),
        ({"n_replicates": 0}, ValueError, "n_replicates must be >= 1, got 0"),
        ({"n_replicates": 2.0}, TypeError, "n_replicates must be a whole number, got 2.0"),
        ({"seed": -1}, ValueError, "seed must be in 0..9223372036854775807, got -1"),
        ({"seed": 2**64}, ValueError, "seed must be in 0..9223372036854775807, got 18446744073709"),
        ({"seed": None}, TypeError, "seed must be a whole number, got None"),
        ({"n_nodes": 0}, ValueError, "n_nodes must be >= 1, got 0"),
        ({"learning_rate": 0}, ValueError, "learning_rate must be > 0, got 0"),
        ({"learning_rate": np.nan}, ValueError, "learning_rate must be finite"),
        ({"learning_rate": "fast"}, TypeError, "learning_rate must hold real numbers"),
        ({"accuracy_goal": 0.0}, ValueError, "accuracy_goal must be in (0, 1], got 0.0"),
        ({"accuracy_goal": 98}, ValueError, "accuracy_goal must be in (0, 1], got 98"),
        ({"accuracy_goal": None}, TypeError, "accuracy_goal must hold real numbers"),
        ({"max_epochs": 0}, ValueError, "max_epochs must be >= 1, got 0"),
        ({"max_attempts": 0}, ValueError, "max_attempts must be >= 1, got 0"),
        ({"n_sampled": -5}, ValueError, "n_sampled must be >= 1, got -5"),
        ({"checkpoints": (0, 2001)}, ValueError, "checkpoints must be in 0..2000, got 2001"),
        ({"checkpoints": (-1,)}, ValueError, "checkpoints must be in 0..2000, got -1"),
        ({"checkpoints": (1.5,)}, TypeError, "checkpoints must be a whole number, got 1.5"),
        ({"checkpoints": [1]}, TypeError, "checkpoints must be a tuple of whole numbers, got [1]"),
        ({"checkpoints": 1}, TypeError, "checkpoints must be a tuple of whole numbers, got 1"),
        (
            {"backend": "jax"},
            ValueError,
            "backend must be one of 'auto', 'compiled', 'autograd'; got 'jax'",
        ),
        ({"device": "tpu"}, ValueError, "device must be one of 'cpu', 'cuda'; got 'tpu'"),
        (
            {"backend": "compiled", "device": "cuda"},
            ValueError,
            'backend must be "autograd" with device="cuda"',
        ),
    ],
)
def test_bad_settings_are_named(settings, error, message):
    with pytest.raises(error, match=re.escape(message)):
        TrainingConfig(**settings)


@pytest.mark.skipif(
    torch.cuda.is_available(), reason="runs where torch.cuda.is_available() is false"
)
def test_a_missing_gpu_is_an_error():
    with pytest.raises(ValueError, match='device must be "cpu", got "cuda": torch finds no GPU'):
        TrainingConfig(backend="autograd", device="cuda")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: list(train_conditions([QUICK, QUICK])), "configs must hold distinct conditions"),
        (
            lambda: train(replace(QUICK, task=BrokenTask(inputs=(4, 6, 2)))),
            "inputs of task 'echo' must have shape (any, 5, 2), got (4, 6, 2)",
        ),
        (
            lambda: train(replace(QUICK, task=BrokenTask(targets=(4, 3)))),
            "targets of task 'echo' must have shape (4, 2), got (4, 3)",
        ),
        (
            lambda: train(replace(QUICK, task=BrokenTask(answer=0.0))),
            "targets of task 'echo' must be -1 or +1 (the sign of the readout is the answer), got",
        ),
        (
            lambda: train(replace(QUICK, task=BrokenTask(answer=np.nan))),
            "targets of task 'echo' must be finite",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


@pytest.mark.parametrize("configs", [[], [0], [QUICK, None]])
def test_anything_but_conditions_is_refused(configs):
    with pytest.raises(TypeError, match="configs must hold TrainingConfig, got"):
        list(train_conditions(configs))


def test_a_mutable_task_is_refused():
    @dataclass
    class Mutable(EchoTask.__base__):
        name: str = "mutable"
        concepts: tuple[str, ...] = ("a",)
        n_inputs: int = 1
        n_steps: int = 1
        is_sampled: bool = False
        population = EchoTask.population
        sample = EchoTask.sample

    with pytest.raises(TypeError, match=r"task must be .* hashable \(a frozen dataclass\)"):
        TrainingConfig(task=Mutable())
