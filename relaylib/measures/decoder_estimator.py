"""Decoders of activations as an estimator of an analysis: usable relay information."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from relaylib.core.progress import progress
from relaylib.core.seeds import random_orders
from relaylib.information.decoder import (
    N_FOLDS,
    DecoderCase,
    decoder_case,
    standard_error,
    walk,
)
from relaylib.measures.estimators import DIMS, orders_dataset

_FIT_SECONDS, _CELL_SECONDS = 1e-3, 2e-8  # of a fit: each, and per sequence, column and class


@dataclass
class Decoder:
    """Usable relay information, by decoders of activations.

    Attributes
    ----------
    data
        ``activations`` (time, node, sequence), ``x_in`` and ``x_out`` (concept, sequence), and
        perhaps ``weights``.
    blocks
        Name of each node or group -> indices of its nodes.
    rng
        Random stream of the folds.
    """

    data: xr.Dataset
    blocks: dict[Any, list[int]]
    rng: np.random.Generator
    _cases: dict[tuple[int, ...], DecoderCase] = field(default_factory=dict)
    _orders: dict[tuple[int, ...], np.ndarray] = field(default_factory=dict)

    def orders(self) -> xr.Dataset:
        """Return bits of the blocks, their errors, removal orders and usable I_R along them."""
        n_blocks = len(self.blocks)
        bits, errors = np.empty((2, *self._shape, n_blocks))
        relay_bits = np.empty((*self._shape, n_blocks + 1))
        for at in progress(self._cells, desc="removal orders by decoders", unit="order"):
            case = self._case(at)
            found = walk(case)
            self._orders[at] = found.order
            relay_bits[at] = found.relay_bits
            bits[at][found.order] = found.relay_bits[0] - found.relay_bits[1:]
            errors[at][found.order] = standard_error(found.lost_bits, case.folds.weights)[1:]
        names = np.array(list(self.blocks))
        order = names[np.array([self._orders[at] for at in self._cells])]
        return orders_dataset(
            self._labelled(bits, "node", names),
            self._labelled(errors, "node", names),
            self._labelled(relay_bits, "set_size", range(n_blocks + 1)[::-1]),
            self._labelled(order.reshape(*self._shape, -1), "removal_step", range(1, n_blocks + 1)),
        )

    def null_bits(self, rows: np.ndarray) -> xr.DataArray:
        """Return bits of the blocks if activations of the sequences are in another order.

        Along the removal orders found, with decoders fitted after 1, 2, 4, ... removals.
        """
        n_blocks = len(self.blocks)
        sizes = [2**k for k in range(n_blocks.bit_length())]
        bits = np.empty((*self._shape, n_blocks))
        for at in self._cells:
            case = self._case(at)
            found = walk(case._replace(columns=case.columns[rows]), self._orders[at], sizes)
            bits[at][found.order] = found.relay_bits[0] - found.relay_bits[1:]
        return self._labelled(bits, "node", list(self.blocks))

    def shapley(self, n_permutations: int, rng: np.random.Generator) -> xr.Dataset:
        """Return Shapley values from random orders of removal, with their standard errors."""
        n_blocks = len(self.blocks)
        values, errors = np.empty((2, *self._shape, n_blocks))
        orders = random_orders(n_permutations, n_blocks, rng=rng)
        for at in progress(self._cells, desc="Shapley values by decoders"):
            losses = np.empty(orders.shape)
            for order, loss in zip(orders, losses, strict=True):
                loss[order] = -np.diff(walk(self._case(at), order).relay_bits)
            values[at] = losses.mean(axis=0)
            errors[at] = losses.std(axis=0, ddof=1) / np.sqrt(n_permutations)
        names = list(self.blocks)
        return xr.Dataset(
            {
                "shapley_bits": self._labelled(values, "node", names),
                "shapley_error_bits": self._labelled(errors, "node", names),
            }
        )

    def seconds(self, n_shuffles: int, n_permutations: int) -> float:
        """Return about how long all of it takes."""
        n_blocks, n_nodes = len(self.blocks), sum(map(len, self.blocks.values()))
        n_classes = len(np.unique(self.data.x_out))
        each = _CELL_SECONDS * self.data.sizes["sequence"] * n_classes * n_nodes / 2
        n_fits = 2 * (N_FOLDS + 1) * (n_blocks * (1 + n_permutations) + 8 * n_shuffles)
        return n_fits * (_FIT_SECONDS + each) * len(self._cells)

    @property
    def _shape(self) -> tuple[int, int]:
        return self.data.sizes["time"], self.data.sizes["concept"]

    @property
    def _cells(self) -> list[tuple[int, ...]]:
        return list(np.ndindex(self._shape))

    def _case(self, at: tuple[int, ...]) -> DecoderCase:
        if at not in self._cases:
            time, concept = at
            self._cases[at] = decoder_case(
                self.data.x_in.isel(concept=concept).values,
                self.data.x_out.isel(concept=concept).values,
                self.data.activations.isel(time=time).transpose("sequence", "node").values,
                rng=self.rng,
                weights=self.data.weights.values if "weights" in self.data else None,
                blocks=list(self.blocks.values()),
            )
        return self._cases[at]

    def _labelled(self, values: np.ndarray, last: str, labels: Any) -> xr.DataArray:
        coords = {"time": self.data.time, "concept": self.data.concept, last: list(labels)}
        attrs = {"units": "bit"} if values.dtype == float else {}
        return xr.DataArray(values, coords, (*DIMS[:2], last), attrs=attrs)
