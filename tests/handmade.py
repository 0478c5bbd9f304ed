"""RNNs made by hand, for which it is known what information does in a blank step.

Their inputs are small, so that tanh is nearly the identity: one blank step multiplies the state by
the recurrent matrix.
"""

import numpy as np
import torch
import xarray as xr

from relaylib.networks.ensemble import Ensemble
from relaylib.tasks.task import Trials

QUARTER = np.array([[0.0, -1.0], [1.0, 0.0]])
MATRICES = {
    "copies": np.eye(4),
    "rotates": np.kron(np.eye(2), QUARTER),  # nodes 1, 2 and nodes 3, 4, by 90 degrees a step
    "flips": -np.eye(4),
    "forgets": np.zeros((4, 4)),
}
SIZE = 1e-3


def handmade(name: str) -> Ensemble:
    """Two concepts enter nodes 1 and 3 at the last step of the input; each is read from both."""
    matrix = MATRICES[name]
    into, out = np.zeros((4, 2)), np.zeros((2, 4))
    into[0, 0] = into[2, 1] = SIZE
    out[0, 0] = out[1, 2] = 1
    weights = {
        "weight_ih": into,
        "weight_hh": matrix,
        "bias_ih": np.zeros(4),
        "bias_hh": np.zeros(4),
        "readout_weight": out,
        "readout_bias": np.zeros(2),
    }
    return Ensemble(
        "RNN", {k: torch.tensor(v, dtype=torch.float64)[None] for k, v in weights.items()}
    )


def two_signs() -> Trials:
    """Return the four sequences of two signs, shown at the last of three steps."""
    signs = np.array([(-1, -1), (-1, 1), (1, -1), (1, 1)], np.float32)
    inputs = np.zeros((4, 3, 2), np.float32)
    inputs[:, 2] = signs
    return Trials(inputs, signs, ("A", "B"))


def noisy_states(name: str, n: int, *, seed: int, n_blank: int = 4) -> tuple[xr.DataArray, ...]:
    """Return activations from step 3 on and concepts, of n sequences with noise on the state."""
    rng = np.random.default_rng(seed)
    signs = rng.choice((-1.0, 1.0), (n, 2))
    inputs = np.zeros((n, 3, 2))
    inputs[:, 2] = signs
    hidden = handmade(name).run(inputs, n_blank).hidden[:, 2:]
    hidden = hidden + 0.2 * SIZE * rng.standard_normal(hidden.shape)
    time = np.arange(3, 4 + n_blank)
    states = xr.DataArray(hidden, {"time": time}, ("network", "time", "node", "sequence"))
    return states, xr.DataArray(signs.T, {"concept": ["A", "B"]}, ("concept", "sequence"))
