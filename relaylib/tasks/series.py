"""Real time series as tasks: a series is shown, then questions about it are asked."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from relaylib.core.checks import check_choice, check_integer, check_number, check_rng, normalise
from relaylib.core.tolerances import LARGEST_SAMPLE
from relaylib.tasks.series_data import SERIES, SPLITS, raw_series
from relaylib.tasks.task import Trials

PADDINGS = ("front", "back")
_LEAST_SPREAD = 0.1  # of a channel, as a share of the largest: what hardly varies stays small


class Series(NamedTuple):
    """Series of equal length with their classes.

    Attributes
    ----------
    inputs
        float32 (sequence, step, channel), in standard deviations of the training series.
    classes
        int (sequence,): positions in ``class_names``.
    class_names
        What a person calls them.
    """

    inputs: np.ndarray
    classes: np.ndarray
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class SeriesTask:
    """A real time series is shown; the network reports what kind of thing it was.

    Long series are averaged over blocks of equal length, shorter ones are padded with their mean.
    Every channel is standardised with mean and standard deviation of the training series (at least
    a tenth of the largest of all channels). Concepts are the class where there are two, else
    questions about it that a person would ask.

    Parameters
    ----------
    data
        "digits" (scikit-learn's images of 8 by 8, row by row), or of sktime "ItalyPowerDemand",
        "GunPoint", "ArrowHead", "BasicMotions", "JapaneseVowels" or "OSULeaf".
    split
        "train" or "test": the series that `population` and `sample` give.
    longest
        Most steps of a series, 2..1000.
    padding
        Where shorter series are padded: "front", so that all end together, or "back".
    jitter
        Standard deviation of Gaussian noise on all inputs of `sample`, in multiples of
        ``residual_sd``.

    Raises
    ------
    ValueError, TypeError
        If a name is unknown or a number is out of range.

    References
    ----------
    Dau et al. (2019) and Bagnall et al. (2018) for the archives; Alpaydin and Kaynak (1998) for the
    digits.
    """

    data: str = "digits"
    split: str = "train"
    longest: int = 30
    padding: str = "front"
    jitter: float = 0.0

    def __post_init__(self) -> None:
        check_choice("data", self.data, tuple(SERIES))
        check_choice("split", self.split, SPLITS)
        check_choice("padding", self.padding, PADDINGS)
        longest = check_integer("longest", self.longest, 2, 1000)
        normalise(self, longest=longest, jitter=check_number("jitter", self.jitter, 0, 1e6))

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.data

    @property
    def concepts(self) -> tuple[str, ...]:
        """Names of the questions."""
        return tuple(SERIES[self.data].questions)

    @property
    def n_inputs(self) -> int:
        """Number of channels."""
        return raw_series(self.data, "train").series[0].shape[1]

    @property
    def n_steps(self) -> int:
        """Steps of every series."""
        return -(-_longest_raw(self.data) // self.n_averaged)

    @property
    def n_averaged(self) -> int:
        """Samples of the original series that one step averages."""
        return -(-_longest_raw(self.data) // self.longest)

    @property
    def is_sampled(self) -> bool:
        """Whether series carry noise, so that they cannot be listed."""
        return self.jitter > 0

    @property
    def residual_sd(self) -> float:
        """How far apart two training series of a class are that are most alike.

        Root mean square, over training series, steps and channels, of the difference from the
        nearest other training series of its class, divided by the root of 2: the standard deviation
        of what each of the two has for itself.
        """
        return _residual_sd(self.data, self.longest, self.padding)

    def series(self) -> Series:
        """Return the series of the split, each once, with their classes."""
        return _series(self.data, self.split, self.longest, self.padding)

    def population(self) -> Trials:
        """Return the series of the split, each once.

        Raises
        ------
        ValueError
            If there is jitter: noisy series cannot be listed.
        """
        if self.is_sampled:
            raise ValueError(f"{self} has noise and no finite population; use sample(n, rng=...)")
        inputs, classes, _ = self.series()
        return Trials(inputs, self.answers(classes), self.concepts)

    def sample(self, n: int, *, rng: np.random.Generator) -> Trials:
        """Return ``n`` series of the split drawn uniformly, with replacement, with their noise."""
        n = check_integer("n", n, 1, LARGEST_SAMPLE)
        check_rng(rng)
        series = self.series()
        drawn = rng.integers(len(series.inputs), size=n)
        inputs = series.inputs[drawn]
        if self.is_sampled:
            noise = self.jitter * self.residual_sd * rng.standard_normal(inputs.shape)
            inputs = (inputs + noise).astype(np.float32)
        return Trials(inputs, self.answers(series.classes[drawn]), self.concepts)

    def answers(self, classes: np.ndarray) -> np.ndarray:
        """Return -1 or +1 of each question, (sequence, concept)."""
        kind = SERIES[self.data]
        labels = list(kind.classes)
        yes = [[label in said for said in kind.questions.values()] for label in labels]
        return np.where(np.array(yes), 1, -1).astype(np.float32)[classes]


@lru_cache(maxsize=32)
def _longest_raw(data: str) -> int:
    return max(len(values) for split in SPLITS for values in raw_series(data, split).series)


@lru_cache(maxsize=32)
def _series(data: str, split: str, longest: int, padding: str) -> Series:
    kind, raw = SERIES[data], raw_series(data, split)
    trained = np.concatenate(raw_series(data, "train").series)
    spread = trained.std(axis=0)
    mean, scale = trained.mean(axis=0), np.maximum(spread, _LEAST_SPREAD * spread.max())
    task = SeriesTask(data, longest=longest)
    inputs = [
        _averaged((values - mean) / scale, task.n_steps, task.n_averaged, padding)
        for values in raw.series
    ]
    labels = list(kind.classes)
    classes = np.array([labels.index(label) for label in raw.labels])
    stacked = np.stack(inputs).astype(np.float32)
    stacked.setflags(write=False)
    classes.setflags(write=False)
    return Series(stacked, classes, tuple(kind.classes.values()))


def _averaged(values: np.ndarray, n_steps: int, block: int, padding: str) -> np.ndarray:
    """Return means over blocks of samples, (step, channel); 0, the mean, where there are none."""
    missing = n_steps * block - len(values)
    pad = ((missing, 0) if padding == "front" else (0, missing), (0, 0))
    blocks = np.pad(values, pad).reshape(n_steps, block, -1)
    n_there = np.pad(np.ones(len(values)), pad[0]).reshape(n_steps, block).sum(axis=1)
    return blocks.sum(axis=1) / np.maximum(n_there, 1)[:, None]


@lru_cache(maxsize=32)
def _residual_sd(data: str, longest: int, padding: str) -> float:
    inputs, classes, _ = _series(data, "train", longest, padding)
    flat = inputs.reshape(len(inputs), -1).astype(float)
    squares = (flat**2).sum(axis=1)
    apart = squares[:, None] + squares - 2 * flat @ flat.T
    unlike = (classes[:, None] != classes) | np.eye(len(classes), dtype=bool)
    nearest = np.where(unlike, np.inf, apart).min(axis=1).clip(0)
    return float(np.sqrt(nearest.mean() / flat.shape[1] / 2))
