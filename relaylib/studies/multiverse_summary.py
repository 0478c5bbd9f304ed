"""What a multiverse says: how often each claim holds, and which choices decide.

A universe is one of several analyses of one way of training, so that ways of training are the
independent units: intervals come from drawing them anew.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from sklearn.ensemble import ExtraTreesRegressor

from relaylib.core.checks import check_dataset, check_integer
from relaylib.core.seeds import stream
from relaylib.studies.choices import ANALYSIS, TRAINING
from relaylib.studies.verdicts import VERDICTS

CHOICES = (*TRAINING, *ANALYSIS)
_INTERVAL = (0.025, 0.975)
_MOST_DRAWS = 10_000
_N_TREES = 200
_N_PAIRS = 2048  # of points at which the surrogate is asked, for each choice


def holding_shares(found: xr.Dataset, *, seed: int, n_resamples: int = 1000) -> xr.Dataset:
    """Return the share of universes with each verdict, claim by claim.

    Parameters
    ----------
    found
        From `relaylib.studies.multiverse_run.run_multiverse`.
    seed, n_resamples
        Of the bootstrap over ways of training.

    Returns
    -------
    xarray.Dataset
        ``share``, ``low``, ``high`` (claim, verdict), the last two a 95 % interval,
        NaN for a claim that fewer than two ways of training let judge;
        ``n_universes`` (claim) in which the claim could be judged.

    Raises
    ------
    ValueError, TypeError
        If ``found`` holds no universes that fill the space, or a number is out of range.
    """
    found, units = _checked(found)
    n_resamples = check_integer("n_resamples", n_resamples, 2, _MOST_DRAWS)
    rng = stream(check_integer("seed", seed, 0), "bootstrap", "multiverse shares")
    judged = found.verdict.values != VERDICTS.index("not judged")
    names = [name for name in VERDICTS if name != "not judged"]
    is_it = np.stack([found.verdict.values == VERDICTS.index(name) for name in names], axis=-1)
    per_unit = np.stack([is_it[rows].sum(axis=0) for rows in units])  # (unit, claim, verdict)
    n_per_unit = np.stack([judged[rows].sum(axis=0) for rows in units])
    drawn = rng.integers(0, len(units), (n_resamples, len(units)))
    with np.errstate(invalid="ignore"):
        share = per_unit.sum(axis=0) / n_per_unit.sum(axis=0)[:, None]
        again = per_unit[drawn].sum(axis=1) / n_per_unit[drawn].sum(axis=1)[..., None]
    low, high = np.nanquantile(again, _INTERVAL, axis=0)
    alone = (n_per_unit > 0).sum(axis=0) < 2
    low[alone], high[alone] = np.nan, np.nan
    dims = ("claim", "verdict")
    values = {"share": (dims, share), "low": (dims, low), "high": (dims, high)}
    counts = {"n_universes": ("claim", judged.sum(axis=0))}
    return xr.Dataset(values | counts, {"claim": found.claim.values, "verdict": names})


def effects(found: xr.Dataset, *, seed: int, n_resamples: int = 200) -> xr.Dataset:
    """Return how much of a claim's estimates across universes each choice explains.

    *Main effect*: the variance of the means of its levels over the variance of all (the first-order
    Sobol index), minus what shuffled levels give. *Total effect*: with its interactions, from a
    surrogate (extremely randomised trees) asked at pairs of points that differ in that choice alone
    (Jansen's estimator).

    Parameters
    ----------
    found
        As in `holding_shares`. Universes without an estimate are left out.
    seed, n_resamples
        Of the bootstrap over ways of training, of the shuffles and of the surrogate.

    Returns
    -------
    xarray.Dataset
        ``main``, ``main_low``, ``main_high``, ``total`` (claim, choice); ``surrogate_r2`` (claim),
        the surrogate's share of variance explained in ways of training it was not fitted to. NaN
        for a claim whose estimates do not vary, or that fewer than four ways of training have.

    Raises
    ------
    ValueError, TypeError
        As `holding_shares`.

    References
    ----------
    Saltelli et al. (2010), Variance based sensitivity analysis of model output. Geurts, Ernst and
    Wehenkel (2006), Extremely randomized trees.
    """
    found, units = _checked(found)
    n_resamples = check_integer("n_resamples", n_resamples, 2, _MOST_DRAWS)
    check_integer("seed", seed, 0)
    levels = np.stack([found[choice].values for choice in CHOICES], axis=1)
    n_claims = found.sizes["claim"]
    main = np.full((3, n_claims, len(CHOICES)), np.nan)
    total, r2 = np.full((n_claims, len(CHOICES)), np.nan), np.full(n_claims, np.nan)
    for c, claim in enumerate(found.claim.values):
        estimate = found.estimate.values[:, c].astype(float)
        rng = stream(seed, "multiverse effects", str(claim))
        known = estimate[np.isfinite(estimate)]
        if len(known) and known.var() > 0:
            main[:, c] = _main_effects(estimate, levels, units, n_resamples, rng)
            total[c], r2[c] = _total_effects(estimate, levels, units, rng)
    dims = ("claim", "choice")
    names = ("main", "main_low", "main_high")
    values = {name: (dims, each) for name, each in zip(names, main, strict=True)}
    return xr.Dataset(
        values | {"total": (dims, total), "surrogate_r2": ("claim", r2)},
        {"claim": found.claim.values, "choice": list(CHOICES)},
    )


def shuffled_curves(found: xr.Dataset, *, seed: int, n_draws: int = 1000) -> xr.Dataset:
    """Test the curve of claim C9 as a whole against curves with shuffled labels of architecture.

    The estimate of a universe is the drift r of gated networks minus that of RNNs, mean over tasks,
    fixed regimes and both gated architectures. Under the null the three labels are exchangeable:
    each way of training has them permuted, in all its analyses alike.

    Parameters
    ----------
    found
        As in `holding_shares`, with ``drift_r``.
    seed, n_draws
        Of the permutations.

    Returns
    -------
    xarray.Dataset
        ``estimate`` (universe,); ``null`` (draw, rank): sorted estimates of each draw;
        ``median`` and ``positive_fraction`` of the estimates with ``median_p`` and ``positive_p``,
        the probability of as much under the null.

    Raises
    ------
    ValueError, TypeError
        As `holding_shares`.

    References
    ----------
    Simonsohn, Simmons and Nelson (2020), Specification curve analysis, third step.
    """
    found, units = _checked(found)
    dims = ("universe", "task", "architecture", "regime")
    check_dataset("found", found, drift_r=dims)
    _check_no_more("found.drift_r", found.drift_r, dims)
    n_draws = check_integer("n_draws", n_draws, 2, _MOST_DRAWS)
    rng = stream(check_integer("seed", seed, 0), "multiverse", "shuffled labels")
    fixed = found.drift_r.sel(regime=found.regime != "random")
    n_known = fixed.count(["task", "regime"])  # a mean of nothing is unknown
    r = (fixed.sum(["task", "regime"]) / n_known.where(n_known > 0)).transpose("universe", ...)
    rnn = _position_of_rnn(found.architecture)
    unit_of = np.empty(found.sizes["universe"], int)
    for number, rows in enumerate(units):
        unit_of[rows] = number

    def gated_minus(column: np.ndarray) -> np.ndarray:
        one = np.take_along_axis(r.values, column[:, None], axis=1)[:, 0]
        return (r.values.sum(axis=1) - one) / (r.sizes["architecture"] - 1) - one

    estimate = gated_minus(np.full(len(unit_of), rnn))
    known = np.isfinite(estimate)
    if not known.any():
        raise ValueError("found.drift_r must have a value of every architecture in one universe")
    columns = rng.integers(0, r.sizes["architecture"], (n_draws, len(units)))
    null = np.sort([gated_minus(column[unit_of])[known] for column in columns], axis=1)
    median, positive = np.median(estimate[known]), (estimate[known] > 0).mean()
    reached = np.median(null, axis=1) >= median, (null > 0).mean(axis=1) >= positive
    p = [float((1 + found_so.sum()) / (1 + n_draws)) for found_so in reached]
    return xr.Dataset(
        {
            "estimate": ("universe", estimate),
            "null": (("draw", "rank"), null),
            "median": float(median),
            "median_p": p[0],
            "positive_fraction": float(positive),
            "positive_p": p[1],
        }
    )


def _position_of_rnn(architecture: xr.DataArray) -> int:
    names = architecture.values.tolist()
    if "RNN" not in names or len(names) < 2:
        raise ValueError(f"found.architecture must hold RNN and another one, got {names}")
    return names.index("RNN")


def _checked(found: xr.Dataset) -> tuple[xr.Dataset, list[np.ndarray]]:
    """Return the dataset in order, and the positions of the universes of each way of training."""
    dims = {"verdict": ("universe", "claim"), "estimate": ("universe", "claim")}
    for name, needed in (dims | dict.fromkeys(CHOICES, ("universe",))).items():
        check_dataset("found", found, **{name: needed})
        _check_no_more("found." + name, found[name], needed)
    if "training" not in found.coords:
        raise ValueError("found must say the way of training of each universe, in training")
    ways = found.training.values
    units = [np.flatnonzero(ways == way) for way in np.unique(ways)]
    return found.transpose("universe", "claim", ..., missing_dims="ignore"), units


def _check_no_more(name: str, values: xr.DataArray, dims: tuple[str, ...]) -> None:
    if set(values.dims) != set(dims):
        raise ValueError(f"{name} must have the dimensions {dims} alone, got {values.dims}")


def _explained(estimate: np.ndarray, level: np.ndarray) -> float:
    """Variance of the means of levels over the variance of all: eta squared."""
    known = np.isfinite(estimate)
    y, x = estimate[known], level[known]
    if len(y) < 2 or y.var() == 0:
        return np.nan
    counts = np.bincount(x)
    means = np.bincount(x, weights=y) / np.maximum(counts, 1)
    return float((counts * (means - y.mean()) ** 2).sum() / len(y) / y.var())


def _main_effects(
    estimate: np.ndarray,
    levels: np.ndarray,
    units: list[np.ndarray],
    n_resamples: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the main effect of each choice and its interval, (3, choice)."""
    found = np.empty((3, levels.shape[1]))
    shuffles = [np.concatenate([units[i] for i in rng.permutation(len(units))]) for _ in range(20)]
    order = np.concatenate(units)
    drawn = [
        np.concatenate([units[i] for i in rng.integers(0, len(units), len(units))])
        for _ in range(n_resamples)
    ]
    for k, choice in enumerate(CHOICES):
        level = levels[:, k]
        if choice in TRAINING:  # the same for all analyses of a way of training
            shuffled = [(estimate[order], level[rows]) for rows in shuffles]
        else:
            shuffled = [(estimate, rng.permutation(level)) for _ in shuffles]
        chance = np.mean([_explained(*pair) for pair in shuffled])
        again = [_explained(estimate[rows], level[rows]) for rows in drawn]
        found[:, k] = (
            _explained(estimate, level) - chance,
            *(np.quantile(again, _INTERVAL) - chance),
        )
    return found


def _total_effects(
    estimate: np.ndarray, levels: np.ndarray, units: list[np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Return the total effect of each choice on the surrogate, and how good the surrogate is.

    NaN if fewer than four ways of training have an estimate: no half of them could be fitted.
    """
    known = [rows[np.isfinite(estimate[rows])] for rows in units]
    known = [rows for rows in known if rows.size]
    if len(known) < 4:
        return np.full(levels.shape[1], np.nan), np.nan

    def fitted(rows: np.ndarray) -> ExtraTreesRegressor:
        trees = ExtraTreesRegressor(_N_TREES, min_samples_leaf=2, random_state=0, n_jobs=1)
        return trees.fit(levels[rows], estimate[rows])

    half, other = np.concatenate(known[1::2]), np.concatenate(known[::2])
    r2 = fitted(half).score(levels[other], estimate[other])
    surrogate = fitted(np.concatenate(known))
    counts = levels.max(axis=0) + 1
    points = rng.integers(0, counts, (_N_PAIRS, levels.shape[1]))
    at = surrogate.predict(points)
    total = np.empty(levels.shape[1])
    for k in range(levels.shape[1]):
        moved = points.copy()
        moved[:, k] = rng.integers(0, counts[k], len(points))
        total[k] = ((at - surrogate.predict(moved)) ** 2).mean() / 2
    return total / at.var(), float(r2)
