"""Captions, texts and names of figures that depend on what the notebook was run with."""

import ast
import re

import nbformat
from pages import Page


def glued(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """Return the values that the notebook's cells gave to glue, by key, as they read in prose."""
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            key = output.get("metadata", {}).get("scrapbook", {}).get("name")
            if key:
                shown = next(v for k, v in output.data.items() if k.endswith("text/plain"))
                found[key] = str(ast.literal_eval(shown)) if shown[:1] in "'\"" else shown
    return found


def fit(notebook: nbformat.NotebookNode, page: Page) -> None:
    """Fill glued values into captions and texts of figures, and name figures after their page.

    ``{key}`` in a caption or a text stands for what was glued under that key. A page with
    parameters of its own has figures and equations with names of their own, fig-4-task-block for
    fig-4, and its references follow.

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
