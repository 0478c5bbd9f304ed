"""Results on real time series in a few numbers per data set and architecture."""

import numpy as np
import xarray as xr

from relaylib.core.bootstrap import bootstrap_interval
from relaylib.core.checks import (
    check_dataset,
    check_dims,
    check_floats,
    check_integer,
    check_number,
)
from relaylib.core.seeds import stream
from relaylib.networks.cells import ARCHITECTURES
from relaylib.networks.conditions import REGIMES
from relaylib.studies.real_networks import TEST_DELAYS

ANSWERED_AT = (1, 2, 3, 4, 5)
"""Delays over which accuracy is averaged: those of the random regime in training."""


_CONDITION = ("data", "n_nodes", "architecture", "regime", "replicate")
_VARIABLES: dict[str, tuple[str, ...]] = {
    "accuracy": (*_CONDITION, "question", "test_delay"),
    "class_accuracy": (*_CONDITION, "test_delay"),
    **dict.fromkeys(("learned", "correlation", "overlap", "occupied_fraction"), _CONDITION),
    **dict.fromkeys(("own", "others"), ("data", "n_nodes", "architecture", "replicate")),
    **dict.fromkeys(("total_bits", "null_bits"), ("data", "replicate", "time", "concept")),
    "decoded": ("data", "replicate", "time", "question"),
    "n_steps": ("data",),
}


def check_series(series: xr.Dataset) -> xr.Dataset:
    """Return results on real time series, if they are those of a whole study.

    Parameters
    ----------
    series
        From `relaylib.studies.real_series.run_real_series`.

    Raises
    ------
    ValueError, TypeError
        If a variable, a dimension, a label or the seed is missing, or values are no numbers.
    """
    check_dataset("series", series, **_VARIABLES)
    levels = {"architecture": ARCHITECTURES, "regime": REGIMES, "test_delay": TEST_DELAYS}
    for dim, needed in levels.items():
        there = series[dim].values.tolist() if dim in series.coords else []
        if set(needed) - set(there):
            raise ValueError(f"series must have the labels {needed} of {dim}, got {there}")
    for dim in ("time", "concept", "n_nodes"):
        if dim not in series.coords or series[dim].dtype.kind not in "iu":
            raise ValueError(f"series must have whole numbers as labels of {dim}")
    steps = check_floats("series.n_steps", series.n_steps.values, (None,))
    if not np.isin(steps, series.time.values).all():
        raise ValueError(f"series.n_steps must be labels of time, got {steps}")
    for name in _VARIABLES:
        check_floats(f"series.{name}", series[name].values, (...,), allow_nan=True)
    check_integer("seed of series", series.attrs.get("seed"), 0)
    return series


def known_from(total_bits: xr.DataArray, *, share: float = 0.5) -> xr.DataArray:
    """First step from which on a network always relays a share of what it relays at the end.

    Parameters
    ----------
    total_bits
        Bits relayed by all nodes, with dimension time and any others.
    share
        Of the bits at the last time that is defined, in (0, 1].

    Returns
    -------
    xarray.DataArray
        Steps, the remaining dimensions; NaN where less than 0.05 bits are relayed at the end.

    Raises
    ------
    ValueError, TypeError
        If there is no dimension time, or ``share`` is out of range.
    """
    check_dims("total_bits", total_bits, ("time",))
    share = check_number("share", share, 0, 1, above=True)
    last = _last(total_bits, "time")
    too_few = (total_bits < share * last) & total_bits.notnull()
    latest = total_bits.time.where(too_few).max("time").fillna(float(total_bits.time[0]) - 1)
    return (latest + 1).where(last >= 0.05).assign_attrs(units="step")


def real_summary(series: xr.Dataset) -> xr.Dataset:
    """Summarise networks that were trained with random delays.

    Parameters
    ----------
    series
        From `relaylib.studies.real_series.run_real_series`.

    Returns
    -------
    xarray.Dataset
        (data, n_nodes, architecture): ``accuracy`` about the class, mean over delays 1..5 and all
        networks, with its 95 % bootstrap interval ``low``, ``high``; ``n_learned``.
        Of networks of the first size that learned, (data, architecture): ``known_from``, mean step
        from which on half of the bits about the class are relayed; ``bits``, at the answer;
        ``null_bits``, of shuffled states; ``occupied_fraction``; ``decoded``, mean over questions
        at the end of the series.

    Raises
    ------
    ValueError, TypeError
        If a variable is missing.
    """
    random = check_series(series).sel(regime="random")
    answered = random.class_accuracy.sel(test_delay=list(ANSWERED_AT)).mean("test_delay")
    interval = bootstrap_interval(answered, rng=stream(int(series.attrs["seed"]), "real summary"))
    first = random.isel(n_nodes=0)
    bits = _last(first.total_bits, "concept")
    null = _last(first.null_bits, "concept")
    end = {"time": first.n_steps}
    return xr.Dataset(
        {
            "accuracy": interval.estimate,
            "low": interval.low,
            "high": interval.high,
            "n_learned": random.learned.sum("replicate"),
            "known_from": known_from(bits).mean("replicate"),
            "bits": _last(bits, "time").mean("replicate"),
            "null_bits": _last(null, "time").mean("replicate"),
            "occupied_fraction": first.occupied_fraction.mean("replicate"),
            "decoded": first.decoded.mean("question").sel(end, drop=True).mean("replicate"),
        }
    ).drop_vars(["regime", "time"], errors="ignore")


def _last(values: xr.DataArray, dim: str) -> xr.DataArray:
    """Return the last defined value along a dimension; NaN where there is none."""
    position = values[dim].where(values.notnull()).max(dim)
    return values.where(values[dim] == position).max(dim)
