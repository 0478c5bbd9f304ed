"""Watching and changing the states of a torch module's nodes while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from relaylib.networks.by_steps import States, run_by_steps

if TYPE_CHECKING:
    from torch import Tensor, nn

Place = tuple[str, int, int]  # name of a part, time from 1, direction (0 forwards, 1 backwards)
Change = Callable[[Place, States], States]


@dataclass
class Watch:
    """Keeps the states of all nodes at every place, and changes nothing."""

    batches: dict[Place, list[States]] = field(default_factory=dict)
    sequences: slice = field(default_factory=lambda: slice(None))

    def __call__(self, place: Place, states: States) -> States:
        """Keep the states of one batch at one place."""
        self.batches.setdefault(place, []).append(states)
        return states

    def states(self) -> dict[Place, States]:
        """Return the states of all sequences, (sequence, node), at every place."""
        import torch

        return {
            place: tuple(torch.cat(parts) for parts in zip(*batches, strict=True))
            for place, batches in self.batches.items()
        }


@dataclass
class Replace:
    """Replaces the states of chosen nodes at some times.

    Attributes
    ----------
    intact
        States of all sequences at every place, from `Watch`.
    nodes
        Part and direction -> bool (node,): the nodes to replace.
    times
        At which times.
    kind
        "zero", "mean", "resample" or "noise".
    donors
        The sequence from which each one is given its states, for "resample".
    rng
        Random stream of "noise".
    sequences
        Those of the batch that runs.
    """

    intact: dict[Place, States]
    nodes: dict[tuple[str, int], np.ndarray]
    times: range
    kind: str
    donors: np.ndarray
    rng: np.random.Generator
    sequences: slice = field(default_factory=lambda: slice(None))

    def __call__(self, place: Place, states: States) -> States:
        """Return the states from which the module goes on at one place."""
        import torch

        part, time, direction = place
        chosen = torch.as_tensor(self.nodes[part, direction], device=states[0].device)
        if time not in self.times or not chosen.any():
            return states
        new = (self._new(known, now) for known, now in zip(self.intact[place], states, strict=True))
        return tuple(
            torch.where(chosen, value, now) if now.shape[1] == len(chosen) else now
            for value, now in zip(new, states, strict=True)
        )

    def _new(self, known: Tensor, now: Tensor) -> Tensor:
        if self.kind == "zero":
            return now.new_zeros(())
        if self.kind == "mean":
            return known.mean(dim=0)
        if self.kind == "resample":
            return known[self.donors[self.sequences]]
        noise = now.new_tensor(self.rng.standard_normal(tuple(now.shape)))
        return known.mean(dim=0) + known.std(dim=0, unbiased=False) * noise


@contextmanager
def changed(
    parts: dict[str, nn.Module], change: Change, time_axis: int | None, n_sequences: int
) -> Iterator[None]:
    """Hand the states of parts through a function, for one run inside a ``with`` block."""
    with ExitStack() as stack:
        for name, part in parts.items():
            hook = partial(_hook, name, iter(range(1, 10**9)), change, time_axis, n_sequences)
            handle = part.register_forward_hook(hook, with_kwargs=True)
            stack.callback(handle.remove)
        yield


def _hook(
    name: str,
    calls: Iterator[int],
    change: Change,
    time_axis: int | None,
    n_sequences: int,
    part: nn.Module,
    args: tuple,
    kwargs: dict[str, Any],
    output: Any,
) -> Any:
    """Return what a part gives instead of its output."""
    from torch import nn

    def checked(time: int, direction: int, states: States) -> States:
        if len(states[0]) != n_sequences:
            raise ValueError(
                f"the output of {name!r} must have {n_sequences} sequences at each step, got "
                f"{tuple(states[0].shape)}: check batch_first, time_axis and inputs"
            )
        return change((name, time, direction), states)

    if isinstance(part, nn.RNNBase):
        return run_by_steps(part, checked, *_shown(*args, **kwargs))
    call = next(calls)
    if isinstance(part, nn.LSTMCell):
        return checked(call, 0, output)
    if getattr(output, "ndim", 0) == 2:
        return checked(call, 0, (output,))[0]
    return _along_time(name, checked, time_axis, output)


def _along_time(name: str, change: Callable, time_axis: int | None, output: Any) -> Tensor:
    import torch

    shape = tuple(output.shape) if torch.is_tensor(output) else type(output).__name__
    if not torch.is_tensor(output) or output.ndim != 3:
        raise ValueError(
            f"watch must name parts that return a tensor of 2 or 3 axes, {name!r} gave {shape}"
        )
    if time_axis is None:
        raise ValueError(
            f"time_axis must say which axis of the output of {name!r} is time: 0, 1 or 2, "
            f"got None; its shape is {shape}"
        )
    by_time = output.movedim(time_axis, 0)
    steps = [change(1 + t, 0, (states,))[0] for t, states in enumerate(by_time)]
    return torch.stack(steps).movedim(0, time_axis)


def _shown(input: Tensor, hx: Any = None) -> tuple[Tensor, Any]:
    """Return the arguments of a recurrent layer, by whatever names they were given."""
    return input, hx
