"""Training map: a network's whole training as MM-PHATE points, moment by moment."""

import gzip
from typing import Any

import anywidget
import numpy as np
import traitlets
import xarray as xr

from relaylib.core.checks import check_choice, check_integer
from relaylib.figures.style import concept_names
from relaylib.widgets import source

_POINTS = ("task", "architecture", "moment", "time", "node", "component")
_BITS = ("task", "architecture", "moment", "time", "concept", "node")


class TrainingMap(anywidget.AnyWidget):
    """Move through epochs and steps of a training: the map, and the matrix of that moment.

    The points of the chosen epoch and step are larger than all others; beside the map is the
    information matrix of that moment. All points of a map can be saved as a table. No kernel is
    needed.

    Parameters
    ----------
    maps
        From `relaylib.studies.training_maps.map_training`.
    shown
        What is shown first, all of which can be set later: ``task``, ``architecture``; ``colour``:
        "epoch", "step", "node" or "1", "2", ... for the bits of a concept; ``moment`` (number of
        the epoch on the map, from 0; by default the last), ``time`` (from 1; by default the last
        step of the input), ``node`` (from 1).

    Raises
    ------
    ValueError, TypeError
        If ``maps`` has no two-dimensional ``embedding`` with its measures, or does not contain what
        is to be shown.
    """

    _esm = source("common.js", "unzip.js", "training_map.js")
    _css = source("common.css", "training_map.css")
    maps = traitlets.Dict().tag(sync=True)
    points = traitlets.Bytes().tag(sync=True)
    bits = traitlets.Bytes().tag(sync=True)
    task = traitlets.Unicode().tag(sync=True)
    architecture = traitlets.Unicode().tag(sync=True)
    colour = traitlets.Unicode("epoch").tag(sync=True)
    moment = traitlets.Int(0).tag(sync=True)
    time = traitlets.Int(1).tag(sync=True)
    node = traitlets.Int(1).tag(sync=True)

    def __init__(self, maps: xr.Dataset, **shown: Any) -> None:
        missing = {"embedding", "information_bits", "epoch", "accuracy"} - set(maps)
        if missing or maps.sizes.get("component") != 2:
            raise ValueError(
                f"maps must hold a two-dimensional embedding and its measures, as from "
                f"map_training; it has {dict(maps.sizes)} and lacks {sorted(missing)}"
            )
        trained = maps.sel(weights="trained") if "weights" in maps.dims else maps
        labels, *packed = pack_maps(trained)
        points, bits = (gzip.compress(part, mtime=0) for part in packed)
        first = {
            "task": labels["tasks"][0]["name"],
            "architecture": labels["architectures"][0],
            "moment": labels["shape"][0] - 1,
            "time": int(maps.input_end),
        }
        super().__init__(maps=labels, points=points, bits=bits, **first | shown)

    @traitlets.validate("task", "architecture", "colour")
    def _check_name(self, proposal: Any) -> Any:
        labels, name = self.maps, proposal.trait.name
        allowed = {
            "task": [task["name"] for task in labels["tasks"]],
            "architecture": labels["architectures"],
            "colour": ["epoch", "step", "node", *map(str, range(1, labels["shape"][2] + 1))],
        }
        return check_choice(name, proposal.value, allowed[name])

    @traitlets.validate("moment", "time", "node")
    def _check_number(self, proposal: Any) -> Any:
        name, (n_moments, n_times, _, n_nodes) = proposal.trait.name, self.maps["shape"]
        limits = {"moment": (0, n_moments - 1), "time": (1, n_times), "node": (1, n_nodes)}
        return check_integer(name, proposal.value, *limits[name])


def pack_maps(trained: xr.Dataset) -> tuple[dict[str, Any], bytes, bytes]:
    """Return labels, points and bits; the numbers as little-endian half floats in C order.

    Points are (task, architecture, moment, time, node, component), each map scaled to lie in
    [-1, 1]; bits are (task, architecture, moment, time, concept, node). A moment that a network
    does not have is NaN.
    """
    embedding = trained.embedding.transpose(*_POINTS)
    inner = _POINTS[2:]
    centre = (embedding.max(inner[:-1]) + embedding.min(inner[:-1])) / 2
    placed = embedding - centre
    scaled = (placed / abs(placed).max(inner)).transpose(*_POINTS)
    bits = trained.information_bits.transpose(*_BITS)
    tasks, architectures = trained.task.values, trained.architecture.values
    cells = {
        f"{task}/{architecture}": {
            "replicate": int(cell.shown_replicate),
            "epochs": [int(epoch) for epoch in cell.epoch.values[np.isfinite(cell.epoch)]],
            "accuracy": [round(float(a), 3) for a in cell.accuracy.values if np.isfinite(a)],
        }
        for task in tasks
        for architecture in architectures
        for cell in [trained.sel(task=task, architecture=architecture)]
    }
    labels = {
        "tasks": [
            {"name": str(task), "concepts": concept_names(trained.sel(task=task))} for task in tasks
        ],
        "architectures": [str(name) for name in architectures],
        "cells": cells,
        "shape": list(bits.shape[2:]),
    }
    return labels, scaled.values.astype("<f2").tobytes(), bits.values.astype("<f2").tobytes()
