"""Recurrent layers of torch run step by step, so that their states can be changed on the way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

States = tuple["Tensor", ...]
Change = Callable[[int, int, States], States]


def run_by_steps(
    layer: nn.RNNBase, change: Change, shown: Tensor, state: Any = None
) -> tuple[Tensor, Any]:
    """Run an `nn.RNN`, `nn.GRU` or `nn.LSTM` and hand every state through a function.

    Without a change this is what ``layer(shown, state)`` returns, but for rounding.

    Parameters
    ----------
    layer
        With any number of layers and directions; nothing of it is changed.
    change
        Called with the time (from 1), the direction (0 forwards, 1 backwards) and the states of the
        last layer after each of its steps, (h,) or (h, c), each (sequence, node). It returns what
        the layer goes on from.
    shown, state
        Arguments of the layer.

    Raises
    ------
    ValueError
        If sequences are packed.
    """
    import torch
    from torch import nn

    if not torch.is_tensor(shown):
        raise ValueError(
            f"inputs must reach the layer as a tensor, not packed, got {type(shown).__name__}"
        )
    is_lstm, time_axis = isinstance(layer, nn.LSTM), 1 if layer.batch_first else 0
    by_time, first = shown.movedim(time_axis, 0), _parts(state)
    n_directions, finals = 2 if layer.bidirectional else 1, []
    for depth in range(layer.num_layers):
        outputs = []
        for direction in range(n_directions):
            number = depth * n_directions + direction
            single = _single(layer, number, by_time.shape[2])
            start = first and tuple(part[number : number + 1] for part in first)
            is_last = depth == layer.num_layers - 1
            output, final = _run(single, by_time, start, direction, change if is_last else None)
            outputs.append(output)
            finals.append(final)
        by_time = torch.cat(outputs, dim=2)
    states = tuple(torch.cat(parts) for parts in zip(*finals, strict=True))
    return by_time.movedim(0, time_axis), states if is_lstm else states[0]


def _parts(state: Any) -> States | None:
    return state if state is None or isinstance(state, tuple) else (state,)


def _single(layer: nn.RNNBase, number: int, n_inputs: int) -> nn.RNNBase:
    """Return one layer in one direction, with the weights of the whole."""
    from torch import nn

    kind = next(k for k in (nn.RNN, nn.GRU, nn.LSTM) if isinstance(layer, k))
    settings: dict[str, Any] = {"bias": layer.bias, "device": "meta"}  # meta: draws no weights
    if kind is nn.RNN:
        settings["nonlinearity"] = layer.nonlinearity
    if kind is nn.LSTM:
        settings["proj_size"] = layer.proj_size
    single = kind(n_inputs, layer.hidden_size, **settings)
    names = [name for name, _ in single.named_parameters()]
    for name, weight in zip(names, layer.all_weights[number], strict=True):
        setattr(single, name, nn.Parameter(weight.detach(), requires_grad=False))
    return single.eval()


def _run(
    single: nn.RNNBase, by_time: Tensor, start: States | None, direction: int, change: Any
) -> tuple[Tensor, States]:
    """Run one layer in one direction over (time, sequence, input); output in the order of time."""
    import torch

    ordered = by_time.flip(0) if direction else by_time
    step = partial(_step, single)
    if change is None:
        output, final = step(ordered, start)
        return output.flip(0) if direction else output, final
    outputs, n_times = [], len(ordered)
    state: States | None = start
    for done, shown in enumerate(ordered.split(1)):
        _, after = step(shown, state)
        time = n_times - done if direction else done + 1
        state = tuple(part[None] for part in change(time, direction, tuple(s[0] for s in after)))
        outputs.append(state[0])
    assert state is not None
    output = torch.cat(outputs)
    return output.flip(0) if direction else output, state


def _step(single: nn.RNNBase, shown: Tensor, start: States | None) -> tuple[Tensor, States]:
    if start is None or len(start) > 1:
        output, state = single(shown, start)
    else:
        output, state = single(shown, start[0])
    return output, state if isinstance(state, tuple) else (state,)
