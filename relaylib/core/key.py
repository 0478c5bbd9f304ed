"""The key of a stored result: its name, its configuration, and the code that computes it."""

import dataclasses
import math
import re
from collections.abc import Sequence
from typing import Any

from relaylib.core.fingerprint import fingerprint
from relaylib.core.provenance import code_hash, library_versions


def entry_key(name: str, config: Any, modules: Sequence[str]) -> dict[str, Any]:
    """Return everything that decides a result, as JSON types.

    Parameters
    ----------
    name, config, modules
        As for `relaylib.core.store.Store.dataset`.

    Returns
    -------
    dict
        The name; the configuration, with a `fingerprint` of each class from outside relaylib; the
        hash of the code as it was imported; the versions of the libraries that decide numbers.

    Raises
    ------
    TypeError, ValueError
        As `relaylib.core.store.Store.dataset`.
    UnstableError
        If an object of the configuration acts differently every time.
    """
    check_name("name", name)
    if not dataclasses.is_dataclass(config):
        raise TypeError(f"config must be a frozen dataclass, got {type(config).__name__}")
    return {
        "name": name,
        "configuration": _plain(config, "config"),
        "code_hash": code_hash(modules, as_imported=True),
        "libraries": library_versions(),
    }


def check_name(argument: str, name: str) -> str:
    """Return what can be part of a file name; ValueError for the rest."""
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{,99}", name):
        raise ValueError(
            f"{argument} must be at most 100 letters, digits, '_', '.' and '-', got {name!r}"
        )
    return name


def _plain(value: Any, field: str) -> Any:
    """Return a configuration as JSON types, class names included."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{field} must be finite, got {value}")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, tuple):
        return [_plain(item, f"{field}[{index}]") for index, item in enumerate(value)]
    kind = type(value)
    params = getattr(kind, "__dataclass_params__", None)
    if params is None or not params.frozen:
        raise TypeError(
            f"{field} must be a string, a number, a boolean, None, a tuple or a frozen dataclass, "
            f"got {value!r} ({kind.__name__})"
        )
    names = [item.name for item in dataclasses.fields(value)]
    plain = {name: _plain(getattr(value, name), f"{field}.{name}") for name in names}
    plain["class"] = kind.__name__
    if not kind.__module__.startswith("relaylib."):  # the code hash covers our own classes
        plain["class"] = f"{kind.__module__}.{kind.__qualname__}"
        plain |= {f"class.{part}": digest for part, digest in fingerprint(value).items()}
    return plain
