"""Training map: a network's whole training as MM-PHATE points, moment by moment."""

import gzip
from typing import Any

import anywidget
import numpy as np
import traitlets
import xarray as xr

from relaylib.core.checks import check_all, check_choice, check_integer
from relaylib.figures.style import concept_names
from relaylib.widgets import source

_POINTS = ("network", "task", "architecture", "moment", "time", "node", "component")
_BITS = ("network", "task", "architecture", "moment", "time", "concept", "node")


class TrainingMap(anywidget.AnyWidget):
    """Move through epochs and steps of a training: the map, and the matrix of that moment.

    The points of the chosen epoch and step are larger than all others; beside the map is the
    information matrix of that moment. All points of a map can be saved as a table. No kernel is
    needed.

    Parameters
    ----------
    maps
        From `relaylib.studies.training_maps.map_training`; or several, of the same conditions, with
        other networks, between which the reader chooses.
    shown
        What is shown first, all of which can be set later: ``task``, ``architecture``; ``network``,
        the place of its dataset in ``maps``, from 0; ``colour``:
        "epoch", "step", "node" or "1", "2", ... for the bits of a concept; ``moment`` (number of
        the epoch on the map, from 0; by default the last), ``time`` (from 1; by default the last
        step of the input), ``node`` (from 1).

    Raises
    ------
    ValueError, TypeError
        If ``maps`` has no two-dimensional ``embedding`` with its measures, several do not have the
        same conditions, or they do not contain what is to be shown.
    """

    _esm = source("common.js", "unzip.js", "training_map.js")
    _css = source("common.css", "training_map.css")
    maps = traitlets.Dict().tag(sync=True)
    points = traitlets.Bytes().tag(sync=True)
    bits = traitlets.Bytes().tag(sync=True)
    task = traitlets.Unicode().tag(sync=True)
    architecture = traitlets.Unicode().tag(sync=True)
    network = traitlets.Int(0).tag(sync=True)
    colour = traitlets.Unicode("epoch").tag(sync=True)
    moment = traitlets.Int(0).tag(sync=True)
    time = traitlets.Int(1).tag(sync=True)
    node = traitlets.Int(1).tag(sync=True)

    def __init__(self, *maps: xr.Dataset, **shown: Any) -> None:
        trained = _together(maps)
        labels, *packed = pack_maps(trained)
        points, bits = (gzip.compress(part, mtime=0) for part in packed)
        first = {
            "task": labels["tasks"][0]["name"],
            "architecture": labels["architectures"][0],
            "moment": labels["shape"][0] - 1,
            "time": int(trained.input_end),
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

    @traitlets.validate("network", "moment", "time", "node")
    def _check_number(self, proposal: Any) -> Any:
        name, (n_moments, n_times, _, n_nodes) = proposal.trait.name, self.maps["shape"]
        limits = {"moment": (0, n_moments - 1), "time": (1, n_times), "node": (1, n_nodes)}
        limits["network"] = (0, self.maps["n_networks"] - 1)
        return check_integer(name, proposal.value, *limits[name])


def _together(maps: tuple[xr.Dataset, ...]) -> xr.Dataset:
    """Lay the trained networks of maps along a dimension "network", and check what they hold."""
    if not check_all("maps", maps, xr.Dataset):
        raise ValueError("maps must be one or several, as from map_training, got none")
    for each in maps:
        missing = {"embedding", "information_bits", "epoch", "accuracy"} - set(each)
        if missing or each.sizes.get("component") != 2:
            raise ValueError(
                f"maps must hold a two-dimensional embedding and its measures, as from "
                f"map_training; it has {dict(each.sizes)} and lacks {sorted(missing)}"
            )
    trained = [m.sel(weights="trained", drop=True) if "weights" in m.dims else m for m in maps]
    numbered = [m.assign_coords(moment=np.arange(m.sizes["moment"])) for m in trained]
    longest = max(numbered, key=lambda each: each.sizes["moment"])
    try:
        xr.align(*(m.drop_dims("moment") for m in numbered), join="exact")
        laid = [m.reindex(moment=longest.moment) for m in numbered]
        return xr.concat(laid, "network", join="exact", coords="minimal", compat="override")
    except ValueError as error:
        raise ValueError(f"maps must have the same conditions: {error}") from error


def pack_maps(trained: xr.Dataset) -> tuple[dict[str, Any], bytes, bytes]:
    """Return labels, points and bits; the numbers as little-endian half floats in C order.

    Points are (network, task, architecture, moment, time, node, component), each map scaled to lie
    in [-1, 1]; bits are (network, task, architecture, moment, time, concept, node). A moment that a
    network does not have is NaN.
    """
    embedding = trained.embedding.transpose(*_POINTS)
    inner = _POINTS[3:]
    centre = (embedding.max(inner[:-1]) + embedding.min(inner[:-1])) / 2
    placed = embedding - centre
    scaled = (placed / abs(placed).max(inner)).transpose(*_POINTS)
    bits = trained.information_bits.transpose(*_BITS)
    first = trained.isel(network=0)
    tasks, architectures = first.task.values, first.architecture.values
    cells = {
        f"{task}/{architecture}": [
            _described(trained.sel(task=task, architecture=architecture).isel(network=index))
            for index in range(trained.sizes["network"])
        ]
        for task in tasks
        for architecture in architectures
    }
    labels = {
        "tasks": [
            {"name": str(task), "concepts": concept_names(first.sel(task=task))} for task in tasks
        ],
        "architectures": [str(name) for name in architectures],
        "cells": cells,
        "n_networks": trained.sizes["network"],
        "shape": list(bits.shape[3:]),
    }
    return labels, scaled.values.astype("<f2").tobytes(), bits.values.astype("<f2").tobytes()


def _described(network: xr.Dataset) -> dict[str, Any]:
    """Return the number of one network, from 0, with its epochs and their accuracies."""
    known = network.where(network.epoch.notnull(), drop=True)
    return {
        "replicate": int(network.shown_replicate),
        "epochs": [int(epoch) for epoch in known.epoch.values],
        "accuracy": [round(float(accuracy), 3) for accuracy in known.accuracy.values],
    }
