"""A theory of drift, tested: what the Jacobian of a step says about the nodes of information.

A blank step multiplies differences between states by its Jacobian. Only the leading eigenvalues
lambda_k last, and each turns its direction by theta_k = arg lambda_k. A node's code then correlates
with its own code a step before by cos theta_k; information matrices do not see signs:

    r = mean over the leading k of abs(cos theta_k),

with as many k as there are concepts to remember. Without ``abs`` it is what decoders see.
"""

from itertools import product

import numpy as np
import xarray as xr
from scipy.stats import rankdata

from relaylib.core.checks import check_dataset, check_integer
from relaylib.core.seeds import stream
from relaylib.measures.drift import pearson

PREDICTORS = {
    "theory": "mean |cos θ| of the Jacobian",
    "own weight": "mean |J_ii| / ||J_i||",
    "decoders": "decoding at lag 1",
    "knockouts": "diagonal of the knockouts",
}
N_RESAMPLES = 1000


def predictors(witnesses: xr.Dataset) -> xr.Dataset:
    """Return what should go with drift, one value per network, by the names of `PREDICTORS`.

    Parameters
    ----------
    witnesses
        From `relaylib.studies.witnesses.run_witnesses`, or of `run_intervention`.

    Returns
    -------
    xarray.Dataset
        ``theory`` and ``own weight``, from the Jacobian alone; and the other two witnesses:
        ``decoders``, accuracy at lag 1, and ``knockouts``, minus the causal contrast.

    Raises
    ------
    ValueError, TypeError
        If a variable is missing.
    """
    needed = {"cosine": ("leading",), "self_correlation": (), "contrast": ()}
    check_dataset("witnesses", witnesses, decoding_at_lag=("lag",), **needed)
    return xr.Dataset(
        {
            "theory": abs(witnesses.cosine).mean("leading"),
            "own weight": witnesses.self_correlation,
            "decoders": witnesses.decoding_at_lag.sel(lag=1, drop=True),
            "knockouts": -witnesses.contrast,
        }
    )


def rank_correlations(
    witnesses: xr.Dataset, *, seed: int, against: str = "correlation"
) -> xr.Dataset:
    """Spearman correlation of each predictor with drift across networks, with 95 % intervals.

    Parameters
    ----------
    witnesses
        As in `predictors`, with ``correlation`` and the dimension architecture.
    seed
        Of the bootstrap: networks are drawn anew 1,000 times.
    against
        The variable to predict.

    Returns
    -------
    xarray.Dataset
        ``estimate``, ``low``, ``high``, ``n`` (predictor, group); groups are "all" and the
        architectures. Networks in which either is not defined are left out. The estimate and its
        interval are NaN of fewer than three networks, or where either is the same in all of them.

    Raises
    ------
    ValueError, TypeError
        If a variable or dimension is missing.
    """
    check_integer("seed", seed, 0)
    if not isinstance(against, str):
        raise TypeError(f"against must be the name of a variable, got {against!r}")
    check_dataset("against: witnesses", witnesses, **{against: ("architecture",)})
    found = predictors(witnesses)
    groups = {"all": witnesses.architecture.values}
    groups |= {str(name): [name] for name in witnesses.architecture.values}
    values = np.full((4, len(found), len(groups)), np.nan)
    for (p, name), (g, chosen) in product(enumerate(found), enumerate(groups.values())):
        pair = (each.sel(architecture=chosen) for each in (found[name], witnesses[against]))
        x, y = (each.values.ravel() for each in xr.broadcast(*pair))
        both = np.isfinite(x) & np.isfinite(y)
        rng = stream(seed, "bootstrap", "drift theory", p, g)
        values[:, p, g] = *_spearman(x[both], y[both], rng), both.sum()
    dims = ("predictor", "group")
    names = ("estimate", "low", "high", "n")
    coords = {"predictor": list(found), "group": list(groups)}
    return xr.Dataset({k: (dims, v) for k, v in zip(names, values, strict=True)}, coords)


def _spearman(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[float, ...]:
    """Return Spearman's correlation and its 95 % bootstrap interval.

    They are NaN of fewer than three, or where one of both is the same everywhere.
    """
    if len(x) < 3:
        return (np.nan,) * 3
    drawn = rng.integers(0, len(x), (N_RESAMPLES, len(x)))
    drawn = np.concatenate([np.arange(len(x))[None], drawn])
    r = pearson(rankdata(x[drawn], axis=1), rankdata(y[drawn], axis=1))
    if np.isnan(r).all():
        return (np.nan,) * 3
    low, high = np.nanquantile(r[1:], (0.025, 0.975))
    return float(r[0]), float(low), float(high)
