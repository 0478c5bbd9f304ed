"""The verdicts of a universe: the claims that need no more than it has, by the ledger's rules."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from relaylib.core.checks import check_dataset, check_type
from relaylib.studies.choices import Analysis
from relaylib.studies.claims.claim import Claim, Group
from relaylib.studies.claims.inputs import BasicInputs
from relaylib.studies.claims.rules import BASIC_RULES, arrival
from relaylib.studies.universe import Universe

OF_TRAINING_ALONE = ("C1", "C2", "C3", "C4", "C16")
"""Claims about accuracy, which no choice of analysis affects."""
VERDICTS = ("not judged", "not reproduced", "partly", "reproduced")
_LOSSES = ("own", "others", "least_relaying", "at_random")


def judge(universe: Universe, measured: xr.Dataset) -> xr.Dataset:
    """Judge claims C1..C12 and C16 for each analysis of a universe, over the regimes at hand.

    Parameters
    ----------
    universe
        The choices.
    measured
        From `relaylib.studies.universe.together`.

    Returns
    -------
    xarray.Dataset
        (analysis, row): ``estimate``, ``low``, ``high`` and ``holds`` (1, 0, or -1: not counted) of
        each group of each claim; (row): ``id``, ``group``, ``null``. (analysis, claim):
        ``verdict``, an index of ``VERDICTS``. ``untrained_fraction`` (task, architecture, regime):
        share of networks that did not reach the goal. ``drift_r`` (analysis, task, architecture,
        regime): mean of the paper's statistic over networks.
    """
    check_type("universe", universe, Universe)
    check_dataset("measured", measured, correlation=("task", "analysis", "replicate"))
    shared: dict[str, tuple[Group, ...]] = {}
    cells = []
    for index, analysis in enumerate(universe.analyses):
        inputs = _inputs(universe, analysis, measured.isel(analysis=index))
        groups = {
            id: shared[id] if id in shared else tuple(_groups(id, inputs)) for id in BASIC_RULES
        }
        shared |= {id: groups[id] for id in OF_TRAINING_ALONE}
        cells.append(_table(groups))
    goal = universe.study.accuracy_goal
    untrained = (measured.population_accuracy < goal).mean("replicate")
    return xr.concat(cells, "analysis", coords="minimal", compat="equals", join="exact").assign(
        untrained_fraction=untrained, drift_r=measured.correlation.mean("replicate")
    )


def _inputs(universe: Universe, analysis: Analysis, measured: xr.Dataset) -> BasicInputs:
    """Return what the rules ask for; the random regime holds knockouts and smearing."""
    config = universe.analysed(analysis)
    settled = measured.sel(regime="random") if "random" in config.regimes else None
    tasks = [task.name for task in config.tasks]

    def of(name: str) -> xr.DataArray:
        return measured[name].isel(regime=0) * np.nan if settled is None else settled[name]

    return BasicInputs(
        config=config,
        study=measured,
        drift=measured[["correlation", "overlap"]],
        losses={t: xr.Dataset({n: of(n).sel(task=t) for n in _LOSSES}) for t in tasks},
        silenced={t: of("silenced").sel(task=t) for t in tasks},
        nodes_per_concept=of("nodes_per_concept"),
        shared_fraction=of("shared_fraction"),
    )


def _groups(id: str, inputs: BasicInputs) -> Iterator[Group]:
    if id != "C8":
        yield from BASIC_RULES[id](inputs)
        return
    asked = inputs.study.sel(task="memory", architecture="LSTM", regime="5")
    early = float(asked.early_bits.max()) if asked.early_bits.notnull().any() else np.nan
    for number, group in enumerate(arrival(inputs, early, asked.persistence)):
        is_judged = number > 0 or early == early
        yield group if is_judged else Group(**vars(group) | {"holds": None})


def _table(groups: dict[str, tuple[Group, ...]]) -> xr.Dataset:
    rows = [(id, group) for id, of_claim in groups.items() for group in of_claim]
    columns = {
        name: ("row", np.array([getattr(group, name) for _, group in rows]))
        for name in ("estimate", "low", "high")
    }
    holds = [-1 if group.holds is None else int(group.holds) for _, group in rows]
    verdicts = [
        VERDICTS.index(Claim(id, "", "", "", "", "", of_claim).verdict)
        for id, of_claim in groups.items()
    ]
    return xr.Dataset(
        columns
        | {
            "holds": ("row", np.array(holds, np.int8)),
            "verdict": ("claim", np.array(verdicts, np.int8)),
        },
        {
            "id": ("row", [id for id, _ in rows]),
            "group": ("row", [f"{group.group}, {group.quantity}" for _, group in rows]),
            "null": ("row", [group.null for _, group in rows]),
            "claim": list(groups),
        },
    )
