"""Hashes of what an object of a user's own class does: its code and, for a task, its sequences."""

import dataclasses
import functools
import hashlib
import sys
import sysconfig
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from relaylib.core.seeds import stream

_N_SAMPLED = 256  # sequences of a sampled task that are compared
_TASK = ("name", "concepts", "n_inputs", "n_steps", "is_sampled")
_INSTALLED = tuple(sysconfig.get_path(key) for key in ("stdlib", "platlib", "purelib"))
_NO_CODE = {"__doc__", "__dict__", "__weakref__", "__firstlineno__", "__static_attributes__"}
_PARTS = {
    property: ("fget",),
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    functools.cached_property: ("func",),
    functools.partial: ("func", "args", "keywords"),
}


class UnstableError(ValueError):
    """An object acts differently every time, so that its result could not be found again."""


def fingerprint(instance: Any) -> dict[str, str]:
    """Return hashes that change when an object of a user's own class would act differently.

    Parameters
    ----------
    instance
        A dataclass, e.g. a task, defined in a file, a notebook or at a prompt.

    Returns
    -------
    dict
        ``code``: SHA-256 of the class, its base classes, and the functions, classes and constants
        that they use, at any depth, outside installed packages. ``behaviour``: SHA-256 of the
        sequences of a task (an object with ``population`` and ``sample``): all or, if
        ``is_sampled``, 256 from a fixed stream; so a data file that the task reads counts too.

    Raises
    ------
    TypeError
        If it is no instance of a dataclass.
    UnstableError
        If a second look finds other sequences, or a constant that has changed.
    """
    if not dataclasses.is_dataclass(instance) or isinstance(instance, type):
        raise TypeError(f"instance must be an instance of a dataclass, got {instance!r}")
    found = [{"behaviour": _behaviour(instance), "code": _value(type(instance), {})} for _ in "12"]
    changed = [name for name in found[0] if repr(found[0][name]) != repr(found[1][name])]
    if changed:
        raise UnstableError(
            f"{type(instance).__name__} acts differently every time (its {changed[0]} changes): "
            "let random numbers come from rng alone, and change no global variable"
        )
    return {
        name: hashlib.sha256(repr(what).encode()).hexdigest() for name, what in found[1].items()
    }


def _behaviour(task: Any) -> Any:
    if not (hasattr(task, "population") and hasattr(task, "sample")):
        return None
    attributes = [_value(getattr(task, name, None), {}) for name in _TASK]
    if getattr(task, "is_sampled", False):
        return attributes, _value(task.sample(_N_SAMPLED, rng=stream(0, "fingerprint")), {})
    return attributes, _value(task.population(), {})


def _value(value: Any, seen: dict[int, int]) -> Any:
    """Return a value as nested lists of text; ``seen`` numbers the objects met before."""
    value = getattr(value, "__wrapped__", value)  # functools.lru_cache and other decorators
    module, name = type(value).__module__, type(value).__qualname__
    if isinstance(value, np.ndarray | np.generic) and value.dtype != object:
        return str(value.dtype), value.shape, hashlib.sha256(value.tobytes()).hexdigest()
    if isinstance(value, list | tuple):
        return [_value(item, seen) for item in value]
    if isinstance(value, dict):
        return [(repr(key), _value(item, seen)) for key, item in value.items()]
    if isinstance(value, set | frozenset):
        return sorted(repr(item) for item in value)
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return name, repr(value)
    for kind, parts in _PARTS.items():
        if isinstance(value, kind):
            return [_value(getattr(value, part), seen) for part in parts]
    if id(value) in seen:
        return seen[id(value)]
    seen[id(value)] = len(seen)
    if isinstance(value, type | FunctionType) and not _is_installed(value.__module__):
        return _code(value, seen)
    if hasattr(value, "__dict__") and not _is_installed(module):
        return _value([type(value), vars(value)], seen)
    return module, name, getattr(value, "__qualname__", "")


def _code(thing: Any, seen: dict[int, int]) -> Any:
    name = thing.__module__, thing.__qualname__
    if isinstance(thing, type):
        bases = [base for base in thing.__mro__[1:] if not _is_installed(base.__module__)]
        members = {k: v for k, v in vars(thing).items() if k not in _NO_CODE}
        return name, _value(members, seen), _value(bases, seen)
    cells = [cell.cell_contents for cell in thing.__closure__ or ()]
    state = [thing.__defaults__, thing.__kwdefaults__, cells, dict(_used(thing))]
    return name, _instructions(thing.__code__), _value(state, seen)


def _instructions(code: CodeType) -> Any:
    constants = [
        _instructions(constant) if isinstance(constant, CodeType) else _value(constant, {})
        for constant in code.co_consts
    ]
    return code.co_code, code.co_names, code.co_varnames, constants


def _used(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield the globals that a function names, and parts of modules that are not installed."""
    names = sorted(_names(function.__code__))
    for name in names:
        value = function.__globals__.get(name, sys.modules.get(name))
        if not isinstance(value, ModuleType):
            if name in function.__globals__:
                yield name, value
        elif not _is_installed(value.__name__):
            members = vars(value)
            yield from ((f"{name}.{part}", members[part]) for part in names if part in members)


def _names(code: CodeType) -> set[str]:
    nested = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return {*code.co_names, *(name for inner in nested for name in _names(inner))}


def _is_installed(module: str) -> bool:
    """Return whether a module belongs to Python, an installed package or relaylib itself."""
    root = module.partition(".")[0]
    path = getattr(sys.modules.get(module), "__file__", None) or ""
    return (
        root in sys.stdlib_module_names or root == "relaylib" or path.startswith(_INSTALLED)
    ) and root != "__main__"
