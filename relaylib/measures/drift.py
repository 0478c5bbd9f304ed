"""Whether information stays in its nodes: drift and overlap of information matrices over time."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import xarray as xr
from scipy.stats import rankdata

from relaylib.core.checks import (
    check_choice,
    check_dims,
    check_floats,
    check_integer,
    check_symbols,
)

MATRIX = ("concept", "node")
Measure = Callable[..., np.ndarray]
Onsets = Sequence[int] | Mapping[str, int]


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


def spearman(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of paired vectors: Pearson's r of their ranks, ties averaged.

    Arguments, result and errors as in `pearson`.
    """
    first, second = _pair(first, second)
    return pearson(rankdata(first, axis=-1), rankdata(second, axis=-1))


def cosine(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Cosine of the angle between paired vectors; NaN where either is zero.

    Arguments, result and errors as in `pearson`.
    """
    first, second = _pair(first, second)
    scale = np.sqrt((first * first).sum(axis=-1) * (second * second).sum(axis=-1))
    product = (first * second).sum(axis=-1)
    return np.divide(product, scale, out=np.full(scale.shape, np.nan), where=scale > 0).clip(-1, 1)


SIMILARITIES: dict[str, Measure] = {
    "pearson": pearson,
    "spearman": spearman,
    "cosine": cosine,
    "overlap": overlap,
}
"""How alike two information matrices are."""


def drift(
    information_bits: xr.DataArray,
    *,
    lag: int = 1,
    answer_delay: int | None = None,
    first_time: int | None = None,
    similarity: str = "pearson",
    skip: int = 0,
) -> xr.Dataset:
    """Compare each network's information matrix with the one ``lag`` steps later (figures 8, 9).

    All pairs of times from the last step of the input to the answer are compared, and averaged
    per network. Pairs for which a measure is not defined are left out.

    Parameters
    ----------
    information_bits
        With dimensions time, concept, node and any others, e.g. regime and replicate; bits.
    lag
        Steps between the matrices, 1 .. last time. NaN where the answer comes sooner.
    answer_delay
        Delay at which the answer is read; None: the coordinate ``answer_delay``, one number or
        one per regime.
    first_time
        Time from which on all information is in; None: the coordinate ``input_end``.
    similarity
        What ``correlation`` is: "pearson", "spearman", "cosine" or "overlap".
    skip
        Steps from ``first_time`` on that are left out.

    Returns
    -------
    xarray.Dataset
        ``correlation`` (by default Pearson's r, over concept x node) and ``overlap``, with the
        remaining dimensions; ``n_pairs``; with a dimension replicate also the null:
        ``correlation_unrelated`` and ``overlap_unrelated``, the same with the later matrix taken
        from the next replicate (NaN where there is but one). Attributes: lag, first_time,
        similarity, skip.

    Raises
    ------
    ValueError, TypeError
        If a dimension is missing, a time is neither given nor a coordinate, the times from
        ``first_time`` to an answer are not all there, or lag or delay are out of range.

    References
    ----------
    Hintze, Najam, Schossau (2025), Figs. 8 and 9.
    """
    lag = check_integer("lag", lag, 1, _last_time(information_bits))
    skip = check_integer("skip", skip, 0, _last_time(information_bits))
    chosen = SIMILARITIES[check_choice("similarity", similarity, SIMILARITIES)]
    delay = _given(information_bits, "answer_delay", answer_delay, "answer_delay")
    first_time = int(_given(information_bits, "first_time", first_time, "input_end"))
    times = np.arange(first_time, first_time + int(delay.max()) + 1)
    _check_times(information_bits, times)
    bits = information_bits.sel(time=times)
    bits = bits.where(bits.time <= first_time + delay, 0.0)  # later entries need not be defined
    check_floats("information_bits", bits.values, (...,))
    later = bits.shift(time=-lag, fill_value=0.0)
    is_pair = (bits.time + lag <= first_time + delay) & (bits.time >= first_time + skip)
    compared = xr.Dataset({"n_pairs": is_pair.sum("time")})
    for name, measure in (("correlation", chosen), ("overlap", overlap)):
        compared[name] = _mean_over_pairs(measure, bits, later, is_pair)
        if "replicate" in bits.dims:
            other, exists = later.roll(replicate=1), bits.sizes["replicate"] > 1
            unrelated = _mean_over_pairs(measure, bits, other, is_pair & exists)
            compared[f"{name}_unrelated"] = unrelated
    for values in compared.values():
        values.attrs["units"] = "1"
    return compared.assign_attrs(lag=lag, first_time=first_time, similarity=similarity, skip=skip)


def persistence(information_bits: xr.DataArray, onsets: Onsets, *, settle: int = 3) -> xr.DataArray:
    """Pearson's r between a concept's row ``settle`` steps after its onset and at the last step.

    Parameters
    ----------
    information_bits
        With dimensions time, concept, node and any others; bits.
    onsets
        Time at which each concept is presented: one per concept in their order, or by name.
    settle
        Steps after the onset until the information is in its nodes.

    Returns
    -------
    xarray.DataArray
        (..., concept); NaN where a row is constant.

    Raises
    ------
    ValueError, TypeError
        If a dimension is missing, there is not one onset per concept, or ``settle`` leads beyond
        the last step.
    """
    times = _onset_times(information_bits, onsets)
    last = _last_time(information_bits)
    check_integer("settle", settle, 0, last - int(times.max()))
    _check_times(information_bits, times.values + settle)
    settled = information_bits.sel(time=times + settle).drop_vars("time")
    final = information_bits.sel(time=last, drop=True)
    r = xr.apply_ufunc(pearson, settled, final, input_core_dims=[["node"], ["node"]])
    return r.transpose(..., "concept").rename("persistence").assign_attrs(units="1")


def bits_before(information_bits: xr.DataArray, onsets: Onsets) -> xr.DataArray:
    """Largest absolute entry about each concept before its onset, (..., concept), bits.

    Arguments and errors as in `persistence`. It should be 0: nothing is known yet.
    """
    times = _onset_times(information_bits, onsets)
    early = information_bits.time < times
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
    check_dims("values", values, ("replicate",))
    check_floats("values", values.values, (...,), allow_nan=True)
    if "replicate" not in values.coords:
        raise ValueError("values must have labels of replicate, got none")
    if values.isnull().all("replicate").any():
        raise ValueError("values must hold a number for some replicate, got NaN alone")
    middle = values.quantile(0.5, "replicate", method="lower", skipna=True).drop_vars("quantile")
    return abs(values - middle).idxmin("replicate").astype(int).assign_attrs(long_name="replicate")


def _mean_over_pairs(
    measure: Measure, bits: xr.DataArray, later: xr.DataArray, is_pair: xr.DataArray
) -> xr.DataArray:
    def of_matrices(*matrices: np.ndarray) -> np.ndarray:
        return measure(*(values.reshape(*values.shape[:-2], -1) for values in matrices))

    values = xr.apply_ufunc(of_matrices, bits, later, input_core_dims=[MATRIX, MATRIX])
    return values.where(is_pair).mean("time")


def _given(bits: xr.DataArray, name: str, value: int | None, coordinate: str) -> xr.DataArray:
    """Return a time that was given, or else the coordinate of the data that holds it."""
    if value is not None:
        return xr.DataArray(check_integer(name, value, 0, _last_time(bits)))
    if coordinate not in bits.coords:
        raise ValueError(f"{name} must be given: information_bits has no coordinate {coordinate}")
    return bits[coordinate].reset_coords(drop=True)


def _last_time(bits: xr.DataArray) -> int:
    """Return the last time of information matrices, after a check of labels and kind of number."""
    check_dims("information_bits", bits, ("time", *MATRIX))
    if "time" not in bits.coords or bits.dtype.kind not in "biuf":
        raise TypeError(f"information_bits must hold numbers at times that have labels, got {bits}")
    return int(check_symbols("information_bits.time", bits.time.values, (None,))[-1])


def _check_times(bits: xr.DataArray, times: np.ndarray) -> None:
    missing = sorted(set(times.tolist()) - set(bits.time.values.tolist()))
    if missing:
        raise ValueError(
            f"information_bits must hold the times {times[0]}..{times[-1]}, missing: {missing}"
        )


def _pair(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    first = check_floats("first", first, (..., None))
    return first, check_floats("second", second, first.shape)


def _onset_times(information_bits: xr.DataArray, onsets: Onsets) -> xr.DataArray:
    last = _last_time(information_bits)
    check_floats("information_bits", information_bits.values, (...,))
    concepts = information_bits.concept
    names = information_bits.coords.get("concept_name", concepts)
    names = (names if names.dims == concepts.dims else concepts).values.tolist()
    if not isinstance(onsets, Mapping | Sequence):
        raise TypeError(f"onsets must be a tuple or a dictionary, got {type(onsets).__name__}")
    by_name = onsets if isinstance(onsets, Mapping) else dict(zip(names, onsets, strict=False))
    if len(onsets) != len(names) or set(by_name) != set(names):
        raise ValueError(f"onsets must name one time for each concept of {names}, got {onsets}")
    times = [check_integer("onsets", by_name[name], 1, last) for name in names]
    return xr.DataArray(times, coords={"concept": concepts})
