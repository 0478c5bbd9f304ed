"""Checks of arguments: each error names the argument, what came and what is allowed."""

from collections.abc import Collection, Hashable
from types import EllipsisType
from typing import Any, TypeVar

import numpy as np
import xarray as xr

from relaylib.core.tolerances import TOO_LARGE

Kind = TypeVar("Kind")
Labelled = TypeVar("Labelled", xr.Dataset, xr.DataArray)
Shape = tuple[int | EllipsisType | None, ...]


def normalise(config: Any, **checked: Any) -> None:
    """Give fields of a frozen configuration their checked values: Python's numbers for NumPy's."""
    for name, value in checked.items():
        object.__setattr__(config, name, value)


def check_choice(name: str, value: Any, allowed: Collection[Any]) -> Any:
    """Return ``value``; raise ValueError unless it is one of ``allowed``."""
    is_one = isinstance(value, Hashable) and not getattr(value, "ndim", 0)  # a tensor is hashable
    if not is_one or value not in tuple(allowed):
        listed = ", ".join(repr(choice) for choice in allowed)
        raise ValueError(f"{name} must be one of {listed}; got {value!r}")
    return value


def check_integer(name: str, value: Any, low: int, high: int | None = None) -> int:
    """Return a whole number in [low, high] as int; raise TypeError or ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be a whole number, got {value!r} ({type(value).__name__})")
    if value < low or (high is not None and value > high):
        limits = f">= {low}" if high is None else f"in {low}..{high}"
        raise ValueError(f"{name} must be {limits}, got {value}")
    return int(value)


def check_number(
    name: str, value: Any, low: float, high: float = np.inf, *, above: bool = False
) -> float:
    """Return a real number in [low, high] as float; with ``above`` it must be more than ``low``.

    Raises
    ------
    ValueError, TypeError
        If it is another number, NaN or infinite, or no single real number.
    """
    number = float(check_finite(name, value, ()))
    if not low <= number <= high or (above and number == low):
        limits = f"in {'(' if above else '['}{low}, {high}]"
        if high == np.inf:
            limits = f"{'>' if above else '>='} {low}"
        raise ValueError(f"{name} must be {limits}, got {value}")
    return number


def check_rng(rng: Any) -> np.random.Generator:
    """Return ``rng``; raise TypeError unless it is a `numpy.random.Generator`."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator, got {rng!r} ({type(rng).__name__})")
    return rng


def check_bool(name: str, value: Any) -> bool:
    """Return ``value`` as bool; raise TypeError unless it is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def check_type(name: str, value: Any, kind: type[Kind]) -> Kind:
    """Return ``value``; raise TypeError unless it is an instance of ``kind``."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be a {kind.__name__}, got {value!r} ({type(value).__name__})")
    return value


def check_all(name: str, values: Any, kind: type[Kind]) -> Collection[Kind]:
    """Return ``values``; raise TypeError unless they are a list, tuple or set of that kind."""
    if not isinstance(values, list | tuple | set) or not all(isinstance(v, kind) for v in values):
        raise TypeError(f"{name} must be a list or tuple of {kind.__name__}, got {values!r}")
    return values


def check_finite(name: str, values: Any, shape: Shape) -> np.ndarray:
    """Return ``values`` as a numeric array of the given shape.

    In ``shape``, None stands for any length but 0, and a leading ``...`` for any leading axes.

    Raises
    ------
    TypeError
        If values are not real numbers, or are masked.
    ValueError
        On another number of dimensions, another length, an empty array, NaN or infinity.
    """
    array = _shaped(name, values, shape)
    if not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity in {_where(array)}")
    return array


def check_floats(name: str, values: Any, shape: Shape, *, allow_nan: bool = False) -> np.ndarray:
    """Return ``values`` as float64 of moderate size, so that squares and sums do not overflow.

    With ``allow_nan`` NaN stands for a value that is not defined. Shape and errors as in
    `check_finite`.
    """
    array = _shaped(name, values, shape)
    array = array.astype(float) if array.dtype == bool else array
    with_nan = allow_nan and array.dtype.kind == "f"
    defined = np.where(np.isnan(array), 0, array) if with_nan else array
    size = np.abs(check_finite(name, defined, shape).astype(float)).max()
    if size >= TOO_LARGE:
        raise ValueError(f"{name} must be below {TOO_LARGE:.0e} in size, got {size}")
    return array.astype(float)


def check_symbols(name: str, values: Any, shape: Shape, *, widen: bool = True) -> np.ndarray:
    """Return ``values`` as an array of discrete symbols of the given shape.

    Symbols are integers or booleans, or floats that are whole numbers (answers such as -1.0);
    anything else is a continuous quantity that `relaylib.discretise` turns into symbols first.
    Integers come back as int64, or with ``widen=False`` as they are (no copy of a large array).
    Shape and errors as in `check_finite`.
    """
    array = _shaped(name, values, shape)
    if array.dtype == bool or np.issubdtype(array.dtype, np.integer):
        return array.astype(np.int64) if widen or array.dtype == bool else array
    array = check_finite(name, array, shape)
    fractions = array != np.rint(array)
    if fractions.any():
        raise TypeError(
            f"{name} must hold discrete symbols (integers), got fractions such as "
            f"{array[fractions].flat[0]}; turn activations into symbols with discretise()"
        )
    if np.abs(array).max() >= 2.0**63:
        raise ValueError(f"{name} must hold symbols below 2**63, got {np.abs(array).max()}")
    return array.astype(np.int64)


def check_dataset(name: str, dataset: Any, **variables: Collection[str]) -> None:
    """Raise TypeError unless it is a Dataset, ValueError if it lacks a variable or its dimensions.

    TypeError also if a variable does not hold numbers.
    """
    for variable, dims in variables.items():
        if variable not in check_type(name, dataset, xr.Dataset):
            raise ValueError(f"{name} must have the variable {variable}, got {list(dataset)}")
        values = dataset[variable]
        check_dims(f"{name}.{variable}", values, dims)
        if values.size == 0 or values.dtype.kind not in "biuf":
            sizes = dict(values.sizes)
            raise TypeError(f"{name}.{variable} must hold numbers, got {values.dtype}, {sizes}")


def check_dims(name: str, values: Any, needed: Collection[Hashable]) -> None:
    """Raise TypeError unless ``values`` is labelled, ValueError if it lacks a needed dimension.

    ValueError also if two entries have the same label in a needed dimension.
    """
    if not isinstance(values, xr.DataArray | xr.Dataset):
        raise TypeError(f"{name} must be labelled (xarray), got {type(values).__name__}")
    missing = [dim for dim in needed if dim not in values.dims]
    if missing:
        dims = tuple(values.dims)
        raise ValueError(f"{name} must have dimensions {tuple(needed)}, missing {missing}: {dims}")
    repeated = [dim for dim in {*needed} & {*values.indexes} if not values.indexes[dim].is_unique]
    if repeated:
        raise ValueError(f"{name} must have distinct labels, got repeated ones in {repeated}")


def check_labels(**arrays: xr.DataArray) -> None:
    """Raise ValueError unless arrays that share a dimension have the same labels, each once."""
    names = ", ".join(arrays)
    try:
        xr.align(*arrays.values(), join="exact")
    except ValueError as error:
        raise ValueError(f"{names} must have the same labels: {error}") from error
    for name, array in arrays.items():
        for dim, index in array.indexes.items():
            if index.has_duplicates or not index.size:
                raise ValueError(f"{name} must have distinct labels of {dim}, got {index.tolist()}")


def check_weights(weights: Any, n_sequences: int) -> np.ndarray:
    """Return the weight of each sequence, summing to 1 (None: all equal)."""
    if weights is None:
        return np.full(n_sequences, 1.0 / n_sequences)
    array = check_finite("weights", weights, (n_sequences,)).astype(float)
    if (array < 0).any():
        raise ValueError(f"weights must not be negative, got {array.min()}")
    if array.max() == 0:
        raise ValueError("weights must sum to something positive, got a sum of 0")
    array = np.ldexp(array, -np.frexp(array.max())[1])  # exact, and the sum cannot overflow
    return array / array.sum()


def select(data: Labelled, **labels: Any) -> Labelled:
    """Return ``data.sel(...)``, with an error that lists the labels there are.

    ``task`` is selected first. If ``concept_name`` then depends on ``concept`` alone, the index
    ``concept`` becomes these names: ``select(study, task="memory", concept="A")``.

    Parameters
    ----------
    data
        With a dimension of each name.
    labels
        Dimension -> its label or labels, e.g. ``architecture="LSTM"``.

    Raises
    ------
    ValueError
        If a dimension or label does not exist; the message names the dimension and its labels.
    """
    if not isinstance(data, xr.Dataset | xr.DataArray):
        raise TypeError(f"data must be labelled (xarray), got {data!r}")
    for name in sorted(labels, key="task".__ne__):
        data = _with_concept_names(data)
        if name not in data.dims:
            raise ValueError(f"data must have dimension {name}, got {tuple(data.dims)}")
        known = data[name].values.tolist()
        for label in as_array(name, labels[name]).ravel().tolist():
            check_choice(name, label, known)
            if isinstance(label, bool) != isinstance(known[0], bool):  # True equals 1
                raise TypeError(f"{name} must be a label such as {known[0]!r}, got {label}")
        data = data.sel({name: labels[name]})
    return _with_concept_names(data)


def _with_concept_names(data: Labelled) -> Labelled:
    names = data.coords.get("concept_name")
    if names is None or names.dims != ("concept",):
        return data
    return data.assign_coords(concept=names.values)


def as_array(name: str, values: Any) -> np.ndarray:
    """Return ``values`` as an array; raise TypeError if they are masked or no array."""
    if np.ma.is_masked(values):
        raise TypeError(f"{name} must not be masked: leave masked entries out")
    try:
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as error:  # unequal rows, tensors with gradient
        raise TypeError(f"{name} must be an array of numbers: {error}") from error


def _shaped(name: str, values: Any, shape: Shape) -> np.ndarray:
    array = as_array(name, values)
    sizes = array.shape
    if shape[:1] == (...,):
        sizes = (..., *sizes[max(len(sizes) - len(shape) + 1, 0) :])
    if len(sizes) != len(shape) or any(
        want not in (None, has) for want, has in zip(shape, sizes, strict=True)
    ):
        words = ("any" if n is None else "..." if n is ... else str(n) for n in shape)
        raise ValueError(f"{name} must have shape ({', '.join(words)}), got {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    return array


def _where(array: np.ndarray) -> str:
    first = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    return f"entry {first} and {(~np.isfinite(array)).sum() - 1} others"
