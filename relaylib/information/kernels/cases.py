"""Cases made ready for the compiled kernels: small symbol codes, joint (x_in, x_out), weights."""

from typing import NamedTuple

import numpy as np

from relaylib.core.checks import check_symbols, check_weights

_MAX_SYMBOLS = 256
_MAX_CELLS = 2**16
_MAX_SCANNED = 16


class Cases(NamedTuple):
    """A batch of networks and their concepts, in the argument order of the kernels.

    Attributes
    ----------
    states
        Codes 0 .. n_symbols - 1, (batch, node, sequence).
    pairs
        x_in * n_out + x_out, (batch or 1, concept, sequence).
    weights
        Weight of each sequence, (sequence,): all 1 if equal, then counts are looked up.
    shape
        (n_symbols, n_in, n_out).
    log_table
        w log2 w / n_sequences for w = 0 .. n_sequences; empty for unequal weights.
    """

    states: np.ndarray
    pairs: np.ndarray
    weights: np.ndarray
    shape: tuple[int, int, int]
    log_table: np.ndarray

    @property
    def fits(self) -> bool:
        """Whether symbols fit a byte and all (symbol, x_in, x_out) a table of the kernels."""
        return self.shape[0] <= _MAX_SYMBOLS and int(np.prod(self.shape)) <= _MAX_CELLS

    @property
    def binary(self) -> bool:
        """Whether all symbols are bits, weights are equal and counts fit 16 bits."""
        return self.shape == (2, 2, 2) and 0 < len(self.log_table) <= 2**16

    def fixed_point(self) -> tuple[np.ndarray, float]:
        """Return ``log_table`` as whole numbers, and their unit in bits.

        Sums stay below 8 log2 n_sequences bits; the unit that leaves them room in 64 bits is
        1e-16 bits at 16,384 sequences.
        """
        per_bit = 2.0 ** (60 - np.ceil(np.log2(8 * max(self.log_table.max(), 1.0))))
        return np.rint(self.log_table * per_bit).astype(np.int64), 1 / per_bit


def check_cases(
    states: np.ndarray, x_in: np.ndarray, x_out: np.ndarray, weights: np.ndarray | None
) -> Cases:
    """Check and code a batch; arguments and errors as in `relaylib.information.relay.greedy_orders`.

    Sequences of weight 0 are left out.
    """
    states, n_symbols = _codes("states", states, (None, None, None))
    n_batch, _, n_sequences = states.shape
    x_in, n_in = _codes("x_in", x_in, _concept_shape(x_in, n_batch, n_sequences))
    x_out, n_out = _codes("x_out", x_out, (*np.shape(x_out)[:-2], x_in.shape[-2], n_sequences))
    pairs = x_in.astype(np.int32) * n_out + x_out
    if pairs.ndim == 2:
        pairs = pairs[None]
    weights = check_weights(weights, n_sequences)
    seen = weights > 0
    if not seen.all():
        states, pairs, weights = states[..., seen], pairs[..., seen], weights[seen]
    equal = weights.min() == weights.max()
    return Cases(
        np.ascontiguousarray(states),
        np.ascontiguousarray(pairs),
        np.ones(len(weights)) if equal else weights,
        (n_symbols, n_in, n_out),
        log_table(len(weights)) if equal else np.empty(0),
    )


def log_table(n_sequences: int) -> np.ndarray:
    """Return w log2 w / n_sequences for w = 0 .. n_sequences, (n_sequences + 1,), bits."""
    counts = np.arange(n_sequences + 1.0)
    return counts * np.log2(np.maximum(counts, 1.0)) / n_sequences


def _concept_shape(x_in: np.ndarray, n_batch: int, n_sequences: int) -> tuple[int | None, ...]:
    return (None, n_sequences) if np.ndim(x_in) == 2 else (n_batch, None, n_sequences)


def _codes(name: str, values: np.ndarray, shape: tuple[int | None, ...]) -> tuple[np.ndarray, int]:
    """Return symbols as codes 0, 1, ... without gaps, and how many there are."""
    array = check_symbols(name, values, shape, widen=False)
    low, high = int(array.min()), int(array.max())
    if high - low >= _MAX_SCANNED:
        symbols, codes = np.unique(array, return_inverse=True)
        dtype = np.uint8 if len(symbols) <= _MAX_SYMBOLS else np.int32
        return codes.reshape(array.shape).astype(dtype), len(symbols)
    codes = (array - array.min()).astype(np.uint8, copy=False)
    present = [symbol for symbol in range(high - low + 1) if (codes == symbol).any()]
    if len(present) <= high - low:
        renamed = np.zeros(high - low + 1, np.uint8)
        renamed[present] = range(len(present))
        codes = renamed[codes]
    return codes, len(present)
