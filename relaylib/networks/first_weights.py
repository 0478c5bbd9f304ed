"""The weights that training starts from: torch's uniform draw, or another recurrent matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from relaylib.core.checks import check_choice, check_finite, check_rng, check_type, normalise
from relaylib.networks.cells import ARCHITECTURES, flat_views, weight_shapes

RECURRENT = ("uniform", "orthogonal", "minus identity")
BLOCKS = ("all", "candidate")
DECAY = 0.9
"""Factor of the identity in a mixture: slightly below 1, so that states cannot grow."""
LARGEST_BIAS = 100.0


@dataclass(frozen=True)
class FirstWeights:
    """First weights of the recurrent matrix, and of the bias of the gate that keeps a state.

    Parameters
    ----------
    recurrent
        First value W of the recurrent matrix of each gate (an RNN has one): "uniform", U(-b, b)
        with b = 1 / sqrt(n_nodes) as in torch; "orthogonal", a random rotation or reflection,
        uniformly distributed; or "minus identity".
    identity
        a in [0, 1]: the recurrent matrix is (1 - a) W + 0.9 a I (dose of the identity).
    keep_bias
        Added to the first bias of the gate that keeps the state, the forget gate of an LSTM and
        the update gate z of a GRU. Positive: the state is kept for longer. An RNN has no gate.
    blocks
        Whose recurrent matrix: of "all" blocks of a layer, or of the "candidate" alone, the block
        of the new state (GRU: n, LSTM: g; an RNN has no other). The others start as torch has it.

    Raises
    ------
    ValueError, TypeError
        For an unknown name, a dose out of range, or a bias beyond 100 in size.

    References
    ----------
    Identity: Le, Jaitly and Hinton (2015), arXiv:1504.00941. Orthogonal: Saxe, McClelland and
    Ganguli (2013), arXiv:1312.6120. Gate bias: Jozefowicz, Zaremba and Sutskever (2015), ICML.
    """

    recurrent: str = "uniform"
    identity: float = 0.0
    keep_bias: float = 0.0
    blocks: str = "all"

    def __post_init__(self) -> None:
        check_choice("recurrent", self.recurrent, RECURRENT)
        check_choice("blocks", self.blocks, BLOCKS)
        for name in ("identity", "keep_bias"):
            normalise(self, **{name: float(check_finite(name, getattr(self, name), ()))})
        if not 0 <= self.identity <= 1:
            raise ValueError(f"identity must be in [0, 1], got {self.identity}")
        if abs(self.keep_bias) > LARGEST_BIAS:
            raise ValueError(f"keep_bias must be within +-{LARGEST_BIAS}, got {self.keep_bias}")


TORCH_DEFAULT = FirstWeights()


def start_from(
    first: FirstWeights,
    architecture: str,
    flat: np.ndarray,
    sizes: tuple[int, int, int],
    *,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return torch's uniform first weights with the recurrent matrix and gate bias that are asked.

    Parameters
    ----------
    flat
        Uniform weights of one network, flattened as in `relaylib.networks.cells`, (n_weights,).
    sizes
        Numbers of inputs, nodes and outputs.
    rng
        Random stream of orthogonal matrices; nothing else is drawn.

    Returns
    -------
    numpy.ndarray
        As ``flat``: the same numbers for the default.

    Raises
    ------
    ValueError, TypeError
        If ``keep_bias`` is given for an RNN, or an argument is not as above.
    """
    check_type("first", first, FirstWeights), check_rng(rng)
    check_choice("architecture", architecture, ARCHITECTURES)
    if first.keep_bias and architecture == "RNN":
        raise ValueError(f"keep_bias must be 0 for an RNN, which has no gate: {first.keep_bias}")
    if (first.recurrent, first.identity, first.keep_bias) == ("uniform", 0, 0):
        return flat
    started = np.array(flat)
    weights = flat_views(torch.from_numpy(started)[None], weight_shapes(architecture, *sizes))
    n, matrix = sizes[1], weights["weight_hh"][0].numpy()
    blocks = matrix.reshape(-1, n, n)  # views of `started`
    if first.blocks == "candidate":
        blocks = blocks[min(2, len(blocks) - 1) :][:1]  # the third of both gated layers
    for gate in blocks:
        mixed = (1 - first.identity) * _recurrent(first.recurrent, gate, rng)
        gate[:] = mixed + DECAY * first.identity * np.eye(n)
    if architecture != "RNN":  # the second gate of both: forget (LSTM), update (GRU)
        weights["bias_hh"][0, n : 2 * n] += first.keep_bias
    return started


def _recurrent(kind: str, uniform: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if kind == "uniform":
        return uniform.astype(float)
    if kind == "minus identity":
        return -np.eye(len(uniform))
    q, r = np.linalg.qr(rng.standard_normal(uniform.shape))
    return q * np.sign(np.diag(r))  # without the signs q would not be uniformly distributed
