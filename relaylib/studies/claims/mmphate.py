"""The claims that the authors of MM-PHATE make for it, and their rules.

The rules were written down before anything was measured for them, and have not moved since. The
words of verdicts are those of the ledger of the paper's claims.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from relaylib.core.checks import check_choice, check_dataset, check_floats, check_integer
from relaylib.core.seeds import stream
from relaylib.mmphate.communities import COMMUNITIES
from relaylib.mmphate.embeddings import ALGORITHMS
from relaylib.mmphate.map_statistics import STATISTICS
from relaylib.studies.claims.claim import Claim, Group
from relaylib.studies.claims.inputs import Estimate, contrast
from relaylib.studies.claims.rank_tests import (
    Foretold,
    foretold,
    partial_correlation,
    shift_p,
    shifted_correlations,
)
from relaylib.studies.claims.texts import Text

LARGEST_P = 0.05
"""A null is rejected below this probability."""
ENTROPIES = ("intra_step", "inter_step")
CHANCE = ", against chance"
P_OF_SHIFTS, GIVEN_ORDER, OF_DATA = ", p of shifts", ", given the order", ", data in place of map"
"""Endings of the names of groups that are shown for reference."""
MMPHATE_TEXTS = {
    "M1": Text(
        "MM-PHATE keeps communities of nodes better than other methods do",
        "Xie et al. 2024, abstract",
        "On each task, for each of five kinds of communities (nearest nodes of a slice, nearest "
        "epochs, nearest steps of a node, clusters of nodes in a slice, clusters of all points): "
        "what MM-PHATE keeps minus what PCA, t-SNE, Isomap and a diffusion map keep of the same "
        "network. A group holds if all four intervals lie above 0; the one that lies lowest is "
        "shown. For reference, not counted: what MM-PHATE keeps minus chance",
        "one of the other methods keeps as much",
        "Communities are ours: three nearest neighbours, and clusters by Ward's method of z-scored "
        "activations. Twelve nodes are few. All methods draw two dimensions.",
    ),
    "M2": Text(
        "MM-PHATE identifies phases of information processing and compression",
        "Xie et al. 2024, abstract",
        "On each task, for intra-step and inter-step entropy: Spearman correlation between the "
        "displacement on the map from epoch to epoch and the absolute change of the entropy, "
        "minus its mean over circular shifts of the epochs, which keep the autocorrelation of "
        "both. A group holds if the interval over networks lies above 0, and fewer than 5 % of "
        "random shifts (one for each network) give as large a mean. For reference: that p; the "
        "correlation, given the order of epochs, minus 0; and the first difference with the change "
        "of z-scored activations in place of the displacement on the map",
        "the map moves as much where the entropies stay as where they change",
        "The authors print no formula of the entropies; ours is the von Neumann entropy. A trend "
        "that map and entropy share counts for the claim.",
    ),
    "M3": Text(
        "MM-PHATE tells why one model outperforms another",
        "Xie et al. 2024, abstract",
        "On each data set, over networks of all architectures: test accuracy is predicted from one "
        "number about the map (spread of nodes at the last epoch, path, share of the path in the "
        "second half, number of clusters at the last epoch), by a line fitted to the ranks of all "
        "other networks; Spearman correlation of predictions and accuracies, minus that of "
        "predictions from the raw length of the state vector (0 if that is below 0). Intervals are "
        "of 98.75 %, for four numbers. A group holds if one of the four has both its correlation "
        "and this difference above 0; the best is shown. For reference: all correlations, and the "
        "same with the means of each architecture subtracted",
        "no number about the map foretells accuracy better than the length of the state does",
        "Four numbers stand for what a person may see on a map. Only real series are judged: on "
        "the paper's tasks training stops at the same accuracy.",
    ),
}
"""Claims on MM-PHATE with their rules, by number."""
_DIFFERENCE = {
    name: f"{'adjusted Rand index' if name.startswith('clusters') else 'fraction kept'}, difference"
    for name in COMMUNITIES
}
_GAIN = "rank correlation of predictions, minus that from the raw norm"
_FORETOLD = "rank correlation of predictions"
LEAST_NETWORKS = 10
"""Networks on which a prediction is judged."""
_NETWORK = ("task", "architecture", "replicate")
_MEASURED = {
    "kept": (*_NETWORK, "algorithm", "community"),
    "chance": (*_NETWORK, "community"),
    "map_statistic": (*_NETWORK, "statistic"),
    **dict.fromkeys(("displacement", "data_displacement"), (*_NETWORK, "interval")),
    **dict.fromkeys((f"{name}_change_bits" for name in ENTROPIES), (*_NETWORK, "interval")),
    **dict.fromkeys(("activation_norm", "test_accuracy"), _NETWORK),
}


def mmphate_ledger(maps: xr.Dataset) -> list[Claim]:
    """Judge claims M1, M2 and M3 by the rules in ``MMPHATE_TEXTS``.

    Parameters
    ----------
    maps
        From `relaylib.studies.mmphate_study.run_mmphate_study`.

    Raises
    ------
    ValueError, TypeError
        If a variable, a dimension, a label or the seed is missing, or values are no numbers.
    """
    return [judge_mmphate(maps, id) for id in MMPHATE_TEXTS]


def judge_mmphate(maps: xr.Dataset, id: str) -> Claim:
    """Judge one of the claims; arguments and errors as of `mmphate_ledger`."""
    check_choice("id", id, tuple(MMPHATE_TEXTS))
    _check(maps)
    rule = {"M1": _m1, "M2": _m2, "M3": _m3}[id]
    return Claim(id, *MMPHATE_TEXTS[id], tuple(rule(maps)))


def _check(maps: xr.Dataset) -> None:
    check_dataset("maps", maps, **_MEASURED)
    levels = {"algorithm": ALGORITHMS, "community": COMMUNITIES, "statistic": STATISTICS}
    for dim, needed in levels.items():
        there = maps[dim].values.tolist() if dim in maps.coords else []
        if set(needed) - set(there):
            raise ValueError(f"maps must have the labels {needed} of {dim}, got {there}")
    for dim in ("task", "architecture"):
        if dim not in maps.coords:
            raise ValueError(f"maps must have labels of {dim}")
    for name, dims in _MEASURED.items():
        if set(maps[name].dims) != set(dims):
            raise ValueError(f"maps.{name} must have dimensions {dims}, got {maps[name].dims}")
        check_floats(f"maps.{name}", maps[name].values, (...,), allow_nan=True)
    check_integer("seed of maps", maps.attrs.get("seed"), 0)


def _seed(maps: xr.Dataset) -> int:
    return int(maps.attrs["seed"])


def _m1(maps: xr.Dataset) -> Iterator[Group]:
    kept = maps.kept.dropna("replicate", how="all")  # the networks that are compared
    for task in map(str, maps.task.values):
        for community in COMMUNITIES:
            where = {"task": task, "community": community}
            each, quantity = kept.sel(where), _DIFFERENCE[community]
            ours, label = each.sel(algorithm=ALGORITHMS[0]), f"{task} {community}"
            against = {
                name: contrast(
                    (1.0, ours - each.sel(algorithm=name)),
                    seed=_seed(maps),
                    label=f"{label} {name}",
                )
                for name in ALGORITHMS[1:]
            }
            lowest = min(against, key=lambda name: np.nan_to_num(against[name].low, nan=-np.inf))
            found = against[lowest]
            yield _above_zero(f"{label}, against {lowest}", quantity, found, found.low > 0)
            above = contrast((1.0, ours - maps.chance.sel(where)), seed=_seed(maps), label=label)
            yield Group(f"{label}{CHANCE}", quantity, *above, 0.0, None)


def _above_zero(group: str, quantity: str, estimate: Estimate, holds: bool) -> Group:
    """Return the group; what has no interval is not judged."""
    return Group(group, quantity, *estimate, 0.0, holds if estimate.low == estimate.low else None)


def _m2(maps: xr.Dataset) -> Iterator[Group]:
    compared = maps.kept.dropna("replicate", how="all").replicate
    for task in map(str, maps.task.values):
        for entropy in ENTROPIES:
            networks = maps.sel(task=task, replicate=compared)
            yield from _coincidence(networks, entropy, f"{task} {entropy.replace('_', '-')}")


def _coincidence(networks: xr.Dataset, entropy: str, label: str) -> Iterator[Group]:
    """Whether the map moves when one entropy changes."""
    seed, change = _seed(networks), networks[f"{entropy}_change_bits"]
    on_map = _pairs(networks.displacement, change)
    in_data = _pairs(networks.data_displacement, change)
    shifted = [_shifted(*pair) for pair in on_map]
    defined = [one for one in shifted if np.isfinite(one).all()]
    p = shift_p(defined, rng=stream(seed, "shifts", label)) if defined else np.nan
    quantity = "Spearman correlation, minus shifted"
    estimate = contrast((1.0, _excess(shifted, change)), seed=seed, label=label)
    yield _above_zero(label, quantity, estimate, estimate.low > 0 and p < LARGEST_P)
    yield Group(f"{label}{P_OF_SHIFTS}", "p", p, p, p, 0, LARGEST_P, None)
    partial = [partial_correlation(*pair) if pair.shape[1] > 3 else np.nan for pair in on_map]
    given = contrast((1.0, _by_network(partial, change)), seed=seed, label=f"{label} given order")
    yield Group(f"{label}{GIVEN_ORDER}", "partial correlation", *given, 0.0, None)
    excess = _excess([_shifted(*pair) for pair in in_data], change)
    without = contrast((1.0, excess), seed=seed, label=f"{label} data")
    yield Group(f"{label}{OF_DATA}", quantity, *without, 0.0, None)


def _pairs(x: xr.DataArray, y: xr.DataArray) -> list[np.ndarray]:
    """Return the two courses of each network, (2, interval), where both are defined."""
    dims = ("architecture", "replicate", "interval")
    rows = [v.transpose(*dims).values.reshape(-1, v.sizes["interval"]) for v in (x, y)]
    pairs = [np.stack(pair) for pair in zip(*rows, strict=True)]
    return [pair[:, np.isfinite(pair).all(axis=0)] for pair in pairs]


def _shifted(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return shifted_correlations(x, y) if len(x) > 3 else np.full(2, np.nan)


def _excess(shifted: list[np.ndarray], like: xr.DataArray) -> xr.DataArray:
    """Correlation of each network minus the mean of its shifts, (architecture, replicate)."""
    return _by_network([one[0] - one[1:].mean() for one in shifted], like)


def _by_network(values: list[float], like: xr.DataArray) -> xr.DataArray:
    empty = like.isel(interval=0, drop=True).transpose("architecture", "replicate")
    return empty.copy(data=np.reshape(values, empty.shape))


def _m3(maps: xr.Dataset) -> Iterator[Group]:
    for task in map(str, maps.task.values):
        networks = maps[["map_statistic", "activation_norm", "test_accuracy"]].sel(task=task)
        if networks.test_accuracy.isnull().all():
            continue
        yield from _foretelling(networks, task, _seed(maps), counts=True)
        centred = networks - networks.mean("replicate")
        yield from _foretelling(centred, f"{task} within", _seed(maps), counts=False)


def _foretelling(networks: xr.Dataset, label: str, seed: int, *, counts: bool) -> Iterator[Group]:
    """How well each number about the map foretells test accuracy, and the raw norm beside it."""
    flat = networks.stack(network=("architecture", "replicate"))
    whole = flat.dropna("network", how="any")
    n_undefined = int(flat.test_accuracy.notnull().sum()) - whole.sizes["network"]
    if whole.sizes["network"] < LEAST_NETWORKS:
        nothing = (np.nan,) * 3
        yield Group(label, _GAIN, *nothing, n_undefined, 0.0, None)
        return
    norm, accuracy = whole.activation_norm.values, whole.test_accuracy.values

    def judged(name: str, values: np.ndarray) -> Foretold:
        rng = stream(seed, "foretold", label, name)
        return foretold(values, norm, accuracy, rng=rng, level=1 - LARGEST_P / len(STATISTICS))

    found = {
        name: judged(name, whole.map_statistic.sel(statistic=name).values) for name in STATISTICS
    }
    lowest = {name: min(f.correlation.low, f.gain.low) for name, f in found.items()}
    best = max(lowest, key=lambda name: lowest[name])
    holds = lowest[best] > 0 if counts else None
    yield Group(f"{label}, {best}", _GAIN, *found[best].gain, n_undefined, 0.0, holds)
    found["raw norm"] = judged("raw norm", norm)
    for name, one in found.items():
        yield Group(f"{label}, {name}", _FORETOLD, *one.correlation, n_undefined, 0.0, None)
