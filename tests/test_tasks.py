"""Tasks produce the sequences that they describe, and every sequence of a population once."""

import re
from collections import Counter
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask
from relaylib.tasks.task import Task, Trials, check_trials, known_onsets, training_trials

TASKS = (MemoryTask(), BlockTask())
POPULATION = [MemoryTask(), MemoryTask(onsets=(1, 1, 2), amplitude=2.0), BlockTask()]
SAMPLED = [*POPULATION, MemoryTask(onsets="random"), MemoryTask(noise_sd=0.3)]


@pytest.mark.parametrize("task", SAMPLED, ids=str)
def test_a_sample_has_the_named_shapes(task):
    assert isinstance(task, Task)
    trials = task.sample(7, rng=np.random.default_rng(0))
    assert trials.inputs.shape == (7, task.n_steps, task.n_inputs)
    assert trials.targets.shape == (7, len(task.concepts))
    assert trials.inputs.dtype == trials.targets.dtype == np.float32
    assert set(np.unique(trials.targets)) <= {-1.0, 1.0}
    assert trials.concepts == task.concepts


@pytest.mark.parametrize("task", POPULATION, ids=str)
def test_population_lists_every_sequence_once_and_concepts_evenly(task):
    inputs, targets, concepts = task.population()
    assert concepts == task.concepts
    assert len(np.unique(inputs.reshape(len(inputs), -1), axis=0)) == len(inputs)
    combinations, counts = np.unique(targets, axis=0, return_counts=True)
    assert len(combinations) == 8
    assert (counts == len(inputs) / 8).all()


@pytest.mark.parametrize("task", POPULATION, ids=str)
def test_samples_are_drawn_from_the_population_uniformly(task):
    listed = task.population()
    pairs = zip(listed.inputs, listed.targets, strict=True)
    population = {(row + 0.0).tobytes(): y for row, y in pairs}
    inputs, targets, _ = task.sample(100 * len(population), rng=np.random.default_rng(0))
    drawn = [(row + 0.0).tobytes() for row in inputs]  # + 0.0: -0.0 is 0.0
    assert set(drawn) == set(population)
    wanted = [population[key] for key in drawn]
    assert (targets == wanted).all()
    counts = np.array(list(Counter(drawn).values()))
    assert abs(counts - 100).max() < 60  # 6 standard deviations


@pytest.mark.parametrize("task", SAMPLED, ids=str)
def test_a_sample_depends_only_on_its_generator(task):
    first = task.sample(5, rng=np.random.default_rng(3))
    again = task.sample(5, rng=np.random.default_rng(3))
    assert (first.inputs == again.inputs).all()
    assert (first.targets == again.targets).all()


def test_memory_population_is_8_sequences_with_pulses_at_4_7_10():
    inputs, targets, _ = MemoryTask().population()
    wanted = np.zeros((8, 10, 3))
    for row, signs in enumerate(product((-1, 1), repeat=3)):
        wanted[row, [3, 6, 9], [0, 1, 2]] = signs
        assert tuple(targets[row]) == signs
    assert (inputs == wanted).all()


@given(st.tuples(*[st.integers(1, 10)] * 3), st.floats(0.1, 10))
def test_memory_pulses_come_at_their_onsets_with_their_amplitude(onsets, amplitude):
    inputs, targets, _ = MemoryTask(onsets=onsets, amplitude=amplitude).population()
    for sensor, onset in enumerate(onsets):
        assert (inputs[:, onset - 1, sensor] == np.float32(amplitude) * targets[:, sensor]).all()
        assert np.count_nonzero(inputs[:, :, sensor]) == 8


def test_random_onsets_are_uniform_and_independent():
    inputs, targets, _ = MemoryTask(onsets="random").sample(6000, rng=np.random.default_rng(0))
    assert (np.count_nonzero(inputs, axis=1) == 1).all()
    assert (inputs.sum(axis=1) == targets).all()
    onsets = np.abs(inputs).argmax(axis=1)
    counts = np.array([np.bincount(onsets[:, sensor], minlength=10) for sensor in range(3)])
    assert abs(counts - 600).max() < 140  # 6 standard deviations
    assert abs(np.corrcoef(onsets.T) - np.eye(3)).max() < 0.08


def test_noise_is_gaussian_on_every_sensor_and_input_step():
    clean = MemoryTask().sample(2000, rng=np.random.default_rng(1)).inputs
    noisy = MemoryTask(noise_sd=0.2).sample(2000, rng=np.random.default_rng(1)).inputs
    noise = noisy - clean
    assert abs(noise.mean(axis=0)).max() < 0.03
    assert abs(noise.std(axis=0) - 0.2).max() < 0.03
    assert abs((np.abs(noise) < 0.2).mean() - 0.6827) < 0.01


def test_block_population_is_128_moving_blocks():
    inputs, targets, _ = BlockTask().population()
    assert inputs.shape == (128, 10, 16)
    lit = inputs > 0
    assert (lit.sum(axis=2) == np.where(targets[:, 1] > 0, 4, 2)[:, None]).all()
    brightness = np.where(targets[:, 2] > 0, 1.0, 0.5)
    assert (inputs == lit * brightness[:, None, None]).all()
    for movie, (direction, *_) in zip(inputs, targets, strict=True):
        for now, then in pairwise(movie):
            assert (np.roll(now, int(direction)) == then).all()  # right is towards higher pixels


def test_block_is_one_piece_and_starts_everywhere():
    lit = BlockTask().population().inputs[:, 0] > 0
    starts = lit & ~np.roll(lit, 1, axis=1)
    assert (starts.sum(axis=1) == 1).all()
    assert (starts.sum(axis=0) == 8).all()


@pytest.mark.parametrize("task", [MemoryTask(onsets="random"), MemoryTask(noise_sd=0.1)], ids=str)
def test_no_population_where_sequences_cannot_be_listed(task):
    assert task.is_sampled
    with pytest.raises(ValueError, match=r"no finite population .* use sample\(n, rng=...\)"):
        task.population()


@pytest.mark.parametrize("task", POPULATION, ids=str)
def test_tasks_with_a_population_need_no_sample(task):
    assert not task.is_sampled


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"onsets": "early"}, ValueError, "onsets must be one of 'random'; got 'early'"),
        ({"onsets": (4, 7)}, ValueError, "onsets must be a tuple of 3 steps or 'random', got (4"),
        ({"onsets": [4, 7, 10]}, ValueError, "onsets must be a tuple of 3 steps"),
        ({"onsets": 4}, ValueError, "onsets must be a tuple of 3 steps or 'random', got 4"),
        ({"onsets": (4, 7, 11)}, ValueError, "onsets must be in 1..10, got 11"),
        ({"onsets": (0, 7, 10)}, ValueError, "onsets must be in 1..10, got 0"),
        ({"onsets": (4.0, 7, 10)}, TypeError, "onsets must be a whole number, got 4.0"),
        ({"amplitude": 0}, ValueError, "amplitude must be in (0, 1e+30], got 0"),
        ({"amplitude": -1}, ValueError, "amplitude must be in (0, 1e+30], got -1"),
        ({"amplitude": np.nan}, ValueError, "amplitude must be finite"),
        ({"amplitude": "1"}, TypeError, "amplitude must hold real numbers"),
        ({"noise_sd": -0.1}, ValueError, "noise_sd must be in [0, 1e+30], got -0.1"),
        ({"noise_sd": 1e39}, ValueError, "noise_sd must be in [0, 1e+30], got 1e+39"),
        ({"noise_sd": np.inf}, ValueError, "noise_sd must be finite"),
        ({"noise_sd": None}, TypeError, "noise_sd must hold real numbers"),
    ],
)
def test_bad_settings_are_named(settings, error, message):
    with pytest.raises(error, match=re.escape(message)):
        MemoryTask(**settings)


@pytest.mark.parametrize("task", TASKS, ids=str)
@pytest.mark.parametrize(
    ("n", "error", "message"),
    [
        (0, ValueError, "n must be in 1..10000000, got 0"),
        (2.5, TypeError, "n must be a whole number"),
    ],
)
def test_bad_sample_sizes_are_named(task, n, error, message):
    with pytest.raises(error, match=message):
        task.sample(n, rng=np.random.default_rng(0))


@pytest.mark.parametrize("task", TASKS, ids=str)
@pytest.mark.parametrize("rng", [42, None])
def test_a_sample_needs_a_generator(task, rng):
    with pytest.raises(TypeError, match=r"rng must be a numpy\.random\.Generator"):
        task.sample(3, rng=rng)


def test_training_trials_carry_the_names_of_the_task():
    class Unnamed(MemoryTask):
        def population(self):
            return Trials(*super().population()[:2])

    assert training_trials(Unnamed(), n_sampled=1, seed=0).concepts == ("A", "B", "C")
    assert Unnamed().population().concepts == ()
    assert check_trials(Unnamed().population()).concepts == ("1", "2", "3")


def test_lists_become_arrays():
    trials = check_trials(Trials([[[0.5]], [[1]]], [[-1], [1]]))
    assert trials.inputs.shape == (2, 1, 1)
    assert trials.targets.tolist() == [[-1], [1]]
    assert trials.concepts == ("1",)


SHOWN, WANTED, NAMES = MemoryTask().population()


@pytest.mark.parametrize(
    ("trials", "error", "message"),
    [
        ((SHOWN, WANTED), TypeError, "trials must be relaylib.Trials, got tuple"),
        (Trials(SHOWN[0], WANTED), ValueError, "inputs here must have shape (any, any, any)"),
        (Trials(SHOWN, WANTED[:4]), ValueError, "targets here must have shape (8, any), got (4, 3"),
        (
            Trials(SHOWN, WANTED[:, 0]),
            ValueError,
            "targets here must have shape (8, any), got (8",
        ),
        (Trials(SHOWN, WANTED * np.nan), ValueError, "targets here must be finite"),
        (Trials(SHOWN, (WANTED + 1) / 2), ValueError, "targets here must be -1 or +1 (the sign of"),
        (
            Trials(SHOWN.astype(float) * 1e39, WANTED),
            ValueError,
            "inputs here must be in the range of float32",
        ),
        (Trials(SHOWN, WANTED, ("A", "B")), ValueError, "concepts here must be 3 distinct names"),
        (Trials(SHOWN, WANTED, ("A", "A", "B")), ValueError, "concepts here must be 3 distinct na"),
        (Trials([["a"]], WANTED), ValueError, "inputs here must have shape (any, any, any)"),
        (Trials([[["a"]]], [[1]]), TypeError, "inputs here must hold real numbers"),
        (Trials(np.ma.masked_equal(SHOWN, 1), WANTED), TypeError, "inputs here must not be masked"),
    ],
)
def test_bad_trials_are_named(trials, error, message):
    with pytest.raises(error, match=re.escape(message)):
        check_trials(trials, where=" here")


@pytest.mark.parametrize(
    ("task", "onsets"),
    [
        (MemoryTask(onsets=(2, 5, 9)), (2, 5, 9)),
        (MemoryTask(onsets="random"), None),
        (BlockTask(), None),
    ],
)
def test_a_task_may_say_when_its_concepts_are_shown(task, onsets):
    assert known_onsets(task) == onsets
