"""Orders of nodes on the populations of the paper's study, where the plug-in is exact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr
from scipy.stats import kendalltau
from threadpoolctl import threadpool_limits

from relaylib.core.checks import check_symbols, check_type
from relaylib.core.progress import progress
from relaylib.core.seeds import stream
from relaylib.core.store import Store, StoreLike
from relaylib.information.relay import relay_information
from relaylib.networks.recording import Recording
from relaylib.studies.config import stored
from relaylib.studies.estimator_config import PLUGIN, SCORES, EstimatorConfig
from relaylib.studies.grid import by_condition
from relaylib.studies.node_scores import Layer, node_order
from relaylib.studies.study import load_ensemble, record_condition

RELABELLED = "plug-in, nodes relabelled"
"""The plug-in's own order of the nodes in another order: it breaks ties differently."""
_LEAST_SEQUENCES = 40  # so that each of five folds of a population of eight sequences has them all


def population_orders(config: EstimatorConfig, *, store: StoreLike | None = None) -> xr.Dataset:
    """Compare the orders of nodes by every score with the plug-in's, on whole populations.

    Orders are those at the end of the input. Populations of fewer than 40 sequences are repeated,
    so that decoders are tested on sequences that they have seen: nothing is unseen in a population.

    Returns
    -------
    xarray.Dataset
        (task, architecture, regime, replicate, order), mean over concepts: ``kendall_tau`` of an
        order and the plug-in's, 0 for random orders; ``relay_share``, plug-in relay information,
        here exact, of the last 1 to 11 nodes of an order, summed, over the same sum for the
        plug-in's (NaN if that is 0). ``order`` is one of the scores, or the plug-in's order of
        relabelled nodes.
    """
    return stored("population-orders", config, EstimatorConfig, store, _measure).drop_attrs(
        deep=False
    )


def _measure(config: EstimatorConfig, store: Store) -> xr.Dataset:
    study = config.study()
    cells = []
    conditions = list(study.conditions())
    with threadpool_limits(1):
        for condition in progress(conditions, desc="orders on populations", unit="condition"):
            levels = condition.task.name, condition.architecture, condition.regime
            ensemble = load_ensemble(study, *levels, store=store)
            recording = record_condition(study, condition, ensemble).sel(time=study.n_steps)
            key = (config.seed, "population orders", *levels)
            cells.append(_of_condition(recording, key))
    found = by_condition(study, cells)
    return found.drop_vars(
        ["input_end", "answer_delay", "concept", "concept_name"], errors="ignore"
    )


def _of_condition(recording: Recording, key: tuple[int, str, str, str, str]) -> xr.Dataset:
    seed, *words = key
    n_networks = recording.activations.sizes["network"]
    values = np.empty((2, n_networks, len(ORDERS)))
    for network in range(n_networks):
        layer = _layer(recording.sel(network=network))
        states = recording.states.sel(network=network).transpose("sequence", "node").values
        values[:, network] = compare_orders(layer, states, rng=stream(seed, *words, network))
    dims = ("replicate", "order")
    by_name = {"kendall_tau": (dims, values[0]), "relay_share": (dims, values[1])}
    return xr.Dataset(by_name, {"order": list(ORDERS), "replicate": np.arange(n_networks)})


ORDERS = (RELABELLED, *SCORES[1:])
"""The orders that are compared with the plug-in's."""


def _layer(recording: Recording) -> Layer:
    dims = ("concept", "sequence")
    return Layer(
        recording.activations.transpose("sequence", "node").values,
        recording.x_in.transpose(*dims).values.astype(int),
        recording.data.x_out.transpose(*dims).values.astype(int),
    )


def compare_orders(
    layer: Layer, states: np.ndarray, *, rng: np.random.Generator
) -> tuple[list[float], list[float]]:
    """Compare the orders of one layer with the plug-in's, mean over concepts.

    Parameters
    ----------
    layer
        Activations, concepts and answers of a whole population.
    states
        Symbols of the activations, (sequence, node).
    rng
        Random stream of the relabelling and of decoders.

    Returns
    -------
    kendall_tau, relay_share
        For each of `ORDERS`, as in `population_orders`.
    """
    check_type("layer", layer, Layer)
    states = check_symbols("states", states, layer.activations.shape)
    reference = node_order(layer, PLUGIN, rng=rng)
    places = rng.permutation(states.shape[1])
    mixed = replace(layer, activations=layer.activations[:, places])
    orders = {RELABELLED: places[node_order(mixed, PLUGIN, rng=rng)]}
    n_times = -(-_LEAST_SEQUENCES // len(states))
    repeated = Layer(
        np.tile(layer.activations, (n_times, 1)),
        np.tile(layer.x_in, n_times),
        np.tile(layer.x_out, n_times),
    )
    orders |= {score: node_order(repeated, score, rng=rng) for score in SCORES[1:]}
    taus, shares = list[float](), list[float]()
    for name in ORDERS:
        pairs = list(zip(reference, orders[name], strict=True))
        taus.append(float(np.mean([_tau(*pair) for pair in pairs])))
        bits = [
            [_relayed(layer.x_in[k], layer.x_out[k], states, order) for order in pair]
            for k, pair in enumerate(pairs)
        ]
        ratios = [own / whole for whole, own in bits if whole > 1e-9]
        shares.append(float(np.mean(ratios)) if ratios else np.nan)
    return taus, shares


def _tau(one: np.ndarray, other: np.ndarray) -> float:
    return float(kendalltau(np.argsort(one), np.argsort(other)).statistic)


def _relayed(x_in: np.ndarray, x_out: np.ndarray, states: np.ndarray, order: np.ndarray) -> float:
    """Sum of I_R of the last 1, 2, ... nodes of an order, short of all."""
    return sum(
        relay_information(x_in, x_out, states[:, order[k:]], states[:, order[:k]])
        for k in range(1, len(order))
    )
