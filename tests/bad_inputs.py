"""Bad inputs of every public function of relaylib: one argument at a time is made wrong.

Public is what a module outside figures, widgets and kernels defines under a name without
underscore. `tests/valid_inputs.py` holds a valid example of every argument. An example is replaced
by each of its `mutations`, which say what may follow:

EQUAL    another form of the same value (np.int64 for int): an equal result, or a refusal.
REFUSED  no possible value: a refusal, or, if the argument does not matter, an equal result.
ANY      possibly another valid value (-1, an empty array): any result, or a refusal, which may
         also name another argument: of two that do not fit, either may be wrong.

A refusal is a TypeError or ValueError whose message names the argument. Everything else is a
defect: a wrong result, another exception, a warning, a message without the name, more than 5
seconds, more than 1 GB.

`make fuzz` runs all, and prints the counts by outcome (``FUNCTION...`` as arguments: only these).
"""

import contextlib
import dataclasses
import importlib
import inspect
import os
import pkgutil
import re
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any, NamedTuple

import numpy as np
import torch
import xarray as xr
from scipy import sparse
from valid_inputs import AFTERWARDS, BY_NAME, INSTANCES, OF, UNCHECKED

import relaylib
from relaylib.information.significance import UndersampledWarning
from relaylib.tasks.task import Trials

Kind = inspect.Parameter
EQUAL, REFUSED, ANY = "equal", "refused", "any"
SECONDS, BYTES = 5, 2**30
LEFT_OUT = re.compile(r"\.(figures|widgets|core\.jit|\w*kernels|compiled_cells|clustering)\b")
# Text that is no choice from a list, and numbers that may be undefined.
FREE_TEXT = {"name", "label", "dim", "filename", "group", "root", "store", "source", "package"}
FREE_TEXT |= {"key", "concepts", "nodes", "path"}
LONG = {"evaluate"}  # minutes if the input is accepted: only what must be refused
MAY_BE_NAN = {"values", "correlations"}  # an undefined value
MAY_BE_TEXT = {"data", "orders"}  # of any kind; labels of nodes


class Target(NamedTuple):
    """A public function, class or method, and one set of valid arguments."""

    name: str
    short: str
    function: Callable
    parameters: dict[str, inspect.Parameter]
    examples: dict[str, Callable[[], Any]]

    def call(self, **arguments: Any) -> Any:
        """Call it, on a fresh instance if it is a method; iterators are used up."""
        positional, named = [], {}
        starred = [name for name in arguments if self.kind(name) is Kind.VAR_POSITIONAL]
        for name, value in arguments.items():
            if self.kind(name) is Kind.VAR_KEYWORD:
                named |= value if isinstance(value, dict) else {"time": value}
            elif starred and self.kind(name) is not Kind.KEYWORD_ONLY:
                positional.append(value)
            else:
                named[name] = value
        function = self.function
        owner = self.short.rpartition(".")[0]
        if owner and not inspect.ismethod(function):
            function = function.__get__(INSTANCES[owner]())
        result = function(*positional, **named)
        if self.short in AFTERWARDS:
            result = AFTERWARDS[self.short](result)
        return list(result) if isinstance(result, Iterator) else result

    def names(self, parameter: str, follows: str) -> set[str]:
        """Return the words of which a refusal must hold one."""
        if self.kind(parameter) is Kind.VAR_KEYWORD:
            return set(self.examples[parameter]())
        named = {parameter}
        if follows is ANY:
            named = set(self.parameters)
            for name in self.parameters:
                named |= self.names(name, REFUSED) if self.kind(name) is Kind.VAR_KEYWORD else set()
        return named | {f"{name}s" for name in named} | {name.removesuffix("s") for name in named}

    def kind(self, parameter: str) -> Any:
        return self.parameters[parameter].kind


def definitions() -> Iterator[tuple[str, Any]]:
    """Yield the qualified name and the object of everything public, methods included."""
    for info in pkgutil.walk_packages(relaylib.__path__, "relaylib."):
        if LEFT_OUT.search(info.name):
            continue
        module = importlib.import_module(info.name)
        for name, found in vars(module).items():
            if name.startswith("_") or getattr(found, "__module__", None) != info.name:
                continue
            if inspect.isfunction(found):
                yield f"{info.name}.{name}", found
            elif inspect.isclass(found) and not issubclass(found, Exception):
                if not is_record(found):
                    yield f"{info.name}.{name}", found
                for method, value in vars(found).items():
                    value = getattr(found, method) if isinstance(value, classmethod) else value
                    if not method.startswith("_") and isinstance(value, FunctionType | MethodType):
                        yield f"{info.name}.{name}.{method}", value


def is_record(kind: type) -> bool:
    """Tell whether a class only holds results, unchecked: a tuple, or a plain dataclass."""
    plain = dataclasses.is_dataclass(kind) and not hasattr(kind, "__post_init__")
    return plain or issubclass(kind, tuple)


def is_unchecked(name: str) -> bool:
    return any(
        name == key or name.startswith(key if key[-1] == "_" else f"{key}.") for key in UNCHECKED
    )


@cache
def targets() -> list[Target]:
    """Return everything public with each of its sets of examples."""
    found = []
    for name, function in definitions():
        if is_unchecked(name):
            continue
        parts = name.split(".")
        short = ".".join(parts[-2:] if parts[-2][0].isupper() else parts[-1:])
        parameters = dict(inspect.signature(function).parameters)
        parameters.pop("self", None)
        parameters = {p: kind for p, kind in parameters.items() if not is_unchecked(f"{name}.{p}")}
        for own in OF.get(short, [{}]):
            examples = {p: example(kind, own) for p, kind in parameters.items()}
            found.append(Target(name, short, function, parameters, examples))
    return found


def example(parameter: inspect.Parameter, own: dict[str, Any]) -> Callable[[], Any] | None:
    if parameter.name in own:
        return own[parameter.name]
    default = parameter.default
    if default is not inspect.Parameter.empty and default is not None:
        return lambda: default
    return BY_NAME.get(parameter.name)


# ---- mutations


def mutations(name: str, value: Any, default: Any) -> Iterator[tuple[str, Any, str]]:
    """Yield (description, value, what may follow) of every replacement of a valid value."""
    if default is not None:
        yield "None", None, REFUSED
    yield "object", object(), REFUSED
    yield "a class", type(value), REFUSED
    if not callable(value):
        yield "a function", lambda: None, REFUSED
    if not isinstance(value, dict):
        yield "a dict", {"a": 1}, REFUSED
        yield "an empty dict", {}, REFUSED
    if not isinstance(value, str) and name not in FREE_TEXT:
        yield "text", "7", REFUSED
    if not isinstance(value, list | tuple | np.ndarray):
        yield "a ragged list", [[1, 2], [3]], REFUSED
        yield "an empty list", [], REFUSED
    if not isinstance(value, int | float | np.ndarray):
        yield "a number", 42, ANY if isinstance(value, str) and name == "key" else REFUSED
    if not isinstance(value, xr.Dataset):
        yield "an empty Dataset", xr.Dataset(), REFUSED
    for kind, more in MORE:
        if isinstance(value, kind):
            yield from more(name, value)
            return
    yield "in a list", [value], REFUSED


def of_bool(name: str, value: bool) -> Iterator[tuple[str, Any, str]]:
    yield "numpy", np.bool_(value), EQUAL
    yield from (("2", 2, REFUSED), ("NaN", np.nan, REFUSED), ("1", int(value), EQUAL))
    yield "an array", np.array([True, False]), REFUSED
    yield "a tensor", torch.tensor([True, False]), REFUSED


def of_number(name: str, value: float) -> Iterator[tuple[str, Any, str]]:
    whole = isinstance(value, int)
    yield "as text", str(value), ANY if name in FREE_TEXT else REFUSED
    yield "numpy", np.int64(value) if whole else np.float64(value), EQUAL
    yield "float32", np.float32(value), ANY
    if whole and 0 <= value < 256:
        yield "uint8", np.uint8(value), EQUAL
    if whole:
        yield "a fraction", value + 0.5, REFUSED
        yield "bool", True, ANY if value == 1 else REFUSED
    for wrong in (np.nan, np.inf, -np.inf, 1j):
        yield str(wrong), wrong, REFUSED
    for extreme in (-1, 0, 1, 10**9, 2**64, -(2**64), 10**400, 1e308, 1e-308):
        yield f"{extreme:.1e}" if abs(extreme) < 1e300 else "huge", extreme, ANY
    yield "array of 2", np.array([value, value]), REFUSED
    yield "array of 1", np.array([value]), ANY
    yield "masked", np.ma.masked_array([value], [True]), REFUSED
    yield "list of 1", [value], ANY
    yield "tensor", torch.tensor([float(value)] * 2, requires_grad=True), REFUSED
    yield "date", np.datetime64("2020"), REFUSED
    yield "DataArray", xr.DataArray([1.0, 2.0]), REFUSED


def of_text(name: str, value: str) -> Iterator[tuple[str, Any, str]]:
    follows = ANY if name in FREE_TEXT else REFUSED
    yield "numpy", np.str_(value), EQUAL
    for wrong in ("", "no such", value.upper() + " ", "../a", "a\0b", "\ud800", "x" * 100_000):
        yield f"text {wrong[:9]!r}", wrong, follows
    yield "bytes", value.encode(), ANY if name in FREE_TEXT else REFUSED
    yield "unhashable", [value], REFUSED
    yield "an array", np.array([value, value]), REFUSED
    yield "NaN", np.nan, REFUSED
    yield "bool", True, REFUSED


def of_array(name: str, value: np.ndarray) -> Iterator[tuple[str, Any, str]]:
    number = value.dtype.kind in "iufb"
    yield "Fortran order", np.asfortranarray(value), EQUAL
    yield "a list", value.tolist(), EQUAL
    yield "a scalar", 7, ANY
    yield "0-d", np.array(3), ANY
    yield "an empty list", [], ANY
    yield "ragged", [[1, 2], [3]], REFUSED
    yield "one more axis", value[None], ANY
    yield "one axis less", value[0], ANY
    yield "transposed", value.T, ANY
    for axis in range(value.ndim):
        yield f"axis {axis} empty", value.take([], axis), ANY
        yield f"axis {axis} shorter", value.take(range(1, value.shape[axis]), axis), ANY
        yield f"axis {axis} twice", np.concatenate([value, value], axis), ANY
    yield "DataArray", xr.DataArray(value), ANY
    yield "Dataset", xr.Dataset({"a": xr.DataArray(value)}), REFUSED
    yield "tensor with gradient", torch.ones(value.shape, requires_grad=True), ANY
    yield "all equal", np.zeros_like(value), ANY
    if number:
        yield "tensor", torch.as_tensor(value.copy()), EQUAL
        yield from of_numbers(name, value, np.array)


def of_numbers(name: str, value: Any, make: Callable) -> Iterator[tuple[str, Any, str]]:
    """Mutations of the entries of an array; ``make`` gives them the labels that it had."""
    for mutation, mutant, follows in of_entries(name, np.asarray(value), make):
        yield mutation, mutant, ANY if name in MAY_BE_TEXT else follows


def of_entries(name: str, entries: np.ndarray, make: Callable) -> Iterator[tuple[str, Any, str]]:
    kind = entries.dtype.kind
    yield "text", make(entries.astype(str)), REFUSED
    yield "complex", make(entries.astype(complex)), REFUSED
    yield "object with None", make(np.where(entries == entries.flat[0], None, entries)), REFUSED
    yield "dates", make(entries.astype(int).astype("M8[s]")), REFUSED
    mask = np.arange(entries.size).reshape(entries.shape) == 0
    if make is np.array:
        yield "masked", np.ma.masked_array(entries, mask), REFUSED
        yield "masked without mask", np.ma.masked_array(entries), ANY
    yield "float64", make(entries.astype(float)), EQUAL
    yield "objects", make(entries.astype(object)), EQUAL
    if kind in "iu":
        yield "int32", make(entries.astype(np.int32)), EQUAL
        yield "int64", make(entries.astype(np.int64)), EQUAL
        yield "fractions", make(np.where(mask, 0.5, entries)), ANY
    else:
        yield "float32", make(entries.astype(np.float32)), ANY
    for wrong in (np.nan, np.inf, -np.inf):
        follows = ANY if wrong != wrong and name in MAY_BE_NAN else REFUSED
        yield str(wrong), make(np.where(mask, wrong, entries)), follows
        yield f"all {wrong}", make(np.full(entries.shape, wrong)), follows
    for extreme in (-1.0, 1e15, 2.0**63, 1e308, -1e308, 1e-308):
        yield f"{extreme:.0e}", make(np.where(mask, extreme, entries.astype(float))), ANY
        yield f"all {extreme:.0e}", make(np.full(entries.shape, extreme)), ANY
    for extreme in (2**40, 2**62, -(2**62)):
        yield f"integer {extreme:.0e}", make(np.where(mask, extreme, entries.astype(int))), ANY


def of_data_array(name: str, value: xr.DataArray) -> Iterator[tuple[str, Any, str]]:
    yield "plain", value.values, ANY
    dataset = xr.Dataset({"a": value.drop_vars(value.coords)})
    yield "Dataset", dataset, ANY if name == "data" else REFUSED
    yield "transposed", value.transpose(), EQUAL
    yield "without coordinates", value.drop_vars(value.coords), ANY
    yield from of_dims(value)
    of_kind = of_words if value.dtype.kind == "U" else of_numbers
    yield from of_kind(name, value, lambda entries: value.copy(data=entries))


def of_words(name: str, value: Any, make: Callable) -> Iterator[tuple[str, Any, str]]:
    """Mutations of the entries of an array of labels."""
    entries = np.asarray(value)
    first = np.arange(entries.size).reshape(entries.shape) == 0
    yield "numbers", make(np.arange(entries.size).reshape(entries.shape)), REFUSED
    yield "an unknown word", make(np.where(first, "no such", entries)), REFUSED
    yield "all equal", make(np.full_like(entries, entries.flat[0])), REFUSED
    yield "bytes", make(entries.astype("S")), REFUSED
    yield "with None", make(np.where(first, None, entries)), REFUSED
    yield "objects", make(entries.astype(object)), ANY


def of_dims(value: Any) -> Iterator[tuple[str, Any, str]]:
    yield "one more dimension", value.expand_dims("more"), ANY
    for dim in value.dims:
        yield f"{dim} renamed", value.rename({dim: "other"}), ANY
        yield f"without {dim}", value.isel({dim: 0}, drop=True), ANY
        yield f"{dim} empty", value.isel({dim: slice(0)}), ANY
        yield f"{dim} of one", value.isel({dim: [0]}), ANY
        yield f"{dim} shorter", value.isel({dim: slice(1, None)}), ANY
        yield f"{dim} twice", value.isel({dim: [0, *range(value.sizes[dim])]}), ANY
        yield f"{dim} reversed", value.isel({dim: slice(None, None, -1)}), ANY
        if dim in value.coords:
            size = value.sizes[dim]
            yield f"{dim} as text", value.assign_coords({dim: [str(i) for i in range(size)]}), ANY
            yield f"{dim} shifted", value.assign_coords({dim: np.arange(size) + 100}), ANY


def of_dataset(name: str, value: xr.Dataset) -> Iterator[tuple[str, Any, str]]:
    first = next(iter(value.data_vars))
    yield "DataArray", value[first], REFUSED
    yield "empty", xr.Dataset(), ANY
    yield "transposed", value.transpose(), EQUAL
    yield from of_dims(value)
    for variable in value.data_vars:
        yield f"without {variable}", value.drop_vars(variable), ANY
        yield f"{variable} as text", value.assign({variable: value[variable].astype(str)}), ANY
        if value[variable].dtype.kind == "f":
            yield f"{variable} NaN", value.assign({variable: value[variable] * np.nan}), ANY


def of_sequence(name: str, value: tuple | list) -> Iterator[tuple[str, Any, str]]:
    yield "the other kind", list(value) if isinstance(value, tuple) else tuple(value), EQUAL
    yield "an iterator", iter(value), ANY
    yield "a generator's list", list(value) * 2, ANY
    yield "empty", type(value)(()), ANY
    yield "shorter", value[1:], ANY
    yield "twice", value * 2, ANY
    if name != "layers":
        yield "as text", "abc", REFUSED
    yield "a set", {1}, ANY
    first, rest = value[0], value[1:]
    make = list if isinstance(value, list) else tuple
    for description, wrong, follows in mutations(name, first, ...):
        if description not in ("in a list", "the other kind", "a list"):
            yield f"entry: {description}", make((wrong, *rest)), follows


def of_dict(name: str, value: dict) -> Iterator[tuple[str, Any, str]]:
    yield "a list", list(value), REFUSED
    yield "empty", {}, ANY
    for key, entry in value.items():
        yield f"without {key}", {k: v for k, v in value.items() if k != key}, ANY
        yield f"{key} as number", {1 if k == key else k: v for k, v in value.items()}, ANY
        for description, wrong, follows in mutations(str(key), entry, ...):
            yield f"{key}: {description}", {**value, key: wrong}, follows


def of_named_tuple(name: str, value: Any) -> Iterator[tuple[str, Any, str]]:
    yield "a plain tuple", tuple(value), ANY
    for field, entry in value._asdict().items():
        for description, wrong, follows in mutations(field, entry, ...):
            yield f"{field}: {description}", value._replace(**{field: wrong}), follows


def of_generator(name: str, value: np.random.Generator) -> Iterator[tuple[str, Any, str]]:
    yield "RandomState", np.random.RandomState(0), REFUSED
    yield "module", np.random, REFUSED
    yield "seeds", [1, 2], REFUSED


def of_tensor(name: str, value: torch.Tensor) -> Iterator[tuple[str, Any, str]]:
    yield "requires grad", value.clone().requires_grad_(), EQUAL
    yield "array", value.numpy(), ANY
    yield "NaN", value * torch.nan, REFUSED
    yield "double", value.double(), ANY
    yield "integers", value.long(), REFUSED
    yield "shorter", value[:, 1:], REFUSED
    yield "one more axis", value[None], REFUSED
    yield "no networks", value[:0], REFUSED


def of_function(name: str, value: Callable) -> Iterator[tuple[str, Any, str]]:
    yield "with an argument", lambda a: value(), REFUSED
    for wrong in (None, 7, {}, {"a": None}, xr.DataArray([1.0])):
        yield f"gives {wrong!r:.9}", lambda wrong=wrong: wrong, ANY


def of_path(name: str, value: Path) -> Iterator[tuple[str, Any, str]]:
    yield "as text", str(value), EQUAL


MORE: list[tuple[Any, Callable]] = [
    (bool, of_bool),
    (int | float, of_number),
    (str, of_text),
    (np.ndarray, of_array),
    (xr.DataArray, of_data_array),
    (xr.Dataset, of_dataset),
    (torch.Tensor, of_tensor),
    (np.random.Generator, of_generator),
    (Path, of_path),
    (dict, of_dict),
    (Trials, of_named_tuple),
    (list | tuple, of_sequence),
    (FunctionType, of_function),
]


# ---- outcomes


class TooSlow(BaseException):
    """Raised by the alarm; no ``except Exception`` catches it."""


@contextlib.contextmanager
def limits() -> Iterator[None]:
    """Stop what takes more than 5 seconds or 1 GB; run in a folder of its own."""

    def stop(*_: Any) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + BYTES, hard))
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def outcome(target: Target, parameter: str, mutant: Any, follows: str, valid: Callable) -> str:
    """Call with one mutant among valid arguments; the outcome, a defect in capitals."""
    arguments = {name: make() for name, make in target.examples.items()} | {parameter: mutant}
    with warnings.catch_warnings(), limits():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", UndersampledWarning)  # as documented
        try:
            result = target.call(**arguments)
        except (TypeError, ValueError) as error:
            named = target.names(parameter, follows)
            return "refused" if named & words(error) else f"UNNAMED {describe(error)}"
        except FileNotFoundError as error:
            return "refused" if parameter in ("root", "store", "package") else describe(error)
        except Warning as warning:
            return f"WARNING {describe(warning)}"
        except TooSlow:
            return "SLOW"
        except Exception as error:
            return f"EXCEPTION {describe(error)}"
    if same(result, valid()):
        return "equal result"
    return "another result" if follows is ANY else f"ACCEPTED ({follows})"


def words(error: Exception) -> set[str]:
    return set(re.findall(r"\w+", str(error)))


def describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:160]


def same(one: Any, other: Any) -> bool:
    """Tell whether two results are equal.

    NaN equals NaN, dimensions may be in any order, and floats differ by rounding.
    """
    for kind in (str, float):  # NumPy's are of a subclass
        if isinstance(one, kind) and isinstance(other, kind):
            return one == other or (kind is float and np.isclose(one, other, equal_nan=True))
    if type(one) is not type(other):
        return False
    if isinstance(one, xr.DataArray):
        if set(one.dims) != set(other.dims) or set(one.coords) != set(other.coords):
            return False
        pairs = [(one, other), *((one[name], other[name]) for name in one.coords)]
        return all(same(a.transpose(*b.dims).values, b.values) for a, b in pairs)
    if isinstance(one, np.ndarray):
        if one.dtype != other.dtype or one.shape != other.shape:
            return False
        if one.dtype.kind in "fc":
            return np.allclose(one, other, rtol=1e-6, atol=1e-9, equal_nan=True)
        return np.array_equal(one, other)
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict | xr.Dataset):
        return set(one) == set(other) and all(same(one[key], other[key]) for key in one)
    if sparse.issparse(one):
        return same(one.toarray(), other.toarray())
    if isinstance(one, np.random.Generator):
        return one.bit_generator.state == other.bit_generator.state
    if isinstance(one, torch.nn.Module):
        return same(dict(one.state_dict()), dict(other.state_dict()))
    if hasattr(one, "__dict__") and not isinstance(one, type):
        return same(vars(one), vars(other))
    return bool(one == other)


class Result(NamedTuple):
    """What came of one bad input."""

    target: Target
    parameter: str
    mutation: str
    outcome: str
    seconds: float

    @property
    def is_defect(self) -> bool:
        return self.outcome[:4].isupper()

    def __str__(self) -> str:
        what = f"{self.target.name}({self.parameter}={self.mutation})"
        return f"{what}: {self.outcome} [{self.seconds:.1f} s]"


def run(target: Target, every: int = 1) -> Iterator[Result]:
    """Try every k-th mutation of each argument, at least one."""

    @cache
    def valid() -> Any:
        return target.call(**{name: make() for name, make in target.examples.items()})

    if "store" not in target.parameters:  # a study takes long, and is refused at its door
        valid()  # compiles the kernels
    for parameter, make in target.examples.items():
        default = target.parameters[parameter].default
        everything = list(mutations(parameter, make(), default))
        if target.kind(parameter) is Kind.VAR_KEYWORD:
            everything = [(m, mutant, ANY) for m, mutant, _ in everything if " as number" not in m]
        if target.short in LONG:
            everything = [case for case in everything if case[2] is REFUSED]
        start = sum(map(ord, target.short + parameter)) % every  # other ones for each argument
        for mutation, mutant, follows in everything[start % len(everything) :: every]:
            begin = time.perf_counter()
            found = outcome(target, parameter, mutant, follows, valid)
            yield Result(target, parameter, mutation, found, time.perf_counter() - begin)


def main(wanted: list[str]) -> int:
    os.environ["RELAY_RESULTS"] = tempfile.mkdtemp()
    os.chdir(tempfile.mkdtemp())
    counts: Counter[str] = Counter()
    for target in targets():
        if wanted and target.short not in wanted:
            continue
        begin = time.perf_counter()
        for result in run(target):
            counts[
                re.split(r"[ (:]", result.outcome)[0] if result.is_defect else result.outcome
            ] += 1
            if result.is_defect:
                print(result, flush=True)
        if (took := time.perf_counter() - begin) > 5:
            print(f"# {target.short}: {took:.0f} s", flush=True)
    print(sum(counts.values()), "bad inputs:", dict(counts.most_common()))
    return sum(count for outcome, count in counts.items() if outcome.isupper()) > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
