"""From labelled arrays to plain ones and back: aligned by the names of dimensions."""

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np
import xarray as xr

from relaylib.core.checks import check_labels

Array = TypeVar("Array", np.ndarray, xr.DataArray)


class Labels(NamedTuple):
    """What a result carries over: dimensions except its last, their sizes, and coordinates."""

    dims: tuple[Hashable, ...] | None  # None: the arguments were plain arrays
    shape: tuple[int, ...]
    coords: Mapping[Hashable, xr.DataArray]

    def attach(self, values: np.ndarray, last: str, name: str | None = None) -> Any:
        """Return ``values`` with labels, or as they are if the arguments were plain.

        ``last`` is the last dimension: "node", "removal_step" (indices of nodes become their
        labels), "set_size" (largest first) or "relay_set" (bit masks). Floats are bits.
        """
        if self.dims is None:
            return values
        n, dims = values.shape[-1], (*self.dims, last)
        if last == "removal_step":
            values = self.coords["node"].values[values]
        own = {"removal_step": range(1, n + 1), "set_size": range(n)[::-1], "relay_set": range(n)}
        coords = {name: c.variable for name, c in self.coords.items() if {*c.dims} <= {*dims}}
        coords |= {name: xr.Variable(name, own[name]) for name in {last} & {*own}}
        attrs = {"units": "bit"} if values.dtype == float else {}
        return xr.DataArray(values.reshape(*self.shape, n), coords, dims, name, attrs)


PLAIN = Labels(None, (), {})


def plain_arrays(states: Any, x_in: Any, x_out: Any, weights: Any) -> tuple[list[Any], Labels]:
    """Return the arguments of `greedy_orders` as plain arrays, and the labels of its results.

    Labelled, states have dimensions ``node``, ``sequence`` and any others; x_in and x_out have
    ``sequence``, and may have ``concept`` and any of the others. A dimension that x_in or x_out
    lacks becomes an axis of length 1: nothing is repeated.

    Raises
    ------
    TypeError
        If some of states, x_in and x_out are labelled and others are not.
    ValueError
        If a dimension is missing or unknown, or labels or sizes differ; the message names it.
    """
    if not is_labelled(states=states, x_in=x_in, x_out=x_out):
        return [states, x_in, x_out, weights], PLAIN
    _check_dims("states", states, ("node", "sequence"))
    batch = tuple(name for name in states.dims if name not in ("node", "sequence"))
    optional = (*batch, "concept")
    _check_dims("x_in", x_in, ("sequence",), optional)
    _check_dims("x_out", x_out, ("sequence",), optional)
    check_labels(states=states, x_in=x_in, x_out=x_out)
    if isinstance(weights, xr.DataArray):
        _check_dims("weights", weights, ("sequence",), ())
        check_labels(weights=weights, x_in=x_in)
        weights = weights.values
    x_in, x_out = xr.broadcast(x_in, x_out, exclude=[*batch, "sequence"])
    concept = () if "concept" in batch or "concept" not in x_in.dims else ("concept",)
    sizes = {**states.sizes, **x_in.sizes}
    labels = Labels(
        (*batch, *concept),
        tuple(sizes[name] for name in (*batch, *concept)),
        {"node": states["node"], **x_out.coords, **x_in.coords, **states.coords},
    )
    order = (*batch, *(concept or (None,)), "sequence")
    states = _transposed(states, (*batch, "node", "sequence"))
    return [states, _transposed(x_in, order), _transposed(x_out, order), weights], labels


def plain_orders(orders: Any, relay_bits: Any) -> tuple[np.ndarray, np.ndarray, Labels]:
    """Return removal orders (..., node), as indices, and I_R (..., node + 1) as plain arrays.

    Labelled, orders have dimension ``removal_step`` and relay_bits ``set_size``, besides the same
    others. Errors as in `plain_arrays`.
    """
    if not is_labelled(orders=orders, relay_bits=relay_bits):
        return orders, relay_bits, PLAIN
    _check_dims("orders", orders, ("removal_step",))
    batch = tuple(name for name in orders.dims if name != "removal_step")
    _check_dims("relay_bits", relay_bits, (*batch, "set_size"), ())
    check_labels(orders=orders, relay_bits=relay_bits)
    if "removal_step" in orders.coords:
        orders = orders.sortby("removal_step")
    if "set_size" in relay_bits.coords:
        relay_bits = relay_bits.sortby("set_size", ascending=False)
    orders = orders.transpose(*batch, "removal_step")
    try:
        nodes, indices = np.unique(orders.values, return_inverse=True)
    except TypeError as error:
        raise TypeError(f"orders must hold labels of one kind: {error}") from error
    coords = {"node": xr.DataArray(nodes, dims="node"), **relay_bits.coords, **orders.coords}
    labels = Labels(batch, orders.shape[:-1], coords)
    return indices.reshape(orders.shape), _transposed(relay_bits, (*batch, "set_size")), labels


def is_labelled(**arguments: Any) -> bool:
    """Tell whether the arguments are DataArrays; raise TypeError if only some of them are."""
    plain = [name for name, value in arguments.items() if not isinstance(value, xr.DataArray)]
    if plain and len(plain) < len(arguments):
        raise TypeError(f"{' and '.join(plain)} must be a DataArray too: the others are labelled")
    return not plain


def _check_dims(name: str, array: Any, required: tuple, optional: tuple | None = None) -> None:
    """Raise ValueError on a missing dimension, and on any that is not optional (None: all are)."""
    dims = {*array.dims}
    if not {*required} <= dims or not (optional is None or dims <= {*required, *optional}):
        may = "others" if optional is None else optional or "no others"
        raise ValueError(
            f"{name} must have dimensions {required}, may have {may}, got {array.dims}"
        )


def _transposed(array: xr.DataArray, dims: tuple[Hashable, ...]) -> np.ndarray:
    """Return the values with axes in this order; an axis of length 1 for a missing dimension."""
    values = array.transpose(*(name for name in dims if name in array.dims)).values
    return values[tuple(slice(None) if name in array.dims else None for name in dims)]
