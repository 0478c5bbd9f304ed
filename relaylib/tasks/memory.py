"""The memory task: three signs are shown one after the other and must be remembered."""

from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np

from relaylib.core.checks import check_choice, check_integer, check_number, check_rng, normalise
from relaylib.core.tolerances import LARGEST_SAMPLE
from relaylib.tasks.task import Trials

LARGEST = 1e30  # of amplitude and noise: inputs are float32


@dataclass(frozen=True)
class MemoryTask:
    """Each of three sensors shows one pulse, up or down; the network reports the signs.

    Ten steps of three sensors that read 0, except for one pulse of plus or minus ``amplitude`` per
    sensor. Concepts A, B, C are the signs of sensors 1, 2, 3. Without noise and with fixed onsets
    there are only 8 sequences, so every statistic over them is exact.

    Parameters
    ----------
    onsets
        The step (1..10) of each sensor's pulse, or ``"random"``: a step drawn uniformly for every
        sensor and sequence.
    amplitude
        Height of a pulse.
    noise_sd
        Standard deviation of the Gaussian noise on all sensors in all ten input steps.

    Raises
    ------
    ValueError, TypeError
        If an onset is not a step of the input, or amplitude or noise is out of range.

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
            onsets = tuple(check_integer("onsets", o, 1, self.n_steps) for o in self.onsets)
            object.__setattr__(self, "onsets", onsets)
        amplitude = check_number("amplitude", self.amplitude, 0, LARGEST, above=True)
        noise_sd = check_number("noise_sd", self.noise_sd, 0, LARGEST)
        normalise(self, amplitude=amplitude, noise_sd=noise_sd)

    @property
    def is_sampled(self) -> bool:
        """Whether sequences must be sampled: random onsets or noise."""
        return self.onsets == "random" or self.noise_sd > 0

    def population(self) -> Trials:
        """Return the 8 sequences; C changes fastest.

        Raises
        ------
        ValueError
            If the task has random onsets or noise: its sequences cannot be listed.
        """
        if self.is_sampled:
            raise ValueError(
                f"{self} has no finite population (random onsets or noise); use sample(n, rng=...)"
            )
        signs = np.array(list(product((-1.0, 1.0), repeat=3)))
        return self._pulses(signs, np.broadcast_to(self.onsets, signs.shape))

    def sample(self, n: int, *, rng: np.random.Generator) -> Trials:
        """Return ``n`` sequences with uniformly drawn signs (and onsets, and noise)."""
        n = check_integer("n", n, 1, LARGEST_SAMPLE)
        check_rng(rng)
        signs = rng.choice((-1.0, 1.0), size=(n, 3))
        if self.onsets == "random":
            onsets = rng.integers(1, self.n_steps + 1, size=(n, 3))
        else:
            onsets = np.broadcast_to(self.onsets, (n, 3))
        trials = self._pulses(signs, onsets)
        noise = self.noise_sd * rng.standard_normal(trials.inputs.shape)
        return trials._replace(inputs=(trials.inputs + noise).astype(np.float32))

    def _pulses(self, signs: np.ndarray, onsets: np.ndarray) -> Trials:
        steps = np.arange(1, self.n_steps + 1)[:, None]
        inputs = self.amplitude * signs[:, None, :] * (steps == onsets[:, None, :])
        return Trials(inputs.astype(np.float32), signs.astype(np.float32), self.concepts)
