"""Estimates on samples of layers whose wiring, and so whose relay information, is known."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from relaylib.core.checks import check_choice, check_integer, check_rng
from relaylib.core.progress import progress
from relaylib.core.seeds import stream
from relaylib.core.store import Store, StoreLike
from relaylib.core.tolerances import LARGEST_SAMPLE
from relaylib.information.decoder import decoder_case, walk
from relaylib.information.relay import greedy_orders
from relaylib.networks.discretisation import discretise
from relaylib.studies.config import stored
from relaylib.studies.estimator_config import DECODER, PLUGIN, EstimatorConfig

_FLIPPED = 0.1  # of noisy copies
_SPREAD = 0.3  # of activations around -1 and +1
WIRINGS = ("nothing", "one relay", "three noisy copies", "cipher")
"""Wirings of a layer; see `draw_wiring`."""
ESTIMATES = (PLUGIN, f"{PLUGIN} minus shuffles", DECODER, f"{DECODER} minus shuffles")
"""What estimates the relay information of the whole layer."""


class Wired(NamedTuple):
    """A sample of a layer of known wiring.

    Attributes
    ----------
    x_in, x_out
        The concept and the answer, -1 or +1, (sequence,).
    activations
        (sequence, node).
    is_relay
        Which nodes relay the concept, bool (node,).
    """

    x_in: np.ndarray
    x_out: np.ndarray
    activations: np.ndarray
    is_relay: np.ndarray


def true_bits(wiring: str) -> float:
    """Return the relay information of the whole layer, from its probabilities.

    Raises
    ------
    ValueError
        If there is no such wiring; the message lists those there are.
    """
    check_choice("wiring", wiring, WIRINGS)
    if wiring == "three noisy copies":  # the majority errs where two or three are flipped
        p = 3 * _FLIPPED**2 * (1 - _FLIPPED) + _FLIPPED**3
        return float(1 + p * np.log2(p) + (1 - p) * np.log2(1 - p))
    return 0.0 if wiring == "nothing" else 1.0


def draw_wiring(wiring: str, n_sequences: int, n_nodes: int, *, rng: np.random.Generator) -> Wired:
    """Draw a sample of a layer of known wiring.

    The concept is a fair coin. Nodes are near -1 or +1, with normal noise of standard deviation
    0.3; those that relay nothing are independent coins.

    - "nothing": the answer is the concept, and no node has it. 0 bits.
    - "one relay": the answer is the concept, which one node has. 1 bit.
    - "three noisy copies": three nodes have the concept, each wrong in a tenth of the sequences;
      the answer is their majority. 0.82 bits.
    - "cipher": the answer is the concept; it is the product of two nodes, neither of which alone
      tells anything. 1 bit.

    Parameters
    ----------
    wiring
        One of `WIRINGS`.
    n_sequences, n_nodes
        Sizes; at least 3 nodes.
    rng
        Random stream.

    Raises
    ------
    ValueError, TypeError
        If there is no such wiring, or a number is out of range.
    """
    check_choice("wiring", wiring, WIRINGS)
    n_sequences = check_integer("n_sequences", n_sequences, 1, LARGEST_SAMPLE)
    n_nodes = check_integer("n_nodes", n_nodes, 3, 10_000)
    signs = 1 - 2 * check_rng(rng).integers(0, 2, (n_sequences, n_nodes))
    x_in = 1 - 2 * rng.integers(0, 2, n_sequences)
    x_out, n_relays = x_in, {"nothing": 0, "one relay": 1, "cipher": 2}.get(wiring, 3)
    if wiring == "one relay":
        signs[:, 0] = x_in
    elif wiring == "cipher":
        signs[:, 1] = x_in * signs[:, 0]
    elif wiring == "three noisy copies":
        signs[:, :3] = x_in[:, None] * np.where(rng.random((n_sequences, 3)) < _FLIPPED, -1, 1)
        x_out = np.sign(signs[:, :3].sum(axis=1))
    places = rng.permutation(n_nodes)
    activations = signs + _SPREAD * rng.standard_normal(signs.shape)
    is_relay = np.arange(n_nodes) < n_relays
    return Wired(x_in, x_out, activations[:, places], is_relay[places])


def estimate_wirings(config: EstimatorConfig, *, store: StoreLike | None = None) -> xr.Dataset:
    """Estimate the relay information of samples of every wiring, and look for their relays.

    Returns
    -------
    xarray.Dataset
        (wiring, n_sequences, sample): ``estimate_bits`` (estimate) of the whole layer;
        ``found_fraction`` (estimator): share of the relays among as many nodes at the end of the
        removal order, NaN where there are none. (wiring): ``true_bits``.
    """
    return stored("known-wirings", config, EstimatorConfig, store, _measure).drop_attrs(deep=False)


def _measure(config: EstimatorConfig, store: Store) -> xr.Dataset:
    shape = (len(WIRINGS), len(config.samples), config.n_samples)
    bits, found = np.empty((*shape, len(ESTIMATES))), np.empty((*shape, 2))
    with threadpool_limits(1):
        for at in progress(list(np.ndindex(shape)), desc="known wirings", unit="sample"):
            wiring, n = WIRINGS[at[0]], config.samples[at[1]]
            rng = stream(config.seed, "wiring", wiring, n, at[2])
            wired = draw_wiring(wiring, n, config.n_wired, rng=rng)
            mixed = [rng.permutation(n) for _ in range(config.n_shuffles)]
            for column, estimate in enumerate((_by_plugin, _by_decoder)):
                order, total, null = estimate(wired, mixed, rng)
                bits[at][2 * column : 2 * column + 2] = total, total - null
                found[at][column] = _found(order, wired.is_relay)
    dims = ("wiring", "n_sequences", "sample")
    return xr.Dataset(
        {
            "estimate_bits": ((*dims, "estimate"), bits, {"units": "bit"}),
            "found_fraction": ((*dims, "estimator"), found, {"units": "1"}),
            "true_bits": ("wiring", [true_bits(name) for name in WIRINGS], {"units": "bit"}),
        },
        coords={
            "wiring": list(WIRINGS),
            "n_sequences": list(config.samples),
            "estimate": list(ESTIMATES),
            "estimator": [PLUGIN, DECODER],
        },
    )


Estimated = tuple[np.ndarray, float, float]


def _by_plugin(wired: Wired, mixed: list[np.ndarray], rng: np.random.Generator) -> Estimated:
    """Return the removal order, bits of the whole layer, and their mean with shuffled states."""
    states, pair = discretise(wired.activations).T, (wired.x_in[None], wired.x_out[None])
    order, bits = greedy_orders(states, *pair, is_population=True)  # no guard: the error is asked
    shuffled = [
        greedy_orders(states[:, rows], *pair, is_population=True)[1][0, 0] for rows in mixed
    ]
    return np.asarray(order[0]), float(bits[0, 0]), float(np.mean(shuffled))


def _by_decoder(wired: Wired, mixed: list[np.ndarray], rng: np.random.Generator) -> Estimated:
    """The same by decoders, with the penalty and the order of the whole sample for the null."""
    case = decoder_case(wired.x_in, wired.x_out, wired.activations, rng=rng)
    order, bits, _ = walk(case)
    last = [case.n_blocks]  # decoders of all nodes alone
    cases = [case._replace(columns=case.columns[rows]) for rows in mixed]
    shuffled = [walk(one, order, last).relay_bits[0] for one in cases]
    return order, float(bits[0]), float(np.mean(shuffled))


def _found(order: np.ndarray, is_relay: np.ndarray) -> float:
    n_relays = int(is_relay.sum())
    return float(is_relay[order[-n_relays:]].mean()) if n_relays else np.nan
