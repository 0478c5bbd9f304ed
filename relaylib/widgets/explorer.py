"""Relay explorer: every network of a study, its information matrices step by step."""

import base64
import gzip
import hashlib
import json
import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
import xarray as xr

from relaylib.core.checks import check_choice, check_integer
from relaylib.figures.style import concept_names
from relaylib.widgets import source

_DIMENSIONS = ("task", "architecture", "regime", "replicate", "time", "concept", "node")


class RelayExplorer(anywidget.AnyWidget):
    """Choose a network, play through time, and read how many bits each node relays.

    The information matrices of all networks (float16) are part of the widget's state, so that a
    saved notebook keeps them. They are larger than the rest of a page of the book: where the
    environment variable RELAY_ASSETS names a folder, as when the book is executed, they are written
    there as a script that all pages share, by `save_asset`, and the state only names it.

    Parameters
    ----------
    study
        From `relaylib.studies.study.run_study`.
    task, architecture, regime, replicate, time
        What is shown first; all can be set later. ``architecture="compare"`` shows all side by
        side. ``replicate`` counts from 0, ``time`` from 1; without ``time``, the last step of the
        input.
    beside, beside_regime, beside_replicate
        A second network to the right of the first, unless all architectures are shown: its
        architecture, or "" for none; its regime, at first that of the first; its number from 0, at
        first 1.

    Raises
    ------
    ValueError, TypeError
        If ``study`` has no ``information_bits`` with the study's dimensions, or does not contain
        what is to be shown.
    """

    _esm = source(
        "common.js", "unzip.js", "asset.js", "matrices.js", "explorer_views.js", "explorer.js"
    )
    _css = source("common.css", "explorer.css")
    study = traitlets.Dict().tag(sync=True)
    asset = traitlets.Unicode().tag(sync=True)
    information = traitlets.Bytes().tag(sync=True)
    task = traitlets.Unicode().tag(sync=True)
    architecture = traitlets.Unicode("compare").tag(sync=True)
    regime = traitlets.Unicode().tag(sync=True)
    replicate = traitlets.Int(0).tag(sync=True)
    time = traitlets.Int(1).tag(sync=True)
    beside = traitlets.Unicode("").tag(sync=True)
    beside_regime = traitlets.Unicode().tag(sync=True)
    beside_replicate = traitlets.Int(0).tag(sync=True)

    def __init__(self, study: xr.Dataset, **shown: Any) -> None:
        if "information_bits" not in study or set(study.information_bits.dims) != set(_DIMENSIONS):
            raise ValueError(
                f"study must hold information_bits {_DIMENSIONS}, as from run_study; it has "
                f"{ {name: values.dims for name, values in study.data_vars.items()} }"
            )
        bits = study.information_bits.transpose(*_DIMENSIONS)
        self._data = pack_information(bits.values)
        self._packed = gzip.compress(self._data, mtime=0)
        labels = _labels(study)
        first = {
            "task": labels["tasks"][0]["name"],
            "regime": shown_first(labels["regimes"]),
            "time": labels["n_steps"],
            "beside_replicate": min(1, labels["replicates"] - 1),
        }
        first["beside_regime"] = shown.get("regime", first["regime"])
        shared = os.environ.get("RELAY_ASSETS")
        super().__init__(
            study=labels,
            asset=f"relay-information-{hashlib.sha256(self._packed).hexdigest()[:12]}",
            information=b"" if shared else self._data,
            **first | shown,
        )
        if shared:
            self.save_asset(shared)

    @traitlets.validate("task", "architecture", "regime", "beside", "beside_regime")
    def _check_name(self, proposal: Any) -> Any:
        name, labels = proposal.trait.name, self.study
        allowed = {
            "task": [task["name"] for task in labels["tasks"]],
            "architecture": [*labels["architectures"], "compare"],
            "beside": ["", *labels["architectures"]],
        }
        return check_choice(name, proposal.value, allowed.get(name, labels["regimes"]))

    @traitlets.validate("replicate", "beside_replicate", "time")
    def _check_number(self, proposal: Any) -> Any:
        name, (n_times, *_) = proposal.trait.name, self.study["shape"]
        limits = (1, n_times) if name == "time" else (0, self.study["replicates"] - 1)
        return check_integer(name, proposal.value, *limits)

    def save_asset(self, folder: str | os.PathLike[str]) -> Path:
        """Write the script that carries the matrices to pages without a kernel.

        It is named after its content, ``<asset>.js``, and belongs in the built site's
        ``_static/``; widgets of the same study share it.
        """
        path = Path(folder) / f"{self.asset}.js"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            text = base64.b64encode(self._packed).decode()
            partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
            partial.write_text(
                f'(globalThis.relaylibAssets ??= {{}})["{self.asset}"] = "{text}";\n'
            )
            partial.replace(path)
        return path


def pack_information(information_bits: np.ndarray) -> bytes:
    """Return bits per node as little-endian half floats in C order (error at most 0.0005 bits)."""
    return np.asarray(information_bits, dtype="<f2").tobytes()


def shown_first(regimes: Sequence[str]) -> str:
    """Return the regime that a widget shows first: "5", as in the paper's figures, or the last."""
    return "5" if "5" in regimes else regimes[-1]


def _labels(study: xr.Dataset) -> dict[str, Any]:
    """What the script needs to know about the study besides the matrices."""
    sizes, n_steps = study.sizes, int(study.input_end)
    onsets = json.loads(study.attrs.get("onsets", "{}"))
    return {
        "tasks": [
            {
                "name": str(task),
                "concepts": concept_names(study.sel(task=task)),
                "onsets": onsets.get(str(task)),
            }
            for task in study.task.values
        ],
        "architectures": [str(name) for name in study.architecture.values],
        "regimes": [str(name) for name in study.regime.values],
        "replicates": sizes["replicate"],
        "shape": [sizes["time"], sizes["concept"], sizes["node"]],
        "n_steps": n_steps,
        "answer_steps": {
            str(regime): n_steps + int(delay)
            for regime, delay in zip(study.regime.values, study.answer_delay.values, strict=True)
        },
    }
