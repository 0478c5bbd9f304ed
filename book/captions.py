"""Captions, alternative texts and names of figures that depend on the notebook's results."""

import ast
import re

import nbformat
from pages import Page


def glued(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """Return the values that the notebook's cells glued, by key, as text."""
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            key = output.get("metadata", {}).get("scrapbook", {}).get("name")
            if key:
                shown = next(v for k, v in output.data.items() if k.endswith("text/plain"))
                found[key] = str(ast.literal_eval(shown)) if shown[:1] in "'\"" else shown
    return found


def fit(notebook: nbformat.NotebookNode, page: Page) -> None:
    """Insert glued values into captions and alternative texts; make names of figures unique.

    ``{key}`` in a caption or an alternative text is replaced by the value glued under that key. On
    a page with changed parameters, the names of figures and equations get a suffix
    (fig-4-task-block for fig-4), also where the page refers to them.

    Raises
    ------
    KeyError
        If nothing was glued under a key.
    """
    values, suffix = glued(notebook), page.name.removeprefix(page.notebook)
    names = []
    for cell in notebook.cells:
        shown = cell.metadata.get("mystnb", {})
        for part, text in (("figure", "caption"), ("image", "alt")):
            if part in shown:
                filled = re.sub(r"\{(\w+)\}(?!`)", lambda key: values[key[1]], shown[part][text])
                shown[part][text] = filled
        if "figure" in shown:
            names.append(shown["figure"]["name"])
            shown["figure"]["name"] += suffix
    prose = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    for cell in prose:
        names += re.findall(r"^:label: (\S+)$", cell.source, re.MULTILINE)
    for cell in prose:
        for name in names:
            cell.source = cell.source.replace(f"`{name}`", f"`{name}{suffix}`")
            cell.source = cell.source.replace(f":label: {name}\n", f":label: {name}{suffix}\n")
