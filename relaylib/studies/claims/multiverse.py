"""Claims C17 and C20, judged from the single deviations of the multiverse.

Both rules were fixed before any universe was computed, C20 before any look at data and C17 after
one small trial with seed 2025. The universe of all defaults with the same seed is the reference.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from relaylib.core.checks import check_choice, check_dataset, check_integer
from relaylib.studies.choices import ANALYSIS, RNN_ALONE, TRAINING
from relaylib.studies.claims.claim import Claim, Group
from relaylib.studies.claims.inputs import contrast
from relaylib.studies.claims.texts import Text

DEFAULT = "default"
"""Name of the universe without a deviation."""
MULTIVERSE_TEXTS = {
    "C17": Text(
        "No single hyperparameter is likely to counteract the drift of RNNs",
        "IV",
        "Every single deviation of training: the groups of C9. A group is counteracted if its "
        "95 % interval does not lie above 0, or its estimate is below a quarter of the "
        "default's; a deviation counteracts the drift on a task if at least half of its groups "
        "are. Reproduced: no deviation does on any task; not reproduced: one does on both; partly: "
        "otherwise. For reference, not counted: each deviation, those of analysis included",
        "one other choice of training takes the drift away, or most of it",
        "The levels of each choice are ours; a stronger one might do what these do not. Networks "
        "that did not reach the goal are left out, and so are groups without an interval. The "
        "rule was fixed after a first look at one small trial with seed 2025; it is judged with "
        "another seed as well.",
    ),
    "C20": Text(
        "Dropout increases functional smearing",
        "IV, citing other work",
        "Random regime: nodes per concept, and share of nodes with 2 or more concepts, with a "
        "state dropout of 0.3 in training minus without, above 0; for reference, not counted: "
        "other sizes of dropout",
        "networks trained with dropout spread concepts over no more nodes",
        "Dropout is of the state between steps. 2-means over all values of a network says what "
        "counts as carrying. Networks that did not reach the goal are left out.",
    ),
}
_SMEARING = {"nodes_per_concept": "nodes per concept", "shared_fraction": "share of nodes shared"}
_DROPOUT = 0.3  # the size that C20 is about


def counteracted(found: xr.Dataset, *, seed: int) -> xr.Dataset:
    """Return which groups of claim C9 each single deviation counteracts, by the rule of C17.

    Parameters
    ----------
    found
        From `relaylib.studies.multiverse_run.run_multiverse`, with single deviations.
    seed
        One of its seeds.

    Returns
    -------
    xarray.Dataset
        (deviation, row): ``estimate``, ``low``, ``high`` (difference of Pearson r), and
        ``is_counteracted``: 1, 0, or -1 where the group or that of the default has no interval.
        (row): ``default``, the estimate without a deviation, ``group`` and ``of_task``.
        (deviation, task): ``n_judged`` groups; ``share`` of them that are counteracted, NaN if
        there is none; ``counteracts``, whether it is at least a half. (deviation): ``kind``,
        "training" or "analysis". The default itself is not among the deviations.

    Raises
    ------
    ValueError, TypeError
        If ``found`` has no single deviations, no default or no such seed.
    """
    one = _of_seed(found, seed)
    one = one.isel(row=np.flatnonzero(one.row_id.values == "C9"))
    default, others = one.sel(deviation=DEFAULT), one.drop_sel(deviation=DEFAULT)
    estimate, low = others.single_estimate, others.single_low
    reference = default.single_estimate
    is_judged = (low.notnull() & estimate.notnull() & default.single_low.notnull()).values
    is_undone = (~(low > 0) | (estimate < reference / 4)).values
    groups = [str(name).partition(",")[0] for name in one.row_group.values]
    of_task = np.array([group.split()[0] for group in groups])
    tasks = list(dict.fromkeys(of_task.tolist()))
    on = [of_task == task for task in tasks]
    n_judged = np.stack([is_judged[:, rows].sum(axis=1) for rows in on], axis=1)
    n_undone = np.stack([(is_judged & is_undone)[:, rows].sum(axis=1) for rows in on], axis=1)
    share = np.where(n_judged > 0, n_undone / np.maximum(n_judged, 1), np.nan)
    kinds = [_kind(str(name)) for name in others.deviation.values]
    cells, by_task = ("deviation", "row"), ("deviation", "task")
    return xr.Dataset(
        {
            "estimate": (cells, estimate.values),
            "low": (cells, low.values),
            "high": (cells, others.single_high.values),
            "is_counteracted": (cells, np.where(is_judged, is_undone, -1).astype(np.int8)),
            "default": ("row", reference.values),
            "n_judged": (by_task, n_judged),
            "share": (by_task, share),
            "counteracts": (by_task, share >= 0.5),
        },
        {
            "deviation": others.deviation.values,
            "kind": ("deviation", kinds),
            "group": ("row", groups),
            "of_task": ("row", of_task),
            "task": tasks,
        },
    )


def judge_c17(found: xr.Dataset, *, seed: int) -> Claim:
    """Return C17: whether a single deviation of training counteracts the drift.

    Two groups count, so that the claim's verdict is that of its rule: the number of deviations of
    training that counteract the drift on some task, and on every task, both claimed to be 0. Each
    deviation is a group for reference.

    Parameters
    ----------
    found, seed
        As in `counteracted`.

    Raises
    ------
    ValueError, TypeError
        As `counteracted`.
    """
    judged = counteracted(found, seed=seed)
    does = judged.counteracts.sel(deviation=judged.kind.values == "training")
    groups = [
        _count("on some task", int(does.any("task").sum())),
        _count("on every task", int(does.all("task").sum())),
    ]
    for deviation in map(str, judged.deviation.values):
        one = judged.sel(deviation=deviation)
        for task in map(str, judged.task.values):
            share, n = float(one.share.sel(task=task)), int(one.n_judged.sel(task=task))
            label = f"{task}, {deviation}"
            quantity = f"share of {n} groups counteracted ({one.kind.item()})"
            groups.append(Group(label, quantity, share, share, share, 0, 0.5, None))
    return Claim("C17", *MULTIVERSE_TEXTS["C17"], tuple(groups))


def judge_c20(smearing: xr.Dataset, *, seed: int) -> Claim:
    """Return C20: whether dropout of the state in training increases functional smearing.

    Parameters
    ----------
    smearing
        From `relaylib.studies.state_dropout.run_state_dropout`, with ``state_dropout`` 0 and 0.3;
        other sizes are groups for reference.
    seed
        One of its seeds; also of the bootstrap.

    Raises
    ------
    ValueError, TypeError
        If a variable, a size or the seed is missing.
    """
    dims = ("seed", "state_dropout", "task", "architecture", "replicate")
    check_dataset("smearing", smearing, **dict.fromkeys(_SMEARING, dims))
    check_choice("seed", check_integer("seed", seed, 0), smearing.seed.values.tolist())
    sizes = smearing.state_dropout.values.tolist()
    if not {0.0, _DROPOUT} <= set(sizes):
        raise ValueError(f"smearing must have state_dropout 0 and {_DROPOUT}, got {sizes}")
    one, others = smearing.sel(seed=seed), [size for size in sizes if size not in (0.0, _DROPOUT)]
    groups = [g for size in (_DROPOUT, *others) for g in _more_smeared(one, size, seed)]
    return Claim("C20", *MULTIVERSE_TEXTS["C20"], tuple(groups))


def _more_smeared(one: xr.Dataset, size: float, seed: int) -> Iterator[Group]:
    """Networks with dropout minus networks without, of one seed."""
    for task in map(str, one.task.values):
        for architecture in map(str, one.architecture.values):
            values = one.sel(task=task, architecture=architecture)
            for name, quantity in _SMEARING.items():
                label = f"{task} {architecture}, dropout {size:g}"
                terms = [(1.0, values[name].sel(state_dropout=size))]
                terms.append((-1.0, values[name].sel(state_dropout=0.0)))
                found = contrast(*terms, seed=seed, label=f"C20 {label} {name}")
                is_judged = size == _DROPOUT and found.low == found.low
                holds = bool(found.low > 0) if is_judged else None
                yield Group(label, f"{quantity}, difference", *found, 0.0, holds)


def _count(where: str, number: int) -> Group:
    quantity = "deviations of training that counteract the drift"
    return Group(where, quantity, number, number, number, 0, 0.0, number == 0)


def _kind(deviation: str) -> str:
    choice = deviation.partition(": ")[0]
    kinds = {"training": TRAINING | RNN_ALONE, "analysis": ANALYSIS}
    known = [kind for kind, choices in kinds.items() if choice in choices]
    if not known:
        allowed = (*TRAINING, *RNN_ALONE, *ANALYSIS)
        check_choice("choices in found.deviation", choice, allowed)
    return known[0]


def _of_seed(found: xr.Dataset, seed: int) -> xr.Dataset:
    """Return the single deviations of one seed."""
    names = ("single_estimate", "single_low", "single_high")
    check_dataset("found", found, **dict.fromkeys(names, ("seed", "deviation", "row")))
    check_choice("seed", check_integer("seed", seed, 0), found.seed.values.tolist())
    missing = {"row_id", "row_group", "deviation"} - set(found.coords)
    if missing or DEFAULT not in found.deviation.values:
        raise ValueError(
            f"found must name its rows and deviations, with {DEFAULT!r} among them; it lacks "
            f"{sorted(missing) or [DEFAULT]}"
        )
    if "C9" not in found.row_id.values:
        raise ValueError("found must hold groups of C9 in row_id")
    return found[[*names]].sel(seed=seed).transpose("deviation", "row")
