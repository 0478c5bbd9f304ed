"""Ensembles: many networks of one architecture and size, run side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, repeat
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from relaylib.core.checks import check_choice, check_finite, check_integer
from relaylib.core.tolerances import LARGEST_SAMPLE
from relaylib.networks import cells
from relaylib.networks.cells import ARCHITECTURES, NONLINEARITIES, State, weight_shapes

if TYPE_CHECKING:  # torch takes a second to import: only where networks are made
    from torch import Tensor, nn

LSTM_STATES = ("cell", "hidden")
MAX_BLANK = 10_000
"""Largest number of blank steps of a run, and largest delay."""


class Run(NamedTuple):
    """Activations and outputs of an ensemble. Index 0 of the time axis is step 1.

    Attributes
    ----------
    hidden
        float32 (network, time, node, sequence): h after each step.
    cell
        The same for the cell state c of an LSTM; None for RNN and GRU.
    outputs
        float32 (network, time, concept, sequence): the readout after each step, in [-1, 1]. Its
        sign is the answer.
    """

    hidden: np.ndarray
    cell: np.ndarray | None
    outputs: np.ndarray

    def analysed(self, lstm_state: str) -> np.ndarray:
        """Return the activations to analyse: c of an LSTM if "cell" is chosen, h otherwise."""
        check_choice("lstm_state", lstm_state, LSTM_STATES)
        return self.hidden if self.cell is None or lstm_state == "hidden" else self.cell


@dataclass(frozen=True, repr=False)
class Ensemble:
    """Many trained (or untrained) networks of one architecture and size.

    Parameters
    ----------
    architecture
        "RNN", "GRU" or "LSTM".
    weights
        Torch tensors of one floating-point type with a leading network axis: ``weight_ih``
        (network, gates x node, input), ``weight_hh`` (network, gates x node, node), ``bias_ih``,
        ``bias_hh``, ``readout_weight`` (network, concept, node), ``readout_bias`` (network,
        concept). They are not copied, and are used without their gradients.
    nonlinearity
        "tanh", or for an RNN also "relu".

    Raises
    ------
    ValueError, TypeError
        If a weight is missing, misshapen, not finite or not a floating-point tensor.
    """

    architecture: str
    weights: dict[str, Tensor]
    nonlinearity: str = "tanh"

    def __post_init__(self) -> None:
        from torch import Tensor

        check_choice("architecture", self.architecture, ARCHITECTURES)
        allowed = NONLINEARITIES if self.architecture == "RNN" else NONLINEARITIES[:1]
        check_choice("nonlinearity", self.nonlinearity, allowed)
        if not isinstance(self.weights, dict):
            raise TypeError(f"weights must be a dict, got {type(self.weights).__name__}")
        missing = {"weight_ih", "weight_hh", "readout_weight"} - set(self.weights)
        if missing:
            raise ValueError(f"weights must hold {sorted(missing)}, got {list(self.weights)}")
        for name, weight in self.weights.items():
            n_dims = 2 if "bias" in str(name) else 3
            if not isinstance(weight, Tensor) or weight.ndim != n_dims:
                given = f" of shape {tuple(weight.shape)}" if isinstance(weight, Tensor) else ""
                raise ValueError(
                    f"weights[{name!r}] must be a torch tensor with {n_dims} dimensions, "
                    f"got {type(weight).__name__}{given}"
                )
        dtypes = {str(weight.dtype) for weight in self.weights.values()}
        if dtypes not in ({"torch.float32"}, {"torch.float64"}):
            raise TypeError(f"weights must all be torch.float32 or float64, got {sorted(dtypes)}")
        n_networks, _, n_inputs = self.weights["weight_ih"].shape
        shapes = weight_shapes(self.architecture, n_inputs, self.n_nodes, self.n_outputs)
        if set(self.weights) != set(shapes):
            raise ValueError(f"weights must be named {list(shapes)}, got {list(self.weights)}")
        object.__setattr__(self, "weights", {k: w.detach() for k, w in self.weights.items()})
        for name, shape in shapes.items():
            values = self.weights[name]
            is_fine = values.shape == (n_networks, *shape) and values.isfinite().all()
            if not is_fine or not values.numel():  # a copy from a GPU is for the message alone
                check_finite(f"weights[{name!r}]", values.cpu().numpy(), (n_networks, *shape))

    def __repr__(self) -> str:
        sizes = f"{self.n_inputs} inputs, {self.n_nodes} nodes, {self.n_outputs} outputs"
        return f"<Ensemble: {len(self)} x {self.architecture}, {sizes}>"

    def __len__(self) -> int:
        return len(self.weights["weight_ih"])

    def __getitem__(self, index: int | slice | Sequence[int]) -> Ensemble:
        """Return the networks at ``index`` (a single number gives an ensemble of one)."""
        if not isinstance(index, slice):
            numbers = np.atleast_1d(index)
            if numbers.ndim > 1 or numbers.dtype.kind not in "iu":
                raise TypeError(f"index must be a slice or whole numbers, got {index!r}")
            if (numbers < -len(self)).any() or (numbers >= len(self)).any():
                raise IndexError(f"index must be in {-len(self)}..{len(self) - 1}, got {index}")
            index = numbers.tolist()
        return replace(self, weights={k: w[index] for k, w in self.weights.items()})

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
        """Stack networks that consist of a torch recurrent layer and a linear readout.

        Parameters
        ----------
        networks
            Pairs of (``nn.RNN`` | ``nn.GRU`` | ``nn.LSTM``, ``nn.Linear``), all of one kind and
            size: one layer, one direction, with biases. The weights are copied.

        Raises
        ------
        ValueError
            If there is no network, they differ in kind or size, a layer is of another kind than
            above, or a module is of a subclass, which may compute something else.
        """
        import torch

        pairs = list(networks) if isinstance(networks, Iterable) else []
        if not pairs:
            raise ValueError(f"networks must hold (layer, readout) pairs, got {networks!r}")
        for pair in pairs:
            _check_pair(pair, like=pairs[0])
        rows = [[*layer.all_weights[0], readout.weight, readout.bias] for layer, readout in pairs]
        stacked = (torch.stack(weights) for weights in zip(*rows, strict=True))
        weights = dict(zip(cells.WEIGHT_NAMES, stacked, strict=True))
        layer = pairs[0][0]
        return cls(type(layer).__name__, weights, getattr(layer, "nonlinearity", "tanh"))

    def to_torch(self, index: int) -> tuple[nn.RNNBase, nn.Linear]:
        """Return one network as torch modules: the recurrent layer and the readout.

        The layer takes (time, sequence, input); the answer is ``tanh(readout(h))``. The weights are
        copied.

        Raises
        ------
        ValueError, TypeError
            If ``index`` is not that of a network.
        """
        import torch

        check_integer("index", index, -len(self), len(self) - 1)
        weights = {name: values[0] for name, values in self[index].weights.items()}
        like = weights["weight_hh"]
        with torch.random.fork_rng(devices=[]):  # torch draws initial weights, replaced below
            how = {"nonlinearity": self.nonlinearity} if self.architecture == "RNN" else {}
            kind = getattr(torch.nn, self.architecture)
            layer = kind(self.n_inputs, self.n_nodes, **how).to(like)
            readout = torch.nn.Linear(self.n_nodes, self.n_outputs).to(like)
        readout.load_state_dict(
            {"weight": weights.pop("readout_weight"), "bias": weights.pop("readout_bias")}
        )
        layer.load_state_dict({f"{name}_l0": values for name, values in weights.items()})
        return layer, readout

    @classmethod
    def from_flat(
        cls,
        architecture: str,
        flat: Tensor,
        n_inputs: int,
        n_nodes: int,
        nonlinearity: str = "tanh",
    ) -> Ensemble:
        """Return the ensemble whose weights are views of flattened weights (network, n_weights)."""
        n_gates = cells.N_GATES[architecture] * n_nodes
        n_outputs = (flat.shape[1] - n_gates * (n_inputs + n_nodes + 2)) // (n_nodes + 1)
        shapes = weight_shapes(architecture, n_inputs, n_nodes, n_outputs)
        return cls(architecture, cells.flat_views(flat, shapes), nonlinearity)

    def start(self, n_sequences: int) -> State:
        """Return the all-zero state before step 1."""
        n_sequences = check_integer("n_sequences", n_sequences, 1, LARGEST_SAMPLE)
        return cells.initial_state(self.architecture, self.weights, n_sequences)

    def step(self, x: Tensor | None, state: State) -> State:
        """Return the state after a step with input x (input, sequence), or a blank step (None)."""
        return cells.next_state(self.architecture, self.weights, x, state, self.nonlinearity)

    def readout(self, state: State) -> Tensor:
        """Return the outputs (network, concept, sequence) for a state, each in [-1, 1]."""
        return cells.readout(self.weights, state)

    def run(self, inputs: np.ndarray, n_blank: int) -> Run:
        """Run every network on the same sequences, followed by blank steps.

        Parameters
        ----------
        inputs
            (n_sequences, n_steps, n_inputs), as `Trials.inputs`.
        n_blank
            Number of all-zero steps that follow. The answer at delay d is
            ``outputs[:, n_steps + d - 1]``.

        Raises
        ------
        ValueError, TypeError
            If inputs are misshapen, not finite or beyond the range of the weights' type, or
            ``n_blank`` is not in 0..10,000.
        """
        states = list(self.states(inputs, n_blank))
        hidden, *cell = (_over_time(part) for part in zip(*states, strict=True))
        outputs = _over_time([self.readout(state) for state in states])
        return Run(hidden, cell[0] if cell else None, outputs)

    def states(self, inputs: np.ndarray, n_blank: int) -> Iterator[State]:
        """Yield the state after each step, without keeping it; arguments and errors as `run`."""
        inputs = check_finite("inputs", inputs, (None, None, self.n_inputs))
        check_integer("n_blank", n_blank, 0, MAX_BLANK)
        like = self.weights["weight_hh"]
        shown = like.new_tensor(inputs.transpose(1, 2, 0))
        if not shown.isfinite().all():
            raise ValueError(f"inputs must be in the range of {like.dtype}, got {inputs.max()}")
        state = self.start(len(inputs))
        for x in chain(shown, repeat(None, n_blank)):
            state = self.step(x, state)
            yield state


def _over_time(steps: Sequence[Tensor]) -> np.ndarray:
    return np.stack([values.cpu().numpy() for values in steps], axis=1)


def _check_pair(pair: Sequence[nn.Module], like: Sequence[nn.Module]) -> None:
    from torch import nn

    if not isinstance(pair, Sequence) or len(pair) != 2 or type(pair[1]) is not nn.Linear:
        raise ValueError(f"networks must hold pairs (layer, nn.Linear), got {pair!r}")
    layer, readout = pair
    if type(layer) not in (nn.RNN, nn.GRU, nn.LSTM):
        raise ValueError(
            "networks: the layer must be an nn.RNN, nn.GRU or nn.LSTM and not of a subclass, "
            f"got {type(layer).__name__}"
        )
    if layer.num_layers != 1 or layer.bidirectional or layer.proj_size:
        raise ValueError(
            f"networks must have one layer, one direction and no projection, got {layer}"
        )
    if not layer.bias or readout.bias is None:
        raise ValueError(f"networks must have biases, got {layer} and {readout}")
    alike = layer.mode == like[0].mode and str(layer) == str(like[0])
    if not alike or str(readout) != str(like[1]):
        raise ValueError(f"networks must be of one kind and size, got {tuple(like)} and {pair}")
