"""Real time series as tasks: sizes, splits, standardisation, padding, questions and noise."""

import sys

import numpy as np
import pytest

from relaylib.tasks import series_data
from relaylib.tasks.series import SeriesTask
from relaylib.tasks.series_data import SERIES, raw_series
from relaylib.tasks.task import check_task, training_trials

SIZES = {  # train, test, longest, channels: as the archives state them
    "digits": (898, 899, 8, 8),
    "ItalyPowerDemand": (67, 1029, 24, 1),
    "GunPoint": (50, 150, 150, 1),
    "ArrowHead": (36, 175, 251, 1),
    "BasicMotions": (40, 40, 100, 6),
    "JapaneseVowels": (270, 370, 29, 12),
    "OSULeaf": (200, 242, 427, 1),
}


@pytest.mark.parametrize("data", SERIES)
def test_splits_are_the_official_ones_and_steps_at_most_thirty(data):
    n_train, n_test, longest, n_channels = SIZES[data]
    task = SeriesTask(data)
    assert len(task.series().inputs) == n_train
    assert len(SeriesTask(data, split="test").series().inputs) == n_test
    assert max(len(s) for s in raw_series(data, "test").series) <= longest
    assert task.n_inputs == n_channels
    assert longest / task.n_averaged <= task.n_steps <= 30
    assert task.series().inputs.shape[1:] == (task.n_steps, n_channels)


@pytest.mark.parametrize("data", SERIES)
def test_a_series_is_a_task_for_any_study(data):
    task = check_task(SeriesTask(data))
    trials = training_trials(task, n_sampled=5, seed=1)
    assert trials.concepts == tuple(SERIES[data].questions)
    assert 0.05 < (trials.targets > 0).mean() < 0.95


def test_channels_are_standardised_with_the_training_series_alone():
    inputs = SeriesTask("ItalyPowerDemand").series().inputs
    assert inputs.mean() == pytest.approx(0, abs=1e-5)
    assert inputs.std() == pytest.approx(1, abs=1e-5)
    tested = SeriesTask("ItalyPowerDemand", split="test").series().inputs
    raw = np.concatenate(raw_series("ItalyPowerDemand", "train").series)
    first = raw_series("ItalyPowerDemand", "test").series[0]
    np.testing.assert_allclose(tested[0], (first - raw.mean()) / raw.std(), rtol=1e-5)


def test_what_hardly_varies_is_not_blown_up():
    assert abs(SeriesTask("digits").series().inputs).max() < 30


def test_steps_are_means_over_blocks_that_end_with_the_series():
    raw = np.concatenate(raw_series("GunPoint", "train").series)
    first = (raw_series("GunPoint", "train").series[0] - raw.mean()) / raw.std()
    task = SeriesTask("GunPoint", longest=16)
    assert (task.n_averaged, task.n_steps) == (10, 15)
    blocks = first.reshape(15, 10).mean(axis=1)
    np.testing.assert_allclose(task.series().inputs[0, :, 0], blocks, rtol=1e-5)
    arrow = SeriesTask("ArrowHead", longest=16).series().inputs[0, :, 0]  # 251 = 15 x 16 + 11
    raw = np.concatenate(raw_series("ArrowHead", "train").series)
    values = (raw_series("ArrowHead", "train").series[0] - raw.mean()) / raw.std()
    assert arrow[0] == pytest.approx(values[:11].mean(), rel=1e-5)
    assert arrow[-1] == pytest.approx(values[-16:].mean(), rel=1e-5)


def test_shorter_series_are_padded_at_the_front_or_back():
    n = len(raw_series("JapaneseVowels", "train").series[0])
    front = SeriesTask("JapaneseVowels").series().inputs[0]
    back = SeriesTask("JapaneseVowels", padding="back").series().inputs[0]
    assert not front[:-n].any()
    assert front[-n:].all(axis=1).any()
    np.testing.assert_array_equal(front[-n:], back[:n])


def test_questions_are_what_they_say():
    task = SeriesTask("digits", split="test")
    trials, classes = task.population(), task.series().classes
    odd, below, loop = trials.targets.T > 0
    np.testing.assert_array_equal(odd, classes % 2 == 1)
    np.testing.assert_array_equal(below, classes < 5)
    np.testing.assert_array_equal(loop, np.isin(classes, (0, 6, 8, 9)))


def test_noise_has_the_size_that_is_said():
    noisy, plain = SeriesTask("GunPoint", jitter=2.0), SeriesTask("GunPoint")
    rngs = [np.random.default_rng(4) for _ in range(2)]
    difference = noisy.sample(500, rng=rngs[0]).inputs - plain.sample(500, rng=rngs[1]).inputs
    assert difference.std() == pytest.approx(2 * plain.residual_sd, rel=0.02)
    assert noisy.is_sampled
    with pytest.raises(ValueError, match="no finite population"):
        noisy.population()


def test_residual_is_the_distance_of_the_most_alike_of_a_class():
    inputs, classes, _ = SeriesTask("ArrowHead").series()
    nearest = [
        min(((a - b) ** 2).mean() for j, b in enumerate(inputs) if j != i and classes[j] == k)
        for i, (a, k) in enumerate(zip(inputs, classes, strict=True))
    ]
    wanted = np.sqrt(np.mean(nearest) / 2)
    assert SeriesTask("ArrowHead").residual_sd == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("data", "CinCECG", ValueError),
        ("split", "all", ValueError),
        ("longest", 1, ValueError),
        ("longest", 2.5, TypeError),
        ("padding", "middle", ValueError),
        ("jitter", -1.0, ValueError),
    ],
)
def test_bad_fields_are_named(field, value, error):
    with pytest.raises(error, match=field):
        SeriesTask(**{field: value})


def test_without_sktime_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sktime", None)
    with pytest.raises(ModuleNotFoundError, match=r"data='GunPoint'.*relaylib\[real\]"):
        series_data.raw_series.__wrapped__("GunPoint", "train")
