"""Knockouts in any torch module: nodes are replaced while it runs, and its answers are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from relaylib.core.checks import (
    as_array,
    check_all,
    check_bool,
    check_choice,
    check_dims,
    check_integer,
    check_rng,
    check_symbols,
)
from relaylib.core.progress import progress
from relaylib.networks.by_steps import States
from relaylib.networks.hooks import (
    Answers,
    as_inputs,
    check_concepts,
    check_run,
    evaluated,
    named_parts,
    read_answers,
    run_batch,
)
from relaylib.networks.interventions import Place, Replace, Watch, changed

if TYPE_CHECKING:
    from torch import Tensor, nn

REPLACEMENTS = ("zero", "mean", "resample", "noise")
"""What the state of a node that is knocked out is replaced by."""


def knockout_module(
    model: nn.Module,
    inputs: Any,
    x_in: Any,
    *,
    watch: str | Sequence[str],
    nodes: Sequence[str] | xr.DataArray,
    rng: np.random.Generator,
    time: int = 1,
    only: bool = False,
    replace: str = "zero",
    concepts: Sequence[str] | None = None,
    answers: Answers | None = None,
    time_axis: int | None = None,
    batch_size: int = 256,
) -> xr.Dataset:
    """Knock out nodes of a torch module while it runs, and read its answers.

    A recurrent layer is run step by step and goes on from its changed state (LSTM: h and c), so
    that the knockout has consequences; of its layers the last one is changed. The output of any
    other part is changed on its way to the next. The module is run in evaluation mode and comes
    back as it was, also after an error.

    Parameters
    ----------
    model, inputs, x_in, watch, concepts, answers, time_axis, batch_size
        As in `relaylib.record_module`.
    nodes
        Names of the nodes of one set, ``part[number]`` as in a recording; or sets, each in a run of
        its own: bool, labelled, with dimension ``node`` and any others, e.g. from
        `relaylib.first_nodes` of a removal order.
    rng
        Random stream of "resample" and "noise".
    time
        Step from which on nodes are knocked out, counted from 1 as in a recording. The backward
        direction of a layer reaches the last step first.
    only
        Knock them out at that step alone.
    replace
        What their states become, at each step: "zero"; "mean", of all sequences; "resample", the
        states in another sequence, the same one for all nodes of a set; "noise", normal with the
        mean and standard deviation of the node.

    Returns
    -------
    xarray.Dataset
        ``accuracy`` (dimensions of the sets, concept), fraction answered rightly, ``x_out`` (...,
        concept, sequence), and ``intact_accuracy`` (concept) of the whole model.

    Raises
    ------
    ValueError, TypeError
        As `relaylib.record_module`, or if there is no such node (the message lists them) or step.

    References
    ----------
    Michel, Levy and Neubig (2019) for zero, Chan et al. (2022), causal scrubbing, for resampling.
    """
    parts, shown = named_parts(model, watch), as_inputs(model, inputs)
    check_concepts(x_in, len(shown), answers)
    wanted = check_symbols("x_in", np.atleast_2d(as_array("x_in", x_in)), (None, len(shown)))
    check_rng(rng), check_choice("replace", replace, REPLACEMENTS), check_bool("only", only)
    batch_size, time_axis = check_run(batch_size, time_axis, answers)
    run = _Run(model, parts, shown, answers, time_axis, batch_size)
    watched = Watch()
    right = run.answers(watched, wanted.shape)
    intact = watched.states()
    last = _last_time(intact)
    time = check_integer("time", time, 1, last)
    sizes = {(part, back): states[0].shape[1] for (part, _, back), states in intact.items()}
    sets = _sets(nodes, _names(parts, sizes))
    found = np.empty((*sets.shape[:-1], *wanted.shape), np.int64)
    for index in progress(list(np.ndindex(sets.shape[:-1])), desc="knockouts", unit="set"):
        change = Replace(
            intact,
            _by_place(parts, sizes, sets.values[index]),
            range(time, time + 1 if only else last + 1),
            replace,
            rng.permutation(len(shown)),
            rng,
        )
        found[index] = run.answers(change, wanted.shape)
    return _labelled(found, right, wanted, sets, concepts)


@dataclass(frozen=True)
class _Run:
    """How a model is run and its answers are read."""

    model: nn.Module
    parts: dict[str, nn.Module]
    shown: Tensor
    read: Answers | None
    time_axis: int | None
    batch_size: int

    def answers(self, change: Any, shape: tuple[int, ...]) -> np.ndarray:
        """Return the answers (concept, sequence) of a model whose states are changed."""
        answered, start = [], 0
        with evaluated(self.model):
            for batch in self.shown.split(min(self.batch_size, len(self.shown))):
                change.sequences = slice(start, start + len(batch))
                with changed(self.parts, change, self.time_axis, len(batch)):
                    output = run_batch(self.model, batch)
                answered.append(read_answers(output, self.read, len(batch)))
                start += len(batch)
        found = np.atleast_2d(np.concatenate(answered, axis=-1))
        return check_symbols("answers", found, shape)


def _last_time(intact: dict[Place, States]) -> int:
    counts: dict[str, int] = {}
    for part, time, _ in intact:
        counts[part] = max(counts.get(part, 0), time)
    if len(set(counts.values())) > 1:
        raise ValueError(f"watch must name parts with equal numbers of steps, got {counts}")
    return next(iter(counts.values()))


def _names(parts: dict[str, Any], sizes: dict[tuple[str, int], int]) -> list[str]:
    """Names of all nodes; those that read backwards come after the others of a part."""
    totals = {part: sizes.get((part, 0), 0) + sizes.get((part, 1), 0) for part in parts}
    if not all(totals.values()):
        silent = [part for part, total in totals.items() if not total]
        raise ValueError(f"watch must name parts that are run, {silent} were not")
    return [f"{part}[{node}]" for part, total in totals.items() for node in range(total)]


def _by_place(
    parts: dict[str, Any], sizes: dict[tuple[str, int], int], chosen: np.ndarray
) -> dict[tuple[str, int], np.ndarray]:
    """Split a set of nodes, bool (node,), by part and direction."""
    keys = [(part, back) for part in parts for back in (0, 1) if (part, back) in sizes]
    ends = np.cumsum([sizes[key] for key in keys])
    return dict(zip(keys, np.split(chosen, ends[:-1]), strict=True))


def _labelled(
    found: np.ndarray, right: np.ndarray, wanted: np.ndarray, sets: xr.DataArray, concepts: Any
) -> xr.Dataset:
    given = check_all("concepts", concepts, str) if concepts is not None else None
    names = list(given or [str(1 + k) for k in range(len(wanted))])
    if len(names) != len(wanted) or len(set(names)) < len(names):
        raise ValueError(f"concepts must be {len(wanted)} distinct names, got {concepts!r}")
    dims = sets.dims[:-1]
    coords = {name: c for name, c in sets.coords.items() if "node" not in c.dims}
    variables = {
        "accuracy": ((*dims, "concept"), (found == wanted).mean(axis=-1), {"units": "1"}),
        "intact_accuracy": ("concept", (right == wanted).mean(axis=-1), {"units": "1"}),
        "x_out": ((*dims, "concept", "sequence"), found),
    }
    return xr.Dataset(variables, coords | {"concept": names})


def _sets(nodes: Any, names: list[str]) -> xr.DataArray:
    """Return sets of nodes, bool (..., node), in the order of ``names``."""
    if isinstance(nodes, xr.DataArray):
        check_dims("nodes", nodes, ("node",))
        labels = nodes.node.values.tolist() if "node" in nodes.coords else []
        if nodes.dtype != bool or sorted(map(str, labels)) != sorted(names):
            raise ValueError(
                f"nodes must be True or False for each of {names}, got {nodes.dtype} for {labels}"
                "; a removal_order must be of the nodes that are watched"
            )
        return nodes.sel(node=names).transpose(..., "node")
    chosen = list(check_all("nodes", nodes, str))
    unknown = [name for name in chosen if name not in names]
    if unknown or not chosen:
        raise ValueError(f"nodes must be names of watched nodes ({', '.join(names)}), got {chosen}")
    return xr.DataArray([name in chosen for name in names], {"node": names}, ("node",))
