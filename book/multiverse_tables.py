"""Tables and sentences of the page on the multiverse, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import xarray as xr

from book.markdown_tables import listed, table
from book.stored import stored_results
from relaylib.studies.choices import ANALYSIS, RNN_ALONE, TRAINING
from relaylib.studies.claims.claim import Claim
from relaylib.studies.claims.multiverse import DEFAULT, counteracted
from relaylib.studies.claims.texts import TEXTS
from relaylib.studies.multiverse_reading import survivors
from relaylib.studies.verdicts import VERDICTS

HEADLINES = ("C9", "C5", "C11")
"""What the paper puts first: information moves in RNNs, relays matter, random delays help."""
_KINDS = {"training": TRAINING | RNN_ALONE, "analysis": ANALYSIS}


def choices_table() -> str:
    """Return every choice with its levels; the default is bold."""
    lines = []
    for kind, choices in _KINDS.items():
        for choice, levels in choices.items():
            first, *others = levels
            lines.append([kind, choice, "; ".join([f"**{first}**", *others])])
    return table(("", "choice", "levels"), lines)


def survivors_table(read: xr.Dataset, shares: xr.Dataset) -> str:
    """Return where each claim holds: by default, in single deviations, and in all universes.

    Parameters
    ----------
    read
        From `relaylib.studies.multiverse_reading.survivors`.
    shares
        From `relaylib.studies.multiverse_summary.holding_shares`.
    """
    lines = []
    for claim in map(str, read.claim.values):
        one, share = read.sel(claim=claim), shares.sel(claim=claim, verdict="reproduced")
        lines.append(
            [
                f"{claim}. {_text(claim)}",
                "yes" if one.by_default else "no",
                f"{float(one.single_fraction):.0%} of {int(one.n_singles)}",
                f"{_interval(share, 'share')} of {int(one.n_universes):,}",
            ]
        )
    return table(("claim", "default", "single deviations", "universes"), lines)


def undone(read: xr.Dataset) -> list[str]:
    """Return, for each claim that single deviations undo with every seed, by which.

    Parameters
    ----------
    read
        From `relaylib.studies.multiverse_reading.survivors`.
    """
    found = []
    for claim in map(str, read.claim.values):
        is_undone = read.is_undone.sel(claim=claim)
        names = [str(name) for name in read.deviation.values[is_undone.values]]
        if names:
            found.append(f"- **{claim}. {_text(claim)}**: {'; '.join(names)}.")
    return found


def deciding_table(effects: xr.Dataset, n: int = 5) -> str:
    """Return the choices that decide most, with intervals, and where each decides most.

    Parameters
    ----------
    effects
        From `relaylib.studies.multiverse_reading.deciding_choices`.
    n
        Number of choices.
    """
    lines = []
    for choice in most_deciding(effects, n):
        one = effects.sel(choice=choice)
        where = one.sel(claim=one.total.idxmax("claim").item())
        lines.append(
            [
                choice,
                _interval(one, "mean_total", "mean_low", "mean_high"),
                f"{where.claim.item()}: {_interval(where, 'total', 'total_low', 'total_high')}",
                _interval(where, "main", "main_low", "main_high"),
            ]
        )
    return table(("choice", "mean of all claims", "most for", "of this, alone"), lines)


def most_deciding(effects: xr.Dataset, n: int = 5, *, claim: str | None = None) -> list[str]:
    """Return the names of the choices with the largest total effects, for one claim or the mean."""
    total = effects.mean_total if claim is None else effects.total.sel(claim=claim)
    return [str(name) for name in total.sortby(-total.fillna(-1)).choice.values[:n]]


def counteracting_table(found: xr.Dataset) -> str:
    """Return the deviations that counteract the drift on a task with a seed, as Markdown.

    Parameters
    ----------
    found
        From `relaylib.studies.multiverse_run.run_multiverse`, with single deviations.
    """
    seeds = [int(seed) for seed in found.seed.values]
    judged = {seed: counteracted(found, seed=seed) for seed in seeds}
    one = judged[seeds[0]]
    columns = [(seed, str(task)) for task in one.task.values for seed in seeds]
    lines = []
    for name in map(str, one.deviation.values):
        cells = [judged[seed].sel(deviation=name, task=task) for seed, task in columns]
        if any(bool(cell.counteracts) for cell in cells):
            texts = [_share(cell) for cell in cells]
            lines.append([name, one.kind.sel(deviation=name).item(), *texts])
    head = ("deviation", "of", *(f"{task}, seed {seed}" for seed, task in columns))
    return table(head, lines)


def counteracting(found: xr.Dataset, *, everywhere: bool) -> list[str]:
    """Return the deviations of training that counteract the drift with every seed.

    Parameters
    ----------
    found
        As of `counteracting_table`.
    everywhere
        On every task; otherwise on at least one.
    """
    does = []
    for seed in found.seed.values:
        judged = counteracted(found, seed=int(seed))
        judged = judged.isel(deviation=judged.kind.values == "training")
        on_task = judged.counteracts
        does.append(on_task.all("task") if everywhere else on_task.any("task"))
    every = xr.concat(does, "seed").all("seed")
    return [str(name) for name in every.deviation.values[every.values]]


def by_seed(claims: dict[int, Claim]) -> str:
    """Return the verdicts of one claim with each seed in words."""
    verdicts = {seed: claim.verdict for seed, claim in claims.items()}
    if len(set(verdicts.values())) == 1:
        seeds = listed(f"{seed}" for seed in verdicts)
        return f"**{next(iter(verdicts.values()))}** with seed{'s' * (len(verdicts) > 1)} {seeds}"
    return listed(f"**{verdict}** with seed {seed}" for seed, verdict in verdicts.items())


def survival_sentence(read: xr.Dataset) -> str:
    """Return in words which claims survive every single deviation and every universe.

    Parameters
    ----------
    read
        From `relaylib.studies.multiverse_reading.survivors`.
    """
    names = [str(claim) for claim in read.claim.values]
    single = [c for c in names if read.survives_singles.sel(claim=c)]
    every = [c for c in names if read.survives_all.sel(claim=c)]
    first = (
        f"{listed(_named(single))} survive{'s' * (len(single) == 1)} every single deviation"
        if single
        else "No claim survives every single deviation"
    )
    if not every:
        return f"{first}. No claim holds in every universe."
    hold, they = ("holds", "it") if len(every) == 1 else ("hold", "they")
    if every == single:
        together = f"every universe in which all choices vary together and {they} could be judged"
        return f"{first}, and {together}."
    as_well = f"{hold} as well in every universe in which {they} could be judged"
    return f"{first}. Of these, {listed(_named(every))} {as_well}."


def headline_sentence(found: xr.Dataset, read: xr.Dataset, claims: Iterable[str]) -> str:
    """Return for each of a few claims whether a single deviation undoes it, for other pages.

    Parameters
    ----------
    found, read
        The multiverse, and what `relaylib.studies.multiverse_reading.survivors` says of it.
    claims
        Names of claims.
    """
    parts = []
    n = found.sizes["deviation"] - (DEFAULT in found.deviation.values)
    for claim in claims:
        one = read.sel(claim=claim)
        n_undone = int(one.is_undone.sum())
        if not one.by_default:
            parts.append(f"{claim} is not reproduced by the default")
        elif n_undone:
            parts.append(f"{claim} is undone by {n_undone} of {n} single deviations")
        else:
            parts.append(f"{claim} is undone by no single deviation of {n}")
    return "; ".join(parts)


def stored_headline(name: str = "multiverse.nc", claims: Iterable[str] = HEADLINES) -> str:
    """Return `headline_sentence` of a stored multiverse: a file of ``book/data``."""
    found = stored_results(name)
    return headline_sentence(found, survivors(found), claims)


def verdict_counts(found: xr.Dataset) -> dict[str, int]:
    """Return how often each verdict occurs in the universes that fill the space, over claims."""
    values = found.verdict.values
    return {name: int((values == number).sum()) for number, name in enumerate(VERDICTS)}


def _named(claims: Iterable[str]) -> list[str]:
    return [f"{claim} ({_text(claim)})" for claim in claims]


def _text(claim: str) -> str:
    return TEXTS[claim].claim if claim in TEXTS else claim


def _share(cell: xr.Dataset) -> str:
    if not int(cell.n_judged):
        return "not judged"
    mark = "**" if bool(cell.counteracts) else ""
    return f"{mark}{float(cell.share):.0%}{mark} of {int(cell.n_judged)}"


def _interval(data: xr.Dataset, value: str, low: str = "low", high: str = "high") -> str:
    number = f"{float(data[value]):z.2f}"
    if not np.isfinite(data[low]):
        return f"{number} (no interval)"
    return f"{number} [{float(data[low]):z.2f}, {float(data[high]):z.2f}]"
