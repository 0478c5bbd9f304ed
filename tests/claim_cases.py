"""Made-up inputs for the rules of the ledger, for which the right answer is known.

There are three networks in each condition. The 95 % bootstrap interval of their mean reaches from
the least value to the largest: 1 of 27 resamples draws the same network three times, which is more
than the 2.5 % cut off at either end. Entries that a rule must not read are large and all different.
"""

from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import NamedTuple

import numpy as np
import xarray as xr

from relaylib.studies.claims.inputs import ClaimInputs
from relaylib.studies.config import StudyConfig

NAN = float("nan")
LEVELS = {
    "task": ["memory", "block"],
    "architecture": ["RNN", "GRU", "LSTM"],
    "regime": ["1", "2", "3", "4", "5", "random"],
    "test_delay": range(10),
    "replicate": range(3),
    "time": range(1, 16),
    "concept": range(3),
    "node": [1, 2, 3],
    "set_size": [3, 2, 1],
    "labelling": ["concept", "state"],
    "score": ["silhouette", "davies_bouldin", "calinski_harabasz"],
    "draw": range(2),
    "lag": range(6),
}
CONDITION = ("task", "architecture", "regime")
BITS = (*CONDITION, "replicate", "time", "concept", "node")
CELLS = ["memory RNN", "memory GRU", "memory LSTM", "block RNN", "block GRU", "block LSTM"]
AGAINST = ["memory GRU - RNN", "memory LSTM - RNN", "block GRU - RNN", "block LSTM - RNN"]
BY_REGIME = [
    f"{task} delay {delay} {architecture} - RNN"
    for task in ("memory", "block")
    for delay in (1, 2, 3, 4, 5)
    for architecture in ("GRU", "LSTM")
]


class Case(NamedTuple):
    """How far the statistic of three networks lies above the null, and what follows."""

    above_null: list[float]
    estimate: float
    low: float
    high: float
    n_undefined: int
    holds: bool | None


CASES = {
    "above": Case([1 / 8, 1 / 4, 3 / 8], 1 / 4, 1 / 8, 3 / 8, 0, True),
    "below": Case([-1 / 8, -1 / 4, -3 / 8], -1 / 4, -3 / 8, -1 / 8, 0, False),
    "straddling": Case([-1 / 4, 1 / 4, 3 / 8], 1 / 8, -1 / 4, 3 / 8, 0, False),
    "touching": Case([0, 1 / 4, 1 / 2], 1 / 4, 0, 1 / 2, 0, False),
    "one undefined": Case([1 / 8, NAN, 3 / 8], 1 / 4, 1 / 8, 3 / 8, 1, True),
    "none defined": Case([NAN, NAN, NAN], NAN, NAN, NAN, 3, None),
}


def unread(*dims: str) -> xr.DataArray:
    """Return 1000, 1001, ...: what is read by mistake changes an estimate visibly."""
    shape = [len(LEVELS[dim]) for dim in dims]
    values = 1000.0 + np.arange(np.prod(shape)).reshape(shape)
    return xr.DataArray(values, {dim: list(LEVELS[dim]) for dim in dims}, dims)


def inputs(**given) -> ClaimInputs:
    """Return inputs with the given fields; every rule may read the study's factors."""
    study = xr.Dataset(coords={name: LEVELS[name] for name in ("task", "architecture")})
    every = dict.fromkeys(field.name for field in fields(ClaimInputs))
    return ClaimInputs(**every | {"config": StudyConfig(), "study": study} | given)


def uneven(n: int) -> np.ndarray:
    """Return different numbers (n, 1) with mean 0, the last far above, exact in binary."""
    values = np.arange(n) - (n + 1) / 2
    values[-1] += n
    return values[:, None] / 64


def fixed_regimes(mean: np.ndarray) -> np.ndarray:
    """Return values (..., 5 regimes, network) with this mean over regimes; only delay 3 varies."""
    values = np.zeros((*mean.shape[:-1], 5, 3)) + 5 * uneven(5)
    values[..., 2, :] += 5 * mean
    return values


def beside_rnn(differences: np.ndarray) -> np.ndarray:
    """Return (task, 3 architectures, ...): the RNN at 5/8, GRU and LSTM at these distances."""
    return np.insert(differences, 0, 0, axis=1) + 5 / 8


# Each function makes the inputs of one rule from (group, network): how far above its null the
# statistic of each group lies.


def c2_own_delay_minus_others(d: np.ndarray) -> ClaimInputs:
    accuracy = unread(*CONDITION, "test_delay", "replicate")
    own = fixed_regimes(d.reshape(2, 3, 3))
    for k, delay in enumerate((1, 2, 3, 4, 5)):
        accuracy[:, :, k] = 0.5 + np.insert(uneven(9), delay, 0, axis=0)
        accuracy[:, :, k, delay] = 0.5 + own[:, :, k]
    return inputs(study=accuracy.to_dataset(name="accuracy"))


def c3_accuracy_at_other_delays(d: np.ndarray) -> ClaimInputs:
    accuracy = unread(*CONDITION, "test_delay", "replicate")
    off = beside_rnn(fixed_regimes(d.reshape(2, 2, 3)))
    for k, delay in enumerate((1, 2, 3, 4, 5)):
        others = [other for other in range(10) if other != delay]
        accuracy[:, 0, k, others] = off[:, 0, k, None] + uneven(9)
        accuracy[:, 1:, k, others] = off[:, 1:, k, None] - uneven(9)
    return inputs(study=accuracy.to_dataset(name="accuracy"))


def c4_random_minus_fixed_regimes(d: np.ndarray) -> ClaimInputs:
    accuracy = unread(*CONDITION, "test_delay", "replicate")
    accuracy[:, :, :5] = 5 / 8 + 5 * uneven(5)[:, :, None] + uneven(10)
    accuracy[:, :, 5] = 5 / 8 + d.reshape(2, 3, 1, 3) - uneven(10)
    return inputs(study=accuracy.to_dataset(name="accuracy"))


def losses(**of_cells: np.ndarray) -> ClaimInputs:
    """Return losses (architecture, replicate) of either task; those not given are not read."""
    names = ("own", "others", "least_relaying", "at_random")
    made_up = {}
    for k, task in enumerate(LEVELS["task"]):
        made_up[task] = xr.Dataset({name: unread("architecture", "replicate") for name in names})
        for name, values in of_cells.items():
            made_up[task][name][:] = values.reshape(2, 3, 3)[k]
    return inputs(losses=made_up)


def c5_own_minus_other_concepts(d: np.ndarray) -> ClaimInputs:
    others = 0.25 + np.repeat(uneven(6), 3, axis=1)
    return losses(own=others + d, others=others)


def c7_most_and_least_against_random(d: np.ndarray) -> ClaimInputs:
    at_random = 0.25 + np.repeat(uneven(6), 3, axis=1)
    return losses(own=at_random + d[::2], at_random=at_random, least_relaying=at_random - d[1::2])


def c9_and_c10_drift(measure: str, d: np.ndarray) -> ClaimInputs:
    names = ("correlation", "overlap", "correlation_unrelated", "overlap_unrelated")
    made_up = xr.Dataset({name: unread(*CONDITION, "replicate") for name in names})
    of_gru_and_lstm = np.moveaxis(d.reshape(2, 5, 2, 3), 2, 1)
    made_up[measure][:, :, :5] = beside_rnn(of_gru_and_lstm) + uneven(5)
    return inputs(drift=made_up)


def c12_nodes_per_concept_and_shared_nodes(d: np.ndarray) -> ClaimInputs:
    cells = ("task", "architecture", "replicate")
    nodes, shared = unread(*cells), unread(*cells)
    nodes[:], shared[:] = 1 + d[::2].reshape(2, 3, 3), d[1::2].reshape(2, 3, 3)
    return inputs(nodes_per_concept=nodes, shared_fraction=shared)


def c13_clusters_and_decoding(d: np.ndarray) -> ClaimInputs:
    names = ("silhouette", "decoding_accuracy", "noisy_accuracy")
    latent = xr.Dataset({name: unread("regime", "replicate") for name in names})
    latent.silhouette[5], latent.decoding_accuracy[5] = 0.5 + d[0], 0.9 + d[1]
    return inputs(latent=latent)


def c14_ordered_removal_against_random(d: np.ndarray) -> ClaimInputs:
    """Davies-Bouldin is better where it is lower; the full set (of size 3) does not count."""
    common = ("score", "labelling", "regime", "replicate", "concept")
    ordered, at_random = unread(*common, "set_size"), unread(*common, "draw", "set_size")
    better = np.array([1, -1, 1])[:, None, None] * d.reshape(3, 2, 3)  # score, random or fixed
    gain = np.concatenate([fixed_regimes(better[:, 1]), better[:, :1]], axis=1)
    for concept in range(3):
        for k in (1, 2):  # sets of 2 nodes and of 1
            offset = uneven(3)[concept] + uneven(2)[k - 1]
            ordered[:, 0, :, :, concept, k] = k + gain + offset
            at_random[:, 0, :, :, concept, :, k] = k + uneven(2).T
    scores = {"ordered_score": ordered, "random_score": at_random}
    return inputs(latent=xr.Dataset(scores, {"node": LEVELS["node"]}))


def c16_accuracy_at_delays_6_to_9(d: np.ndarray) -> ClaimInputs:
    accuracy = unread(*CONDITION, "test_delay", "replicate")
    late = beside_rnn(d.reshape(2, 2, 1, 3))
    accuracy[:, 0, 5, 6:10] = late[:, 0] + uneven(4)
    accuracy[:, 1:, 5, 6:10] = late[:, 1:] - uneven(4)
    return inputs(study=accuracy.to_dataset(name="accuracy"))


def c22_noise_on_nodes_and_sets(d: np.ndarray) -> ClaimInputs:
    cells = ("task", "architecture", "replicate")
    noise = xr.Dataset({name: unread(*cells) for name in ("one_node", "sets")})
    noise.one_node[:], noise.sets[:] = d[::2].reshape(2, 3, 3), d[1::2].reshape(2, 3, 3)
    return inputs(noise=noise)


def rnn_decoding(lag_1: np.ndarray, others: np.ndarray) -> ClaimInputs:
    """Return accuracies of RNNs (task, regimes 3 to 5, network) at lag 1, and at the lags after."""
    decoding = unread(*CONDITION, "replicate", "lag")
    for k, regime in enumerate((3, 4, 5)):
        decoding[:, 0, 2 + k, :, 1] = lag_1[:, k]
        decoding[:, 0, 2 + k, :, 2 : regime + 1] = others[:, k, :, None]
    return inputs(decoding=decoding)


class Rule(NamedTuple):
    """How inputs are made up, groups (name, quantity, null), and those that do not count."""

    made_up: Callable[[np.ndarray], ClaimInputs]
    groups: list[tuple[str, str, float]]
    beside: str = "no such group"


def of(names: list[str], *quantities: tuple[str, float]) -> list[tuple[str, str, float]]:
    """Return the groups of each name, one for each (quantity, null)."""
    return [(name, *quantity) for name in names for quantity in quantities]


ACCURACY = ("accuracy difference", 0.0)
MOST_AND_LEAST = [
    f"{cell} {pair}" for cell in CELLS for pair in ("most - random", "random - least")
]
GAINS = [
    (f"{score} gained", 0.0) for score in ("silhouette", "davies-bouldin", "calinski-harabasz")
]
ABOVE = {
    "C2": Rule(c2_own_delay_minus_others, of(CELLS, ACCURACY)),
    "C3": Rule(c3_accuracy_at_other_delays, of(AGAINST, ACCURACY)),
    "C4": Rule(c4_random_minus_fixed_regimes, of(CELLS, ACCURACY)),
    "C5": Rule(c5_own_minus_other_concepts, of(CELLS, ACCURACY)),
    "C7": Rule(c7_most_and_least_against_random, of(MOST_AND_LEAST, ACCURACY)),
    "C9": Rule(
        partial(c9_and_c10_drift, "correlation"), of(BY_REGIME, ("Pearson r, difference", 0.0))
    ),
    "C10": Rule(partial(c9_and_c10_drift, "overlap"), of(BY_REGIME, ("overlap difference", 0.0))),
    "C12": Rule(
        c12_nodes_per_concept_and_shared_nodes,
        of(CELLS, ("nodes per concept", 1.0), ("share of nodes shared", 0.0)),
    ),
    "C13": Rule(
        c13_clusters_and_decoding,
        [
            ("(a) plane of steps 10-15", "silhouette", 0.5),
            ("(b) plane of the answer step", "decoding accuracy", 0.9),
        ],
    ),
    "C14": Rule(
        c14_ordered_removal_against_random,
        [(name, *gain) for gain in GAINS for name in ("random delays", "fixed delays")],
        beside="fixed delays",
    ),
    "C16": Rule(c16_accuracy_at_delays_6_to_9, of(AGAINST, ACCURACY)),
    "C22": Rule(
        c22_noise_on_nodes_and_sets,
        of(
            CELLS,
            ("Spearman correlation, one node", 0.0),
            ("Spearman correlation, sets of 4", 0.0),
        ),
    ),
}
