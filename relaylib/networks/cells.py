"""The equations of RNN, GRU and LSTM with a linear readout, for many networks at once.

Equations, gate order and weight names are those of `torch.nn.RNN`, `torch.nn.GRU`,
`torch.nn.LSTM` and `torch.nn.Linear`. Every weight has a leading network axis; states are
feature-major: (network, node, sequence).
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, TypeAlias

from relaylib.core.checks import check_choice

if TYPE_CHECKING:  # torch takes a second to import: only where something is trained or converted
    from torch import Tensor

ARCHITECTURES = ("RNN", "GRU", "LSTM")
NONLINEARITIES = ("tanh", "relu")
"""Of an RNN; GRU and LSTM have tanh."""
N_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
WEIGHT_NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "readout_weight", "readout_bias")
"""In the order of the flattened weights."""

State: TypeAlias = "tuple[Tensor, ...]"
"""(h,) of an RNN or GRU, (h, c) of an LSTM; each (network, node, sequence)."""


def weight_shapes(
    architecture: str, n_inputs: int, n_nodes: int, n_outputs: int
) -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight of one network, in the order of the flattened weights."""
    check_choice("architecture", architecture, ARCHITECTURES)
    n_gates = N_GATES[architecture] * n_nodes
    recurrent = ((n_gates, n_inputs), (n_gates, n_nodes), (n_gates,), (n_gates,))
    return dict(zip(WEIGHT_NAMES, (*recurrent, (n_outputs, n_nodes), (n_outputs,)), strict=True))


def flat_views(flat: Tensor, shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Cut flattened weights (network, n_weights) into named views, without a copy."""
    parts = flat.split([prod(shape) for shape in shapes.values()], dim=1)
    return {
        name: part.reshape(len(flat), *shape)
        for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }


def initial_state(architecture: str, weights: dict[str, Tensor], n_sequences: int) -> State:
    """Return the all-zero state before step 1."""
    n_networks, _, n_nodes = weights["weight_hh"].shape
    zero = weights["weight_hh"].new_zeros(n_networks, n_nodes, n_sequences)
    return (zero, zero) if architecture == "LSTM" else (zero,)


def next_state(
    architecture: str,
    weights: dict[str, Tensor],
    x: Tensor | None,
    state: State,
    nonlinearity: str = "tanh",
) -> State:
    """Return the state after one more step with input x, (input, sequence) or (network, ...).

    ``x`` of None is a blank step; ``nonlinearity`` is that of an RNN, "tanh" or "relu".
    """
    h, from_input = state[0], weights["bias_ih"][:, :, None]
    if x is not None:
        from_input = from_input + weights["weight_ih"] @ x
    recurrent = weights["bias_hh"][:, :, None].baddbmm(weights["weight_hh"], h)
    if architecture == "RNN":
        summed = from_input + recurrent
        return (summed.relu() if nonlinearity == "relu" else summed.tanh(),)
    if architecture == "GRU":
        reset_x, update_x, new_x = from_input.chunk(3, dim=1)
        reset_h, update_h, new_h = recurrent.chunk(3, dim=1)
        update = (update_x + update_h).sigmoid()
        new = (new_x + (reset_x + reset_h).sigmoid() * new_h).tanh()
        return ((1 - update) * new + update * h,)
    into, keep, new, out = (from_input + recurrent).chunk(4, dim=1)
    cell = keep.sigmoid() * state[1] + into.sigmoid() * new.tanh()
    return out.sigmoid() * cell.tanh(), cell


def readout(weights: dict[str, Tensor], state: State) -> Tensor:
    """Return tanh(W h + b), (network, concept, sequence)."""
    return before_tanh(weights, state[0]).tanh()


def before_tanh(weights: dict[str, Tensor], h: Tensor) -> Tensor:
    """Return W h + b of the readout, (network, concept, sequence)."""
    bias, weight = weights["readout_bias"][:, :, None], weights["readout_weight"]
    return bias.baddbmm(weight, h)
