"""Tables and lists in Markdown, for the pages that show stored results."""

from collections.abc import Iterable


def table(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """Return a table with the names of its columns, and a line for each row."""
    rows = [list(head), *map(list, lines)]
    rows.insert(1, ["---"] * len(rows[0]))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def listed(names: Iterable[str]) -> str:
    """Return names as a list in words, "none" if there is none."""
    *first, last = list(names) or ["none"]
    return f"{', '.join(first)} and {last}" if first else last
