"""Quality of MM-PHATE maps: neighbours that they preserve, distances between relaying nodes."""

from __future__ import annotations

from functools import partial

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from relaylib.core.checks import check_floats, check_rng
from relaylib.core.seeds import stream
from relaylib.core.store import Store, StoreLike
from relaylib.core.tolerances import LEAST_BITS
from relaylib.mmphate.neighbourhoods import compare_embeddings
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.training import Trained
from relaylib.studies.config import stored
from relaylib.studies.grid import by_condition, stack
from relaylib.studies.training_history import (
    checkpointed_networks,
    measure_networks,
    network_checkpoints,
)
from relaylib.studies.training_maps import MapConfig

N_SHUFFLES = 1000
EQUAL_RATIO = 1e-12  # ratios closer than this differ by rounding


def map_quality(config: MapConfig | None = None, *, store: StoreLike | None = None) -> xr.Dataset:
    """Measure small maps of several networks by MM-PHATE, PCA and t-SNE.

    Returns
    -------
    xarray.Dataset
        ``preserved_fraction`` (task, architecture, replicate, algorithm, scope) and
        ``chance_fraction`` (..., scope), see `relaylib.mmphate.neighbourhoods.compare_embeddings`;
        ``relay_distance_ratio`` and ``relay_distance_p`` (task, architecture, replicate, algorithm,
        concept), see `relay_distance_ratio`, over the steps from the end of the input on.
    """
    return stored("map-quality", config, MapConfig, store, _measure)


def relay_distance_ratio(
    place: np.ndarray, bits: np.ndarray, *, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return whether nodes that relay the same concept are closer together than any two nodes.

    A node relays where it has at least half of the largest entry of its concept in that slice,
    which must be at least 0.1 bits. Only slices count in which at least two nodes relay and at
    least one does not.

    Parameters
    ----------
    place
        Coordinates on the map, (slice, node, component).
    bits
        Information matrices, (slice, concept, node).
    rng
        Permutes the nodes 1000 times, in all slices alike.

    Returns
    -------
    ratio
        (concept,): mean distance of two relaying nodes over that of any two in the slice, mean
        over slices; 1: no closer. NaN without such a slice.
    p
        (concept,): fraction of permutations with a ratio as small.
    """
    # Contiguous: sums must not depend on the memory layout.
    place = np.ascontiguousarray(check_floats("place", place, (None, None, None)))
    bits = check_floats("bits", bits, (len(place), None, place.shape[1]))
    distance = np.linalg.norm(place[:, :, None] - place[:, None], axis=-1)
    n_nodes = distance.shape[1]
    total = np.maximum(distance.sum(axis=(1, 2), keepdims=True), EQUAL_RATIO)
    distance /= total / (n_nodes * (n_nodes - 1))
    rng = check_rng(rng)
    orders = np.array([np.arange(n_nodes), *(rng.permutation(n_nodes) for _ in range(N_SHUFFLES))])
    # (concept, order), the first of them the order of the data
    ratios = np.stack([_ratios(distance, one, orders) for one in bits.swapaxes(0, 1)])
    p = (ratios <= ratios[:, :1] + EQUAL_RATIO).mean(axis=1)
    return ratios[:, 0], np.where(np.isnan(ratios[:, 0]), np.nan, p)


def _ratios(distance: np.ndarray, bits: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Mean distance of relaying nodes, (order,), from (slice, node, node) and (slice, node)."""
    largest = bits.max(axis=1, keepdims=True)
    relays = (bits >= largest / 2) & (largest >= LEAST_BITS)
    count = relays.sum(axis=1)
    usable = (count >= 2) & (count < bits.shape[1])
    if not usable.any():
        return np.full(len(orders), np.nan)
    member, count = relays[usable].astype(float), count[usable]
    shuffled = member[:, orders]  # (slice, order, node)
    total = np.einsum("sxi,sij,sxj->sx", shuffled, distance[usable], shuffled, optimize=True)
    return (total / (count * (count - 1))[:, None]).mean(axis=0)


def _measure(config: MapConfig, store: Store) -> xr.Dataset:
    cells = []
    for condition, trained in checkpointed_networks(config.study, store):
        replicates = np.arange(min(config.n_scored, len(trained.epochs)))
        with threadpool_limits(1):  # threads only slow down matrices this small
            networks = [_measure_one(config, condition, trained, int(r)) for r in replicates]
        cells.append(stack(networks, "replicate").assign_coords(replicate=replicates))
    quality = by_condition(config.study, cells, factors=("task", "architecture"))
    return quality.assign_attrs(seed=config.study.seed, regime=config.study.regimes[0])


def _measure_one(
    config: MapConfig, condition: TrainingConfig, trained: Trained, replicate: int
) -> xr.Dataset:
    study = config.study
    ensemble, _ = network_checkpoints(trained, replicate, n_epochs=config.scored_epochs)
    measured = measure_networks(study, condition, ensemble).rename(network="epoch")
    compared = compare_embeddings(
        measured.activations, k=config.k, random_state=study.seed, progress=False
    )
    after = {"time": slice(study.n_steps, None)}
    rng = stream(study.seed, "gathering", replicate)  # the word only names the stream
    ratio, p = xr.apply_ufunc(
        partial(relay_distance_ratio, rng=rng),
        compared.embedding.sel(after).stack(slice=("epoch", "time")),
        measured.information_bits.sel(after).stack(slice=("epoch", "time")),
        input_core_dims=[["slice", "node", "component"], ["slice", "concept", "node"]],
        output_core_dims=[["concept"], ["concept"]],
        vectorize=True,
    )
    scores = compared[["preserved_fraction", "chance_fraction"]]
    return scores.assign(relay_distance_ratio=ratio, relay_distance_p=p)
