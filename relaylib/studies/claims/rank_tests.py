"""Rank correlations with the nulls and intervals that the claims on MM-PHATE are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from relaylib.core.bootstrap import MAX_RESAMPLES, N_RESAMPLES
from relaylib.core.checks import check_floats, check_integer, check_number, check_rng

LEAST_REST = 1e-9  # of the weight of other networks: smaller ones are rounding


class Interval(NamedTuple):
    """An estimate and its interval."""

    estimate: float
    low: float
    high: float


class Foretold(NamedTuple):
    """How well a quantity foretells an outcome, and how much better than a baseline does.

    Attributes
    ----------
    correlation
        Rank correlation of cross-validated predictions and outcomes.
    gain
        That correlation minus the baseline's, which counts as 0 where it is below 0.
    """

    correlation: Interval
    gain: Interval


def shifted_correlations(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Spearman correlations of two courses, the second one shifted in a circle.

    Shifts keep the autocorrelation of both courses and destroy only that changes coincide.

    Parameters
    ----------
    x, y
        (interval,), at least three.

    Returns
    -------
    numpy.ndarray
        (shift,): first as they are, then with y shifted by 1, 2, ... intervals; NaN if one of them
        is constant.

    Raises
    ------
    ValueError, TypeError
        If lengths differ, or values are not finite or too few.
    """
    x = check_floats("x", x, (None,))
    y = check_floats("y", y, (len(x),))
    check_integer("number of intervals in x", len(x), 3)
    first, second = _standard_ranks(x), _standard_ranks(y)
    shifted = np.stack([np.roll(second, shift) for shift in range(len(y))])
    return shifted @ first / len(x)


def shift_p(correlations: Sequence[np.ndarray], *, rng: np.random.Generator) -> float:
    """Return how often random shifts give a mean correlation over networks as large as it is.

    Parameters
    ----------
    correlations
        For each network, those of `shifted_correlations`.
    rng
        Draws 10,000 times a shift for each network, 0 among them.

    Returns
    -------
    float
        p, one-sided, at least 1 in 10,001; NaN if a correlation is not defined.

    Raises
    ------
    ValueError, TypeError
        If there is no network, or an entry is not one-dimensional.
    """
    check_rng(rng)
    if not isinstance(correlations, list | tuple) or not len(correlations):
        raise ValueError(f"correlations must be one array per network, got {correlations!r}")
    each = [check_floats("correlations", one, (None,), allow_nan=True) for one in correlations]
    drawn = sum(one[rng.integers(0, len(one), N_RESAMPLES)] for one in each)
    seen = sum(one[0] for one in each)
    if np.isnan(drawn).any():
        return float("nan")
    as_large = (drawn >= seen - 1e-9 * len(each)).sum()  # equal sums differ by rounding
    return float((1 + as_large) / (1 + N_RESAMPLES))


def partial_correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman correlation of two courses, given the order of their entries.

    What a trend over time explains is taken from the ranks of both; NaN where nothing remains.

    Parameters
    ----------
    x, y
        (interval,), at least four.

    Raises
    ------
    ValueError, TypeError
        If lengths differ, or values are not finite or too few.
    """
    x = check_floats("x", x, (None,))
    y = check_floats("y", y, (len(x),))
    check_integer("number of intervals in x", len(x), 4)
    order = _standard_ranks(np.arange(len(x)))
    first, second = (_without(_standard_ranks(values), order) for values in (x, y))
    return float(first @ second / len(x))


def predictions(values: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """Predict the outcome of each network by a line fitted to the others: leave-one-out.

    y_i - (y_i - f_i) / (1 - h_i), with the line f fitted to all networks and leverages h.

    Parameters
    ----------
    values
        (network,): the predictor; the line is fitted to its ranks.
    outcomes
        (network,), at least three.

    Returns
    -------
    numpy.ndarray
        (network,).

    Raises
    ------
    ValueError, TypeError
        If lengths differ, or values are not finite or too few.

    References
    ----------
    Allen (1974), Technometrics 16, 125-127 (the prediction sum of squares).
    """
    values = check_floats("values", values, (None,))
    outcomes = check_floats("outcomes", outcomes, (len(values),))
    check_integer("number of networks in values", len(values), 3)
    n, x = len(values), _standard_ranks(values)
    x = np.zeros(n) if np.isnan(x).any() else x  # all are equal: predicted by the mean
    fitted = outcomes.mean() + x * (x @ outcomes) / n
    rest = 1 - (1 + x**2) / n  # one minus the leverage
    alone = rest < LEAST_REST  # all others are equal: predicted by their mean
    mean_of_others = (outcomes.sum() - outcomes) / (n - 1)
    left_out = outcomes - (outcomes - fitted) / np.where(alone, 1, rest)
    return np.where(alone, mean_of_others, left_out)


def foretold(
    values: np.ndarray,
    baseline: np.ndarray,
    outcomes: np.ndarray,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = N_RESAMPLES,
) -> Foretold:
    """Return how well values foretell outcomes, and how much better than a baseline does.

    Parameters
    ----------
    values, baseline
        (network,): the two predictors, each used as in `predictions`.
    outcomes
        (network,).
    rng
        Resamples networks, with their predictions.
    level
        Of the percentile intervals, between 0 and 1.
    n_resamples
        Number of resamples.

    Returns
    -------
    Foretold

    Raises
    ------
    ValueError, TypeError
        As `predictions`, or if the level is out of range.
    """
    level = check_number("level", level, 0, 1, above=True)
    check_integer("n_resamples", n_resamples, 1, MAX_RESAMPLES)
    own = predictions(values, outcomes)
    check_floats("baseline", baseline, own.shape)
    pairs = np.stack([own, predictions(baseline, outcomes), outcomes])
    drawn = check_rng(rng).integers(0, len(own), (n_resamples, len(own)))
    indices = np.vstack([np.arange(len(own)), drawn])  # the first as they are
    ranks = _standard_ranks(pairs[:, indices])  # (quantity, resample, network)
    correlation, base = (np.nan_to_num((r * ranks[2]).mean(axis=-1)) for r in ranks[:2])
    limits = [(1 - level) / 2, (1 + level) / 2]
    own_and_gain = (correlation, correlation - base.clip(min=0))
    return Foretold(*(Interval(q[0], *np.quantile(q[1:], limits)) for q in own_and_gain))


def _standard_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks along the last axis, of mean 0 and mean square 1; NaN where all are equal."""
    ranks = rankdata(values, axis=-1)
    return _standardised(ranks)


def _standardised(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(axis=-1, keepdims=True)
    size = np.sqrt((centred**2).mean(axis=-1, keepdims=True))
    unit = np.full_like(centred, np.nan)
    return np.divide(centred, size, out=unit, where=size > 1e-9)


def _without(ranks: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Standardised rest of the ranks after their regression on the order."""
    return _standardised(ranks - (ranks @ order / len(order)) * order)
