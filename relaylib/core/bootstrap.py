"""The bootstrap: confidence intervals of statistics over replicates."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from relaylib.core.checks import check_choice, check_dims, check_floats, check_integer, check_rng

N_RESAMPLES = 10_000
MAX_RESAMPLES = 1_000_000
_STATISTICS: dict[str, Callable[..., np.ndarray]] = {"mean": np.mean, "median": np.median}


def resampled(
    values: np.ndarray,
    *,
    rng: np.random.Generator,
    statistic: str = "mean",
    n_resamples: int = N_RESAMPLES,
) -> np.ndarray:
    """Return the statistic of resamples of the values, drawn with replacement.

    Parameters
    ----------
    values
        One value per replicate, (n,). A value that is not defined is NaN and left out before
        resampling.
    rng
        Random stream of the resampling.
    statistic
        "mean" or "median".
    n_resamples
        Number of resamples.

    Returns
    -------
    numpy.ndarray
        (n_resamples,); all NaN if no value is defined.

    Raises
    ------
    ValueError, TypeError
        If values are infinite, no numbers or not one-dimensional, or another argument is not as
        above.

    References
    ----------
    Efron (1979), The Annals of Statistics 7, 1-26.
    """
    check_choice("statistic", statistic, tuple(_STATISTICS))
    check_integer("n_resamples", n_resamples, 1, MAX_RESAMPLES)
    check_rng(rng)
    values = check_floats("values", values, (None,), allow_nan=True)
    defined = values[~np.isnan(values)]
    if len(defined) == 0:
        return np.full(n_resamples, np.nan)
    drawn = defined[rng.integers(0, len(defined), (n_resamples, len(defined)))]
    return _STATISTICS[statistic](drawn, axis=1)


def bootstrap_interval(
    values: xr.DataArray, *, rng: np.random.Generator, statistic: str = "mean"
) -> xr.Dataset:
    """Return a statistic over replicates with its 95 % bootstrap percentile interval.

    Parameters
    ----------
    values
        With dimension ``replicate`` and any others; NaN where a value is not defined.
    rng
        Random stream; the other dimensions are resampled one after the other.
    statistic
        "mean" or "median".

    Returns
    -------
    xarray.Dataset
        ``estimate``, ``low``, ``high`` and ``n`` (replicates with a value), without ``replicate``.
        Of fewer than two values there is no interval: NaN.

    Raises
    ------
    ValueError, TypeError
        If values have no labels or no dimension ``replicate``, or as `resampled`.
    """
    check_dims("values", values, ("replicate",))
    check_choice("statistic", statistic, tuple(_STATISTICS))
    check_rng(rng)
    values = values.copy(data=check_floats("values", values.values, (...,), allow_nan=True))

    def interval(column: np.ndarray) -> np.ndarray:
        if np.isfinite(column).sum() < 2:
            return np.full(2, np.nan)
        return np.quantile(resampled(column, rng=rng, statistic=statistic), [0.025, 0.975])

    limits = xr.apply_ufunc(
        interval,
        values,
        input_core_dims=[["replicate"]],
        output_core_dims=[["limit"]],
        vectorize=True,
    )
    return xr.Dataset(
        {
            "estimate": getattr(values, statistic)("replicate"),
            "low": limits.isel(limit=0),
            "high": limits.isel(limit=1),
            "n": values.notnull().sum("replicate"),
        }
    )
