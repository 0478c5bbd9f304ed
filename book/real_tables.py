"""Tables of the page on real time series, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import xarray as xr

from book.markdown_tables import table
from relaylib.studies.claims.claim import Claim
from relaylib.studies.claims.texts import TEXTS

SOURCES = {
    "digits": (
        "Optical recognition of handwritten digits, UCI; scikit-learn's copy",
        "CC BY 4.0",
        "alpaydin1998",
    ),
    "ItalyPowerDemand": ("UCR archive; sktime's copy", "", "dau2019"),
    "GunPoint": ("UCR archive; sktime's copy", "", "dau2019"),
    "ArrowHead": ("UCR archive; sktime's copy", "", "dau2019"),
    "BasicMotions": ("UEA archive; sktime's copy", "", "bagnall2018"),
    "JapaneseVowels": ("UCI; UEA archive; sktime's copy", "CC BY 4.0", "kudo1999"),
    "OSULeaf": ("UCR archive; sktime's copy", "", "dau2019"),
}
"""Source, licence ("" where the archive states none) and citation of each data set."""
_NO_LICENCE = "none stated; the archive asks to be cited"


def sources_table(series: xr.Dataset) -> str:
    """Return what each data set is, where it is from, and its licence, as Markdown."""
    lines = []
    for name in map(str, series.data.values):
        one, (source, licence, cite) = series.sel(data=name), SOURCES[name]
        series_in = f"{int(one.n_train)}, {int(one.n_test)}"
        steps = f"{int(one.n_steps)}, {int(one.n_averaged)}"
        citation = f"{{cite:p}}`{cite}`"
        lines.append([name, series_in, steps, source, licence or _NO_LICENCE, citation])
    head = ("data set", "train, test", "steps, of samples", "source", "licence", "cite")
    return table(head, lines)


def accuracy_table(series: xr.Dataset, summary: xr.Dataset) -> str:
    """Return accuracies about the class beside the baselines, with 95 % intervals.

    The best networks of each data set are said to be within reach of the baselines if their
    interval reaches the lower end of that of a baseline.
    """
    sizes = [(int(n), str(a)) for n in summary.n_nodes.values for a in summary.architecture.values]
    head = ("data set", *map(str, series.baseline.values), *(f"{a}, {n}" for n, a in sizes))
    lines = []
    for name in map(str, series.data.values):
        one, means = series.sel(data=name), summary.sel(data=name)
        cells = [
            _interval(one.baseline_accuracy, one.baseline_low, one.baseline_high, baseline=b)
            for b in series.baseline.values
        ]
        for n, architecture in sizes:
            where = {"n_nodes": n, "architecture": architecture}
            text = _interval(means.accuracy, means.low, means.high, **where)
            learned = int(means.n_learned.sel(where))
            cells.append(f"{text}<br>{learned} of {series.sizes['replicate']} learned")
        reached = "yes" if name in within_reach(series, summary) else "no"
        lines.append([name, *cells, reached])
    return table((*head, "within reach"), lines)


def within_reach(series: xr.Dataset, summary: xr.Dataset) -> list[str]:
    """Return the data sets on which the best networks' interval reaches that of a baseline."""
    best = summary.high.max(["n_nodes", "architecture"])
    least = series.baseline_low.min("baseline")
    return [str(name) for name in series.data.values if best.sel(data=name) >= least.sel(data=name)]


def verdict_table(paper: pd.DataFrame, ledger: Mapping[str, list[Claim]], c19: Claim) -> str:
    """Return verdicts claim by claim: the paper's tasks, then each data set.

    Parameters
    ----------
    paper
        Rows of the paper's tasks with one seed, as from `book.ledger.stored_rows`.
    ledger, c19
        From `relaylib.studies.claims.real`.
    """
    by_id = paper.groupby("id").verdict.first()
    lines = []
    for number, claim in enumerate(next(iter(ledger.values()))):
        verdicts = [claims[number].verdict for claims in ledger.values()]
        text = f"{claim.id}. {TEXTS[claim.id].claim}"
        lines.append([text, str(by_id[claim.id]), *verdicts])
    names = [_held(c19, name) for name in ledger]
    lines.append([f"{c19.id}. {c19.claim} (C5 and C9)", c19.verdict, *names])
    head = ("claim", "paper's tasks", *ledger)
    return table(head, lines)


def _held(claim: Claim, data: str) -> str:
    """Return how many groups of one data set hold."""
    own = [g.holds for g in claim.groups if g.group.split()[0] == data and g.holds is not None]
    return f"{sum(own)} of {len(own)} groups hold"


def _interval(mean: xr.DataArray, low: xr.DataArray, high: xr.DataArray, **where: object) -> str:
    ends = f"[{low.sel(where):z.2f}, {high.sel(where):z.2f}]"
    return f"{mean.sel(where):z.2f} {ends}"
