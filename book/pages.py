"""The pages of the book in order, each with its notebook and parameters."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import yaml
from parameters import ParameterError

ROOT = Path(__file__).parent.parent
NOTEBOOKS = ROOT / "notebooks"
LONGEST = 100  # characters of a page's name, before its hash


@dataclass(frozen=True)
class Page:
    """One notebook, run with one set of parameters.

    Attributes
    ----------
    notebook
        Name in ``notebooks/`` without its suffix.
    parameters
        Those that differ from the notebook's own ``parameters`` cell.
    """

    notebook: str
    parameters: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.notebook, str) or not re.fullmatch(r"\w[\w.-]*", self.notebook):
            raise ParameterError(
                "notebook must be the name of a file in notebooks/, without a folder, "
                f"got {self.notebook!r}"
            )

    @property
    def name(self) -> str:
        """Name of the page: the notebook's, followed by each changed parameter.

        A name that would not say all (spaces, signs, long values) ends in a hash of the parameters.
        """
        chosen = sorted(self.parameters.items())
        name = "-".join([self.notebook, *(f"{name}-{value}" for name, value in chosen)])
        words = [value for _, value in chosen if not isinstance(value, int | float)]
        if len(name) <= LONGEST and all(re.fullmatch(r"[A-Za-z0-9_.]*", str(w)) for w in words):
            return name
        digest = hashlib.sha256(json.dumps(chosen, default=repr).encode()).hexdigest()[:8]
        return f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', name)[:LONGEST]}-{digest}"

    @property
    def source(self) -> Path:
        """The notebook's file."""
        return NOTEBOOKS / f"{self.notebook}.ipynb"


def pages_of_toc(toc: dict[str, Any], chosen: dict[str, dict[str, Any]]) -> list[Page]:
    """Return the pages in ``executed/`` that the table of contents lists, in its order.

    Parameters
    ----------
    toc
        Content of ``_toc.yml``.
    chosen
        Content of ``pages.yml``: page name -> notebook and parameters, for pages made from a
        notebook of another name.
    """
    pages = []
    for entry in entries(toc):
        folder, _, name = entry["file"].rpartition("/")
        if folder == "executed":
            page = chosen.get(name, {"notebook": name})
            pages.append(Page(page["notebook"], page.get("parameters", {})))
            if pages[-1].name != name:
                raise ValueError(f"pages.yml: {name} should be called {pages[-1].name}")
    return pages


def entries(toc: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all entries of a table of contents in order, the root first."""
    found = [{"file": toc["root"]}]
    for part in toc.get("parts", [toc]):
        for chapter in part.get("chapters", []):
            found += [chapter, *chapter.get("sections", [])]
    return found


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the content of a YAML file ({} where it is empty)."""
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def code_of(notebook: Path) -> str:
    """Return the code of all cells of a notebook, without magics."""
    cells = nbformat.read(notebook, as_version=4).cells
    lines = [
        line
        for cell in cells
        if cell.cell_type == "code"
        for line in cell.source.splitlines()
        if not line.startswith(("%", "!"))
    ]
    return "\n".join(lines)
