"""The ledger of claims as tables: for the book, for the README and for several seeds.

``python book/ledger.py`` judges the claims with the book's seed, and ``--seeds 2025 1 2`` with
several. It writes ``results/claims.json``, ``book/data/claims_by_seed.csv`` and the table in the
README.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

import pandas as pd

from relaylib.core.files import write_atomically
from relaylib.core.provenance import code_hash
from relaylib.core.store import Store
from relaylib.studies.claims.claim import Claim
from relaylib.studies.claims.ledger import evaluate
from relaylib.studies.claims.texts import TEXTS, Text
from relaylib.studies.study import StudyConfig

HERE = Path(__file__).parent
BY_SEED = HERE / "data" / "claims_by_seed.csv"
README = HERE.parent / "README.md"
MARKS = ("<!-- claims -->\n", "<!-- /claims -->")
_COLOURS = {
    "reproduced": "#00664f",
    "partly": "#7a4f00",
    "not reproduced": "#9c2a1b",
    "not judged": "#555555",
}
_WORDS = {True: "holds", False: "does not hold", None: "for reference, not counted"}


def ledger_rows(claims: Iterable[Claim], *, seed: int) -> pd.DataFrame:
    """One row per group of every claim.

    Returns
    -------
    Table with columns seed, code (hash of the code that judged), id, verdict, group, quantity,
    estimate, low, high, n_undefined (networks without a value), null, and holds (True, False, or
    None for groups that are not counted). Numbers are rounded to five significant digits.
    """
    code = code_hash(["relaylib.studies.claims.ledger"])[:16]
    rows = [
        {"seed": seed, "code": code, "id": claim.id, "verdict": claim.verdict}
        | {"group": group.group, "quantity": group.quantity}
        | {name: float(f"{getattr(group, name):.5g}") for name in ("estimate", "low", "high")}
        | {"n_undefined": group.n_undefined, "null": group.null}
        | {"holds": None if group.holds is None else bool(group.holds)}
        for claim in claims
        for group in claim.groups
    ]
    return pd.DataFrame(rows).astype({"holds": object})


def stored_rows(path: Path = BY_SEED) -> pd.DataFrame:
    """Return the stored rows of all seeds."""
    undefined = {name: [""] for name in ("estimate", "low", "high", "n_undefined")}
    stored = pd.read_csv(path, dtype={"code": str}, keep_default_na=False, na_values=undefined)
    return stored.assign(holds=stored.holds.map({"True": True, "False": False, "": None}))


def keep_rows(rows: pd.DataFrame, path: Path = BY_SEED) -> None:
    """Store the rows of one seed; they replace the stored rows of that seed."""
    others = stored_rows(path) if path.exists() else rows.iloc[:0]
    others = others[~others.seed.isin(rows.seed)]
    kept = [part for part in (others, rows) if len(part)]
    text = pd.concat(kept).sort_values("seed", kind="stable").to_csv(index=False)
    write_atomically(path, text.encode())


def measured(rows: pd.DataFrame) -> str:
    """Return the estimates of the counted groups of one claim as one line, by quantity."""
    parts = []
    for quantity, found in rows[rows.holds.notna()].groupby("quantity", sort=False):
        values = found.estimate
        text = f"{values.min():.3g}"
        if len(found) == 1 and found.low.item() < found.high.item():
            text += f" [{found.low.item():.3g}, {found.high.item():.3g}]"
        elif values.max() > values.min():
            text += f" to {values.max():.3g}"
        parts.append(f"{quantity} {text}")
    return "; ".join(parts)


def groups_held(rows: pd.DataFrame) -> str:
    """Return how many of the counted groups of one claim hold, as "3 of 4"."""
    counting = rows[rows.holds.notna()]
    return f"{int(counting.holds.sum())} of {len(counting)}"


def readme_table(rows: pd.DataFrame) -> str:
    """Return the ledger of one seed as a Markdown table."""
    lines = [
        "| | claim | paper | measured | groups that hold | verdict |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for id, found in rows.groupby("id", sort=False):
        text, held = TEXTS[str(id)], groups_held(found)
        verdict = found.verdict.iloc[0]
        lines.append(
            f"| {id} | {text.claim} | {text.where} | {measured(found)} | {held} | **{verdict}** |"
        )
    return "\n".join(lines) + "\n"


def write_readme(rows: pd.DataFrame, path: Path = README) -> None:
    """Replace the table between the two marks in the README.

    Raises
    ------
    ValueError
        If a mark is missing.
    """
    text = path.read_text(encoding="utf-8")
    before, found, rest = text.partition(MARKS[0])
    _, closed, after = rest.partition(MARKS[1])
    if not (found and closed):
        raise ValueError(f"{path.name} must hold the lines {MARKS[0].strip()} and {MARKS[1]}")
    seed = rows.seed.iloc[0]
    table = f"{readme_table(rows)}\nSeed {seed}; `make claims` updates this table.\n"
    write_atomically(path, (before + found + table + closed + after).encode())


def ledger_table(rows: pd.DataFrame, texts: Mapping[str, Text] = TEXTS) -> str:
    """Return the ledger of one seed as HTML, one line per claim; texts are those of its study."""
    lines = []
    for id, found in rows.groupby("id", sort=False):
        text, held = texts[str(id)], groups_held(found)
        cells = (f"{id}. {text.claim}", text.where, text.statistic, measured(found), held)
        lines.append([*map(escape, cells), _badge(found.verdict.iloc[0])])
    head = ("claim", "paper", "statistic and rule", "measured", "groups that hold", "verdict")
    of = " to ".join(dict.fromkeys(str(rows.id.iloc[place]) for place in (0, -1)))
    return _table(head, lines, f"Ledger of claims {of}, seed {rows.seed.iloc[0]}")


def home_table(rows: pd.DataFrame) -> str:
    """Return claims, effects and verdicts as a Markdown table that links to the ledger."""
    lines = ["| claim | measured | verdict |", "| --- | --- | --- |"]
    for id, found in rows.groupby("id", sort=False):
        link = f'<a href="10_claims.html#claim-{id}">{id}</a>'
        badge = _badge(found.verdict.iloc[0])
        lines.append(f"| {link} {TEXTS[str(id)].claim} | {measured(found)} | {badge} |")
    return "\n".join(lines) + "\n"


def claim_details(rows: pd.DataFrame, texts: Mapping[str, Text] = TEXTS) -> str:
    """Return each claim's groups, what would refute it, and the effect of our choices, as HTML."""
    blocks = []
    for id, found in rows.groupby("id", sort=False):
        text = texts[str(id)]
        lines = [
            [
                escape(row.group),
                escape(row.quantity),
                *_numbers(row),
                str(row.n_undefined),
                _held(row),
            ]
            for row in found.itertuples()
        ]
        head = ("group", "quantity", "estimate", "95 % interval", "null", "without value", "holds")
        blocks.append(
            f'<details id="claim-{id}"><summary><strong>{id}. {escape(text.claim)}</strong> '
            f"{_badge(found.verdict.iloc[0])}</summary>"
            f"<p><strong>It would fail if</strong> {escape(text.fails_if)}. "
            f"<strong>How our choices may have affected it:</strong> {escape(text.our_part)}</p>"
            f"{_table(head, lines, f'Groups of {id}')}</details>"
        )
    return "\n".join(blocks)


def seeds_table(stored: pd.DataFrame) -> str:
    """Return verdicts by seed, and the groups in which seeds disagree, as HTML."""
    seeds = sorted(stored.seed.unique())
    verdicts = stored.groupby(["id", "seed"]).verdict.first().unstack().loc[stored.id.unique()]
    lines = [
        [f"{id}. {escape(TEXTS[str(id)].claim)}", *(_badge(row[seed]) for seed in seeds)]
        for id, row in verdicts.iterrows()
    ]
    table = _table(("claim", *(f"seed {seed}" for seed in seeds)), lines, "Verdicts by seed")
    differing = disagreements(stored)
    if differing.empty:
        return table + "<p>No group holds with one seed and fails with another.</p>"
    lines = []
    for (id, group, quantity), found in differing.groupby(["id", "group", "quantity"], sort=False):
        by_seed = found.set_index("seed")
        cells = [" ".join(_numbers(by_seed.loc[seed])[:2]) for seed in seeds]
        lines.append([f"{id} {escape(group)}, {escape(quantity)}", *cells])
    head = ("groups in which seeds disagree", *(f"seed {seed}" for seed in seeds))
    return table + _table(head, lines, "Groups in which seeds disagree")


def disagreements(stored: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of groups that hold with some seeds and fail with others."""
    counting = stored[stored.holds.notna()]
    verdicts = counting.groupby(["id", "group", "quantity"]).holds.transform("nunique")
    return counting[verdicts > 1]


def _numbers(row: object) -> list[str]:
    estimate, low, high, null = (getattr(row, name) for name in ("estimate", "low", "high", "null"))
    interval = f"[{low:.3g}, {high:.3g}]" if low < high else "no spread"
    return [f"{estimate:.3g}", interval if low == low else "none", f"{null:.3g}"]


def _held(row: object) -> str:
    holds, low = (getattr(row, name) for name in ("holds", "low"))
    return _WORDS[holds] if low == low else "not judged"


def _badge(verdict: str) -> str:
    look = "color:#fff;border-radius:.3em;padding:.1em .5em;white-space:nowrap"
    return f'<span style="background:{_COLOURS[verdict]};{look}">{verdict}</span>'


def _table(head: Iterable[str], lines: Iterable[Iterable[str]], label: str) -> str:
    top = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in line) + "</tr>" for line in lines)
    return (
        f'<div style="overflow-x:auto" tabindex="0" role="region" aria-label="{escape(label)}">'
        f'<table class="table"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def main(arguments: list[str] | None = None) -> None:
    """Judge the claims with each seed and update the tables."""
    parser = argparse.ArgumentParser(description=re.sub(r"``|\n", " ", __doc__ or ""))
    book = StudyConfig().seed
    parser.add_argument("--seeds", type=int, nargs="+", default=[book], metavar="SEED")
    for seed in parser.parse_args(arguments).seeds:
        config = StudyConfig(seed=seed)
        rows = ledger_rows(evaluate(config, store=Store(), export=seed == book), seed=seed)
        keep_rows(rows)
        if seed == book:
            write_readme(rows)
        print(f"seed {seed}:", rows.groupby("verdict").id.nunique().to_dict())


if __name__ == "__main__":
    main()
