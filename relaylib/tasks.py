"""The two time series classification tasks: three facts are shown, held, and asked for.

A task is any object with the attributes of `Task`; nothing else in relaylib names a task, so a
new one is a class in your own file, handed to `relaylib.TrainingConfig` or `relaylib.StudyConfig`.
"""

from dataclasses import dataclass
from itertools import product
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np

from relaylib.checks import check_choice, check_finite, check_integer


class Trials(NamedTuple):
    """Input sequences and what should be answered to them.

    Attributes
    ----------
    inputs
        float32 (n_sequences, n_steps, n_inputs).
    targets
        float32 (n_sequences, n_concepts), each -1 or +1.
    """

    inputs: np.ndarray
    targets: np.ndarray


@runtime_checkable
class Task(Protocol):
    """What a task has to offer.

    Attributes
    ----------
    name
        Label of the task in results and random streams.
    concepts
        The names of the facts to be remembered; each is -1 or +1.
    n_inputs, n_steps
        Width and length of an input sequence, blank steps not counted.
    is_sampled
        True where the sequences cannot be listed (noise, random onsets): `sample` is used then.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def concepts(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def n_inputs(self) -> int: ...  # noqa: D102
    @property
    def n_steps(self) -> int: ...  # noqa: D102
    @property
    def is_sampled(self) -> bool: ...  # noqa: D102
    def population(self) -> Trials:
        """Return every possible sequence once."""

    def sample(self, n: int, *, rng: np.random.Generator) -> Trials:
        """Return ``n`` sequences drawn uniformly."""


@dataclass(frozen=True)
class MemoryTask:
    """Three sensors each deviate once, up or down; the signs have to be remembered.

    Ten steps of three sensors that read 0, but for one pulse per sensor of plus or minus
    ``amplitude``. Concepts A, B, C are the signs of sensors 1, 2, 3. Without noise and with fixed
    onsets there are just 8 sequences, and every statistic over them is exact.

    Parameters
    ----------
    onsets
        The step (1..10) of each sensor's pulse, or ``"random"``: a uniform step, drawn anew for
        every sensor and sequence.
    amplitude
        Height of a pulse.
    noise_sd
        Standard deviation of Gaussian noise on all sensors in the ten input steps.

    Raises
    ------
    ValueError, TypeError
        If an onset is no step of the input, or amplitude or noise are out of range.

    References
    ----------
    Hintze, Najam, Schossau (2025), section II.A, Figs. 1 and 6.
    """

    onsets: tuple[int, ...] | str = (4, 7, 10)
    amplitude: float = 1.0
    noise_sd: float = 0.0
    name: ClassVar[str] = "memory"
    concepts: ClassVar[tuple[str, ...]] = ("A", "B", "C")
    n_inputs: ClassVar[int] = 3
    n_steps: ClassVar[int] = 10

    def __post_init__(self) -> None:
        if isinstance(self.onsets, str):
            check_choice("onsets", self.onsets, ("random",))
        else:
            if not isinstance(self.onsets, tuple) or len(self.onsets) != self.n_inputs:
                raise ValueError(
                    f"onsets must be a tuple of {self.n_inputs} steps or 'random', "
                    f"got {self.onsets!r}"
                )
            for onset in self.onsets:
                check_integer("onsets", onset, 1, self.n_steps)
        if check_finite("amplitude", self.amplitude, ()) <= 0:
            raise ValueError(f"amplitude must be a positive number, got {self.amplitude}")
        if check_finite("noise_sd", self.noise_sd, ()) < 0:
            raise ValueError(f"noise_sd must be a number >= 0, got {self.noise_sd}")

    @property
    def is_sampled(self) -> bool:
        """Whether sequences have to be drawn: random onsets or noise."""
        return self.onsets == "random" or self.noise_sd > 0

    def population(self) -> Trials:
        """Return the 8 sequences, C changing fastest.

        Raises
        ------
        ValueError
            If the task has random onsets or noise: there is no list of all sequences.
        """
        if self.is_sampled:
            raise ValueError(
                f"{self} has no finite population (random onsets or noise); use sample(n, rng=...)"
            )
        signs = np.array(list(product((-1.0, 1.0), repeat=3)))
        return self._pulses(signs, np.broadcast_to(self.onsets, signs.shape))

    def sample(self, n: int, *, rng: np.random.Generator) -> Trials:
        """Return ``n`` sequences with uniformly drawn signs (and onsets, and noise)."""
        check_integer("n", n, 1)
        signs = rng.choice((-1.0, 1.0), size=(n, 3))
        if self.onsets == "random":
            onsets = rng.integers(1, self.n_steps + 1, size=(n, 3))
        else:
            onsets = np.broadcast_to(self.onsets, (n, 3))
        inputs, targets = self._pulses(signs, onsets)
        noise = self.noise_sd * rng.standard_normal(inputs.shape)
        return Trials((inputs + noise).astype(np.float32), targets)

    def _pulses(self, signs: np.ndarray, onsets: np.ndarray) -> Trials:
        steps = np.arange(1, self.n_steps + 1)[:, None]
        inputs = self.amplitude * signs[:, None, :] * (steps == onsets[:, None, :])
        return Trials(inputs.astype(np.float32), signs.astype(np.float32))


@dataclass(frozen=True)
class BlockTask:
    """A block moves round a ring of pixels; its direction, size and brightness are asked for.

    Ten frames of 16 pixels. The block is 2 or 4 pixels wide, of brightness 0.5 or 1, and moves by
    one pixel per frame to the left or right from any of the 16 places: 128 sequences in all.

    References
    ----------
    Hintze, Najam, Schossau (2025), section II.A, Fig. 1. Ring, sizes, brightness and speed are
    our choices; the paper does not state them.
    """

    name: ClassVar[str] = "block"
    concepts: ClassVar[tuple[str, ...]] = ("direction", "size", "brightness")
    n_inputs: ClassVar[int] = 16
    n_steps: ClassVar[int] = 10
    is_sampled: ClassVar[bool] = False

    def population(self) -> Trials:
        """Return the 128 sequences: direction, size, brightness, start, the last fastest."""
        cases = product((-1, 1), (-1, 1), (-1, 1), range(self.n_inputs))
        return self._movies(np.array(list(cases)))

    def sample(self, n: int, *, rng: np.random.Generator) -> Trials:
        """Return ``n`` sequences drawn uniformly, with replacement, from the 128."""
        check_integer("n", n, 1)
        signs = rng.choice((-1, 1), size=(n, 3))
        return self._movies(np.column_stack([signs, rng.integers(0, self.n_inputs, n)]))

    def _movies(self, cases: np.ndarray) -> Trials:
        direction, size, brightness, start = cases.T[:, :, None, None]
        frame = np.arange(self.n_steps)[:, None]
        pixel = np.arange(self.n_inputs)
        offset = (pixel - start - direction * frame) % self.n_inputs
        width = np.where(size > 0, 4, 2)
        inputs = np.where(offset < width, np.where(brightness > 0, 1.0, 0.5), 0.0)
        return Trials(inputs.astype(np.float32), cases[:, :3].astype(np.float32))
