"""Results on real time series in a few numbers per data set and architecture."""

import xarray as xr

from relaylib.core.bootstrap import bootstrap_interval
from relaylib.core.checks import check_dataset, check_dims, check_number
from relaylib.core.seeds import stream

ANSWERED_AT = (1, 2, 3, 4, 5)
"""Delays over which accuracy is averaged: those of the random regime in training."""


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
    check_dataset("series", series, class_accuracy=("regime", "replicate", "test_delay"))
    random = series.sel(regime="random")
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
