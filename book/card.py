"""What every page states about itself: parameters, versions, and how to reproduce it."""

import ast
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
import pictures
from pages import ROOT, Page
from parameters import parameters_of

FOLDED = {
    "parameters": "Parameters of this page",
    "injected-parameters": "Parameters that this run changed",
}
"""What stands on folded cells, by their tag."""
LIBRARIES = ("relaylib", "torch", "numpy", "numba", "scikit-learn", "xarray", "matplotlib")


@dataclass(frozen=True)
class PageRecord:
    """How a page was made: one run of a notebook."""

    page: Page
    profile: str
    parameters: dict[str, Any]  # those given to papermill
    code: str  # hash of the modules of relaylib and of the book that the notebook uses
    seconds: float
    offered: tuple[str, ...] = ()  # files of results beside the data of figures


def complete(notebook: nbformat.NotebookNode, record: PageRecord) -> None:
    """Add links, banner and record to an executed notebook, in place."""
    notebook.cells = [cell for cell in notebook.cells if cell.metadata.get("relay") != "data"]
    for cell in notebook.cells:
        _fold_parameters(cell)
        figure = cell.metadata.get("mystnb", {}).get("figure")
        if figure:
            links = [_source_link(name) for name in drawn_by(notebook, cell.source)]
            links.append(f"{{download}}`Data <data/{record.page.name}/{figure['name']}.csv>`")
            figure["caption"] = " ".join([figure["caption"].rstrip(), *links])
    if record.profile != "paper":
        notebook.cells.insert(1, nbformat.v4.new_markdown_cell(_banner(record)))
    notebook.cells.append(nbformat.v4.new_markdown_cell(_card(record)))


def _fold_parameters(cell: nbformat.NotebookNode) -> None:
    """Fold a cell of parameters away, to be opened on demand."""
    tags = cell.metadata.get("tags", [])
    for tag, title in FOLDED.items():
        if tag in tags and "remove-input" not in tags:
            cell.metadata["tags"] = [*tags, "hide-input"]
            prompts = {"code_prompt_show": title, "code_prompt_hide": title}
            cell.metadata["mystnb"] = cell.metadata.get("mystnb", {}) | prompts


def with_data(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """Return a copy with high-resolution figures that also writes their values to CSV files."""
    copy = nbformat.from_dict(notebook)
    copy.cells = [nbformat.v4.new_code_cell(pictures.SHARP, metadata={"relay": "data"})]
    for cell in notebook.cells:
        copy.cells.append(cell)
        figure = cell.metadata.get("mystnb", {}).get("figure")
        if figure:
            variable = shown_variable(cell.source)
            path = folder / f"{figure['name']}.csv"
            source = (
                "from relaylib.figures.table import table_of\n"
                f"table_of({variable}).to_csv({str(path)!r}, index=False, float_format='%.4g')"
            )
            copy.cells.append(nbformat.v4.new_code_cell(source, metadata={"relay": "data"}))
    return copy


def shown_variable(source: str) -> str:
    """Return the name on the last line of a figure's cell: ``figure = draw(...)``, ``figure``.

    Raises
    ------
    ValueError
        If the last line is anything but a name; the page would show no figure.
    """
    last = ast.parse(source).body[-1]
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Name):
        return last.value.id
    raise ValueError(
        f"the last line of a figure's cell must be its variable, got {ast.unparse(last)}"
    )


def drawn_by(notebook: nbformat.NotebookNode, source: str) -> list[str]:
    """Return the dotted names of the functions of relaylib.figures that a cell calls."""
    imported = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and not cell.source.startswith("%"):
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("relaylib"):
                    for alias in node.names:
                        imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    used = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            first, _, rest = ast.unparse(node.func).partition(".")
            full = imported.get(first, "") + (f".{rest}" if rest else "")
            if full.startswith("relaylib.figures."):
                used.append(full)
    return sorted(set(used))


@cache
def libraries() -> dict[str, str]:
    """Return the versions of Python and of the libraries that a page states."""
    python = ".".join(map(str, sys.version_info[:3]))
    return {"Python": python, **{name: version(name) for name in LIBRARIES}}


def commit() -> str:
    """Return the git commit of the working tree, and whether there are uncommitted changes."""
    found = _git("rev-parse", "--short=12", "HEAD")
    if not found:
        return "not in a git repository"
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "relaylib", "notebooks")
    return f"{found}, with uncommitted changes" if changed else found


def command(record: PageRecord) -> str:
    """Return the papermill command that reproduces the page from the repository's root."""
    words = [".venv/bin/papermill", f"notebooks/{record.page.notebook}.ipynb"]
    words.append(f"{record.page.name}.ipynb")
    for name, value in record.parameters.items():
        if isinstance(value, list | tuple):
            words += ["-y", f"{name}: {list(value)}"]
        else:
            words += ["-r" if isinstance(value, str) else "-p", name, str(value)]
    return shlex.join(words)


def code(text: str) -> str:
    """Return text as code in Markdown, of which nothing is read as Markdown or HTML."""
    fence = "`" * (_longest_run(text) + 1)
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"


def _longest_run(text: str) -> int:
    """Return the length of the longest run of backticks."""
    return max(map(len, re.findall("`+", text)), default=0)


def _source_link(function: str) -> str:
    module, _, name = function.rpartition(".")
    target = f"../_modules/{module.replace('.', '/')}.html#{name}"
    return f'<a class="figure-source" href="{target}">Source of this figure</a>'


def _banner(record: PageRecord) -> str:
    rows = ", ".join(code(f"{name} = {value!r}") for name, value in record.parameters.items())
    return (
        f":::{{admonition}} {record.profile.upper()} PROFILE: not the paper's scale\n"
        ":class: danger\n\n"
        f"This page was made with {rows or 'reduced parameters'} to test the book. "
        "Its numbers are not results.\n:::"
    )


def _card(record: PageRecord) -> str:
    declared = parameters_of(record.page.source)
    values = {name: found.default for name, found in declared.items()} | record.parameters
    cells = {name: code(repr(value)).replace("|", "\\|") for name, value in values.items()}
    parameters = [f"| `{k}` | {cell} | {declared[k].help} |" for k, cell in cells.items()]
    versions = ", ".join(f"{name} {number}" for name, number in libraries().items())
    name, line = record.page.name, command(record)
    fence = "`" * max(3, _longest_run(line) + 1)
    return "\n".join(
        [
            "## How this page was made",
            "",
            "| parameter | value | meaning |",
            "| --- | --- | --- |",
            *parameters,
            "",
            "| made with | value |",
            "| --- | --- |",
            f"| profile | {record.profile} |",
            f"| code | relaylib {version('relaylib')}, hash `{record.code[:16]}` |",
            f"| git commit | {commit()} |",
            f"| versions | {versions} |",
            f"| wall time | {record.seconds:.0f} s |",
            f"| notebook | {{download}}`{name}.ipynb <{name}.ipynb>` |",
            *(f"| results | {{download}}`{n} <data/{name}/{n}>` |" for n in record.offered),
            "",
            "To reproduce it, from the root of the repository:",
            "",
            f"{fence}bash",
            line,
            fence,
        ]
    )


def _git(*words: str) -> str:
    if shutil.which("git") is None:
        return ""
    found = subprocess.run(
        ["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() if found.returncode == 0 else ""
