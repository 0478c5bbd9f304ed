"""Stacks of small recurrent networks with a linear readout: RNN, GRU, LSTM.

Equations, gate order and weight names are those of `torch.nn.RNN`, `torch.nn.GRU`,
`torch.nn.LSTM` and `torch.nn.Linear`. An `Ensemble` holds many networks of one architecture; every
weight has a leading network axis, and states are feature-major: (network, node, sequence).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from relaylib.core.checks import check_choice, check_finite, check_integer

ARCHITECTURES = ("RNN", "GRU", "LSTM")
_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
_CELLS = {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}

State = tuple[Tensor, ...]
"""(h,) of an RNN or GRU, (h, c) of an LSTM; each (network, node, sequence)."""


class Run(NamedTuple):
    """What a stack of networks did, step by step. Index 0 on the time axis is step 1.

    Attributes
    ----------
    hidden
        float32 (network, time, node, sequence): h after each step.
    cell
        The same for the LSTM's cell state c; None for RNN and GRU.
    outputs
        float32 (network, time, concept, sequence): the readout after each step, in [-1, 1]. Its
        sign is the answer.
    """

    hidden: np.ndarray
    cell: np.ndarray | None
    outputs: np.ndarray


def weight_shapes(
    architecture: str, n_inputs: int, n_nodes: int, n_outputs: int
) -> dict[str, tuple[int, ...]]:
    """Shape of each weight of one network, in the order in which they are flattened."""
    check_choice("architecture", architecture, ARCHITECTURES)
    n_gates = _GATES[architecture] * n_nodes
    return {
        "weight_ih": (n_gates, n_inputs),
        "weight_hh": (n_gates, n_nodes),
        "bias_ih": (n_gates,),
        "bias_hh": (n_gates,),
        "readout_weight": (n_outputs, n_nodes),
        "readout_bias": (n_outputs,),
    }


@dataclass(frozen=True)
class Ensemble:
    """Many trained (or untrained) networks of one architecture and size.

    Parameters
    ----------
    architecture
        "RNN", "GRU" or "LSTM".
    weights
        Torch tensors with a leading network axis: ``weight_ih`` (network, gates x node, input),
        ``weight_hh`` (network, gates x node, node), ``bias_ih``, ``bias_hh``,
        ``readout_weight`` (network, concept, node), ``readout_bias`` (network, concept).

    Raises
    ------
    ValueError
        If a weight is missing, misshapen or not finite.
    """

    architecture: str
    weights: dict[str, Tensor]

    def __post_init__(self) -> None:
        check_choice("architecture", self.architecture, ARCHITECTURES)
        missing = {"weight_ih", "weight_hh", "readout_weight"} - set(self.weights)
        if missing:
            raise ValueError(f"weights must hold {sorted(missing)}, got {sorted(self.weights)}")
        for name, weight in self.weights.items():
            n_dims = 2 if "bias" in name else 3
            if not isinstance(weight, Tensor) or weight.ndim != n_dims:
                raise ValueError(
                    f"weights[{name!r}] must be a torch tensor with {n_dims} dimensions, "
                    f"got {type(weight).__name__} of shape {tuple(np.shape(weight))}"
                )
        n_networks, _, n_inputs = self.weights["weight_ih"].shape
        shapes = weight_shapes(self.architecture, n_inputs, self.n_nodes, self.n_outputs)
        if set(self.weights) != set(shapes):
            raise ValueError(f"weights must be named {list(shapes)}, got {sorted(self.weights)}")
        for name, shape in shapes.items():
            values = self.weights[name].detach().cpu().numpy()
            check_finite(f"weights[{name!r}]", values, (n_networks, *shape))

    def __len__(self) -> int:
        return len(self.weights["weight_ih"])

    def __getitem__(self, index: int | slice | Sequence[int]) -> Ensemble:
        """Return the networks at ``index`` (a single number gives an ensemble of one)."""
        if isinstance(index, int | np.integer):
            index = [range(len(self))[index]]
        chosen = index if isinstance(index, slice) else list(index)
        return Ensemble(self.architecture, {k: w[chosen] for k, w in self.weights.items()})

    @property
    def n_nodes(self) -> int:
        """Number of recurrent nodes of each network."""
        return self.weights["weight_hh"].shape[2]

    @property
    def n_inputs(self) -> int:
        """Width of the input."""
        return self.weights["weight_ih"].shape[2]

    @property
    def n_outputs(self) -> int:
        """Number of readouts, one per concept."""
        return self.weights["readout_weight"].shape[1]

    @classmethod
    def from_torch(cls, networks: Iterable[tuple[nn.RNNBase, nn.Linear]]) -> Ensemble:
        """Stack networks made of a torch recurrent layer and a linear readout.

        Parameters
        ----------
        networks
            Pairs of (``nn.RNN`` | ``nn.GRU`` | ``nn.LSTM``, ``nn.Linear``), all of one kind and
            size: one layer, one direction, with biases; RNNs with tanh. The weights are copied.

        Raises
        ------
        ValueError
            If there is no network, they differ in kind or size, or one has layers, a direction, a
            projection or a nonlinearity not covered, or no biases.
        """
        pairs = list(networks)
        if not pairs:
            raise ValueError("networks must hold at least one (layer, readout) pair, got none")
        for pair in pairs:
            _check_pair(pair, like=pairs[0])
        names = {"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"}
        rows = [
            {name[:-3]: w for name, w in layer.named_parameters() if name in names}
            | {"readout_weight": readout.weight, "readout_bias": readout.bias}
            for layer, readout in pairs
        ]
        weights = {name: torch.stack([row[name].detach() for row in rows]) for name in rows[0]}
        return cls(pairs[0][0].mode.removesuffix("_TANH"), weights)

    def to_torch(self, index: int) -> tuple[nn.RNNBase, nn.Linear]:
        """Return one network as torch modules: the recurrent layer and the readout.

        The layer takes (time, sequence, input); the answer is ``tanh(readout(h))``. The weights are
        copied.

        Raises
        ------
        ValueError, TypeError
            If ``index`` is not that of a network.
        """
        check_integer("index", index, -len(self), len(self) - 1)
        weights = {name: values[0] for name, values in self[index].weights.items()}
        like = weights["weight_hh"]
        with torch.random.fork_rng(devices=[]):  # the modules' first weights are drawn, then lost
            layer = _CELLS[self.architecture](self.n_inputs, self.n_nodes).to(like)
            readout = nn.Linear(self.n_nodes, self.n_outputs).to(like)
        readout.load_state_dict(
            {"weight": weights.pop("readout_weight"), "bias": weights.pop("readout_bias")}
        )
        layer.load_state_dict({f"{name}_l0": values for name, values in weights.items()})
        return layer, readout

    @classmethod
    def from_flat(cls, architecture: str, flat: Tensor, n_inputs: int, n_nodes: int) -> Ensemble:
        """Cut rows of flattened weights (network, n_weights) into named views."""
        per_output = n_nodes + 1
        n_gates = _GATES[architecture] * n_nodes
        n_outputs = (flat.shape[1] - n_gates * (n_inputs + n_nodes + 2)) // per_output
        return cls(
            architecture,
            flat_views(flat, weight_shapes(architecture, n_inputs, n_nodes, n_outputs)),
        )

    def start(self, n_sequences: int) -> State:
        """Return the all-zero state before step 1."""
        check_integer("n_sequences", n_sequences, 1)
        zero = self.weights["weight_hh"].new_zeros(len(self), self.n_nodes, n_sequences)
        return (zero, zero) if self.architecture == "LSTM" else (zero,)

    def step(self, x: Tensor | None, state: State) -> State:
        """Return the state after one more step.

        Parameters
        ----------
        x
            Input (input, sequence), the same for every network; None for a blank step.
        state
            As from `start` or a previous `step`.
        """
        w, h = self.weights, state[0]
        from_input = w["bias_ih"][:, :, None]
        if x is not None:
            from_input = from_input + w["weight_ih"] @ x
        recurrent = torch.baddbmm(w["bias_hh"][:, :, None], w["weight_hh"], h)
        if self.architecture == "RNN":
            return (torch.tanh(from_input + recurrent),)
        if self.architecture == "GRU":
            reset_x, update_x, new_x = from_input.chunk(3, dim=1)
            reset_h, update_h, new_h = recurrent.chunk(3, dim=1)
            update = torch.sigmoid(update_x + update_h)
            new = torch.tanh(new_x + torch.sigmoid(reset_x + reset_h) * new_h)
            return ((1 - update) * new + update * h,)
        into, keep, new, out = (from_input + recurrent).chunk(4, dim=1)
        cell = torch.sigmoid(keep) * state[1] + torch.sigmoid(into) * torch.tanh(new)
        return torch.sigmoid(out) * torch.tanh(cell), cell

    def readout(self, state: State) -> Tensor:
        """Return the outputs (network, concept, sequence) for a state, each in [-1, 1]."""
        w = self.weights
        return torch.tanh(
            torch.baddbmm(w["readout_bias"][:, :, None], w["readout_weight"], state[0])
        )

    @torch.no_grad()
    def run(self, inputs: np.ndarray, n_blank: int) -> Run:
        """Show every network the same sequences, then blank steps, and record everything.

        Parameters
        ----------
        inputs
            (n_sequences, n_steps, n_inputs), as `Trials.inputs`.
        n_blank
            Number of all-zero steps that follow. The answer at delay d is
            ``outputs[:, n_steps + d - 1]``.

        Raises
        ------
        ValueError
            If inputs are misshapen or not finite, or ``n_blank`` is negative.
        """
        inputs = check_finite("inputs", inputs, (None, None, self.n_inputs))
        check_integer("n_blank", n_blank, 0)
        like = self.weights["weight_hh"]
        shown = torch.as_tensor(inputs.transpose(1, 2, 0).copy()).to(like)
        state, states, outputs = self.start(len(inputs)), [], []
        for x in [*shown, *[None] * n_blank]:
            state = self.step(x, state)
            states.append(state)
            outputs.append(self.readout(state))
        hidden, *cell = (
            torch.stack(part, dim=1).cpu().numpy() for part in zip(*states, strict=True)
        )
        return Run(hidden, cell[0] if cell else None, torch.stack(outputs, dim=1).cpu().numpy())


def flat_views(flat: Tensor, shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Name the parts of flattened weights (network, n_weights); no copies."""
    parts = torch.split(flat, [prod(shape) for shape in shapes.values()], dim=1)
    return {
        name: part.reshape(len(flat), *shape)
        for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }


def _check_pair(pair: Sequence[nn.Module], like: Sequence[nn.Module]) -> None:
    if not isinstance(pair, Sequence) or len(pair) != 2 or not isinstance(pair[1], nn.Linear):
        raise ValueError(f"networks must hold pairs (layer, nn.Linear), got {pair!r}")
    layer, readout = pair
    mode = getattr(layer, "mode", type(layer).__name__)
    check_choice("networks: the layer's mode", mode, ("RNN_TANH", "GRU", "LSTM"))
    if layer.num_layers != 1 or layer.bidirectional or layer.proj_size:
        raise ValueError(
            "networks must have one layer, one direction and no projection, got "
            f"num_layers={layer.num_layers}, bidirectional={layer.bidirectional}, "
            f"proj_size={layer.proj_size}"
        )
    if not layer.bias or readout.bias is None:
        raise ValueError(f"networks must have biases, got {layer} and {readout}")
    if str(layer) != str(like[0]) or str(readout) != str(like[1]):
        raise ValueError(f"networks must be of one kind and size, got {tuple(like)} and {pair}")
