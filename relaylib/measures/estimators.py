"""The plug-in of symbols as an estimator of an analysis, and what every estimator must do."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import xarray as xr

from relaylib.core.checks import check_weights
from relaylib.core.progress import progress
from relaylib.information.decoder import standard_error
from relaylib.information.entropy import pointwise_bits, row_labels
from relaylib.information.exact import (
    LARGEST_LATTICE,
    exact_subsets,
    exact_summaries,
    sampled_shapley,
)
from relaylib.information.relay import greedy_orders, node_values

DIMS = ("time", "concept", "node")
_CASE = ("states", "x_in", "x_out")
_PLAIN_NODES = 10  # of which all sets are evaluated without a kernel
_PLUGIN_SECONDS, _LATTICE_SECONDS = 2e-8, 3e-9  # per sequence and candidate, or relay set


class Estimator(Protocol):
    """What an analysis asks of an estimator; arrays are labelled (time, concept, node)."""

    data: xr.Dataset

    def orders(self) -> xr.Dataset:
        """Return bits of the nodes, their errors, removal orders and I_R along them."""

    def null_bits(self, rows: np.ndarray) -> xr.DataArray:
        """Return bits of the nodes if activations of the sequences are in another order."""

    def shapley(self, n_permutations: int, rng: np.random.Generator) -> xr.Dataset:
        """Return Shapley values with their standard errors."""

    def seconds(self, n_shuffles: int, n_permutations: int) -> float:
        """Return about how long all of it takes."""


@dataclass
class PlugIn:
    """Plug-in relay information of symbols.

    Attributes
    ----------
    data
        ``states`` (time, node, sequence), ``x_in`` and ``x_out`` (concept, sequence), and perhaps
        ``weights``.
    is_population
        Whether the sequences are all that can occur.
    with_shapley
        Whether Shapley values will be asked for.
    """

    data: xr.Dataset
    is_population: bool
    with_shapley: bool

    def __post_init__(self) -> None:
        if self.with_shapley and not self._fits and self.data.sizes["node"] > _PLAIN_NODES:
            raise ValueError(
                f"groups must be at most {_PLAIN_NODES} where they have so many joint states, got "
                f'{self.data.sizes["node"]}: use fewer, estimator="decoder", or n_permutations=0'
            )

    def orders(self) -> xr.Dataset:
        """Return bits of the nodes, their errors, removal orders and I_R along them."""
        removal = self._removal(self.data.states, is_population=self.is_population)
        bits = self._by_node(removal)
        errors = xr.zeros_like(bits)
        if not self.is_population:
            for cell in progress(_cells(bits), desc="standard errors"):
                errors.loc[cell] = self._errors(removal.order.sel(cell), cell)
        return orders_dataset(bits, errors, removal.relay_bits, removal.order)

    def null_bits(self, rows: np.ndarray) -> xr.DataArray:
        """Return bits of the nodes if states of the sequences are in another order."""
        states = self.data.states
        shuffled = states.isel(sequence=rows).assign_coords(sequence=states.sequence)
        return self._by_node(self._removal(shuffled, is_population=True))  # no guard: the null

    def shapley(self, n_permutations: int, rng: np.random.Generator) -> xr.Dataset:
        """Return Shapley values: exact of up to 16 nodes, otherwise from random orders."""
        how: dict[str, Any] = {"weights": self._weights, "is_population": True}  # orders has warned
        if not self._fits:
            return self._over_cells(lambda *case: exact_subsets(*case, **how))
        if self.data.sizes["node"] <= LARGEST_LATTICE:
            summaries: Any = exact_summaries(*(self.data[name] for name in _CASE), **how)
            exact = summaries.shapley_bits.transpose(*DIMS)
            return xr.Dataset({"shapley_bits": exact, "shapley_error_bits": xr.zeros_like(exact)})
        how |= {"n_permutations": n_permutations, "rng": rng}
        return self._over_cells(lambda *case: sampled_shapley(*case, **how))

    def seconds(self, n_shuffles: int, n_permutations: int) -> float:
        """Return about how long all of it takes, on one core."""
        n_nodes, n_sequences = self.data.sizes["node"], self.data.sizes["sequence"]
        each = _PLUGIN_SECONDS * n_sequences * n_nodes**2 / 2
        total = each * (1 + n_shuffles)
        if n_nodes <= LARGEST_LATTICE:
            total += _LATTICE_SECONDS * n_sequences * 2**n_nodes
        else:
            total += _PLUGIN_SECONDS * n_sequences * n_nodes * n_permutations
        return total * self.data.sizes["time"] * self.data.sizes["concept"]

    @property
    def _fits(self) -> bool:
        """Whether (state, x_in, x_out) fit the tables of the kernels."""
        sizes = [len(np.unique(self.data[name])) for name in _CASE]
        return sizes[0] <= 256 and math.prod(sizes) <= 2**16

    def _over_cells(self, shapley: Callable[..., Any]) -> xr.Dataset:
        nodes, like = {"node": self.data.node}, self._like()
        values = xr.Dataset({"shapley_bits": like, "shapley_error_bits": like.copy()})
        for cell in progress(_cells(like), desc="Shapley values"):
            found = shapley(*self._case(cell))
            errors = getattr(found, "standard_error_bits", xr.zeros_like(found.shapley_bits))
            values.shapley_bits.loc[cell] = found.shapley_bits.sel(nodes)
            values.shapley_error_bits.loc[cell] = errors.sel(nodes)
        return values

    @property
    def _weights(self) -> xr.DataArray | None:
        return self.data.get("weights")

    def _like(self) -> xr.DataArray:
        """Return zeros (time, concept, node)."""
        coords = {name: self.data[name] for name in DIMS}
        zeros = np.zeros([self.data.sizes[name] for name in DIMS])
        return xr.DataArray(zeros, coords, DIMS, attrs={"units": "bit"})

    def _case(self, cell: dict[str, Any]) -> list[xr.DataArray]:
        names = ("x_in", "x_out", "states")
        return [_at(self.data[name], cell) for name in names]

    def _removal(self, states: xr.DataArray, *, is_population: bool) -> Any:
        case = states, self.data.x_in, self.data.x_out
        return greedy_orders(*case, weights=self._weights, is_population=is_population)

    def _by_node(self, removal: Any) -> xr.DataArray:
        return node_values(*removal).sel(node=self.data.node).transpose(*DIMS)

    def _errors(self, order: xr.DataArray, cell: dict[str, Any]) -> np.ndarray:
        """Standard error of each node's bits, from the spread of their terms over sequences."""
        *pair, states = self._case(cell)
        weights = check_weights(self._weights, states.sizes["sequence"])
        x, y = (row_labels(values.values[:, None]) for values in pair)
        given = np.zeros(len(x), int)
        whole, errors = pointwise_bits(x, y, given, weights), {}
        for node in order.values:
            given = row_labels(np.column_stack([given, states.sel(node=node).values]))
            errors[node] = standard_error(whole - pointwise_bits(x, y, given, weights), weights)
        return np.array([errors[node] for node in self.data.node.values])


def orders_dataset(
    bits: xr.DataArray, errors: xr.DataArray, relay_bits: xr.DataArray, order: xr.DataArray
) -> xr.Dataset:
    """Return what every estimator says of its removal orders, under the names of an analysis."""
    return xr.Dataset(
        {
            "information_bits": bits,
            "error_bits": errors,
            "total_bits": relay_bits.isel(set_size=0, drop=True),
            "relay_bits": relay_bits,
            "removal_order": order,
        }
    )


def _cells(like: xr.DataArray) -> list[dict[str, Any]]:
    return [{"time": t, "concept": c} for t in like.time.values for c in like.concept.values]


def _at(values: xr.DataArray, cell: dict[str, Any]) -> xr.DataArray:
    return values.sel({name: label for name, label in cell.items() if name in values.dims})
