"""How many threads a computation may use: all processors, or as many as are allowed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_NAME = "RELAY_THREADS"


def n_threads() -> int:
    """Return the environment variable RELAY_THREADS, else the number of processors.

    Raises
    ------
    ValueError
        If RELAY_THREADS is set to anything but a whole number from 1.
    """
    given = os.environ.get(_NAME, "")
    if not given:
        return os.cpu_count() or 1
    if not given.isdecimal() or int(given) < 1:
        raise ValueError(f"{_NAME} must be a whole number from 1, got {given!r}")
    return int(given)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread inside a ``with`` block, as workers beside each other do.

    Sums of torch depend on the number of threads, in their last bits.
    """
    import torch

    before, n_torch = os.environ.get(_NAME), torch.get_num_threads()
    os.environ[_NAME] = "1"
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_torch)
        del os.environ[_NAME]
        if before is not None:
            os.environ[_NAME] = before
