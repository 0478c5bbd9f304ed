"""Random streams that depend on what they are for, and on nothing else."""

import hashlib

import numpy as np

from relaylib.core.checks import check_integer


def stream(seed: int, *key: str | int) -> np.random.Generator:
    """Return the random stream of one purpose.

    A stream is a function of ``(seed, key)`` alone: not of how many other streams exist, nor of
    the order in which they are made. NumPy's global generator is not touched.

    Parameters
    ----------
    seed
        Root of all streams of a study, a non-negative integer.
    *key
        What the stream is for, e.g. ``"initialise", "memory", "RNN", "random", 3, 0``. Words are
        hashed, whole numbers (non-negative) are taken as they are.

    Raises
    ------
    ValueError, TypeError
        If ``seed`` or a number in ``key`` is negative or not whole.

    References
    ----------
    `numpy.random.SeedSequence` with a ``spawn_key`` per purpose.
    """
    check_integer("seed", seed, 0)
    for part in key:
        if not isinstance(part, str):
            check_integer("key", part, 0)
    spawn_key = tuple(_word(part) if isinstance(part, str) else int(part) for part in key)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=spawn_key))


def _word(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def random_orders(n_orders: int, n_nodes: int, *, rng: np.random.Generator) -> np.ndarray:
    """Draw random orders of the nodes 0 .. n_nodes - 1, int (n_orders, n_nodes)."""
    return rng.permuted(np.tile(np.arange(n_nodes), (n_orders, 1)), axis=1)
