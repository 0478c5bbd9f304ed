"""The findings on drift with several seeds, kept beside those of the claims.

``python book/drift_seeds.py --seeds 2025 1 2`` computes them and writes
``book/data/drift_by_seed.csv``.
"""

from __future__ import annotations

import argparse
import re
from html import escape
from pathlib import Path

import pandas as pd

from relaylib.core.files import write_atomically
from relaylib.core.provenance import code_hash
from relaylib.studies.config import StudyConfig
from relaylib.studies.drift_findings import SENTENCES, drift_results, findings, sentences
from relaylib.studies.witnesses import WitnessConfig

BY_SEED = Path(__file__).parent / "data" / "drift_by_seed.csv"
SHOWN = {
    ("memory RNN", "knockouts, diagonal"): "knockouts, loss on the diagonal, memory",
    ("memory RNN", "knockouts, rest"): "and off it",
    ("memory RNN", "decoded at lag 1"): "decoded one step away, memory",
    ("memory RNN", "decoded at lag 1 - lag 2"): "minus two steps away, memory",
    ("block RNN", "decoded at lag 1 - lag 2"): "the same, block",
    ("memory RNN", "turn"): "turn in degrees per step, memory",
    ("memory RNN", "turn, random delays"): "with random delays",
    ("all", "rank, theory"): "rank correlation of the theory with r, all networks",
    ("RNN", "rank, theory"): "within RNNs",
    ("GRU", "rank, theory"): "within GRUs",
    ("LSTM", "rank, theory"): "within LSTMs",
    ("memory RNN, a = 0", "r"): "r at a = 0, memory",
    ("memory RNN, a = 1", "r"): "r at a = 1, memory",
    ("block RNN, a = 0", "r"): "r at a = 0, block",
    ("block RNN, a = 1", "r"): "r at a = 1, block",
    ("memory RNN, minus identity", "r"): "r from minus the identity, memory",
    ("memory RNN, minus identity", "decoded"): "and decoded one step away",
    ("memory RNN, a = 1", "C9's groups counteracted"): "C17: groups counteracted at a = 1, memory",
    ("block RNN, a = 1", "C9's groups counteracted"): "and block",
    ("memory LSTM, bias 0", "r"): "r of LSTMs, memory",
    ("memory LSTM, bias -4", "r"): "r with a bias of -4",
    ("block LSTM, bias 0", "r"): "r of LSTMs, block",
    ("block LSTM, bias -4", "r"): "r with a bias of -4, block",
}
"""Rows of the table on the page, and what they are called there."""


def current_code() -> str:
    """Return the first digits of the hash of the code behind the findings."""
    return code_hash(["relaylib.studies.drift_findings"])[:16]


def drift_rows(seed: int) -> pd.DataFrame:
    """Return the findings at full scale with one seed; numbers have five significant digits."""
    found = findings(drift_results(WitnessConfig(StudyConfig(seed=seed))))
    numbers = found[["estimate", "low", "high"]].map(lambda value: float(f"{value:.5g}"))
    return found.assign(**numbers, seed=seed, code=current_code())


def stored_drift(path: Path = BY_SEED) -> pd.DataFrame:
    """Return the stored rows of all seeds."""
    return pd.read_csv(path, dtype={"code": str})


def drift_table(stored: pd.DataFrame) -> str:
    """Return the findings of all seeds as HTML, and the sentences that fail with one."""
    seeds = sorted(stored.seed.unique())
    cell = stored.set_index(["group", "quantity", "seed"])
    lines = []
    for (group, quantity), name in SHOWN.items():
        rows = [cell.loc[(group, quantity, seed)] for seed in seeds]
        texts = [_with_interval(row) for row in rows]
        lines.append("".join(f"<td>{escape(text)}</td>" for text in (name, *texts)))
    head = "<td></td>" + "".join(f'<th scope="col">seed {seed}</th>' for seed in seeds)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return (
        '<div style="overflow-x:auto" tabindex="0" role="region" aria-label="Drift by seed">'
        f'<table class="table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _with_interval(row: pd.Series) -> str:
    interval = f" [{row.low:.3g}, {row.high:.3g}]" if row.low < row.high else ""
    return f"{row.estimate:.3g}{interval}"


def seeds_sentence(stored: pd.DataFrame) -> str:
    """Return which of the chapter's sentences fail with which stored seed."""
    failing = [
        f"{text} (seed {seed})"
        for seed, found in stored.groupby("seed")
        for text, holds in sentences(found).items()
        if not holds
    ]
    if failing:
        return f"These sentences do not hold with another seed: {'; '.join(failing)}."
    return f"All {len(SENTENCES)} sentences that this page checks hold with every seed."


def main(arguments: list[str] | None = None) -> None:
    """Compute the findings with each seed and store them."""
    parser = argparse.ArgumentParser(description=re.sub(r"``|\n", " ", __doc__ or ""))
    parser.add_argument("--seeds", type=int, nargs="+", default=[StudyConfig().seed])
    rows = [drift_rows(seed) for seed in parser.parse_args(arguments).seeds]
    if BY_SEED.exists():
        kept = stored_drift()
        rows.append(kept[~kept.seed.isin([found.seed.iloc[0] for found in rows])])
    together = pd.concat(rows).sort_values("seed", kind="stable")
    write_atomically(BY_SEED, together.to_csv(index=False).encode())
    print(seeds_sentence(together))


if __name__ == "__main__":
    main()
