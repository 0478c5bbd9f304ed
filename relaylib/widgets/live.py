"""Live network: a trained network that runs in the page; its nodes can be knocked out."""

import gzip
from collections.abc import Iterable
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

N_REPLICATES = 3
"""Networks of each condition in a page, unless said otherwise: each adds about 180 kB to it."""


class LiveNetwork(anywidget.AnyWidget):
    """Give a trained network a sequence, knock nodes out, and read its states and answers.

    The page itself runs the network, over the whole population, whenever something changes; no
    kernel is needed. A few networks of each condition are part of the widget, each with its relay
    order, which tells the nodes that are worth knocking out.

    Parameters
    ----------
    config
        The study's configuration: its networks are loaded from the store, or trained.
    study
        From `relaylib.studies.study.run_study` with that configuration.
    replicates
        Which networks of each condition are part of the widget, counted from 0; None: the first
        three, or all of a smaller study.
    store
        As in `run_study`.
    shown
        What is shown first, all of which can be set later: ``task``, ``architecture``,
        ``regime``, ``replicate`` (one of ``replicates``); ``concepts`` (each -1 or +1) and
        ``variant`` (from 0, among the sequences with these concepts); ``delay``, from 0 to the
        longest test delay of the study; ``knocked``, for each node the step after which its state
        is set to 0, or 0 for none; ``knock_step``, the step at which the next one is knocked out.

    Raises
    ------
    ValueError, TypeError
        If a task has no finite population, a replicate does not exist or is named twice, or what
        to show is out of range.
    """

    _esm = source("common.js", "unzip.js", "forward.js", "live_views.js", "live.js")
    _css = source("common.css", "live.css")
    contents = traitlets.Dict().tag(sync=True)
    floats = traitlets.Bytes().tag(sync=True)
    halves = traitlets.Bytes().tag(sync=True)
    task = traitlets.Unicode().tag(sync=True)
    architecture = traitlets.Unicode().tag(sync=True)
    regime = traitlets.Unicode().tag(sync=True)
    replicate = traitlets.Int(0).tag(sync=True)
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
        replicates: Iterable[int] | None = None,
        store: StoreLike | None = None,
        **shown: Any,
    ) -> None:
        chosen = _check_replicates(replicates, config.n_replicates)
        contents, *packed = pack_networks(config, study, chosen, store)
        floats, halves = (gzip.compress(part, mtime=0) for part in packed)
        first, regime = contents["networks"][0], shown_first(config.regimes)
        start = {
            "task": first["task"],
            "architecture": first["architecture"],
            "regime": regime,
            "replicate": chosen[0],
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

    @traitlets.validate("replicate")
    def _check_replicate(self, proposal: Any) -> Any:
        return check_choice("replicate", proposal.value, tuple(self.contents["replicates"]))

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


def _check_replicates(replicates: Iterable[int] | None, n_replicates: int) -> list[int]:
    if replicates is None:
        return list(range(min(N_REPLICATES, n_replicates)))
    if isinstance(replicates, str) or not isinstance(replicates, Iterable):
        raise TypeError(f"replicates must be integers or None, got {replicates!r}")
    chosen = [check_integer("replicates", each, 0, n_replicates - 1) for each in replicates]
    if not chosen or len(set(chosen)) < len(chosen):
        raise ValueError(f"replicates must name at least one network, each once, got {chosen}")
    return chosen


def pack_networks(
    config: StudyConfig,
    study: xr.Dataset,
    replicates: list[int],
    store: StoreLike | None = None,
) -> tuple[dict[str, Any], bytes, bytes]:
    """Return a table of contents, and the single and half floats that it refers to.

    Single floats hold each task's population and the weights of each condition's networks,
    (replicate, ...); half floats their ``information_bits`` and ``removal_order``, (replicate,
    time, concept, node). Places are (start, end), counted in numbers, not bytes.
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
        ensemble = load_ensemble(config, *labels.values(), store=store)
        measured = study.sel(labels | {"replicate": replicates})
        weights = {
            name: floats.add(values.numpy()[replicates])
            for name, values in ensemble.weights.items()
        }
        in_order = ("replicate", "time", "concept", ...)
        relays = {
            "bits": halves.add(measured.information_bits.transpose(*in_order)),
            "order": halves.add(measured.removal_order.transpose(*in_order)),
        }
        state = config.lstm_state if condition.architecture == "LSTM" else "hidden"
        networks.append(labels | {"weights": weights, "state": state} | relays)
    contents = {
        "tasks": tasks,
        "networks": networks,
        "replicates": replicates,
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
