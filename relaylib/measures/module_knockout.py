"""Knockouts in a torch module, with their controls: what the relays of each concept are worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from relaylib.core.checks import (
    as_array,
    check_all,
    check_dims,
    check_integer,
    check_rng,
    check_type,
)
from relaylib.core.seeds import random_orders
from relaylib.measures.knockout import first_nodes
from relaylib.networks.module_knockout import knockout_module

if TYPE_CHECKING:
    from torch import nn

_N_SIZES = 9


def module_knockouts(
    model: nn.Module,
    inputs: Any,
    x_in: Any,
    removal_order: xr.DataArray,
    *,
    watch: str | Sequence[str],
    rng: np.random.Generator,
    n_random: int = 10,
    sizes: Sequence[int] | None = None,
    **how: Any,
) -> xr.Dataset:
    """Knock out relaying, least relaying and random nodes of a torch module.

    The first are the experiment, the others its controls: nodes that relay a concept matter if the
    model loses more without them than without as many others.

    Parameters
    ----------
    model, inputs, x_in, watch, how
        As in `relaylib.knockout_module`: time, only, replace, answers, time_axis, batch_size.
    removal_order
        Labels of nodes, (concept, removal_step), e.g. of `relaylib.analyse` at one time.
    rng
        Random stream of the random sets and of replacements.
    n_random
        Random orders of nodes, at least 1; the first k nodes of one are a random set of size k.
    sizes
        Numbers of nodes to knock out; None: at most nine, from none to all.

    Returns
    -------
    xarray.Dataset
        Fraction of sequences answered rightly: ``relaying`` and ``least_relaying`` (relays_of,
        n_knocked_out, concept), where the most and the least relaying nodes of concept
        ``relays_of`` are knocked out; ``at_random`` (draw, n_knocked_out, concept).

    Raises
    ------
    ValueError, TypeError
        As `relaylib.knockout_module`, or if ``removal_order`` is of several times or does not hold
        each node once, or a size is out of range.
    """
    removal_order = _of_names(removal_order)
    check_rng(rng)
    ranked = removal_order.reset_coords(drop=True).rename(concept="relays_of")
    nodes = np.unique(ranked.values)
    drawn = random_orders(check_integer("n_random", n_random, 1), len(nodes), rng=rng)
    at_random = xr.DataArray(nodes[drawn], dims=("draw", "removal_step"))
    orders = {
        "relaying": first_nodes(ranked, from_end=True),
        "least_relaying": first_nodes(ranked),
        "at_random": first_nodes(at_random),
    }
    chosen = _sizes(sizes, len(nodes))
    concepts = [str(name) for name in removal_order.concept.values]
    given: dict[str, Any] = {"watch": watch, "rng": rng, "concepts": concepts} | how
    return xr.Dataset(
        {
            name: knockout_module(
                model, inputs, x_in, nodes=sets.sel(n_knocked_out=chosen), **given
            ).accuracy
            for name, sets in orders.items()
        }
    )


def _of_names(removal_order: Any) -> xr.DataArray:
    """Return removal orders of nodes by name; raise if these are others, or of several times."""
    check_type("removal_order", removal_order, xr.DataArray)
    check_dims("removal_order", removal_order, ("concept", "removal_step"))
    if set(removal_order.dims) != {"concept", "removal_step"} or not removal_order.size:
        raise ValueError(
            "removal_order must be of one time, (concept, removal_step), got "
            f"{dict(removal_order.sizes)}: select one with .sel(time=...)"
        )
    names = removal_order.values.ravel().tolist()
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"removal_order must hold names of nodes, got {names}")
    return removal_order.astype(str)


def _sizes(sizes: Any, n_nodes: int) -> list[int]:
    if sizes is None:
        return np.unique(np.linspace(0, n_nodes, _N_SIZES).astype(int)).tolist()
    given = check_all("sizes", as_array("sizes", sizes).tolist(), int)
    return [check_integer("sizes", size, 0, n_nodes) for size in given]
