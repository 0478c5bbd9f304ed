"""What a sceptic would try first: plain scores of nodes, and how well any score does.

None of these scores knows about the other nodes. If one of them ranked nodes as relay information
does, or told better what a knockout costs, relay information would not be needed.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from relaylib.core.checks import check_finite, check_integer, check_symbols
from relaylib.networks.recording import TOLERANCE

_TIE = 1e-9
"""Scores and losses closer than this are equal."""


def node_information(states: np.ndarray, x_in: np.ndarray) -> np.ndarray:
    """Mutual information I(X_in; Y_node) of each node alone with each concept, plug-in, bits.

    Parameters
    ----------
    states
        Discrete states 0, 1, ..., (network, node, sequence).
    x_in
        The concepts' values, (concept, sequence).

    Returns
    -------
    numpy.ndarray
        (network, concept, node), bits.

    Raises
    ------
    TypeError, ValueError
        If symbols are not whole numbers, or shapes do not fit.
    """
    states = check_symbols("states", states, (None, None, None))
    x_in = check_symbols("x_in", x_in, (None, states.shape[2]))
    is_x = x_in == np.unique(x_in)[:, None, None]  # x, concept, sequence
    is_y = states == np.unique(states)[:, None, None, None]  # y, network, node, sequence
    p_xy = np.einsum("xcs,ybns->bcnxy", is_x.astype(float), is_y.astype(float)) / x_in.shape[1]
    p_x, p_y = p_xy.sum(axis=4, keepdims=True), p_xy.sum(axis=3, keepdims=True)
    seen = p_xy > 0
    ratio = np.divide(p_xy, p_x * p_y, out=np.ones_like(p_xy), where=seen)
    return (p_xy * np.log2(ratio)).sum(axis=(3, 4))


def probe_weights(activations: np.ndarray, x_in: np.ndarray, *, ridge: float) -> np.ndarray:
    """Size of each node's weight in a linear read-out of each concept.

    The weights w of standardised activations Z (sequence, node) minimise
    ``mean((Z w - x)**2) + ridge * sum(w**2)``; a node whose activations spread less than 1e-5 has
    weight 0.

    Parameters
    ----------
    activations
        (network, node, sequence).
    x_in
        The concepts' values, (concept, sequence).
    ridge
        Penalty, positive. Needed: 12 nodes and 8 sequences leave weights undetermined.

    Returns
    -------
    numpy.ndarray
        ``abs(w)``, (network, concept, node), without unit.

    Raises
    ------
    ValueError
        If values are not finite, shapes do not fit, or ``ridge`` is not positive.
    """
    activations = np.asarray(activations, dtype=float)
    n_nodes, n_sequences = activations.shape[1:]
    check_finite("activations", activations.reshape(-1, n_sequences), (None, None))
    x_in = check_finite("x_in", x_in, (None, n_sequences))
    if not 0 < ridge < np.inf:
        raise ValueError(f"ridge must be positive and finite, got {ridge}")
    centred = activations - activations.mean(axis=2, keepdims=True)
    varies = np.ptp(activations, axis=2, keepdims=True) >= TOLERANCE
    spread = np.where(varies, centred.std(axis=2, keepdims=True), 1)
    z = np.where(varies, centred / spread, 0)
    x = x_in - x_in.mean(axis=1, keepdims=True)
    gram = z @ z.transpose(0, 2, 1) / n_sequences + ridge * np.eye(n_nodes)
    return np.abs(np.linalg.solve(gram, z @ x.T / n_sequences)).transpose(0, 2, 1)


def rank_agreement(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Kendall's tau-b between two scores of the nodes.

    1: the same order; 0: no more agreement than by chance; -1: the reverse order. Pairs tied
    (within 1e-9) in one score count for neither order.

    Parameters
    ----------
    a, b
        Scores, (..., node); leading axes are broadcast.

    Returns
    -------
    numpy.ndarray
        (...), NaN where a score is the same for all nodes.

    References
    ----------
    Kendall (1945), Biometrika 33, 239-251.
    """
    sign_a, sign_b = _pair_signs(a), _pair_signs(b)
    agree = (sign_a * sign_b).sum(axis=-1)
    untied = np.sqrt(np.abs(sign_a).sum(axis=-1) * np.abs(sign_b).sum(axis=-1))
    return np.divide(agree, untied, out=np.full(agree.shape, np.nan), where=untied > 0)


def rank_prediction(scores: np.ndarray, losses: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Spearman correlation of a score of sets with what their knockout costs, at equal size.

    Large sets have high scores and high losses whatever the score, so sets are ranked among those
    of their size, and all sizes are pooled.

    Parameters
    ----------
    scores, losses
        (..., set); leading axes are broadcast.
    sizes
        Number of nodes of each set, (set,).

    Returns
    -------
    numpy.ndarray
        (...), from -1 to 1; NaN where no two sets of a size differ in score, or in loss.

    Raises
    ------
    ValueError
        If the last axes differ in length.
    """
    if not np.shape(scores)[-1] == np.shape(losses)[-1] == len(sizes):
        raise ValueError(
            f"scores, losses and sizes must name the same sets, got {np.shape(scores)[-1]}, "
            f"{np.shape(losses)[-1]} and {len(sizes)}"
        )
    x, y = _centred_ranks(scores, sizes), _centred_ranks(losses, sizes)
    joint = (x * y).sum(axis=-1)
    spread = np.sqrt((x**2).sum(axis=-1) * (y**2).sum(axis=-1))
    return np.divide(joint, spread, out=np.full(joint.shape, np.nan), where=spread > 0)


def bootstrap_interval(
    values: np.ndarray, *, rng: np.random.Generator, n_resamples: int = 10_000
) -> tuple[np.ndarray, np.ndarray]:
    """95 % percentile interval of the mean over the first axis, NaN left out.

    Parameters
    ----------
    values
        One row per network, (n, ...).
    rng
        Random stream of the resampling.
    n_resamples
        Number of resamples of rows, with replacement.

    Returns
    -------
    low, high
        (...).

    References
    ----------
    Efron (1979), The Annals of Statistics 7, 1-26.
    """
    check_integer("n_resamples", n_resamples, 1)
    values = np.asarray(values, dtype=float)
    rows = values.reshape(len(values), -1)
    times_drawn = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=n_resamples)
    known = np.isfinite(rows)
    total, n = times_drawn @ np.where(known, rows, 0), times_drawn @ known
    means = np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)
    interval = np.full((2, rows.shape[1]), np.nan)
    some = known.any(axis=0)
    interval[:, some] = np.nanquantile(means[:, some], [0.025, 0.975], axis=0)
    low, high = interval.reshape(2, *values.shape[1:])
    return low, high


def _pair_signs(scores: np.ndarray) -> np.ndarray:
    """Which of each two nodes scores higher, (..., pair): -1, 0 or 1."""
    scores = np.asarray(scores, dtype=float)
    first, second = np.triu_indices(scores.shape[-1], k=1)
    difference = scores[..., first] - scores[..., second]
    return np.where(np.abs(difference) < _TIE, 0, np.sign(difference))


def _centred_ranks(values: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Ranks among sets of the same size, ties at their mean rank, less the mean of the size."""
    values = np.round(np.asarray(values, dtype=float) / _TIE)
    ranks = np.empty(values.shape)
    for size in np.unique(sizes):
        among = np.asarray(sizes) == size
        ranks[..., among] = rankdata(values[..., among], axis=-1) - (among.sum() + 1) / 2
    return ranks
