"""Relay explorer: every network of a study, its information matrices step by step."""

import base64
import hashlib
import json
import os
import uuid
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
import xarray as xr

from relaylib.core.checks import check_choice, check_integer
from relaylib.studies.study import N_BLANK
from relaylib.widgets import source

_DIMENSIONS = ("task", "architecture", "regime", "replicate", "time", "concept", "node")


class RelayExplorer(anywidget.AnyWidget):
    """Choose a network, play through time, and see which node relays how many bits of what.

    The information matrices of all networks (float16) are far larger than the rest of a page, so
    they are no part of the widget's state. With a kernel the widget asks for them and gets one
    binary message. Without one the page loads them from a script that all pages share:
    `save_asset` writes it, and so does making the widget where the environment variable
    RELAY_ASSETS names a folder, as it does while the book is executed.

    Parameters
    ----------
    study
        From `relaylib.studies.study.run_study`.
    task, architecture, regime, replicate, time
        What is shown first; all can be set later. ``architecture="compare"`` shows all side by
        side. ``replicate`` counts from 0, ``time`` from 1.

    Raises
    ------
    ValueError, TypeError
        If ``study`` has no ``information_bits`` with the study's dimensions, or what to show
        is not in the study.
    """

    _esm = source("common.js", "asset.js", "explorer.js")
    _css = source("common.css", "explorer.css")
    study = traitlets.Dict().tag(sync=True)
    asset = traitlets.Unicode().tag(sync=True)
    task = traitlets.Unicode().tag(sync=True)
    architecture = traitlets.Unicode("compare").tag(sync=True)
    regime = traitlets.Unicode().tag(sync=True)
    replicate = traitlets.Int(0).tag(sync=True)
    time = traitlets.Int(10).tag(sync=True)

    def __init__(self, study: xr.Dataset, **shown: Any) -> None:
        if "information_bits" not in study or set(study.information_bits.dims) != set(_DIMENSIONS):
            raise ValueError(
                f"study must hold information_bits {_DIMENSIONS}, as from run_study; it has "
                f"{ {name: values.dims for name, values in study.data_vars.items()} }"
            )
        bits = study.information_bits.transpose(*_DIMENSIONS)
        self._data = pack_information(bits.values)
        labels = _labels(study)
        regime = "5" if "5" in labels["regimes"] else labels["regimes"][-1]
        first = {"task": labels["tasks"][0]["name"], "regime": regime}
        super().__init__(
            study=labels,
            asset=f"relay-information-{hashlib.sha256(self._data).hexdigest()[:12]}",
            **first | shown,
        )
        self.on_msg(self._answer)
        if os.environ.get("RELAY_ASSETS"):
            self.save_asset(os.environ["RELAY_ASSETS"])

    @traitlets.validate("task", "architecture", "regime", "replicate", "time")
    def _check(self, proposal: Any) -> Any:
        name, value, labels = proposal.trait.name, proposal.value, self.study
        if name == "replicate":
            check_integer(name, value, 0, labels["replicates"] - 1)
        elif name == "time":
            check_integer(name, value, 1, labels["shape"][0])
        else:
            check_choice(name, value, _choices(labels)[name])
        return value

    def save_asset(self, folder: str | os.PathLike[str]) -> Path:
        """Write the script that carries the matrices to pages without a kernel.

        It is named after its content, ``<asset>.js``, belongs into the built site's ``_static/``,
        and is written whole or not at all; widgets of the same study share it.
        """
        path = Path(folder) / f"{self.asset}.js"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            text = base64.b64encode(self._data).decode()
            partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
            partial.write_text(
                f'(globalThis.relaylibAssets ??= {{}})["{self.asset}"] = "{text}";\n'
            )
            partial.replace(path)
        return path

    def _answer(self, _widget: Any, content: dict[str, Any], _buffers: list[bytes]) -> None:
        if content.get("kind") == "asset":
            self.send({"kind": "asset"}, buffers=[self._data])


def pack_information(information_bits: np.ndarray) -> bytes:
    """Return bits per node as little-endian half floats in C order (error at most 0.0005 bits)."""
    return np.asarray(information_bits, dtype="<f2").tobytes()


def _labels(study: xr.Dataset) -> dict[str, Any]:
    """What the script has to know of the study besides the matrices."""
    config = json.loads(study.attrs["configuration"])
    sizes = study.sizes
    n_steps = sizes["time"] - N_BLANK
    return {
        "tasks": [
            {
                "name": str(task),
                "concepts": [str(name) for name in study.concept_name.sel(task=task).values],
                "onsets": _onsets(settings),
            }
            for task, settings in zip(study.task.values, config["tasks"], strict=True)
        ],
        "architectures": [str(name) for name in study.architecture.values],
        "regimes": [str(name) for name in study.regime.values],
        "replicates": sizes["replicate"],
        "shape": [sizes["time"], sizes["concept"], sizes["node"]],
        "n_steps": n_steps,
        "answer_steps": {
            str(regime): n_steps + (int(regime) if regime.isdigit() else config["answer_delay"])
            for regime in map(str, study.regime.values)
        },
    }


def _onsets(settings: dict[str, Any]) -> list[int] | None:
    onsets = settings.get("onsets")
    return onsets if isinstance(onsets, list) else None


def _choices(labels: dict[str, Any]) -> dict[str, list[str]]:
    return {
        "task": [task["name"] for task in labels["tasks"]],
        "architecture": [*labels["architectures"], "compare"],
        "regime": labels["regimes"],
    }
