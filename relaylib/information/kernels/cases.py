"""Arguments of the compiled kernels: symbols as small codes, joint (x_in, x_out), weights."""

from typing import Any, NamedTuple

import numpy as np

from relaylib.core.checks import Shape, check_symbols, check_weights

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
        x_in * n_out + x_out, (n_pairs, concept, sequence); entries of the batch may share them.
    pairs_of
        Which of ``pairs`` belongs to each entry of the batch, (batch,).
    weights
        Weight of each sequence, (sequence,): all 1 if equal, then counts are looked up.
    shape
        (n_symbols, n_in, n_out).
    log_table
        w log2 w / n_sequences for w = 0 .. n_sequences; empty for unequal weights.
    """

    states: np.ndarray
    pairs: np.ndarray
    pairs_of: np.ndarray
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


def check_cases(states: Any, x_in: Any, x_out: Any, weights: Any = None) -> Cases:
    """Check and code a batch; arguments and errors as in `relaylib.greedy_orders`.

    Sequences of weight 0 are left out.
    """
    states, n_symbols = _codes("states", states, (..., None, None))
    *batch, n_nodes, n_sequences = states.shape
    x_in, n_in = _codes("x_in", x_in, (..., None, n_sequences))
    x_out, n_out = _codes("x_out", x_out, (..., x_in.shape[-2], n_sequences))
    _check_leading("x_in", x_in, batch)
    _check_leading("x_out", x_out, batch)
    small = n_in * n_out < 2**31
    pairs = x_in.astype(np.int32 if small else np.int64) * n_out + x_out
    own = pairs.shape[:-2]
    pairs_of = np.broadcast_to(np.arange(np.prod(own, dtype=int)).reshape(own), batch).ravel()
    states, pairs = states.reshape(-1, n_nodes, n_sequences), pairs.reshape(-1, *pairs.shape[-2:])
    weights = check_weights(weights, n_sequences)
    counted = weights > 0
    if not counted.all():
        states, pairs, weights = states[..., counted], pairs[..., counted], weights[counted]
    equal = weights.min() == weights.max()
    return Cases(
        np.ascontiguousarray(states),
        np.ascontiguousarray(pairs),
        pairs_of,
        np.ones(len(weights)) if equal else weights,
        (n_symbols, n_in, n_out),
        log_table(len(weights)) if equal else np.empty(0),
    )


def check_case(x_in: Any, x_out: Any, states: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Check one network and concept: (n_sequences,), (n_sequences,), (n_sequences, n_nodes)."""
    states = check_symbols("states", states, (None, None), widen=False)
    x_in = check_symbols("x_in", x_in, (len(states),))
    return x_in, check_symbols("x_out", x_out, (len(states),)), states


def log_table(n_sequences: int) -> np.ndarray:
    """Return w log2 w / n_sequences for w = 0 .. n_sequences, (n_sequences + 1,), bits."""
    counts = np.arange(n_sequences + 1.0)
    return counts * np.log2(np.maximum(counts, 1.0)) / n_sequences


def _check_leading(name: str, array: np.ndarray, batch: list[int]) -> None:
    leading = array.shape[:-2]
    fits = len(leading) <= len(batch)
    if not fits or any(n not in (1, m) for n, m in zip(leading[::-1], batch[::-1], strict=False)):
        raise ValueError(
            f"{name} must have the leading axes of states, {tuple(batch)}, or none; got {leading}"
        )


def _codes(name: str, values: np.ndarray, shape: Shape) -> tuple[np.ndarray, int]:
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
