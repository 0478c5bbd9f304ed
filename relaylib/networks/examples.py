"""A small trained module to try everything on: a GRU that reads images of digits row by row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from relaylib.core.checks import check_integer, check_type
from relaylib.core.threads import one_thread
from relaylib.networks.modules import record_module
from relaylib.networks.recording import Recording

if TYPE_CHECKING:
    from torch import Tensor, nn

EXAMPLE = "example"
"""The name under which `recording_named` gives the example."""
_N_TRAINED = 1_197  # images; the other 600 are recorded
_N_NODES, _N_EPOCHS, _LEARNING_RATE = 8, 100, 0.03


class Example(NamedTuple):
    """A trained module and sequences that it has not seen.

    Attributes
    ----------
    model
        Of parts ``gru``, 8 nodes, and ``head``, one score per digit after the last row.
    inputs
        Images, in 8 steps a row of 8 values from 0 to 1 each, (600, 8, 8).
    labels
        The digits 0 to 9, (600,).
    """

    model: nn.Module
    inputs: np.ndarray
    labels: np.ndarray

    def record(self) -> Recording:
        """Record the nodes of ``gru`` at every row, with concept ``digit``."""
        return record_module(self.model, self.inputs, self.labels, watch="gru", concepts=["digit"])


def example_module(*, seed: int = 0) -> Example:
    """Train a GRU on scikit-learn's images of handwritten digits, in a few seconds.

    It is trained on the first 1,197 images, and is right on about five of six of the others. The
    global random streams are left as they were.

    Parameters
    ----------
    seed
        Of the first weights, from 0.

    Raises
    ------
    ValueError, TypeError
        If the seed is no whole number from 0 to 2**32 - 1.

    References
    ----------
    Alpaydin and Kaynak (1998), Optical recognition of handwritten digits, UCI.
    """
    import torch
    from sklearn.datasets import load_digits

    seed = check_integer("seed", seed, 0, 2**32 - 1)
    digits = load_digits()
    images, labels = (digits.images / 16).astype(np.float32), digits.target
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _reader()
    _train(model, torch.as_tensor(images[:_N_TRAINED]), torch.as_tensor(labels[:_N_TRAINED]))
    return Example(model.eval(), images[_N_TRAINED:], labels[_N_TRAINED:])


def _train(model: nn.Module, rows: Tensor, digit: Tensor) -> None:
    import torch

    optimiser = torch.optim.Adam(model.parameters(), lr=_LEARNING_RATE)
    with one_thread():  # matrices are too small for more
        for _ in range(_N_EPOCHS):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(model(rows), digit).backward()
            optimiser.step()


def recording_named(recording: str) -> Recording:
    """Return the recording of the example, or the one in a file.

    Parameters
    ----------
    recording
        "example", or the path of a file that `Recording.open` reads.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError, TypeError
        If it holds no recording.
    """
    if check_type("recording", recording, str) == EXAMPLE:
        return example_module().record()
    try:
        found = Path(recording).expanduser().resolve()
        is_file = found.is_file()
    except (OSError, ValueError) as error:
        raise ValueError(f"recording must be a path, got {recording[:99]!r}: {error}") from error
    if not is_file:
        raise FileNotFoundError(f"recording must be {EXAMPLE!r} or a file; {found} is none")
    return Recording.open(found)


def _reader() -> nn.Module:
    from torch import nn

    class Reader(nn.Module):
        """A recurrent layer, and one score per digit after the last row."""

        def __init__(self) -> None:
            super().__init__()
            self.gru = nn.GRU(8, _N_NODES, batch_first=True)
            self.head = nn.Linear(_N_NODES, 10)

        def forward(self, rows: Tensor) -> Tensor:
            states, _ = self.gru(rows)
            return self.head(states[:, -1])

    return Reader()
