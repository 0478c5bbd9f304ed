"""Build book/ into _build/html; any warning is an error.

Pages in book/executed that the table of contents does not name, made by a reader with other
parameters, come last, in a separate part.

If only one page has changed, only that page is rebuilt, in seconds. If the change could affect
other pages, their contents or the numbers of their figures, everything is rebuilt.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import yaml
from pages import ROOT, entries, read_yaml


def contents(book: Path) -> dict[str, Any]:
    """Return the table of contents without missing pages and with the reader's own pages."""
    toc = read_yaml(book / "_toc.yml")
    executed = {f"executed/{path.stem}" for path in (book / "executed").glob("[!.]*.ipynb")}
    named = {entry["file"] for entry in entries(toc)}
    for part in toc["parts"]:
        part["chapters"] = [
            chapter
            for chapter in part["chapters"]
            if not chapter["file"].startswith("executed/") or chapter["file"] in executed
        ]
    toc["parts"] = [part for part in toc["parts"] if part["chapters"]]
    own = sorted(executed - named)
    if own:
        chapters = [{"file": name, "title": _title(book / f"{name}.ipynb")} for name in own]
        toc["parts"].append({"caption": "Your own runs", "chapters": chapters})
    return toc


def build(book: Path, site: Path) -> int:
    """Build the book with its configuration in the folder above; return the exit status."""
    keep_named_assets(book)
    toc = book / "executed" / "_toc.yml"
    toc.write_text(yaml.safe_dump(contents(book), sort_keys=False), encoding="utf-8")
    built, shared = site / "_build", shared_by_pages(book, toc)
    made = built / "shared-by-pages.sha256"
    if not (made.exists() and made.read_text(encoding="utf-8") == shared):
        shutil.rmtree(built, ignore_errors=True)
    made.unlink(missing_ok=True)  # so that everything is rebuilt after a failure
    program = Path(sys.executable).with_name("jupyter-book")
    words = ["build", book, "-W", "--keep-going", "--quiet"]
    words += ["--toc", toc, "--config", book.parent / "_config.yml", "--path-output", site]
    status = subprocess.run([program, *map(str, words)], check=False).returncode
    if status == 0:
        made.write_text(shared, encoding="utf-8")
    return status


def shared_by_pages(book: Path, toc: Path) -> str:
    """Return the hash of everything that affects all pages: headings, figures, style, program."""
    files = [toc, book.parent / "_config.yml", ROOT / "requirements.txt", book / "references.bib"]
    files += sorted(path for path in (book / "style").rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes() + b"\0")
    digest.update(repr(sorted(path.name for path in (book / "assets").iterdir())).encode())
    for entry in entries(read_yaml(toc)):
        digest.update(json.dumps(_headings_and_figures(book / entry["file"])).encode())
    return digest.hexdigest()


def keep_named_assets(book: Path) -> None:
    """Remove the shared files of widgets that no page uses."""
    (book / "assets").mkdir(exist_ok=True)
    pages = (book / "executed").glob("[!.]*.ipynb")
    named = {
        name
        for path in pages
        for name in nbformat.read(path, as_version=4).metadata.get("relay", {}).get("assets", [])
    }
    for path in (book / "assets").iterdir():
        if path.name not in named:
            path.unlink()


def _headings_and_figures(page: Path) -> list[str]:
    """Return the headings of a page, and the names of the figures of a notebook."""
    text, figures = page.with_name(f"{page.name}.md"), []
    if text.exists():
        prose = text.read_text(encoding="utf-8")
    else:
        cells = nbformat.read(page.with_name(f"{page.name}.ipynb"), as_version=4).cells
        prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        shown = [cell.metadata.get("mystnb", {}) for cell in cells]
        figures = [cell["figure"]["name"] for cell in shown if "figure" in cell]
    return [line for line in prose.splitlines() if line.startswith(("#", "("))] + figures


def _title(path: Path) -> str:
    """Return the notebook's title with the parameters of this run."""
    notebook = nbformat.read(path, as_version=4)
    title = notebook.cells[0].source.splitlines()[0].lstrip("# ")
    chosen = notebook.metadata.get("relay", {}).get("parameters", {})
    return f"{title} ({', '.join(f'{name} = {value}' for name, value in chosen.items())})"


if __name__ == "__main__":
    folder = Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else ROOT / "book"
    sys.exit(build(folder, folder.parent))
