"""Relay information from finite samples: a shuffle null, a bias correction and a guard.

On a whole population the plug-in estimate is exact and nothing here is needed. On a sample it is
biased. A state that occurs once determines X_in and X_out by chance, so I(X_in; X_out | all nodes)
is too small, and irrelevant nodes seem to relay. If X_out depends on X_in only weakly, states that
occur a few times make that term too large instead, and I_R can be negative.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import digamma

from relaylib.core.checks import check_dims, check_integer, check_number, check_rng, check_symbols
from relaylib.core.tolerances import LARGEST_SAMPLE, TIE_BITS
from relaylib.information.entropy import check_columns, conditional_bits, row_labels
from relaylib.information.kernels.cases import Cases

OCCUPIED_LIMIT = 0.1
"""Occupied states per sequence above which `occupied_fraction` warns: of two values of concept and
answer, a bias of about 0.07 bits."""
PHANTOM_BITS = 0.1
"""Bits that irrelevant nodes may seem to relay, on average, before an estimate warns."""
_MOST_CELLS = 10**8  # (state, concept, answer) of an exact mean over permutations: a few seconds


class UndersampledWarning(UserWarning):
    """The sample occupies so many states that estimates of information are biased."""


def warn_if_undersampled(cases: Cases) -> None:
    """Warn where nodes that tell nothing would seem to relay more than `PHANTOM_BITS`.

    If states Y are permuted against the pairs (X_in, X_out), they tell nothing, but the plug-in I_R
    of all nodes is on average E I(X_in; Y) + E I(X_out; Y) - E I(X_in, X_out; Y): with k states and
    m values of a concept that is always answered rightly about k (m - 1) / (2 n ln 2) bits in n
    sequences, and negative if answers are noisy. The mean over all permutations is exact. The guard
    takes the largest of its sizes over the first n, n / 2, n / 4, ... of n nodes. In a batch it
    looks at the entry with the most different states, and all concepts. Unequal weights count as
    fewer sequences, sum(w)^2 / sum(w^2).

    Warns
    -----
    UndersampledWarning
        With the bits, the limit and what to do.

    References
    ----------
    Vinh, Epps and Bailey (2010), Journal of Machine Learning Research 11, 2837-2854, for the mean
    over permutations; Kish (1965), Survey Sampling, for the weights.
    """
    labels = [row_labels(states.T) for states in cases.states]
    most = int(np.argmax([_n_different(states) for states in labels]))
    weights = cases.weights / cases.weights.sum()
    states, n_nodes = cases.states[most].T, cases.states.shape[1]
    fewer = [row_labels(states[:, : n_nodes >> k]) for k in range(1, n_nodes.bit_length())]
    phantom_bits = max(
        abs(_phantom_bits(pairs // cases.shape[2], pairs % cases.shape[2], chosen))
        for pairs in cases.pairs[cases.pairs_of[most]]
        for chosen in [labels[most], *fewer]
    )
    n_effective = 1 / float(weights @ weights)
    _warn_of(phantom_bits * len(weights) / n_effective, labels[most])


@dataclass(frozen=True, eq=False)
class ShuffleTest:
    """Relay information of a sample against the shuffle null.

    Attributes
    ----------
    relay_bits
        Plug-in I_R of the sample, bits.
    null_bits
        Plug-in I_R of each shuffle, (n_shuffles,), bits.
    corrected_bits
        I_R with the entropy correction of `corrected_relay_information`, bits.
    """

    relay_bits: float
    null_bits: np.ndarray
    corrected_bits: float

    @property
    def z_score(self) -> float:
        """Distance of I_R from the null's mean in its standard deviations; 0 if both agree."""
        distance, spread = self.excess_bits, self.null_bits.std(ddof=1)
        if spread < TIE_BITS:
            return 0.0 if abs(distance) < TIE_BITS else float(np.copysign(np.inf, distance))
        return float(distance / spread)

    @property
    def p_value(self) -> float:
        """Probability of an I_R at least as large if states tell nothing about x_in and x_out.

        (1 + shuffles that reach the sample) / (1 + shuffles), never 0.
        """
        reached = self.null_bits >= self.relay_bits - TIE_BITS
        return float((1 + reached.sum()) / (1 + len(self.null_bits)))

    @property
    def excess_bits(self) -> float:
        """I_R minus the null's mean: right (0) for irrelevant nodes, too small for relaying ones.

        The shuffle makes every node irrelevant, and with it the bias as large as it can be.
        """
        return float(self.relay_bits - self.null_bits.mean())


def shuffle_test(
    x_in: np.ndarray,
    x_out: np.ndarray,
    y_relay: np.ndarray,
    y_rest: np.ndarray,
    *,
    n_shuffles: int,
    rng: np.random.Generator,
) -> ShuffleTest:
    """Compare relay information with shuffles of the states.

    Whole rows of states are permuted against the unchanged pairs (x_in, x_out). This keeps the
    relations among nodes, and of x_in with x_out, but not those of states with the pairs.

    Parameters
    ----------
    x_in, x_out
        The concept's value and the network's answer in a sample, (n_sequences,).
    y_relay, y_rest
        Discrete states of the nodes in and outside the relay set, (n_sequences, n_columns) or
        (n_sequences,); either may have no columns.
    n_shuffles, rng
        Number of shuffles, at least 2, and their random stream.

    Warns
    -----
    UndersampledWarning
        As `warn_if_undersampled`.

    Raises
    ------
    TypeError, ValueError
        As `relaylib.information.relay.relay_information`; ValueError if ``n_shuffles`` < 2.

    References
    ----------
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9, 39,
    for the p-value.
    """
    n_shuffles = check_integer("n_shuffles", n_shuffles, 2, LARGEST_SAMPLE)
    check_rng(rng)
    labels = _labels(x_in, x_out, y_relay, y_rest)
    null_bits = np.empty(n_shuffles)
    for shuffle in range(n_shuffles):
        rows = rng.permutation(len(labels[0]))
        null_bits[shuffle] = _relay_bits([*labels[:2], *(states[rows] for states in labels[2:])])
    return ShuffleTest(_relay_bits(labels), null_bits, _relay_bits(labels, _grassberger_log2))


def corrected_relay_information(
    x_in: np.ndarray, x_out: np.ndarray, y_relay: np.ndarray, y_rest: np.ndarray
) -> float:
    """Relay information from a sample, with Grassberger's correction of every entropy, in bits.

    log2 n of each count n becomes G(n) / ln 2, with G(n) = psi(n) + (-1)^n (psi((n+1)/2) -
    psi(n/2)) / 2, whose bias falls off exponentially with the expected count. On 12 nodes, relaying
    or not, within 0.15 bits from 2.5 sequences per possible state and within 0.05 bits from 10;
    with most states seen once no estimate is right.

    Arguments and errors as in `shuffle_test`; there are no weights, since it needs counts.

    Warns
    -----
    UndersampledWarning
        As `warn_if_undersampled`.

    References
    ----------
    Grassberger (2003), Entropy estimates from insufficient samplings, arXiv physics/0307138.
    """
    return _relay_bits(_labels(x_in, x_out, y_relay, y_rest), _grassberger_log2)


def occupied_fraction(
    states: np.ndarray | xr.DataArray, *, limit: float = OCCUPIED_LIMIT
) -> float | xr.DataArray:
    """Return distinct states per sequence, and warn where a sample is too small for them.

    Parameters
    ----------
    states
        Discrete states, (n_sequences, n_nodes); or labelled, (..., node, sequence), then the
        result is labelled (...) and the warning, one for all, is about the largest fraction.
    limit
        Fraction above which to warn, positive. At a fraction q the plug-in I_R of irrelevant
        nodes about a binary concept is too large by about q / (2 ln 2) bits.

    Warns
    -----
    UndersampledWarning
        If more than ``limit`` states per sequence are occupied.

    Raises
    ------
    TypeError, ValueError
        If states are not discrete symbols of that shape, or ``limit`` is not positive.
    """
    limit = check_number("limit", limit, 0, above=True)
    if isinstance(states, xr.DataArray):
        core = ["sequence", "node"]
        check_dims("states", states, core)
        n_states = xr.apply_ufunc(_n_states, states, input_core_dims=[core], vectorize=True)
        most, n_sequences = int(n_states.max()), states.sizes["sequence"]
    else:
        n_states, n_sequences = _n_states(states), len(states)
        most = n_states
    if most > limit * n_sequences:
        warnings.warn(
            f"{most} different states in {n_sequences} sequences ({most / n_sequences:.2f} per "
            f"sequence, limit {limit:g}): plug-in information is biased; use more sequences, "
            "fewer nodes or levels, or compare with shuffle_test",
            UndersampledWarning,
            stacklevel=2,
        )
    return n_states / n_sequences


def _n_states(states: np.ndarray) -> int:
    """Return the number of distinct rows."""
    return _n_different(row_labels(check_columns("states", states)))


def _n_different(labels: np.ndarray) -> int:
    return int(np.count_nonzero(np.bincount(labels)))


def _phantom_bits(x_in: np.ndarray, x_out: np.ndarray, states: np.ndarray) -> float:
    """Plug-in I_R of labels of states, averaged over all permutations of them."""
    pairs = row_labels(np.column_stack([x_in, x_out]))
    in_bits, out_bits, joint_bits = (_chance_bits(x, states) for x in (x_in, x_out, pairs))
    return in_bits + out_bits - joint_bits


def _chance_bits(x: np.ndarray, y: np.ndarray) -> float:
    """Plug-in I(x; y) of labels, averaged over all permutations of y."""
    from sklearn.metrics.cluster import contingency_matrix, expected_mutual_information  # slow

    n_x, n_y = _n_different(x), _n_different(y)
    if n_x * n_y > _MOST_CELLS:
        return min(np.log2(n_x), (n_x - 1) * (n_y - 1) / (2 * len(x) * np.log(2)))
    table = contingency_matrix(x, y, sparse=True, dtype=np.int64)
    return float(expected_mutual_information(table, len(x))) / np.log(2)


def _warn_of(phantom_bits: float, states: np.ndarray) -> None:
    if phantom_bits > PHANTOM_BITS:
        warnings.warn(
            f"{_n_different(states)} different states in {len(states)} sequences: states that tell "
            f"nothing would seem to relay up to {phantom_bits:.2f} bits (limit {PHANTOM_BITS}). "
            "Believe excess_bits and p_value of analyse alone, use more sequences, fewer nodes or "
            'fewer levels, or analyse with estimator="decoder"; of sequences that are all that can '
            "occur, say is_population=True",
            UndersampledWarning,
            stacklevel=4,
        )


def _labels(x_in: Any, x_out: Any, y_relay: Any, y_rest: Any) -> list[np.ndarray]:
    """Check a sample, and return labels of its x_in, x_out, y_rest and states of all nodes."""
    x_in = check_symbols("x_in", x_in, (None,))
    x_out = check_symbols("x_out", x_out, (len(x_in),))
    y_rest = check_columns("y_rest", y_rest, len(x_in))
    y_all = np.hstack([check_columns("y_relay", y_relay, len(x_in)), y_rest])
    labels = [row_labels(rows) for rows in (x_in[:, None], x_out[:, None], y_rest, y_all)]
    x_in, x_out, rest, whole = labels
    _warn_of(abs(_phantom_bits(x_in, x_out, whole) - _phantom_bits(x_in, x_out, rest)), whole)
    return labels


def _relay_bits(
    labels: list[np.ndarray], log2: Callable[[np.ndarray], np.ndarray] = np.log2
) -> float:
    """I(x_in; x_out | y_rest) - I(x_in; x_out | y_all) of `_labels`, with ``log2`` of counts."""
    x_in, x_out, *given = labels
    around, around_all = (conditional_bits(x_in, x_out, y, log2=log2) for y in given)
    return around - around_all


def _grassberger_log2(counts: np.ndarray) -> np.ndarray:
    odd = 1 - 2 * (counts % 2)
    correction = (digamma((counts + 1) / 2) - digamma(counts / 2)) / 2
    return (digamma(counts) + odd * correction) / np.log(2)
