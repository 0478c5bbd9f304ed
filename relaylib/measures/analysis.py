"""Relay information of one recorded network, and beside each number whether to believe it."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from scipy.stats import chi2_contingency
from scipy.stats.contingency import crosstab

from relaylib.core.checks import (
    check_all,
    check_bool,
    check_choice,
    check_integer,
    check_rng,
    check_type,
)
from relaylib.core.progress import progress, warn_if_long
from relaylib.core.tolerances import TIE_BITS
from relaylib.information.entropy import mutual_information
from relaylib.information.significance import occupied_fraction
from relaylib.measures.decoder_estimator import Decoder
from relaylib.measures.drift import overlap, pearson
from relaylib.measures.estimators import DIMS, Estimator, PlugIn
from relaylib.measures.groups import group_nodes, joint_states
from relaylib.networks.recording import Recording

ESTIMATORS = ("plugin", "decoder")
"""How information is estimated: from frequencies of symbols, or from what decoders can use."""
_SHUFFLES = {"plugin": 99, "decoder": 19}
_PERMUTATIONS = {"plugin": 100, "decoder": 10}
_CHEAPER = (
    "choose fewer concepts or times, n_permutations=0 (no Shapley values), fewer shuffles, or "
    'groups of nodes, e.g. groups="parts" or groups=16'
)
_CHANCE_P_VALUE = 0.05


class AnswersAtChanceWarning(UserWarning):
    """The answers about a concept tell nothing about it, so that no node can relay it."""


def analyse(
    recording: Recording,
    *,
    rng: np.random.Generator,
    estimator: str = "plugin",
    concepts: Sequence[str] | None = None,
    times: Sequence[float] | None = None,
    groups: Mapping[str, Sequence[Any]] | str | int | None = None,
    n_shuffles: int | None = None,
    n_permutations: int | None = None,
    is_population: bool = False,
) -> xr.Dataset:
    """Analyse a recording: which nodes relay which concept, when, and what chance would give.

    Parameters
    ----------
    recording
        Of one network, e.g. from `relaylib.record_module` or `Recording.from_arrays`; choose of an
        ensemble with ``recording.sel(network=0)``.
    rng
        Random stream of shuffles, permutations and folds.
    estimator
        "plugin": frequencies of the nodes' symbols, as in the paper; exact on a population, and
        right where sequences are many more than joint states. "decoder": what regularised decoders
        of the activations can use, as in `relaylib.information.decoder`; for small samples and
        large layers.
    concepts, times
        Names of concepts and times to analyse; None: all.
    groups
        What is removed as one node: a dictionary of labels of nodes, "parts" of a module, a number
        of clusters, or None for single nodes, as in `relaylib.measures.groups.group_nodes`.
    n_shuffles
        Shuffles of the null, at least 9: states against (concept, answer), the same for all nodes.
        None: 99, or 19 with decoders.
    n_permutations
        Random orders for Shapley values, where they are not exact, which the plug-in's are of up
        to 16 nodes; 0: no Shapley values. None: 100, or 10 with decoders.
    is_population
        Whether the sequences are all that can occur. Then plug-in information is exact, and the
        guard is silent.

    Returns
    -------
    xarray.Dataset
        (time, concept, node): ``information_bits`` and, of a sample, their standard error
        ``error_bits``; the null, ``null_bits`` (mean over shuffles) and ``excess_bits`` (above that
        mean); ``p_value``, the probability that the largest excess of any node at any time about
        that concept reaches this one by chance; ``shapley_bits`` and ``shapley_error_bits`` (0
        where exact). (time, concept): ``total_bits``, ``relay_bits`` (..., set_size),
        ``removal_order`` (..., removal_step). (time): ``occupied_fraction`` of states per sequence;
        ``drift`` (Pearson's r) and ``overlap`` of the matrix with that of the time before, NaN at
        the first. With groups, ``node`` holds their names.

    Warns
    -----
    UndersampledWarning
        With the plug-in as `relaylib.information.significance.warn_if_undersampled`, unless
        ``is_population``: there are too few sequences for so many states, values and answers at
        the time with the most states; ``occupied_fraction`` tells which that is.
    AnswersAtChanceWarning
        If x_out does not depend on x_in (G-test, p > 0.05; of a population, no information at all),
        as where answers are read at the wrong step, or the network has not learned.
    LongRunWarning
        If this is expected to take more than ten minutes, with what to do instead.

    Raises
    ------
    TypeError, ValueError
        If the recording is of several networks, a number is out of range, or there is no such
        concept, time or node (the message lists those there are).

    References
    ----------
    Westfall and Young (1993), Resampling-Based Multiple Testing, for the p-value of the largest;
    Xu et al. (2020), A theory of usable information, for decoders; Ghosh and Motani (2025) for the
    null of usable information.
    """
    data = _chosen(recording, concepts, times)
    check_rng(rng)
    check_choice("estimator", estimator, ESTIMATORS)
    is_population = check_bool("is_population", is_population)
    n_shuffles = _SHUFFLES[estimator] if n_shuffles is None else n_shuffles
    n_permutations = _PERMUTATIONS[estimator] if n_permutations is None else n_permutations
    n_shuffles = check_integer("n_shuffles", n_shuffles, 9, 10**6)
    n_permutations = check_integer("n_permutations", n_permutations, 0, 10**6)
    if n_permutations == 1:
        raise ValueError("n_permutations must be 0 or at least 2, got 1")
    _warn_if_at_chance(data, is_population)
    blocks = group_nodes(data.activations, groups)
    estimates: Estimator = Decoder(data, blocks, rng)
    if estimator == "plugin":
        symbols = data.drop_vars(["activations", "states", "node"])
        symbols = symbols.assign(states=joint_states(data.states, blocks))
        estimates = PlugIn(symbols, is_population, n_permutations > 0)
    seconds = estimates.seconds(n_shuffles, n_permutations)
    warn_if_long(f"analysis by {estimator}", seconds, _CHEAPER)
    found = estimates.orders()
    found = found.assign(_against_null(found.information_bits, estimates, n_shuffles, rng))
    if n_permutations:
        found = found.assign(estimates.shapley(n_permutations, rng))
    found = found.assign(_over_time(found.information_bits))
    found["occupied_fraction"] = occupied_fraction(data.states, limit=1.0)
    numbers = {"n_shuffles": n_shuffles, "n_permutations": n_permutations}
    return found.assign_attrs(estimator=estimator, **numbers)


def _warn_if_at_chance(data: xr.Dataset, is_population: bool) -> None:
    """Warn of the concepts about which the answers say nothing."""
    at_chance, weights = [], data.weights.values if "weights" in data else None
    for name, x_in, x_out in zip(data.concept.values.tolist(), data.x_in, data.x_out, strict=True):
        table = crosstab(x_in, x_out).count
        p_value = chi2_contingency(table, correction=False, lambda_="log-likelihood").pvalue
        bits = mutual_information(x_in.values, x_out.values, weights=weights)
        if bits < TIE_BITS if is_population else p_value > _CHANCE_P_VALUE:
            at_chance.append(f"{name!r} ({bits:.2f} bits, p = {p_value:.2g})")
    if at_chance:
        warnings.warn(
            f"x_out tells nothing about x_in of concept {', '.join(at_chance)}: no node can relay "
            "it. Check the step at which answers are read, the order of the sequences in x_in and "
            "x_out, and the network's accuracy",
            AnswersAtChanceWarning,
            stacklevel=3,
        )


def _chosen(recording: Any, concepts: Any, times: Any) -> xr.Dataset:
    """Return the data of one network at the concepts and times that were chosen."""
    data = check_type("recording", recording, Recording).data
    if "network" in data.dims:
        raise ValueError(
            "recording must be of one network, got dimension network; choose one with "
            "recording.sel(network=...)"
        )
    axis = {"activations": "time", "states": "time", "x_in": "concept", "x_out": "concept"}
    arrays = {
        name: data[name] if dim in data[name].dims else data[name].expand_dims(dim)
        for name, dim in axis.items()
    }
    chosen = xr.Dataset(arrays)
    if "weights" in data:
        counted = data.weights > 0  # a shuffle must not hand states to sequences that do not count
        chosen = chosen.assign(weights=data.weights).isel(sequence=counted.values)
    for dim, wanted in {"concept": concepts, "time": times}.items():
        if wanted is not None:
            chosen = chosen.sel({dim: _labels(f"{dim}s", wanted, chosen[dim].values.tolist())})
    return chosen


def _labels(name: str, wanted: Any, known: list[Any]) -> list[Any]:
    labels = list(check_all(name, wanted, object))
    for label in labels:
        check_choice(name, label, known)
    distinct = {label for label in labels if not isinstance(label, bool)}  # True is no time 1
    if not labels or len(distinct) < len(labels):
        raise ValueError(f"{name} must be distinct labels of {known}, got {wanted!r}")
    return labels


def _against_null(
    bits: xr.DataArray, estimator: Estimator, n_shuffles: int, rng: np.random.Generator
) -> dict[str, xr.DataArray]:
    """Compare with states of whole sequences that are permuted against (x_in, x_out)."""
    n_sequences = estimator.data.sizes["sequence"]
    shuffles = progress(range(n_shuffles), desc="shuffles")
    nulls = xr.concat(
        [estimator.null_bits(rng.permutation(n_sequences)) for _ in shuffles], "shuffle"
    )
    mean = nulls.mean("shuffle", keep_attrs=True)
    excess = bits - mean
    reached = (nulls - mean).max(["time", "node"]) >= excess - TIE_BITS
    p_value = (1 + reached.sum("shuffle")) / (1 + n_shuffles)
    return {
        "null_bits": mean,
        "excess_bits": excess.assign_attrs(units="bit"),
        "p_value": p_value.transpose(*DIMS).assign_attrs(units="1"),
    }


def _over_time(bits: xr.DataArray) -> dict[str, Any]:
    """Compare each matrix with that of the time before."""
    matrices = bits.transpose(*DIMS).values.reshape(bits.sizes["time"], -1)
    found = {}
    for name, measure in (("drift", pearson), ("overlap", overlap)):
        values = np.full(len(matrices), np.nan)
        if len(matrices) > 1:
            values[1:] = measure(matrices[1:], matrices[:-1])
        found[name] = ("time", values, {"units": "1"})
    return found
