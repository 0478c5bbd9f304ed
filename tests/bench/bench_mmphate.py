"""Time and memory of MM-PHATE on a network's real training: epochs x 15 steps x 12 nodes.

`rows` returns one dict per measurement, as in `bench_relay`. m-phate is GPL and no dependency:
`pip install m-phate`; without it, its row is left out.
"""

import sys
import warnings
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.distance import cdist

sys.path.insert(0, str(Path(__file__).parent))
from measure import alternate, apart, peak_mb, repeated, row, seconds

from relaylib.mmphate.estimator import MMPHATE
from relaylib.mmphate.graph import between_bandwidth, features, multislice_kernel, within_slice

N_NODES, N_STEPS, N_BITS, N_BLANK = 12, 10, 7, 5


def training_activations(n_epochs: int) -> np.ndarray:
    """Train an RNN to remember 3 of 7 bits and record it at evenly spaced steps of 200 Adam steps.

    Returns (epoch, time, node, sequence): 15 time steps, 12 nodes, all 128 sequences; float32.
    """
    torch.manual_seed(0)
    bits = torch.tensor([[int(b) for b in f"{i:07b}"] for i in range(2**N_BITS)]) * 2.0 - 1
    inputs = torch.zeros(len(bits), N_STEPS + N_BLANK, N_BITS)
    inputs[:, range(N_BITS), range(N_BITS)] = bits
    network, readout = torch.nn.RNN(N_BITS, N_NODES, batch_first=True), torch.nn.Linear(N_NODES, 3)
    adam = torch.optim.Adam([*network.parameters(), *readout.parameters()], lr=0.01)
    recorded = []
    for _ in range(200):
        states, _ = network(inputs)
        recorded.append(states.detach().permute(1, 2, 0).numpy())
        answers = torch.tanh(readout(states[:, N_STEPS:]))
        loss = ((answers - bits[:, None, [0, 3, 6]]) ** 2).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return np.stack(recorded)[:: 200 // n_epochs]


def dense_kernel(points: np.ndarray) -> np.ndarray:
    """The kernel of `multislice_kernel` computed for every pair of points, in points^2 memory."""
    n_slices, n_nodes, _ = points.shape
    eps = between_bandwidth(points, 25)
    kernel = np.zeros((n_slices * n_nodes,) * 2)
    for node in range(n_nodes):
        far = cdist(points[:, node], points[:, node])
        kernel[node::n_nodes, node::n_nodes] = np.exp(-((far / eps) ** 2))
    for one in range(n_slices):
        block = slice(one * n_nodes, (one + 1) * n_nodes)
        kernel[block, block] = within_slice(points[one], n_neighbours=2, decay=5)
    kernel[kernel < 1e-4] = 0
    return kernel


def sparse_kernel(points: np.ndarray) -> object:
    return multislice_kernel(points, within_neighbours=2, between_neighbours=25, decay=5)


def _fit_seconds(n_epochs: int, repetitions: int) -> tuple[float, float, float]:
    from m_phate import M_PHATE

    activations = training_activations(n_epochs)
    slices = activations.reshape(-1, *activations.shape[2:])  # m-phate knows one axis of time
    peak: list[float] = []

    def fit() -> float:
        taken = seconds(MMPHATE(progress=False).fit, activations)
        peak.append(peak_mb())
        return taken

    theirs = partial(seconds, M_PHATE(n_jobs=-1, verbose=0, random_state=0).fit_transform, slices)
    warnings.simplefilter("ignore")  # m-phate divides by distances of zero
    return *alternate([fit, theirs], repetitions), peak[0]


def _kernel_seconds(n_epochs: int, repetitions: int) -> tuple[float, float, float]:
    points = features(training_activations(n_epochs), 100, 0)
    sparse_kernel(points)
    peak = peak_mb()
    calls = [partial(seconds, kernel, points) for kernel in (sparse_kernel, dense_kernel)]
    return *alternate(calls, repetitions), peak


def rows(repetitions: int = 5) -> list[dict]:
    """Measure the kernel against the dense one, and the whole embedding against m-phate."""
    ours, dense, peak = apart(_kernel_seconds, 50, repetitions)
    table = [row("MM-PHATE kernel, 9,000 points (baseline: dense)", ours, "s", dense, peak)]
    if find_spec("m_phate") is None:
        print("m-phate is not installed: its row is left out", file=sys.stderr)
    else:
        ours, theirs, peak = apart(_fit_seconds, 10, repetitions)
        table.append(row("MM-PHATE, 1,800 points (baseline: m-phate)", ours, "s", theirs, peak))
    return repeated(table, repetitions)


if __name__ == "__main__":
    for line in rows():
        print(line)
