"""Recording any torch module: its activations by hooks, its answers, and what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from relaylib.core.checks import check_choice
from relaylib.core.progress import progress
from relaylib.networks.hooks import (
    Answers,
    as_inputs,
    check_concepts,
    check_run,
    evaluated,
    named_parts,
    read_answers,
    run_batch,
)
from relaylib.networks.recording import Recording

if TYPE_CHECKING:
    from torch import Tensor, nn

STATES = ("hidden", "cell")


def record_module(
    model: nn.Module,
    inputs: Any,
    x_in: Any,
    *,
    watch: str | Sequence[str],
    concepts: Sequence[str] | None = None,
    answers: Answers | None = None,
    time_axis: int | None = None,
    lstm_state: str = "hidden",
    batch_size: int = 256,
    method: str = "kmeans",
    levels: int = 2,
) -> Recording:
    """Run a torch module and record its activations and answers, labelled.

    The module is run in evaluation mode (no dropout) and without gradients, and comes back as it
    was: weights, mode of every part, no hooks.

    Parameters
    ----------
    model
        Any `torch.nn.Module`.
    inputs
        What it is called with, an array or tensor with the sequences along the first axis.
    x_in
        True values of the concepts, whole numbers, (concept, sequence) or (sequence,).
    watch
        Names of the parts to record, as in ``model.named_modules()``; their nodes are put side by
        side. A recurrent layer is recorded at every step, with its own ``batch_first``; a part that
        is called once a step (an ``RNNCell`` in a loop) at every call; a part without time once.
    concepts
        Names of the concepts; None: "1", "2", ...
    answers
        A function of the output of ``model`` that returns the answers, whole numbers (concept,
        sequence) or (sequence,). None, for one concept: the position of the largest output.
    time_axis
        Axis of time in the output of parts that are no recurrent layer and have three axes.
    lstm_state
        "hidden" (h) or "cell" (c) of LSTM layers and cells. torch gives a layer's c only after the
        last step: it is then run step by step.
    batch_size
        Sequences that are run together.
    method, levels
        As in `relaylib.discretise`.

    Returns
    -------
    Recording
        Dimensions (time, node, sequence); nodes are named ``part[number]``, from 0 as in torch.

    Raises
    ------
    ValueError, TypeError
        If the model refuses the inputs, a name is not a part of the model (the message lists them),
        a part was not run, its output has no axis of sequences where it should be, parts differ in
        their number of steps, answers are of another length, or as `Recording.from_arrays`.
    """
    parts = named_parts(model, watch)
    shown = as_inputs(model, inputs)
    batch_size, time_axis = check_run(batch_size, time_axis, answers)
    check_concepts(x_in, len(shown), answers)
    check_choice("lstm_state", lstm_state, STATES)
    batches, recorded, answered = shown.split(min(batch_size, len(shown))), [], []
    with evaluated(model), _watched(parts, time_axis, lstm_state) as watched:
        for batch in progress(batches, desc="recording", unit="batch"):
            output = run_batch(model, batch)
            recorded.append(watched(len(batch)))
            answered.append(read_answers(output, answers, len(batch)))
    nodes = [f"{name}[{node}]" for name, size in recorded[0][1] for node in range(size)]
    return Recording.from_arrays(
        np.concatenate([activations for activations, _ in recorded], axis=-1),
        x_in,
        np.concatenate(answered, axis=-1),
        concepts=concepts,
        nodes=nodes,
        method=method,
        levels=levels,
    )


@contextmanager
def _watched(
    parts: dict[str, nn.Module], time_axis: int | None, lstm_state: str
) -> Iterator[Callable[[int], tuple[np.ndarray, list[tuple[str, int]]]]]:
    """Set hooks for a ``with`` block; yield what reads the last batch."""
    calls: dict[str, list[Any]] = {name: [] for name in parts}
    hooks = [
        part.register_forward_hook(
            lambda part, shown, output, name=name: calls[name].append(
                _state(part, shown, output, lstm_state)
            )
        )
        for name, part in parts.items()
    ]

    def read(n_sequences: int) -> tuple[np.ndarray, list[tuple[str, int]]]:
        arrays = {
            name: _by_time(name, parts[name], outputs, time_axis, n_sequences)
            for name, outputs in calls.items()
        }
        for outputs in calls.values():
            outputs.clear()
        lengths = {name: len(array) for name, array in arrays.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"watch must name parts with equal numbers of steps, got {lengths}")
        sizes = [(name, array.shape[1]) for name, array in arrays.items()]
        return np.concatenate(list(arrays.values()), axis=1), sizes

    try:
        yield read
    finally:
        for hook in hooks:
            hook.remove()


def _state(part: nn.Module, shown: tuple, output: Any, lstm_state: str) -> Any:
    """Return the tensor to record of one call of a part."""
    from torch import nn

    if isinstance(part, nn.LSTM) and lstm_state == "cell":
        return _cell_states(part, *shown)
    if isinstance(part, nn.LSTMCell):
        return output[STATES.index(lstm_state)]
    return output[0] if isinstance(part, nn.RNNBase) else output


def _cell_states(layer: nn.LSTM, shown: Tensor, state: Any = None) -> Tensor:
    """Return c of the last layer after every step, with time where the layer's output has it."""
    import torch

    if layer.bidirectional:
        raise ValueError('lstm_state must be "hidden" for a bidirectional LSTM, got "cell"')
    axis, states = 1 if layer.batch_first else 0, []
    for step in shown.split(1, dim=axis):
        _, state = layer.forward(step, state)
        states.append(state[1][-1])
    return torch.stack(states, dim=axis)


def _by_time(
    name: str, part: nn.Module, outputs: list, time_axis: int | None, n_sequences: int
) -> np.ndarray:
    """Return the recorded outputs of a part in one batch as (time, node, sequence)."""
    import torch
    from torch import nn

    if not outputs:
        raise ValueError(f"watch must name parts that are run, {name!r} was not")
    for output in outputs:
        if not torch.is_tensor(output) or output.ndim not in (2, 3):
            kind = tuple(output.shape) if torch.is_tensor(output) else type(output).__name__
            raise ValueError(
                f"watch must name parts that return a tensor of 2 or 3 axes, {name!r} gave {kind}"
            )
    values = outputs[0] if len(outputs) == 1 else torch.stack(outputs)
    axis = 0 if len(outputs) > 1 else time_axis
    if isinstance(part, nn.RNNBase):
        axis = 1 if part.batch_first else 0
    if values.ndim == 2:
        values, axis = values[None], 0
    if values.ndim != 3 or axis not in (0, 1, 2):
        raise ValueError(
            f"time_axis must say which axis of the output of {name!r} is time: 0, 1 or 2, "
            f"got {time_axis}; its shape is {tuple(values.shape)}"
        )
    by_time = values.movedim(axis, 0)
    if by_time.shape[1] != n_sequences:
        raise ValueError(
            f"the output of {name!r} must have {n_sequences} sequences, got {tuple(values.shape)} "
            f"with time along axis {axis}: check batch_first, time_axis and inputs"
        )
    return by_time.transpose(1, 2).float().cpu().numpy()
