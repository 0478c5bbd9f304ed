"""Tables of the page on nodes that matter, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable

import xarray as xr

from book.markdown_tables import table
from relaylib.studies.claims.claim import Claim, Group
from relaylib.studies.claims.estimators import RANDOM, SINGLE, believed
from relaylib.studies.estimator_config import PLUGIN, SCORES

_MARKS = {True: "**yes**", False: "no", None: "not judged"}


def errors_table(found: xr.Dataset) -> str:
    """Return the mean absolute error of every estimate; bold where it can be believed.

    Parameters
    ----------
    found
        From `relaylib.studies.estimator_study.run_estimator_study`.
    """
    errors = (found.estimate_bits - found.true_bits).rename(sample="replicate")
    sizes, trusted = abs(errors).mean("replicate"), believed(errors)
    names = [str(name) for name in found.estimate.values]
    lines = []
    for wiring in map(str, found.wiring.values):
        for n in found.n_sequences.values.tolist():
            cells = []
            for name in names:
                where = {"wiring": wiring, "n_sequences": n, "estimate": name}
                error, good = f"{float(sizes.sel(where)):z.2f}", bool(trusted.sel(where))
                cells.append(f"**{error}**" if good else error)
            lines.append([wiring, f"{n:,}", *cells])
    return table(("wiring", "sequences", *names), lines)


def losses_table(found: xr.Dataset, task: str) -> str:
    """Return the loss of the own concept by every score and size, mean over networks that learned.

    Parameters
    ----------
    found
        From `relaylib.studies.estimator_study.run_estimator_study`.
    task
        "digits" or "block".
    """
    chosen = found[["own", "at_random"]].where(found.learned == 1).sel(task=task)
    means = chosen.mean("replicate")
    lines = []
    for n in found.n_nodes.values.tolist():
        one = means.sel(n_nodes=n)
        values = [float(one.own.sel(score=score)) for score in SCORES]
        cells = [f"{value:z.3f}" if value == value else "" for value in values]
        random = float(one.at_random)
        if random == random:
            lines.append([str(n), *cells, f"{random:z.3f}"])
    return table(("nodes", *SCORES, "random"), lines)


def verdict_table(claims: list[Claim], sizes: tuple[int, ...]) -> str:
    """Return in which layers each estimator beats random sets and scores of single nodes.

    Parameters
    ----------
    claims
        E1 and E2, from `relaylib.studies.claims.estimators`.
    sizes
        Numbers of nodes.
    """
    lines = []
    for claim in claims:
        for against in (RANDOM, SINGLE):
            cells = []
            for n in sizes:
                label = f"{n} nodes, {against}"
                (group,) = [g for g in claim.groups if g.group.startswith(label)]
                cells.append(
                    f"{_MARKS[group.holds]}, {group.estimate:z.3f} [{group.low:z.3f}, "
                    f"{group.high:z.3f}]"
                )
            lines.append([claim.id, against, *cells])
    return table(("claim", "", *(f"{n} nodes" for n in sizes)), lines)


def share_that_holds(groups: Iterable[Group], against: str) -> str:
    """Return how many groups hold, as "3 of 4", of those that compare against something.

    Parameters
    ----------
    groups
        Of a claim, judged.
    against
        "random" sets or "single"-node scores.
    """
    held = [bool(group.holds) for group in groups if f"against {against}" in group.group]
    return f"{sum(held)} of {len(held)}"


def costs_table(found: xr.Dataset) -> str:
    """Return processor time per network, and the memory of the process, by task and size.

    Parameters
    ----------
    found
        From `relaylib.studies.estimator_study.run_estimator_study`.
    """
    mean = found[["training_seconds", "order_seconds"]].mean("replicate")
    learned = found.learned.sum("replicate")
    lines = []
    for task in map(str, found.task.values):
        for n in found.n_nodes.values.tolist():
            where = {"task": task, "n_nodes": n}
            one, memory = mean.sel(where), float(found.peak_memory_mb.sel(where))
            if memory != memory:
                continue
            orders = [float(one.order_seconds.sel(score=score)) for score in (PLUGIN, "decoder")]
            cells = [f"{value:z.2f}" if value == value else "" for value in orders]
            trained = f"{float(one.training_seconds):.1f}"
            n_networks = int(found.learned.sel(where).notnull().sum())
            share = f"{int(learned.sel(where))} of {n_networks}"
            lines.append([task, str(n), share, trained, *cells, f"{memory:.0f}"])
    head = ("task", "nodes", "learned", "training (s)", "plug-in order (s)", "decoder order (s)")
    return table((*head, "memory (MB)"), lines)
