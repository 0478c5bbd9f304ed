"""Tables and sentences of the page on MM-PHATE's claims, as Markdown."""

from __future__ import annotations

import numpy as np
import xarray as xr

from book.markdown_tables import table
from relaylib.mmphate.embeddings import ALGORITHMS
from relaylib.studies.claims.claim import Claim, Group
from relaylib.studies.claims.mmphate import CHANCE, GIVEN_ORDER, OF_DATA, P_OF_SHIFTS

_NETWORKS = ["architecture", "replicate"]


def kept_table(maps: xr.Dataset) -> str:
    """Return what each method keeps of each community on each task, mean over networks.

    The largest value of a line is bold.

    Parameters
    ----------
    maps
        From `relaylib.studies.mmphate_study.run_mmphate_study`.
    """
    kept, chance = maps.kept.mean(_NETWORKS), maps.chance.mean(_NETWORKS)
    lines = []
    for task in map(str, maps.task.values):
        for community in map(str, maps.community.values):
            where = {"task": task, "community": community}
            values = kept.sel(where).sel(algorithm=list(ALGORITHMS)).values
            best = np.nanmax(values)
            cells = [f"**{v:z.2f}**" if v == best else f"{v:z.2f}" for v in values]
            lines.append([task, community, *cells, f"{float(chance.sel(where)):z.2f}"])
    return table(("task", "community", *ALGORITHMS, "chance"), lines)


def most_kept(maps: xr.Dataset) -> dict[str, int]:
    """Return in how many cases (task and community) each method keeps most, most cases first."""
    kept = maps.kept.mean(_NETWORKS)
    best = kept.idxmax("algorithm").values.ravel().tolist()
    return {name: best.count(name) for name in sorted(ALGORITHMS, key=best.count, reverse=True)}


def above_chance(claim: Claim) -> tuple[int, int]:
    """Return in how many cases of M1 MM-PHATE's interval lies above chance, and how many there are.

    Parameters
    ----------
    claim
        M1, from `relaylib.studies.claims.mmphate`.
    """
    groups = with_ending(claim, CHANCE)
    return sum(group.low > 0 for group in groups), len(groups)


def changes_table(claim: Claim) -> str:
    """Return how changes on the map and changes of entropies coincide, with what stands beside.

    Parameters
    ----------
    claim
        M2, from `relaylib.studies.claims.mmphate`.
    """
    by_name = {group.group: group for group in claim.groups}
    endings = (P_OF_SHIFTS, GIVEN_ORDER, OF_DATA)
    judged = [name for name in by_name if not name.endswith(endings)]
    lines = []
    for name in judged:
        p, given, data = (by_name[f"{name}{ending}"] for ending in endings)
        holds = {True: "yes", False: "no", None: "not judged"}[by_name[name].holds]
        small = "< 0.001" if p.estimate < 0.001 else f"{p.estimate:z.3f}"
        shown = (interval(by_name[name]), small, interval(data), interval(given), holds)
        lines.append([name, *shown])
    head = ("task, entropy", "map", "p", "data in place of map", "map, given the order", "holds")
    return table(head, lines)


def foretold_table(claim: Claim) -> str:
    """Return how well each number about a map foretells accuracy, and the raw norm beside it.

    Parameters
    ----------
    claim
        M3, from `relaylib.studies.claims.mmphate`.
    """
    found: dict[str, dict[str, str]] = {}
    for group in claim.groups:
        networks, _, number = group.group.partition(", ")
        if number and "minus" not in group.quantity:
            found.setdefault(networks, {})[number] = interval(group)
    numbers = list(next(iter(found.values()))) if found else []
    lines = [[networks, *cells.values()] for networks, cells in found.items()]
    return table(("data set", *numbers), lines)


def with_ending(claim: Claim, ending: str) -> list[Group]:
    """Return the groups of a claim whose name ends so."""
    return [group for group in claim.groups if group.group.endswith(ending)]


def interval(group: Group) -> str:
    """Return an estimate and its interval, rounded."""
    return f"{group.estimate:z.2f} [{group.low:z.2f}, {group.high:z.2f}]"
