"""The pages of the book in order, each with its notebook and parameters."""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import papermill
import yaml

ROOT = Path(__file__).parent.parent
NOTEBOOKS = ROOT / "notebooks"
TYPES: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "float": (int, float),
    "str": str,
    "bool": bool,
    "list": list,
    "tuple": tuple,
}


class ParameterError(ValueError):
    """A parameter that the notebook does not declare, or a value of the wrong type."""


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

    @property
    def name(self) -> str:
        """Name of the page: the notebook's, followed by each changed parameter."""
        parts = [f"{name}-{value}" for name, value in sorted(self.parameters.items())]
        return "-".join([self.notebook, *(re.sub(r"[^\w.-]+", "_", part) for part in parts)])

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


def parameters_of(notebook: Path) -> dict[str, dict[str, Any]]:
    """Return name -> type, default and help of the parameters that a notebook declares.

    Raises
    ------
    FileNotFoundError
        If there is no such notebook; the message lists those available.
    """
    if not notebook.exists():
        there = ", ".join(sorted(path.stem for path in notebook.parent.glob("*.ipynb")))
        raise FileNotFoundError(f"no notebook {notebook.stem}; there are: {there}")
    declared = papermill.inspect_notebook(str(notebook))
    return {
        name: {
            "type": found["inferred_type_name"].split("[")[0],
            "default": ast.literal_eval(found["default"]),
            "help": found["help"],
        }
        for name, found in declared.items()
    }


def check_parameters(notebook: Path, given: dict[str, Any]) -> None:
    """Raise ParameterError unless the notebook declares each parameter with this type."""
    declared = parameters_of(notebook)
    for name, value in given.items():
        if name not in declared:
            raise ParameterError(f"{notebook.stem} has no parameter {name!r}; {_listed(declared)}")
        wanted = declared[name]["type"]
        is_bool = isinstance(value, bool)
        if not isinstance(value, TYPES[wanted]) or is_bool != (wanted == "bool"):
            raise ParameterError(
                f"{name} of {notebook.stem} must be {wanted}, got {value!r} "
                f"({type(value).__name__}); {_listed(declared)}"
            )


def parse_parameters(notebook: Path, words: list[tuple[str, str]]) -> dict[str, Any]:
    """Return the checked parameters from the command line, ``-p NAME VALUE``.

    Raises
    ------
    ParameterError
        On a name that the notebook does not declare, or a value of the wrong type.
    """
    declared = parameters_of(notebook)
    given = {}
    for name, word in words:
        text = name in declared and declared[name]["type"] == "str"
        given[name] = word if text else _literal(word)
    check_parameters(notebook, given)
    return {name: value for name, value in given.items() if value != declared[name]["default"]}


def of_profile(notebook: Path, profile: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a profile that this notebook declares with another default."""
    declared = parameters_of(notebook)
    known = {name: value for name, value in profile.items() if name in declared}
    check_parameters(notebook, known)
    return {name: value for name, value in known.items() if value != declared[name]["default"]}


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


def _literal(word: str) -> Any:
    try:
        return ast.literal_eval(word)
    except (ValueError, SyntaxError):
        return word


def _listed(declared: dict[str, dict[str, Any]]) -> str:
    lines = [
        f"  {name}: {found['type']} = {found['default']!r}  {found['help']}".rstrip()
        for name, found in declared.items()
    ]
    return "it has\n" + "\n".join(lines) if lines else "it has none"
