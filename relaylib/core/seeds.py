"""Random streams that depend on their purpose alone."""

import hashlib

import numpy as np

from relaylib.core.checks import check_integer, check_rng
from relaylib.core.tolerances import LARGEST_SAMPLE


def stream(seed: int, *key: str | int) -> np.random.Generator:
    """Return the random stream of one purpose: `numpy.random.SeedSequence` with a ``spawn_key``.

    A stream is a function of ``(seed, key)`` alone: not of how many other streams exist, nor of
    the order in which they are made. NumPy's global generator is not used.

    Parameters
    ----------
    seed
        Root of all streams of a study, 0 .. 2**128 - 1.
    *key
        The purpose, e.g. ``"initialise", "memory", "RNN", "random", 3, 0``. Words, and numbers
        from 2**32, are hashed; smaller numbers (non-negative) are used as they are.

    Raises
    ------
    ValueError, TypeError
        If ``seed`` or a number in ``key`` is out of range or not whole.
    """
    seed = check_integer("seed", seed, 0, 2**128 - 1)
    spawn_key = [word for part in key for word in _words(part)]
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=spawn_key))


def random_orders(n_orders: int, n_nodes: int, *, rng: np.random.Generator) -> np.ndarray:
    """Draw random orders of the nodes 0 .. n_nodes - 1, int (n_orders, n_nodes)."""
    n_nodes = check_integer("n_nodes", n_nodes, 1, LARGEST_SAMPLE)
    n_orders = check_integer("n_orders", n_orders, 1, LARGEST_SAMPLE // n_nodes)
    return check_rng(rng).permuted(np.tile(np.arange(n_nodes), (n_orders, 1)), axis=1)


def _words(part: str | int) -> list[int]:
    """Return words of 32 bits for one part of a key: eight for a large number, otherwise one."""
    if not isinstance(part, str) and check_integer("key", part, 0) < 2**32:
        return [int(part)]
    digest = np.frombuffer(
        hashlib.sha256(str(part).encode(errors="surrogatepass")).digest(), ">u4"
    ).tolist()
    return digest[:1] if isinstance(part, str) else digest
