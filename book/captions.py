"""Captions, alternative texts, references and names of figures that depend on the run."""

import re
from collections.abc import Callable, Iterator
from functools import partial

import nbformat
from pages import Page
from prose import MIME, fill

REFERENCES = (
    (r"\[Fig\.\s\d+\]\(#(fig-[\w-]+)\)", r"{numref}`\1`"),
    (r"\$\$ <!-- (eq-[\w-]+) -->", r"$$ (\1)"),
    (r"\[Eq\.\s\d+\]\(#(eq-[\w-]+)\)", r"Eq. {eq}`\1`"),
    (r"\[\([^()]+\)\]\(#(\w+\d{4})\)", r"{cite:p}`\1`"),
    (r"\[[\w\s.]+\(\d{4}\)\]\(#(\w+\d{4})\)", r"{cite:t}`\1`"),
    (r"\[`\w+`\]\(#(relaylib[\w.]+)\)", r"{py:func}`~\1`"),
)
"""Links and names in notebooks, fit for any viewer of Markdown, and the roles that number them."""


def kept_numbers(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """Return the numbers that the notebook's cells kept (`prose.Numbers.keep`), by name."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    kept = [output.data[MIME] for output in outputs if MIME in output.get("data", {})]
    return {name: value for numbers in kept for name, value in numbers.items()}


def prose_of(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """Yield the Markdown of a notebook: of its cells, and of what its code printed."""
    for place, key in _places(notebook):
        yield place[key]


def change_prose(notebook: nbformat.NotebookNode, change: Callable[[str], str]) -> None:
    """Change all Markdown that `prose_of` yields."""
    for place, key in _places(notebook):
        place[key] = change(place[key])


def _places(notebook: nbformat.NotebookNode) -> Iterator[tuple[nbformat.NotebookNode, str]]:
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            yield cell, "source"
        for output in cell.get("outputs", []):
            if "text/markdown" in output.get("data", {}):
                yield output.data, "text/markdown"


def with_roles(text: str) -> str:
    """Return Markdown with roles, which number what they name, in place of the links."""
    for link, role in REFERENCES:
        text = re.sub(link, role, text)
    return text


def fit(notebook: nbformat.NotebookNode, page: Page) -> None:
    """Fill in kept numbers; number references; make names of figures unique.

    ``{key}`` in a caption or an alternative text is replaced by the number kept under that key. On
    a page with changed parameters, the names of figures and equations get a suffix
    (fig-4-time-3 for fig-4), also where the page refers to them.

    Raises
    ------
    KeyError
        If no number was kept under a key.
    """
    numbers, suffix = kept_numbers(notebook), page.name.removeprefix(page.notebook)
    names: list[str] = []
    for cell in notebook.cells:
        shown = cell.metadata.get("mystnb", {})
        for part, text in (("figure", "caption"), ("image", "alt")):
            if part in shown:
                shown[part][text] = fill(shown[part][text], numbers)
        if "figure" in shown:
            names.append(shown["figure"]["name"])
            shown["figure"]["name"] += suffix
    change_prose(notebook, with_roles)
    for text in prose_of(notebook):
        names += re.findall(r"^\$\$ \((eq-[\w-]+)\)$", text, re.MULTILINE)
    change_prose(notebook, partial(_renamed, names=names, suffix=suffix))


def _renamed(text: str, names: list[str], suffix: str) -> str:
    for name in names:
        text = text.replace(f"`{name}`", f"`{name}{suffix}`")
        text = text.replace(f"$$ ({name})", f"$$ ({name}{suffix})")
    return text
