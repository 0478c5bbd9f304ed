"""Orders of the nodes of a layer about each concept, by relay information and simple scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relaylib.core.checks import check_choice, check_floats, check_rng, check_symbols, check_type
from relaylib.information.decoder import decoder_order
from relaylib.information.entropy import mutual_information
from relaylib.information.relay import greedy_orders
from relaylib.networks.discretisation import discretise
from relaylib.studies.estimator_config import DECODER, PLUGIN, SCORES


@dataclass(frozen=True, eq=False)
class Layer:
    """What one layer did at one time, and what the network was asked and answered.

    Attributes
    ----------
    activations
        (sequence, node).
    x_in, x_out
        Values of the concepts and answers, whole numbers (concept, sequence).
    """

    activations: np.ndarray
    x_in: np.ndarray
    x_out: np.ndarray


def node_order(layer: Layer, score: str, *, rng: np.random.Generator) -> np.ndarray:
    """Return the nodes of a layer about each concept, the least important first.

    Parameters
    ----------
    layer
        Activations, concepts and answers.
    score
        "plug-in" or "decoder": greedy removal by relay information of symbols, or by what decoders
        can use; "one-node information": plug-in mutual information of the node's symbol and the
        concept; "correlation": size of the correlation of activation and concept; "variance" of
        the activations, the same for all concepts.
    rng
        Random stream of the folds of decoders.

    Returns
    -------
    numpy.ndarray
        Nodes from 0, int (concept, node).

    Raises
    ------
    ValueError, TypeError
        If there is no such score, activations are not finite, or shapes do not match.
    """
    check_choice("score", score, SCORES), check_rng(rng)
    check_type("layer", layer, Layer)
    activations = check_floats("activations", layer.activations, (None, None))
    x_in = check_symbols("x_in", layer.x_in, (None, len(activations)))
    x_out = check_symbols("x_out", layer.x_out, x_in.shape)
    if score == PLUGIN:  # no guard: how far to believe the order is what is asked
        states = discretise(activations).T
        return np.asarray(greedy_orders(states, x_in, x_out, is_population=True).order)
    if score == DECODER:
        pairs = zip(x_in, x_out, strict=True)
        return np.stack([decoder_order(x, y, activations, rng=rng).order for x, y in pairs])
    values = _SINGLE[score](activations, x_in)
    return np.argsort(np.round(values, 9), axis=1, kind="stable")


def _information(activations: np.ndarray, x_in: np.ndarray) -> np.ndarray:
    states = discretise(activations)
    return np.array([[mutual_information(x, node) for node in states.T] for x in x_in])


def _correlation(activations: np.ndarray, x_in: np.ndarray) -> np.ndarray:
    values, x = (a - a.mean(axis=-1, keepdims=True) for a in (activations.T, x_in.astype(float)))
    size = np.outer(np.linalg.norm(x, axis=1), np.linalg.norm(values, axis=1))
    return np.abs(np.divide(x @ values.T, size, out=np.zeros_like(size), where=size > 0))


def _variance(activations: np.ndarray, x_in: np.ndarray) -> np.ndarray:
    return np.tile(activations.var(axis=0), (len(x_in), 1))


_SINGLE = {
    "one-node information": _information,
    "correlation": _correlation,
    "variance": _variance,
}
