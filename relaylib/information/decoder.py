"""Relay information by decoders: usable information, from few sequences and without symbols.

What a decoder of a given kind can use of a set of nodes (Xu et al. 2020), in place of what is
there at all. With Y_R, Y_0 as in `relaylib.information.relay`,

    I_R(Y_R) = I_V(X_in; X_out | Y_0) - I_V(X_in; X_out | Y_R, Y_0)
    I_V(X_in; X_out | Y) = H_V(X_out | Y) - H_V(X_out | X_in, Y)

and H_V the cross-validated log-loss, in bits, of multinomial logistic regression on activations.
A decoder that over-fits loses on sequences it has not seen, so that chance shows as 0.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from relaylib.core.checks import (
    check_all,
    check_floats,
    check_integer,
    check_rng,
    check_symbols,
    check_weights,
)
from relaylib.information.logistic import Folds, NestedLogistic, stratified_folds

N_FOLDS = 5
RIDGES = (0.01, 0.1, 1.0, 10.0, 100.0)
"""Penalties of decoders, of which cross-validation on all nodes chooses one."""
_LEAST_SPREAD = 1e-3  # of a node that others do not explain, in its standard deviations


class DecoderOrder(NamedTuple):
    """Blocks of nodes in the order of greedy removal, and usable I_R along it.

    Attributes
    ----------
    order
        Least relaying block first: indices from 0, (block,).
    relay_bits
        I_R after 0, 1, ... removals, (block + 1,), bits.
    lost_bits
        What each sequence contributes to the loss after 0, 1, ... removals, (block + 1, sequence):
        its weighted mean is ``relay_bits[0] - relay_bits``, whose error `standard_error` gives.
    """

    order: np.ndarray
    relay_bits: np.ndarray
    lost_bits: np.ndarray


class DecoderCase(NamedTuple):
    """One concept and one layer, checked, with the folds of cross-validation.

    Attributes
    ----------
    x
        x_in as columns of 0 and 1, (sequence, value).
    z
        x_out as classes 0, 1, ..., (sequence,).
    columns
        Activations, standardised and within each block uncorrelated, (sequence, column).
    block_of
        Block of each column, (column,).
    folds
        Held-out folds and weights.
    ridge
        Penalty of the columns, from `RIDGES`.
    """

    x: np.ndarray
    z: np.ndarray
    columns: np.ndarray
    block_of: np.ndarray
    folds: Folds
    ridge: float

    @property
    def n_blocks(self) -> int:
        """Number of blocks of nodes."""
        return int(self.block_of.max()) + 1


def decoder_order(
    x_in: np.ndarray,
    x_out: np.ndarray,
    activations: np.ndarray,
    *,
    rng: np.random.Generator,
    weights: np.ndarray | None = None,
    blocks: Sequence[Sequence[int]] | None = None,
) -> DecoderOrder:
    """Greedy removal order of nodes by what decoders can use.

    Start with all nodes in the relay set; the node whose removal keeps I_R largest comes next. It
    is chosen by its score test in the decoders fitted so far (the first-order gain of their
    likelihood), then both decoders are fitted again, and cross-validated.

    Parameters
    ----------
    x_in, x_out
        The concept's value and the network's answer, discrete symbols, (n_sequences,).
    activations
        Real numbers, (n_sequences, n_nodes).
    rng
        Random stream of the folds.
    weights
        Weight of each sequence, (n_sequences,), not negative; None: all equal.
    blocks
        Groups of nodes, indices from 0, that are removed together; None: each node alone.

    Raises
    ------
    TypeError, ValueError
        As `relaylib.greedy_order`, if activations are not finite, there are fewer than five
        sequences of positive weight, or a block is empty or names a node twice.

    References
    ----------
    Xu, Zhao, Song, Stewart and Ermon (2020), A theory of usable information under computational
    constraints, ICLR.
    """
    return walk(decoder_case(x_in, x_out, activations, rng=rng, weights=weights, blocks=blocks))


def decoder_case(
    x_in: Any,
    x_out: Any,
    activations: Any,
    *,
    rng: np.random.Generator,
    weights: Any = None,
    blocks: Sequence[Sequence[int]] | None = None,
) -> DecoderCase:
    """Check one concept and layer for `walk`; arguments and errors as in `decoder_order`."""
    values = check_floats("activations", activations, (None, None))
    x_in = check_symbols("x_in", x_in, (len(values),))
    x_out = check_symbols("x_out", x_out, (len(values),))
    weights = check_weights(weights, len(values))
    counted = weights > 0
    if counted.sum() < N_FOLDS:
        raise ValueError(
            f"x_in must have at least {N_FOLDS} sequences of positive weight, got {counted.sum()}"
        )
    weights = weights[counted]
    x, z = (np.unique(labels[counted], return_inverse=True)[1] for labels in (x_in, x_out))
    columns, block_of = _columns(values[counted], _blocks(blocks, values.shape[1]), weights)
    folds = Folds(stratified_folds(z, N_FOLDS, rng=check_rng(rng)), weights)
    case = DecoderCase(np.eye(x.max() + 1)[x], z, columns, block_of, folds, 1.0)
    return case._replace(ridge=_ridge(case))


def walk(
    case: DecoderCase,
    order: Sequence[int] | np.ndarray | None = None,
    sizes: Sequence[int] | None = None,
) -> DecoderOrder:
    """Remove blocks one after the other: greedily, or in a given order.

    Parameters
    ----------
    case
        From `decoder_case`.
    order
        Blocks, each once; None: the greedy order.
    sizes
        With ``order``: after how many removals decoders are fitted; between these the loss is that
        of the next larger. None: after each.
    """
    with threadpool_limits(1, "blas"):  # matrices are too small for more
        return _walk(case, order, sizes)


def _walk(
    case: DecoderCase, order: Sequence[int] | np.ndarray | None, sizes: Sequence[int] | None
) -> DecoderOrder:
    free = NestedLogistic(case.z, case.folds, np.empty((len(case.z), 0)))
    told = NestedLogistic(case.z, case.folds, case.x)
    weights, rest = case.folds.weights, case.columns.copy()
    found, new, left = list[int](), list[np.ndarray](), list(range(case.n_blocks))
    lost = [np.zeros(len(case.z))]
    whole = free.losses_bits - told.losses_bits
    while left:
        chosen = _next(case, rest, left, free, told) if order is None else order[len(found)]
        left.remove(chosen)
        found.append(chosen)
        basis = _orthonormal(rest[:, case.block_of == chosen], weights)
        rest -= basis @ (basis.T @ (weights[:, None] * rest))
        new.append(basis / np.sqrt(case.ridge))
        if sizes is None or len(found) in sizes or not left:
            for model in (free, told):
                model.add(np.hstack(new))
            after = whole - (free.losses_bits - told.losses_bits)
            lost += [after] * len(new)
            new = []
    lost_bits = np.array(lost)
    means = lost_bits @ weights
    return DecoderOrder(np.array(found), means[-1] - means, lost_bits)


def standard_error(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Standard error of weighted means over the last axis; weights sum to 1."""
    around = values - (values @ weights)[..., None]
    return np.sqrt((around**2) @ weights**2)


def _next(
    case: DecoderCase,
    rest: np.ndarray,
    left: list[int],
    free: NestedLogistic,
    told: NestedLogistic,
) -> int:
    """Return the block that lowers I_V(X_in; X_out | Y_0) least when it joins Y_0."""
    spread = np.sqrt(case.folds.weights @ rest**2)
    scaled = rest / np.maximum(spread, _LEAST_SPREAD)
    lost = np.where(spread < _LEAST_SPREAD, 0.0, _gains(free, scaled) - _gains(told, scaled))
    by_block = np.bincount(case.block_of, lost, minlength=case.n_blocks)
    return min(left, key=lambda block: (round(float(by_block[block]), 12), block))


def _gains(model: NestedLogistic, columns: np.ndarray) -> np.ndarray:
    """Gain of the mean log-likelihood by each column, to first order, in nats."""
    p, weights = model.probabilities(), model.folds.weights[:, None]
    slope = columns.T @ (weights * (np.eye(model.n_classes)[model.z] - p))
    curvature = (columns**2).T @ (weights * p * (1 - p)) + 1 / len(p)
    return (slope**2 / curvature).sum(axis=1) / 2


def _columns(
    values: np.ndarray, blocks: list[list[int]], weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return standardised columns, uncorrelated within each block, and the block of each."""
    centred = values - weights @ values
    spread = np.sqrt(weights @ centred**2)
    scaled = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)
    parts = [
        scaled[:, block] if len(block) == 1 else _orthonormal(scaled[:, block], weights)
        for block in blocks
    ]
    parts = [part if part.shape[1] else np.zeros((len(values), 1)) for part in parts]
    return np.hstack(parts), np.repeat(np.arange(len(parts)), [part.shape[1] for part in parts])


def _orthonormal(columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return uncorrelated columns of variance 1 that span the same, without what is negligible."""
    root = np.sqrt(weights)[:, None]
    u, spread, _ = np.linalg.svd(root * columns, full_matrices=False)
    return u[:, spread > _LEAST_SPREAD] / root


def _blocks(blocks: Any, n_nodes: int) -> list[list[int]]:
    if blocks is None:
        return [[node] for node in range(n_nodes)]
    groups = [
        list(check_all("blocks", block, int)) for block in check_all("blocks", blocks, object)
    ]
    nodes = [check_integer("blocks", node, 0, n_nodes - 1) for group in groups for node in group]
    if not groups or not all(groups) or len(set(nodes)) < len(nodes):
        raise ValueError(f"blocks must hold nodes, each at most once, got {blocks!r}")
    return groups


def _ridge(case: DecoderCase) -> float:
    """Return the penalty with the least held-out loss of a decoder of all nodes."""
    basis = _orthonormal(case.columns, case.folds.weights)
    best, least = RIDGES[-1], np.inf
    with threadpool_limits(1, "blas"):
        for ridge in RIDGES[::-1]:  # weaker ones take longer, and are tried while they help
            model = NestedLogistic(case.z, case.folds, basis / np.sqrt(ridge))
            loss = float(case.folds.weights @ model.losses_bits)
            if loss >= least:
                break
            best, least = ridge, loss
    return best


def plain_usable_entropy(case: DecoderCase, given: Sequence[int], *, told: bool) -> float:
    """H_V(X_out | blocks), or with X_in too, by scikit-learn: slow, short, the reference of `walk`.

    Parameters
    ----------
    case
        From `decoder_case`.
    given
        Blocks whose activations are known, indices from 0.
    told
        Whether X_in is known, too.
    """
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression

    features = [np.zeros((len(case.z), 1))]  # there may be no others
    if given:
        columns = case.columns[:, np.isin(case.block_of, given)]
        features.append(PCA(whiten=True).fit_transform(columns) / np.sqrt(case.ridge))
    known = np.hstack([*features, case.x] if told else features)
    n_classes, losses = int(case.z.max()) + 1, np.empty(len(case.z))
    for fold, weights in enumerate(case.folds.parts()[:-1]):
        trained, out = weights > 0, case.folds.held_out == fold
        n, share = trained.sum(), np.bincount(case.z, weights, n_classes) / weights.sum()
        model = LogisticRegression(C=2.0 if n_classes == 2 else 1.0, tol=1e-8, max_iter=10_000)
        model.fit(known[trained], case.z[trained], n * weights[trained] / weights.sum())
        p = np.zeros((out.sum(), n_classes))
        p[:, model.classes_] = model.predict_proba(known[out])
        p = (1 - 1 / n) * p + (n * share + 0.5) / (n + 0.5 * n_classes) / n
        losses[out] = -np.log2(p[range(len(p)), case.z[out]])
    return float(case.folds.weights @ losses)
