"""Relay information of one recorded network, and beside each number whether to believe it."""

from typing import Any

import numpy as np
import xarray as xr

from relaylib.core.checks import check_integer, check_rng, check_type
from relaylib.core.progress import progress
from relaylib.core.tolerances import TIE_BITS
from relaylib.information.exact import exact_summaries, sampled_shapley
from relaylib.information.relay import greedy_orders, node_values
from relaylib.information.significance import occupied_fraction
from relaylib.networks.recording import Recording

EXACT_NODES = 12
"""Largest layer of which all relay sets are evaluated; above, Shapley values are sampled."""
_CASE = ("x_in", "x_out", "states")


def analyse(
    recording: Recording,
    *,
    rng: np.random.Generator,
    n_shuffles: int = 99,
    n_permutations: int = 100,
    is_population: bool = False,
) -> xr.Dataset:
    """Analyse a recording: which nodes relay which concept, when, and what chance would give.

    Parameters
    ----------
    recording
        Of one network, e.g. from `relaylib.record_module` or `Recording.from_arrays`; choose of an
        ensemble with ``recording.sel(network=0)``.
    rng
        Random stream of shuffles and permutations.
    n_shuffles
        Shuffles of the null, at least 9: states against (concept, answer), the same for all nodes.
    n_permutations
        Random orders for Shapley values of layers of more than 12 nodes.
    is_population
        Whether the sequences are all that can occur. Then plug-in information is exact, and the
        guard is silent.

    Returns
    -------
    xarray.Dataset
        (time, concept, node): ``information_bits``; its null, ``null_bits`` (mean over shuffles)
        and ``excess_bits`` (above that mean); ``p_value``, the probability that the largest excess
        of any node at any time about that concept reaches this one by chance; ``shapley_bits`` and
        ``shapley_error_bits`` (0 where exact). (time, concept): ``total_bits``, ``relay_bits``
        (..., set_size), ``removal_order`` (..., removal_step). (time): ``occupied_fraction``.

    Warns
    -----
    UndersampledWarning
        As `relaylib.information.significance.warn_if_undersampled`, unless ``is_population``: there
        are too few sequences for so many states, concepts' values and answers.

    Raises
    ------
    TypeError, ValueError
        If the recording is of several networks, or a number is out of range.

    References
    ----------
    Westfall and Young (1993), Resampling-Based Multiple Testing, for the p-value of the largest.
    """
    data = check_type("recording", recording, Recording).data
    if "network" in data.dims:
        raise ValueError(
            "recording must be of one network, got dimension network; choose one with "
            "recording.sel(network=...)"
        )
    check_rng(rng)
    n_shuffles = check_integer("n_shuffles", n_shuffles, 9, 10**6)
    n_permutations = check_integer("n_permutations", n_permutations, 2, 10**6)
    check_type("is_population", is_population, bool)
    case = {name: data[name] for name in _CASE}
    weights = data.get("weights")
    removal = greedy_orders(**case, weights=weights, is_population=is_population)
    bits = node_values(*removal).sel(node=data.node)
    against_null = _against_null(bits, case, weights, n_shuffles, rng)
    return xr.Dataset(
        {
            "information_bits": bits,
            **against_null,
            **_shapley(bits, case, weights, n_permutations, rng),
            "total_bits": removal.relay_bits.isel(set_size=0, drop=True),
            "relay_bits": removal.relay_bits,
            "removal_order": removal.order,
            "occupied_fraction": occupied_fraction(data.states, limit=1.0),
        },
        attrs={"n_shuffles": n_shuffles, "n_permutations": n_permutations},
    )


def _against_null(
    bits: xr.DataArray,
    case: dict[str, xr.DataArray],
    weights: xr.DataArray | None,
    n_shuffles: int,
    rng: np.random.Generator,
) -> dict[str, xr.DataArray]:
    """Compare with states of whole sequences that are permuted against (x_in, x_out)."""
    states, shuffled_bits = case["states"], []
    for _ in progress(range(n_shuffles), desc="shuffles"):
        shuffled = states.isel(sequence=rng.permutation(states.sizes["sequence"]))
        shuffled = shuffled.assign_coords(sequence=states.sequence)
        pairs = case["x_in"], case["x_out"]
        removal = greedy_orders(shuffled, *pairs, weights=weights, is_population=True)  # no guard
        null = node_values(*removal)
        shuffled_bits.append(null.sel(node=bits.node))
    nulls = xr.concat(shuffled_bits, "shuffle")
    mean = nulls.mean("shuffle", keep_attrs=True)
    excess = bits - mean
    reached = (nulls - mean).max(["time", "node"]) >= excess - TIE_BITS
    p_value = (1 + reached.sum("shuffle")) / (1 + n_shuffles)
    return {"null_bits": mean, "excess_bits": excess, "p_value": p_value.transpose(*bits.dims)}


def _shapley(
    like: xr.DataArray,
    case: dict[str, xr.DataArray],
    weights: xr.DataArray | None,
    n_permutations: int,
    rng: np.random.Generator,
) -> dict[str, xr.DataArray]:
    if case["states"].sizes["node"] <= EXACT_NODES:
        summaries: Any = exact_summaries(**case, weights=weights, is_population=True)
        exact = summaries.shapley_bits
        return {"shapley_bits": exact, "shapley_error_bits": xr.zeros_like(exact)}
    shapley_bits, errors = xr.zeros_like(like), xr.zeros_like(like)
    cells = [{"time": t, "concept": c} for t in like.time.values for c in like.concept.values]
    for cell in progress(cells, desc="Shapley values"):
        one = (
            case[name].sel({k: v for k, v in cell.items() if k in case[name].dims})
            for name in _CASE
        )
        how: Any = {"n_permutations": n_permutations, "rng": rng, "weights": weights}
        sampled = sampled_shapley(*one, **how, is_population=True)  # analyse has warned
        shapley_bits.loc[cell] = sampled.shapley_bits.sel(node=like.node)
        errors.loc[cell] = sampled.standard_error_bits.sel(node=like.node)
    return {"shapley_bits": shapley_bits, "shapley_error_bits": errors}
