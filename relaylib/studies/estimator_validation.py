"""Validation of estimators on samples from distributions with known relay information.

In every distribution ``x_in`` is a fair coin and the relay set is the whole layer. All its nodes
are independent fair coins, except the last where the distribution says so.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from relaylib.core.checks import check_choice, check_integer, check_number, check_rng, normalise
from relaylib.core.progress import progress
from relaylib.core.seeds import stream
from relaylib.core.store import StoreLike, as_store
from relaylib.core.tolerances import LARGEST_SAMPLE
from relaylib.information.significance import UndersampledWarning, occupied_fraction, shuffle_test
from relaylib.studies.config import configured

TRUE_BITS = {"irrelevant": 0.0, "noisy answer": 0.0, "copy": 1.0, "cipher": 1.0, "XOR": -1.0}
"""The distributions, and the relay information of the whole layer in each."""
MAX_NODES = 62  # states of a layer as one int64


@dataclass(frozen=True)
class ValidationConfig:
    """What samples are drawn, and how many.

    Parameters
    ----------
    n_sequences
        Sizes of the samples.
    n_nodes
        Binary nodes in the layer, at least 2.
    agreement
        Probability that x_out equals x_in in "noisy answer".
    n_shuffles
        Shuffles per sample.
    n_replicates
        Samples of each distribution and size.
    seed
        Root of all random streams.

    Raises
    ------
    ValueError, TypeError
        For a value out of range; the message names the field.
    """

    n_sequences: tuple[int, ...] = (100, 300, 1_000, 3_000, 10_000, 50_000)
    n_nodes: int = 12
    agreement: float = 0.9
    n_shuffles: int = 19
    n_replicates: int = 20
    seed: int = 2025

    def __post_init__(self) -> None:
        sizes = self.n_sequences
        is_list = isinstance(sizes, tuple) and len(sizes) > 0
        if is_list:
            sizes = tuple(check_integer("n_sequences", n, 2, LARGEST_SAMPLE) for n in sizes)
        if not is_list or len(set(sizes)) < len(sizes):
            raise ValueError(f"n_sequences must be a tuple of distinct sizes, got {sizes!r}")
        checked: dict[str, Any] = {
            "n_sequences": sizes,
            "n_nodes": check_integer("n_nodes", self.n_nodes, 2, MAX_NODES),
            "n_shuffles": check_integer("n_shuffles", self.n_shuffles, 2, LARGEST_SAMPLE),
            "n_replicates": check_integer("n_replicates", self.n_replicates, 1),
            "seed": check_integer("seed", self.seed, 0, 2**63 - 1),
            "agreement": check_number("agreement", self.agreement, 0.5, 1),
        }
        normalise(self, **checked)


def draw_sample(
    distribution: str,
    n_sequences: int,
    *,
    rng: np.random.Generator,
    n_nodes: int = 12,
    agreement: float = 0.9,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw a sample of a layer whose relay information is known.

    - "irrelevant": x_out is x_in; all nodes are coins. 0 bits.
    - "noisy answer": x_out is x_in with probability ``agreement``; all nodes are coins. 0 bits.
    - "copy": x_out is x_in, and so is the last node. 1 bit.
    - "cipher": x_out is x_in; the last node is x_in XOR the first node, so neither node alone is
      informative about x_in. 1 bit: synergy of two nodes.
    - "XOR": x_out is an independent coin; the last node is x_in XOR x_out. -1 bit: x_in and x_out
      are independent, but not given the layer.

    Returns
    -------
    x_in, x_out
        (n_sequences,), 0 or 1.
    states
        (n_sequences, n_nodes), 0 or 1.

    Raises
    ------
    ValueError, TypeError
        If there is no such distribution (the message lists the known ones), or another argument
        is out of range.
    """
    check_choice("distribution", distribution, tuple(TRUE_BITS))
    n_sequences = check_integer("n_sequences", n_sequences, 1, LARGEST_SAMPLE)
    n_nodes, rng = check_integer("n_nodes", n_nodes, 2, MAX_NODES), check_rng(rng)
    agreement = check_number("agreement", agreement, 0, 1)
    x_in = rng.integers(0, 2, n_sequences)
    states = rng.integers(0, 2, (n_sequences, n_nodes))
    x_out = x_in
    if distribution == "noisy answer":
        x_out = x_in ^ (rng.random(n_sequences) >= agreement)
    elif distribution == "copy":
        states[:, -1] = x_in
    elif distribution == "cipher":
        states[:, -1] = x_in ^ states[:, 0]
    elif distribution == "XOR":
        x_out = rng.integers(0, 2, n_sequences)
        states[:, -1] = x_in ^ x_out
    return x_in, x_out, states


def validate_estimators(
    config: ValidationConfig | None = None, *, store: StoreLike | None = None
) -> xr.Dataset:
    """Estimate the relay information of every sample by each estimator, and test it by shuffles.

    Some samples are too small on purpose; `UndersampledWarning` is suppressed.

    Returns
    -------
    xarray.Dataset
        (distribution, n_sequences, replicate): ``plug_in_bits``, ``corrected_bits`` (Grassberger),
        ``excess_bits`` (plug-in minus the mean of its shuffles), ``p_value``,
        ``occupied_fraction`` (distinct states per sequence); and ``true_bits`` (distribution,).
    """
    config, store = configured(config, ValidationConfig), as_store(store)
    modules = ["relaylib.studies.estimator_validation"]
    return store.dataset("estimator-validation", config, lambda: _estimate(config), modules=modules)


def _estimate(config: ValidationConfig) -> xr.Dataset:
    dims: dict[str, list | np.ndarray] = {
        "distribution": list(TRUE_BITS),
        "n_sequences": list(config.n_sequences),
        "replicate": np.arange(config.n_replicates),
    }
    shape = tuple(len(labels) for labels in dims.values())
    values = np.empty((*shape, len(_VARIABLES)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndersampledWarning)
        for cell in progress(list(np.ndindex(*shape)), desc="estimator validation"):
            distribution, size, replicate = (dims[d][i] for d, i in zip(dims, cell, strict=True))
            values[cell] = _estimate_one(config, distribution, size, int(replicate))
    estimates = xr.Dataset(coords=dims)
    for index, (name, (units, label)) in enumerate(_VARIABLES.items()):
        attrs = {"units": units, "long_name": label}
        estimates[name] = (tuple(dims), values[..., index], attrs)
    true_bits = ("distribution", list(TRUE_BITS.values()), {"units": "bit"})
    return estimates.assign(true_bits=true_bits)


_VARIABLES = {
    "plug_in_bits": ("bit", "plug-in relay information"),
    "corrected_bits": ("bit", "relay information with Grassberger's correction"),
    "excess_bits": ("bit", "plug-in minus the mean of its shuffles"),
    "p_value": ("1", "p value of the shuffle test"),
    "occupied_fraction": ("1", "distinct states per sequence"),
}


def _estimate_one(
    config: ValidationConfig, distribution: str, n_sequences: int, replicate: int
) -> tuple[float, ...]:
    rng = stream(config.seed, "sample", distribution, n_sequences, replicate)
    x_in, x_out, states = draw_sample(
        distribution, n_sequences, rng=rng, n_nodes=config.n_nodes, agreement=config.agreement
    )
    layer = states @ 2 ** np.arange(config.n_nodes)  # the joint state of all nodes, as a number
    test = shuffle_test(x_in, x_out, layer, states[:, :0], n_shuffles=config.n_shuffles, rng=rng)
    tested = test.relay_bits, test.corrected_bits, test.excess_bits, test.p_value
    return *tested, float(occupied_fraction(layer))
