"""The block task: a block moves on a ring of pixels; report direction, size and brightness."""

from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np

from relaylib.core.checks import check_integer, check_rng
from relaylib.core.tolerances import LARGEST_SAMPLE
from relaylib.tasks.task import Trials


@dataclass(frozen=True)
class BlockTask:
    """A block moves on a ring of pixels; the network reports its direction, size and brightness.

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
        return self._trials(np.array(list(cases)))

    def sample(self, n: int, *, rng: np.random.Generator) -> Trials:
        """Return ``n`` sequences drawn uniformly, with replacement, from the 128."""
        n = check_integer("n", n, 1, LARGEST_SAMPLE)
        check_rng(rng)
        signs = rng.choice((-1, 1), size=(n, 3))
        return self._trials(np.column_stack([signs, rng.integers(0, self.n_inputs, n)]))

    def _trials(self, cases: np.ndarray) -> Trials:
        direction, size, brightness, start = cases.T[:, :, None, None]
        frame = np.arange(self.n_steps)[:, None]
        pixel = np.arange(self.n_inputs)
        offset = (pixel - start - direction * frame) % self.n_inputs
        width = np.where(size > 0, 4, 2)
        inputs = np.where(offset < width, np.where(brightness > 0, 1.0, 0.5), 0.0)
        targets = cases[:, :3].astype(np.float32)
        return Trials(inputs.astype(np.float32), targets, self.concepts)
