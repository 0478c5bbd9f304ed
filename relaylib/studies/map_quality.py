"""Scores of MM-PHATE maps over several networks: neighbours kept, relaying nodes gathered."""

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from relaylib.core.seeds import stream
from relaylib.core.store import Store
from relaylib.mmphate.neighbourhoods import compare_embeddings
from relaylib.studies.training_history import measure_networks
from relaylib.studies.training_maps import (
    MapCase,
    MapConfig,
    by_cell,
    map_activations,
    map_cases,
    stacked,
)

N_SHUFFLES = 1000


def score_maps(config: MapConfig | None = None, *, store: Store | None = None) -> xr.Dataset:
    """Score small maps of several networks: what neighbours they keep, what nodes they gather.

    Returns
    -------
    xarray.Dataset
        ``preserved_fraction`` (task, architecture, replicate, algorithm, scope) and
        ``chance_fraction`` (..., scope), see `relaylib.mmphate.neighbourhoods.compare_embeddings`;
        ``gathering`` and ``gathering_p`` (task, architecture, replicate, algorithm, concept),
        see `gathering`.
    """
    config, store = config or MapConfig(), store or Store()
    return store.dataset(
        "map-scores",
        config,
        lambda: _score(config, store),
        modules=["relaylib.studies.map_quality"],
    )


def gathering(
    place: np.ndarray, bits: np.ndarray, *, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return whether nodes that relay the same concept lie closer together than any two nodes.

    A node relays where it has at least half of the largest entry of its concept in that slice,
    which must be at least 0.1 bits. Slices count in which at least two nodes relay and one does
    not.

    Parameters
    ----------
    place
        (slice, node, component).
    bits
        Information matrices, (slice, concept, node).
    rng
        Shuffles which node is which, 1000 times, in all slices alike.

    Returns
    -------
    ratio
        (concept,): mean distance of two relaying nodes over that of any two in the slice, mean
        over slices; 1 is no gathering. NaN without such a slice.
    p
        (concept,): share of shuffles with a ratio as small.
    """
    apart = np.linalg.norm(place[:, :, None] - place[:, None], axis=-1)
    n_nodes = apart.shape[1]
    apart /= np.maximum(apart.sum(axis=(1, 2), keepdims=True), 1e-12) / (n_nodes * (n_nodes - 1))
    orders = np.array([np.arange(n_nodes), *(rng.permutation(n_nodes) for _ in range(N_SHUFFLES))])
    found = [_ratios(apart, one, orders) for one in bits.swapaxes(0, 1)]
    ratios = np.stack(found)  # (concept, shuffle), the first of them unshuffled
    p = (ratios <= ratios[:, :1] + 1e-12).mean(axis=1)
    return ratios[:, 0], np.where(np.isnan(ratios[:, 0]), np.nan, p)


def _ratios(apart: np.ndarray, bits: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Mean distance of relaying nodes, (shuffle,), from (slice, node, node) and (slice, node)."""
    largest = bits.max(axis=1, keepdims=True)
    relays = (bits >= largest / 2) & (largest >= 0.1)
    count = relays.sum(axis=1)
    usable = (count >= 2) & (count < bits.shape[1])
    if not usable.any():
        return np.full(len(orders), np.nan)
    member, count = relays[usable].astype(float), count[usable]
    shuffled = member[:, orders]  # (slice, shuffle, node)
    total = np.einsum("sxi,sij,sxj->sx", shuffled, apart[usable], shuffled, optimize=True)
    return (total / (count * (count - 1))[:, None]).mean(axis=0)


def _score(config: MapConfig, store: Store) -> xr.Dataset:
    cells = []
    for case in map_cases(config, store):
        n_scored = min(config.n_scored, len(case.trained.epochs))
        with threadpool_limits(1):  # as in `relaylib.studies.training_maps`: small matrices
            networks = [_score_network(config, case, replicate) for replicate in range(n_scored)]
        cells.append(stacked(networks, "replicate"))
    return by_cell(config, cells)


def _score_network(config: MapConfig, case: MapCase, replicate: int) -> xr.Dataset:
    ensemble, _ = case.network(replicate, config.scored_epochs)
    measured = measure_networks(config.study, case.condition, ensemble, case.trials)
    compared = compare_embeddings(
        map_activations(config, case, ensemble),
        k=config.k,
        random_state=config.study.seed,
        progress=False,
    )
    after = slice(case.condition.task.n_steps - 1, None)
    bits = measured["information_bits"][:, after]
    places = compared.embedding.values[:, :, after]
    rng = stream(config.study.seed, "gathering", replicate)
    found = [
        gathering(place.reshape(-1, *place.shape[2:]), bits.reshape(-1, *bits.shape[2:]), rng=rng)
        for place in places
    ]
    ratio, p = (np.stack(values) for values in zip(*found, strict=True))
    scores = compared[["preserved_fraction", "chance_fraction"]]
    dims = ("algorithm", "concept")
    return scores.assign(gathering=(dims, ratio), gathering_p=(dims, p))
