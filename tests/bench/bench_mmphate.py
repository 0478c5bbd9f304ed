"""Time and memory of MM-PHATE on a network's real training, 9,000 and 36,000 points.

`rows` returns one dict per measurement: name, value, unit, baseline, ratio, peak_rss_mb. Every
measurement runs in its own process, so that its peak memory is its own.
"""

import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median

import numpy as np
import torch
from scipy.spatial.distance import cdist

from relaylib.mmphate.estimator import MMPHATE
from relaylib.mmphate.graph import between_bandwidth, features, multislice_kernel, within_slice

N_NODES, N_STEPS, N_BITS, N_BLANK = 12, 10, 7, 5
GOALS = {50: 15.0, 200: 60.0}  # epochs: seconds; epochs x 15 steps x 12 nodes points


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


def _fit_seconds(n_epochs: int, repetitions: int) -> tuple[list[float], float]:
    activations = training_activations(n_epochs)
    return [
        _seconds(MMPHATE(progress=False).fit, activations) for _ in range(repetitions)
    ], _peak_mb()


def _kernel_seconds(n_epochs: int, repetitions: int) -> tuple[list[float], list[float], float]:
    points = features(training_activations(n_epochs), 100, 0)
    sparse_kernel(points)
    peak = _peak_mb()
    pairs = [
        (_seconds(sparse_kernel, points), _seconds(dense_kernel, points))
        for _ in range(repetitions)
    ]
    ours, dense = zip(*pairs, strict=True)
    return list(ours), list(dense), peak


def _seconds(function: Callable[[np.ndarray], object], argument: np.ndarray) -> float:
    start = time.perf_counter()
    function(argument)
    return time.perf_counter() - start


def _peak_mb() -> float:
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _apart(function: Callable, *arguments: int) -> tuple:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def rows(repetitions: int = 5) -> list[dict]:
    """Measure: the kernel against the dense one, and the whole embedding against its goal."""
    ours, dense, peak = _apart(_kernel_seconds, 50, repetitions)
    table = [
        {
            "name": "MM-PHATE kernel, 9,000 points (baseline: dense)",
            "value": median(ours),
            "unit": "s",
            "baseline": median(dense),
            "ratio": median(dense) / median(ours),
            "peak_rss_mb": peak,
        }
    ]
    for n_epochs, goal in GOALS.items():
        seconds, peak = _apart(_fit_seconds, n_epochs, repetitions)
        n_points = n_epochs * (N_STEPS + N_BLANK) * N_NODES
        table.append(
            {
                "name": f"MM-PHATE, {n_points:,} points (baseline: the goal)",
                "value": median(seconds),
                "unit": "s",
                "baseline": goal,
                "ratio": goal / median(seconds),
                "peak_rss_mb": peak,
            }
        )
    return table


if __name__ == "__main__":
    for row in rows():
        print(row)
