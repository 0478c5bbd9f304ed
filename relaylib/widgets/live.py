"""Live network: a trained network that runs in the page; its nodes can be knocked out."""

from typing import Any

import anywidget
import numpy as np
import traitlets
import xarray as xr

from relaylib.core.checks import check_choice, check_integer
from relaylib.core.store import StoreLike
from relaylib.studies.config import StudyConfig
from relaylib.studies.study import load_ensemble
from relaylib.tasks.task import Task
from relaylib.widgets import source
from relaylib.widgets.block import VALUE_NAMES
from relaylib.widgets.explorer import shown_first


class LiveNetwork(anywidget.AnyWidget):
    """Give a trained network a sequence, knock nodes out, and read its states and answers.

    The page itself runs the network, over the whole population, whenever something changes; no
    kernel is needed. One network per condition is part of the widget (a few kB each), with its
    relay order, which tells the nodes that are worth knocking out.

    Parameters
    ----------
    config
        The study's configuration: its networks are loaded from the store, or trained.
    study
        From `relaylib.studies.study.run_study` with that configuration.
    replicate
        Which network of each condition, from 0.
    store
        As in `run_study`.
    shown
        What is shown first, all of which can be set later: ``task``, ``architecture``,
        ``regime``; ``concepts`` (each -1 or +1) and ``variant`` (from 0, among the sequences with
        these concepts); ``delay``, from 0 to the longest test delay of the study; ``knocked``,
        for each node the step after which its state is set to 0, or 0 for none; ``knock_step``,
        the step at which the next one is knocked out.

    Raises
    ------
    ValueError, TypeError
        If a task has no finite population, or what to show is out of range.
    """

    _esm = source("common.js", "forward.js", "live_views.js", "live.js")
    _css = source("common.css", "live.css")
    contents = traitlets.Dict().tag(sync=True)
    floats = traitlets.Bytes().tag(sync=True)
    halves = traitlets.Bytes().tag(sync=True)
    task = traitlets.Unicode().tag(sync=True)
    architecture = traitlets.Unicode().tag(sync=True)
    regime = traitlets.Unicode().tag(sync=True)
    concepts = traitlets.List(traitlets.Int()).tag(sync=True)
    variant = traitlets.Int(0).tag(sync=True)
    delay = traitlets.Int(0).tag(sync=True)
    knocked = traitlets.List(traitlets.Int()).tag(sync=True)
    knock_step = traitlets.Int(1).tag(sync=True)

    def __init__(
        self,
        config: StudyConfig,
        study: xr.Dataset,
        *,
        replicate: int = 0,
        store: StoreLike | None = None,
        **shown: Any,
    ) -> None:
        check_integer("replicate", replicate, 0, config.n_replicates - 1)
        contents, floats, halves = pack_networks(config, study, replicate, store)
        first, regime = contents["networks"][0], shown_first(config.regimes)
        start = {
            "task": first["task"],
            "architecture": first["architecture"],
            "regime": regime,
            "concepts": [1] * study.sizes["concept"],
            "delay": config.read_delay(regime),
            "knocked": [0] * config.n_nodes,
            "knock_step": config.n_steps,
        }
        super().__init__(contents=contents, floats=floats, halves=halves, **start | shown)

    @traitlets.validate("task", "architecture", "regime")
    def _check_name(self, proposal: Any) -> Any:
        name, networks = proposal.trait.name, self.contents["networks"]
        return check_choice(name, proposal.value, sorted({network[name] for network in networks}))

    @traitlets.validate("delay", "knock_step")
    def _check_number(self, proposal: Any) -> Any:
        n_times, n_steps = self.contents["n_times"], self.contents["tasks"][0]["shape"][1]
        limits = {"delay": (0, n_times - n_steps), "knock_step": (1, n_times)}
        return check_integer(proposal.trait.name, proposal.value, *limits[proposal.trait.name])

    @traitlets.validate("concepts", "knocked")
    def _check_list(self, proposal: Any) -> Any:
        name, values = proposal.trait.name, proposal.value
        allowed = (-1, 1) if name == "concepts" else range(self.contents["n_times"] + 1)
        length = self.contents["relay_shape"][1 if name == "concepts" else 2]
        if len(values) != length:
            raise ValueError(f"{name} must have {length} entries, got {values}")
        for value in values:
            check_choice(name, value, allowed)
        return values


def pack_networks(
    config: StudyConfig, study: xr.Dataset, replicate: int, store: StoreLike | None = None
) -> tuple[dict[str, Any], bytes, bytes]:
    """Return a table of contents, and the single and half floats that it refers to.

    Single floats hold each task's population and each network's weights; half floats each
    network's ``information_bits`` and ``removal_order``, (time, concept, node). Places are
    (start, end), counted in numbers, not bytes.
    """
    floats, halves = _Parts("<f4"), _Parts("<f2")
    tasks = [_pack_task(task, floats) for task in config.tasks]
    networks = []
    for condition in config.conditions():
        labels = {
            "task": condition.task.name,
            "architecture": condition.architecture,
            "regime": condition.regime,
        }
        ensemble = load_ensemble(config, *labels.values(), store=store)[replicate]
        measured = study.sel(labels | {"replicate": replicate})
        weights = {name: floats.add(w.numpy()) for name, w in ensemble.weights.items()}
        relays = {
            "bits": halves.add(measured.information_bits.transpose("time", "concept", "node")),
            "order": halves.add(measured.removal_order.transpose("time", "concept", ...)),
        }
        state = config.lstm_state if condition.architecture == "LSTM" else "hidden"
        networks.append(labels | {"weights": weights, "state": state} | relays)
    contents = {
        "tasks": tasks,
        "networks": networks,
        "replicate": replicate,
        "relay_shape": [study.sizes[name] for name in ("time", "concept", "node")],
        "n_times": config.n_steps + max(config.n_blank, *config.test_delays),
    }
    return contents, floats.packed(), halves.packed()


def _pack_task(task: Task, floats: "_Parts") -> dict[str, Any]:
    trials = task.population()
    return {
        "name": task.name,
        "concepts": list(task.concepts),
        "values": [VALUE_NAMES.get(name, ("\u22121", "+1")) for name in task.concepts],
        "shape": trials.inputs.shape,
        "inputs": floats.add(trials.inputs),
        "targets": floats.add(trials.targets),
    }


class _Parts:
    """Arrays, one after the other, in one block of memory."""

    def __init__(self, dtype: str) -> None:
        self.dtype, self.parts, self.length = dtype, list[np.ndarray](), 0

    def add(self, values: Any) -> list[int]:
        self.parts.append(np.asarray(values, dtype=self.dtype).ravel())
        start, self.length = self.length, self.length + self.parts[-1].size
        return [start, self.length]

    def packed(self) -> bytes:
        return np.concatenate(self.parts).tobytes()
