"""Alternatives to relay information: scores of single nodes, and how scores are compared.

None of these scores knows about the other nodes. If one of them ranked nodes as relay information
does, or predicted better what a knockout costs, relay information would not be needed.
"""

import numpy as np
from scipy.stats import kendalltau, rankdata

from relaylib.core.checks import check_floats, check_number, check_symbols
from relaylib.core.tolerances import EQUAL_ACTIVATIONS, EQUAL_SCORES
from relaylib.information.entropy import mutual_information
from relaylib.measures.drift import pearson


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
    bits = [[[mutual_information(x, y) for y in nodes] for x in x_in] for nodes in states]
    return np.array(bits)


def probe_weights(activations: np.ndarray, x_in: np.ndarray, *, ridge: float) -> np.ndarray:
    """Absolute weight of each node in a linear readout of each concept.

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
        Penalty, positive. Without it 12 nodes and 8 sequences leave the weights undetermined.

    Returns
    -------
    numpy.ndarray
        ``abs(w)``, (network, concept, node), without unit.

    Raises
    ------
    ValueError
        If values are not finite, shapes do not fit, or ``ridge`` is not positive.
    """
    activations = check_floats("activations", activations, (None, None, None))
    n_nodes, n_sequences = activations.shape[1:]
    x_in = check_floats("x_in", x_in, (None, n_sequences))
    ridge = check_number("ridge", ridge, 0, above=True)
    centred = activations - activations.mean(axis=2, keepdims=True)
    varies = np.ptp(activations, axis=2, keepdims=True) >= EQUAL_ACTIVATIONS
    spread = np.where(varies, centred.std(axis=2, keepdims=True), 1)
    z = np.where(varies, centred / spread, 0)
    x = x_in - x_in.mean(axis=1, keepdims=True)
    gram = z @ z.transpose(0, 2, 1) / n_sequences + ridge * np.eye(n_nodes)
    return np.abs(np.linalg.solve(gram, z @ x.T / n_sequences)).transpose(0, 2, 1)


def rank_agreement(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Kendall's tau-b between two scores of the nodes.

    1: the same order; 0: no more agreement than by chance; -1: the reverse order. Pairs tied in
    one score (equal after rounding to 1e-9) count for neither order.

    Parameters
    ----------
    a, b
        Scores, (..., node); leading axes are broadcast.

    Returns
    -------
    numpy.ndarray
        (...), NaN where a score is the same for all nodes.

    Raises
    ------
    ValueError, TypeError
        If the last axes differ in length, or scores are not finite real numbers.

    References
    ----------
    Kendall (1945), Biometrika 33, 239-251.
    """
    a, b = _rounded("a", a), _rounded("b", b)
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(f"b must have as many nodes as a, {a.shape[-1]}, got {b.shape[-1]}")
    if a.shape[-1] < 2:
        raise ValueError("a must have two nodes or more, got 1")
    _check_leading(a=a, b=b)
    return kendalltau(a, b, axis=-1).statistic


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
    ValueError, TypeError
        If the last axes differ in length, or values are not finite real numbers.
    """
    scores, losses = _rounded("scores", scores), _rounded("losses", losses)
    sizes = check_symbols("sizes", sizes, (None,))
    if not scores.shape[-1] == losses.shape[-1] == len(sizes):
        raise ValueError(
            f"scores, losses and sizes must name the same sets, got {scores.shape[-1]}, "
            f"{losses.shape[-1]} and {len(sizes)}"
        )
    _check_leading(scores=scores, losses=losses)
    ranks = (_centred_ranks(values, sizes) for values in (scores, losses))
    return pearson(*np.broadcast_arrays(*ranks))


def _centred_ranks(values: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Ranks among sets of the same size, ties at their mean rank, less the mean of the size."""
    ranks = np.empty(values.shape)
    for size in np.unique(sizes):
        among = sizes == size
        ranks[..., among] = rankdata(values[..., among], axis=-1) - (among.sum() + 1) / 2
    return ranks


def _check_leading(**arrays: np.ndarray) -> None:
    try:
        np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError as error:
        names = " and ".join(arrays)
        raise ValueError(
            f"{names} must have leading axes that can be broadcast: {error}"
        ) from error


def _rounded(name: str, values: np.ndarray) -> np.ndarray:
    """Scores as multiples of EQUAL_SCORES, so that equal ones tie."""
    values = check_floats(name, values, (..., None))
    return np.round(values / EQUAL_SCORES)
