"""From one dataset per condition to one dataset of the study, and from several studies to one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import xarray as xr

from relaylib.core.checks import check_all, check_type
from relaylib.studies.config import StudyConfig

FACTORS = ("task", "architecture", "regime")


def by_condition(
    config: StudyConfig, cells: Sequence[xr.Dataset], *, factors: tuple[str, ...] = FACTORS
) -> xr.Dataset:
    """Arrange one dataset per condition along the factors of the study.

    Parameters
    ----------
    config
        The study.
    cells
        In the order of ``config.conditions()``, all with the same variables.
    factors
        Of task, architecture and regime, in this order, those that become dimensions; a factor
        that is left out has one level.

    Returns
    -------
    xarray.Dataset
        With the factors as first dimensions, and the coordinates ``concept``, ``concept_name``
        (task, concept), ``input_end`` (last step of the input) and ``answer_delay`` (regime).
        ``concept`` holds the names where all tasks share them, else 0, 1, ... Missing entries are
        NaN.
    """
    check_type("config", config, StudyConfig), check_all("cells", cells, xr.Dataset)
    check_all("factors", factors, str)
    if tuple(factor for factor in FACTORS if factor in factors) != factors:
        raise ValueError(f"factors must be some of {FACTORS}, in this order, got {factors!r}")
    labels = {
        "task": [task.name for task in config.tasks],
        "architecture": list(config.architectures),
        "regime": list(config.regimes),
    }
    if len(cells) != prod(len(labels[factor]) for factor in factors) or not factors:
        raise ValueError(f"cells must be one for each level of {factors}, got {len(cells)}")
    own = ("concept", "input_end", "answer_delay", *factors)
    grid = [cell.drop_vars(own, errors="ignore") for cell in cells]
    for factor in reversed(factors):
        n = len(labels[factor])
        grid = [stack(grid[i : i + n], factor) for i in range(0, len(grid), n)]
    return grid[0].assign_coords({f: labels[f] for f in factors} | _of_study(config, factors))


def stack(parts: Sequence[xr.Dataset], dim: str) -> xr.Dataset:
    """Lay datasets along a new first dimension; missing entries are NaN."""
    check_type("dim", dim, str)
    if not check_all("parts", parts, xr.Dataset) or any(dim in part.dims for part in parts):
        raise ValueError(f"parts must be datasets without dimension {dim!r}, got {len(parts)}")
    how: dict[str, Any] = {"data_vars": "all", "coords": "minimal", "compat": "override"}
    try:
        return xr.concat(parts, dim, join="outer", **how)
    except ValueError as error:
        raise ValueError(f"parts (cells of a study) must fit each other: {error}") from error


def combine_studies(studies: Mapping[Any, xr.Dataset], dim: str) -> xr.Dataset:
    """Lay studies of different settings along a new dimension.

    Parameters
    ----------
    studies
        Label -> a study, or another result, e.g. ``{6: small, 12: large}``.
    dim
        What differs, e.g. ``"n_nodes"``: name of the new dimension.

    Returns
    -------
    xarray.Dataset
        (dim, ...); entries that a study does not have, such as node 12 of a network of 6, are NaN.
        Attributes that differ, such as the configuration, are coordinates along ``dim``.

    Raises
    ------
    ValueError
        If there is no study, or one has the dimension already.
    """
    check_type("dim", dim, str)
    if not isinstance(studies, Mapping):
        raise TypeError(f"studies must map labels to datasets, got {studies!r}")
    parts = check_all("studies", list(studies.values()), xr.Dataset)
    if not parts or any(dim in part.dims for part in parts):
        raise ValueError(f"studies must hold datasets without dimension {dim!r}, got {len(parts)}")
    names = sorted({name for part in parts for name in part.attrs})
    attrs = {name: [part.attrs.get(name, "") for part in parts] for name in names}
    common = {name: values[0] for name, values in attrs.items() if len({*values}) == 1}
    differing = {name: (dim, values) for name, values in attrs.items() if name not in common}
    how: dict[str, Any] = {"data_vars": "all", "coords": "different", "compat": "equals"}
    combined = xr.concat([part.drop_attrs(deep=False) for part in parts], dim, join="outer", **how)
    return combined.assign_coords({dim: list(studies)} | differing).assign_attrs(common)


def _of_study(config: StudyConfig, factors: tuple[str, ...]) -> dict[str, Any]:
    """Coordinates that come from the study and not from what is measured."""
    names = [list(task.concepts) for task in config.tasks]
    shared = all(each == names[0] for each in names)
    coords: dict[str, Any] = {
        "concept": names[0] if shared else np.arange(len(names[0])),
        "concept_name": (("task", "concept"), names)
        if "task" in factors
        else ("concept", names[0]),
        "input_end": ((), config.n_steps, {"units": "step"}),
    }
    if "regime" in factors:
        delays = [config.read_delay(regime) for regime in config.regimes]
        coords["answer_delay"] = ("regime", delays, {"units": "step"})
    return coords
