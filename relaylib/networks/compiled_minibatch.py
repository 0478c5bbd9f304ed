"""Compiled loops of training in minibatches: one epoch of one network, and its answers."""

import numpy as np

from relaylib.core.jit import cached_njit
from relaylib.networks.compiled_training import _adam_step, _run, _workspace, loss_gradient


@cached_njit(fastmath={"nnan", "ninf", "nsz"}, error_model="numpy", nogil=True)
def train_batches(kind, n_nodes, case, state, n_before, n_batches, learning_rate):
    """Take one step of Adam for each batch of the sequences, in place.

    Parameters
    ----------
    kind, n_nodes
        Index of the architecture, and number of recurrent nodes.
    case
        ``inputs`` float32 (input, step, sequence), ``targets`` float32 (concept, sequence),
        ``delays`` int64 (sequence,), at which answers are read, and the largest delay of all.
    state
        float32 (n_weights,) each: the flattened weights and Adam's two moments; changed in place.
    n_before
        Steps of Adam that were taken before.
    n_batches
        Batches of nearly equal size, one after the other along the sequences.
    learning_rate
        Of Adam.
    """
    inputs, targets, delays, n_blank = case
    flat, mean, square = state
    n = delays.size
    for batch in range(n_batches):
        first, last = batch * n // n_batches, (batch + 1) * n // n_batches
        shown = np.ascontiguousarray(inputs[:, :, first:last])
        wanted = np.ascontiguousarray(targets[:, first:last])
        _, gradient = loss_gradient(kind, n_nodes, shown, wanted, delays[first:last], n_blank, flat)
        _adam_step(flat, gradient, mean, square, n_before + batch + 1, learning_rate)


@cached_njit(fastmath={"nnan", "ninf", "nsz"}, error_model="numpy", nogil=True)
def answers_of(kind, n_nodes, inputs, targets, n_blank, flat):
    """Return the readout of one network, float32 (concept, delay 0..n_blank, sequence)."""
    shown, wanted = np.ascontiguousarray(inputs), np.ascontiguousarray(targets)
    work = _workspace(kind, n_nodes, shown, wanted, n_blank)
    return _run(kind, n_nodes, flat, shown, np.arange(n_blank + 1), work)
