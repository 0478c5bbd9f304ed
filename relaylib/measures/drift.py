"""Whether information stays in its nodes: drift and overlap of information matrices over time."""

import numpy as np
import xarray as xr

from relaylib.core.checks import check_finite, check_integer

MATRIX = ("concept", "node")


def pearson(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pearson's r between paired vectors, r = cov(a, b) / (sd(a) sd(b)).

    Parameters
    ----------
    first, second
        Vectors along the last axis, of one shape (..., n). An information matrix is flattened to
        n = concepts x nodes first.

    Returns
    -------
    numpy.ndarray
        (...), in [-1, 1]; NaN where either vector is constant, for which r is not defined.

    Raises
    ------
    ValueError, TypeError
        If shapes differ, vectors are empty, or values are no finite real numbers.
    """
    first, second = _pair(first, second)
    a = first - first.mean(axis=-1, keepdims=True)
    b = second - second.mean(axis=-1, keepdims=True)
    scale = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    varies = (np.ptp(first, axis=-1) > 0) & (np.ptp(second, axis=-1) > 0)
    return np.divide(
        (a * b).sum(axis=-1), scale, out=np.full(scale.shape, np.nan), where=varies & (scale > 0)
    ).clip(-1, 1)


def overlap(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Overlap of paired vectors, sum of minima over sum of maxima (figure 9).

    1 where both are equal, 0 where no node holds something in both. Signed as it stands: negative
    entries (synergy) count with their sign, and may push it below 0.

    Parameters
    ----------
    first, second
        As in `pearson`, in bits.

    Returns
    -------
    numpy.ndarray
        (...), at most 1; NaN where the maxima sum to 0 or less: there is nothing to overlap.

    Raises
    ------
    ValueError, TypeError
        As `pearson`.

    References
    ----------
    The paper does not define its overlap; this is the weighted Jaccard index.
    """
    first, second = _pair(first, second)
    larger = np.maximum(first, second).sum(axis=-1)
    smaller = np.minimum(first, second).sum(axis=-1)
    return np.divide(smaller, larger, out=np.full(larger.shape, np.nan), where=larger > 0)


def drift(
    information_bits: xr.DataArray, *, lag: int = 1, answer_delay: int = 5, first_time: int = 10
) -> xr.Dataset:
    """Compare each network's information matrix with the one ``lag`` steps later (figures 8, 9).

    All pairs of times from ``first_time`` (the last input) to the answer are compared, and a
    network's pairs averaged. Pairs for which a measure is not defined are left out.

    Parameters
    ----------
    information_bits
        With dimensions regime, replicate, time, concept, node and any others; bits.
    lag
        Steps between the two matrices. Regimes whose answer comes sooner have no pair: NaN.
    answer_delay
        Delay at which random-regime networks are read; fixed regimes have their own.
    first_time
        Time from which on all information is in.

    Returns
    -------
    xarray.Dataset
        ``correlation`` (Pearson's r over concept x node) and ``overlap``, with the remaining
        dimensions; ``correlation_unrelated`` and ``overlap_unrelated``, the same with the later
        matrix taken from the next replicate, as a null (NaN where there is but one);
        ``n_pairs`` (regime).

    Raises
    ------
    ValueError, TypeError
        If a dimension is missing, the times from ``first_time`` to an answer are not all there, or
        lag or delay are out of range.

    References
    ----------
    Hintze, Najam, Schossau (2025), Figs. 8 and 9.
    """
    check_integer("lag", lag, 1)
    check_integer("answer_delay", answer_delay, 0)
    _check_dimensions(information_bits, ("regime", "replicate", "time", *MATRIX))
    by_regime = [
        _regime_drift(information_bits.sel(regime=regime), lag, first_time, delay)
        for regime, delay in answer_delays(information_bits, answer_delay).items()
    ]
    compared = xr.concat(by_regime, dim=information_bits.regime, join="exact")
    order = [dim for dim in information_bits.dims if dim not in ("time", *MATRIX)]
    compared = compared.transpose(*order).assign_attrs(lag=lag, first_time=first_time)
    for name in compared:
        compared[name].attrs["units"] = "1"
    return compared


def answer_delays(information_bits: xr.DataArray, answer_delay: int) -> dict[str, int]:
    """Delay at which the networks of each regime are read: its own, or ``answer_delay``."""
    regimes = information_bits.regime.values.tolist()
    return {name: answer_delay if name == "random" else int(name) for name in regimes}


def persistence(
    information_bits: xr.DataArray, onsets: tuple[int, ...], *, settle: int = 3
) -> xr.DataArray:
    """Pearson's r between a concept's row ``settle`` steps after its onset and at the last step.

    Parameters
    ----------
    information_bits
        With dimensions time, concept, node and any others; bits.
    onsets
        Time at which each concept is shown.
    settle
        Steps that the information has to settle in its nodes.

    Returns
    -------
    xarray.DataArray
        (..., concept); NaN where a row is constant.

    Raises
    ------
    ValueError
        If a dimension is missing, there is not one onset per concept, or ``settle`` leads beyond
        the last step.
    """
    _check_dimensions(information_bits, ("time", *MATRIX))
    times = _onset_times(information_bits, onsets)
    last = int(information_bits.time[-1])
    check_integer("settle", settle, 0, last - max(onsets))
    settled = information_bits.sel(time=times + settle).transpose(..., "node")
    final = information_bits.isel(time=-1).transpose(*settled.dims)
    r = settled.isel(node=0, drop=True).drop_vars("time")
    return r.copy(data=pearson(settled.values, final.values)).assign_attrs(units="1")


def bits_before(information_bits: xr.DataArray, onsets: tuple[int, ...]) -> xr.DataArray:
    """Largest absolute entry about each concept before it is shown (..., concept), bits.

    Arguments and errors as in `persistence`. It should be 0: nothing is known yet.
    """
    _check_dimensions(information_bits, ("time", *MATRIX))
    early = information_bits.time < _onset_times(information_bits, onsets)
    return abs(information_bits).where(early, 0.0).max(["time", "node"])


def median_replicate(values: xr.DataArray) -> xr.DataArray:
    """Label of the replicate with the median value; of an even number the lower middle one.

    Parameters
    ----------
    values
        With dimension replicate and any others; NaN is left out.

    Returns
    -------
    xarray.DataArray
        int, the remaining dimensions.

    Raises
    ------
    ValueError
        If there is no dimension replicate, or values are all NaN somewhere.
    """
    if "replicate" not in values.dims:
        raise ValueError(f"values must have dimension replicate, got {values.dims}")
    if values.isnull().all("replicate").any():
        raise ValueError("values must hold a number for some replicate, got NaN alone")
    middle = values.quantile(0.5, "replicate", method="lower", skipna=True).drop_vars("quantile")
    return abs(values - middle).idxmin("replicate").astype(int).assign_attrs(long_name="replicate")


def _regime_drift(bits: xr.DataArray, lag: int, first_time: int, delay: int) -> xr.Dataset:
    times = np.arange(first_time, first_time + delay + 1)
    missing = sorted(set(times.tolist()) - set(bits.time.values.tolist()))
    if missing:
        raise ValueError(f"information_bits must hold times {times.tolist()}, missing: {missing}")
    flat = bits.sel(time=times).transpose("replicate", ..., "time", *MATRIX)
    values = flat.values.reshape(*flat.shape[:-2], -1)
    before, after = values[..., : max(len(times) - lag, 0), :], values[..., lag:, :]
    other = np.roll(after, 1, axis=0)
    within = {name for name, c in flat.coords.items() if {"time", *MATRIX} & set(c.dims)}
    remaining = flat.drop_vars([*within, "regime"]).isel(time=0, concept=0, node=0)
    compared = xr.Dataset(coords=remaining.coords)
    for name, measure in (("correlation", pearson), ("overlap", overlap)):
        for label, later in ((name, after), (f"{name}_unrelated", other)):
            none = not before.shape[-2] or (later is other and len(other) == 1)
            pairs = np.full((*remaining.shape, 1), np.nan) if none else measure(before, later)
            compared[label] = remaining.dims, _mean_defined(pairs)
    compared["n_pairs"] = (), before.shape[-2]
    return compared


def _mean_defined(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis without NaN; NaN where nothing is left."""
    defined = ~np.isnan(values)
    count = defined.sum(axis=-1)
    total = np.where(defined, values, 0.0).sum(axis=-1)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _pair(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    first = check_finite("first", first, (None,) * max(np.ndim(first), 1)).astype(float)
    return first, check_finite("second", second, first.shape).astype(float)


def _onset_times(information_bits: xr.DataArray, onsets: tuple[int, ...]) -> xr.DataArray:
    if len(onsets) != information_bits.sizes["concept"]:
        wanted = information_bits.sizes["concept"]
        raise ValueError(f"onsets must name one time for each of {wanted} concepts, got {onsets}")
    return xr.DataArray(list(onsets), dims="concept", coords={"concept": information_bits.concept})


def _check_dimensions(values: xr.DataArray, needed: tuple[str, ...]) -> None:
    missing = [name for name in needed if name not in values.dims]
    if missing:
        raise ValueError(f"information_bits must have dimensions {needed}, missing: {missing}")
