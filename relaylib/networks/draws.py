"""What training draws at random in every epoch: delays, batches, noise and dropout.

Every network has its own streams, which are read in blocks of epochs: a network draws the same
numbers whatever else is trained, and no epoch needs a loop over networks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from relaylib.networks.replicate import Replicate

_LONGEST = 64  # epochs of a block
_NUMBERS = 2**23  # at most so many are drawn together, 32 MB, unless one epoch needs more


class Draw(NamedTuple):
    """What one epoch draws; None: nothing of the kind is asked for.

    Attributes
    ----------
    delays
        int64 (network, sequence), at which answers are read.
    chosen
        int64 (network, sequence of the batch): which sequences are in it.
    sensors
        float32 (network, step, input, sequence): noise on the inputs.
    state
        float32 (network, step, node, sequence): noise on the state.
    dropped
        bool (network, step, node, sequence): entries of the state that are set to 0.
    """

    delays: Tensor
    chosen: Tensor | None
    sensors: Tensor | None
    state: Tensor | None
    dropped: Tensor | None


class Draws:
    """The draws of all networks of a stack, one epoch after the other.

    Parameters
    ----------
    slots
        The networks, after their restart; their settings agree, up to regimes.
    shape
        Numbers of inputs, steps of the input and sequences.
    n_blank
        Largest delay.
    """

    def __init__(
        self, slots: Sequence[Replicate], shape: tuple[int, int, int], n_blank: int
    ) -> None:
        config = slots[0].config
        n_inputs, n_steps, n_sequences = shape
        width = min(config.batch_size or n_sequences, n_sequences)
        states = (n_steps + n_blank - 1, config.n_nodes, width)
        self.device = config.device
        self.slots = list(slots)
        self._kinds: dict[str, tuple[tuple[int, ...], Callable | None]] = {
            "delays": ((n_sequences,), None),
            "chosen": ((n_sequences,), _order if width < n_sequences else None),
            "sensors": ((n_steps, n_inputs, width), _normal(config.sensor_noise)),
            "state": (states, _normal(config.state_noise)),
            "dropped": (states, _below(config.state_dropout)),
        }
        self._width = width
        self._asked = [k for k, (_, draw) in self._kinds.items() if draw or k == "delays"]
        self._rngs = [
            {kind: slot.stream_of(kind) for kind in self._asked if kind != "delays"}
            for slot in slots
        ]
        self._block: dict[str, Tensor] = {}
        self._next = self._length = 0

    def next(self) -> Draw:
        """Return the draws of the next epoch."""
        if self._next == self._length:
            self._fill()
        drawn = {kind: values[:, self._next] for kind, values in self._block.items()}
        self._next += 1
        if "chosen" in drawn:
            drawn["chosen"] = drawn["chosen"][:, : self._width]
        return Draw(*(drawn.get(kind) for kind in Draw._fields))  # type: ignore[arg-type]

    def keep(self, rows: list[int]) -> None:
        """Go on with some of the networks alone."""
        self.slots = [self.slots[row] for row in rows]
        self._rngs = [self._rngs[row] for row in rows]
        self._block = {kind: values[rows] for kind, values in self._block.items()}

    def _fill(self) -> None:
        """Draw the next block; the epochs that are left over when training ends are not used."""
        numbers = sum(prod(self._kinds[kind][0]) for kind in self._asked)
        self._length = min(_LONGEST, max(1, _NUMBERS // (numbers * len(self.slots))))
        self._next = 0
        for kind in self._asked:
            shape, draw = self._kinds[kind]
            rows = [
                slot.draw_delays(self._length, *shape)
                if draw is None
                else draw(rngs[kind], (self._length, *shape))
                for slot, rngs in zip(self.slots, self._rngs, strict=True)
            ]
            self._block[kind] = torch.as_tensor(np.stack(rows)).to(self.device)


def _order(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Random orders of the sequences, of which a batch takes the first."""
    return rng.random(shape).argsort(axis=-1)


def _normal(sd: float) -> Callable | None:
    if sd == 0:
        return None
    scale = np.float32(sd)
    return lambda rng, shape: scale * rng.standard_normal(shape, dtype=np.float32)


def _below(probability: float) -> Callable | None:
    if probability == 0:
        return None
    return lambda rng, shape: rng.random(shape, dtype=np.float32) < np.float32(probability)
