"""Claims that other pages judge from stored results, as one table for the ledger's page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import xarray as xr

from book.ledger import groups_held, ledger_rows, measured
from book.markdown_tables import table
from book.multiverse import dropout_of
from book.stored import stored_results
from relaylib.studies.claims.claim import Claim
from relaylib.studies.claims.estimators import ESTIMATOR_TEXTS, estimator_ledger
from relaylib.studies.claims.mmphate import MMPHATE_TEXTS, mmphate_ledger
from relaylib.studies.claims.multiverse import MULTIVERSE_TEXTS, judge_c17, judge_c20
from relaylib.studies.claims.real import C19, judge_c19, real_ledger
from relaylib.studies.claims.texts import Text


class Page(NamedTuple):
    """A page with stored results and claims of its own.

    Attributes
    ----------
    title, notebook
        Of the page.
    results
        File of ``book/data``.
    judge
        What returns its claims.
    texts
        The claims in words, by number.
    """

    title: str
    notebook: str
    results: str
    judge: Callable[[xr.Dataset], Iterable[Claim]]
    texts: Mapping[str, Text]


def _multiverse_ledger(found: xr.Dataset) -> list[Claim]:
    seed = int(found.seed.values[0])
    return [judge_c17(found, seed=seed), judge_c20(dropout_of(found), seed=seed)]


PAGES = (
    Page(
        "What the findings hang on",
        "19_what_the_findings_hang_on",
        "multiverse.nc",
        _multiverse_ledger,
        MULTIVERSE_TEXTS,
    ),
    Page(
        "Real time series",
        "16_real_series",
        "real_series.nc",
        lambda series: [judge_c19(real_ledger(series))],
        {"C19": C19},
    ),
    Page(
        "Does it find the nodes that matter?",
        "21_nodes_that_matter",
        "nodes_that_matter.nc",
        estimator_ledger,
        ESTIMATOR_TEXTS,
    ),
    Page(
        "What MM-PHATE claims for itself",
        "18_mmphate_claims",
        "mmphate_claims.nc",
        mmphate_ledger,
        MMPHATE_TEXTS,
    ),
)


def others_table(pages: Iterable[Page] = PAGES) -> str:
    """Return the claims of other pages with measures and verdicts, as a Markdown table."""
    lines = []
    for page in pages:
        found = stored_results(page.results)
        claims = list(page.judge(found))
        rows = ledger_rows(claims, seed=int(found.attrs.get("seed", 0)))
        for claim in claims:
            own = rows[rows.id == claim.id]
            name = f"{claim.id}. {page.texts[claim.id].claim}"
            link = f"[{page.title}]({page.notebook}.ipynb)"
            lines.append([name, measured(own), groups_held(own), f"**{claim.verdict}**", link])
    return table(("claim", "measured", "groups that hold", "verdict", "page"), lines)
