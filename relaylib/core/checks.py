"""Checks of arguments: each error names the argument, what came and what is allowed."""

from collections.abc import Collection
from typing import Any

import numpy as np


def check_choice(name: str, value: Any, allowed: Collection[Any]) -> None:
    """Raise ValueError unless ``value`` is one of ``allowed``."""
    if value not in allowed:
        listed = ", ".join(repr(choice) for choice in allowed)
        raise ValueError(f"{name} must be one of {listed}; got {value!r}")


def check_integer(name: str, value: Any, low: int, high: int | None = None) -> None:
    """Raise TypeError unless ``value`` is a whole number, ValueError unless in [low, high]."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be a whole number, got {value!r} ({type(value).__name__})")
    if value < low or (high is not None and value > high):
        limits = f">= {low}" if high is None else f"in {low}..{high}"
        raise ValueError(f"{name} must be {limits}, got {value}")


def check_finite(name: str, values: Any, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return ``values`` as a float array of the given shape (None: any length but 0).

    Raises
    ------
    ValueError
        On another number of dimensions, another length, an empty array, NaN or infinity.
    """
    array = np.asarray(values)
    _check_shape(name, array, shape)
    if not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity in {_where(array)}")
    return array


def check_symbols(
    name: str, values: Any, shape: tuple[int | None, ...], *, widen: bool = True
) -> np.ndarray:
    """Return ``values`` as an array of discrete symbols of the given shape.

    Symbols are integers or booleans, or floats that are whole numbers (answers such as -1.0);
    anything else is a continuous quantity that `relaylib.discretise` turns into symbols first.
    Integers come back as int64, or with ``widen=False`` as they are (no copy of a large array).
    """
    array = np.asarray(values)
    _check_shape(name, array, shape)
    if array.dtype == bool or np.issubdtype(array.dtype, np.integer):
        return array.astype(np.int64) if widen or array.dtype == bool else array
    array = check_finite(name, array, shape)
    whole = array.astype(np.int64)
    if (whole != array).any():
        raise TypeError(
            f"{name} must hold discrete symbols (integers), got fractions such as "
            f"{array[whole != array].flat[0]}; turn activations into symbols with discretise()"
        )
    return whole


def check_weights(weights: Any, n_sequences: int) -> np.ndarray:
    """Return the weight of each sequence, summing to 1 (None: all equal)."""
    if weights is None:
        return np.full(n_sequences, 1.0 / n_sequences)
    array = check_finite("weights", weights, (n_sequences,)).astype(float)
    if (array < 0).any():
        raise ValueError(f"weights must not be negative, got {array.min()}")
    if array.sum() <= 0:
        raise ValueError("weights must sum to something positive, got a sum of 0")
    return array / array.sum()


def _check_shape(name: str, array: np.ndarray, shape: tuple[int | None, ...]) -> None:
    wanted = "(" + ", ".join("any" if n is None else str(n) for n in shape) + ")"
    matches = array.ndim == len(shape) and all(
        wants in (None, has) for wants, has in zip(shape, array.shape, strict=True)
    )
    if not matches:
        raise ValueError(f"{name} must have shape {wanted}, got {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")


def _where(array: np.ndarray) -> str:
    first = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    return f"entry {first} and {(~np.isfinite(array)).sum() - 1} others"
