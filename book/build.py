"""Build book/ into _build/html; any warning is an error.

Pages in book/executed that the table of contents does not name, made by a reader with other
parameters, come last, in a separate part.

If only one page has changed, only that page is rebuilt, in seconds. If the change could affect
other pages, their contents or the numbers of their figures, everything is rebuilt. A built file
that was changed or removed since is built again, with its page.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import finish
import nbformat
import records
import yaml
from pages import ROOT, entries, read_yaml
from unchanged import BUILT

EXTENSIONS = Path(__file__).parent / "extensions"


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
    with records.only_run(book):
        if not whole(book):
            return 1
        keep_named_assets(book)
        toc = book / "executed" / "_toc.yml"
        text = yaml.safe_dump(contents(book), sort_keys=False)
        records.write_atomically(toc, text.encode())
        built, made = site / "_build", records.runs_folder(book) / "site.json"
        record, shared = records.read_record(made), shared_by_pages(book, toc)
        made.unlink(missing_ok=True)  # so that everything is rebuilt after a failure
        if record.get("shared") != shared or not heal(record["files"], built):
            record = {}
            for folder in BUILT:
                shutil.rmtree(built / folder, ignore_errors=True)
        status = run_sphinx(book, toc, site)
        if status == 0:
            finish.finish(built / "html", done=as_left(record, built))
        missing = [name for name in record.get("files", {}) if not (built / name).exists()]
        if status == 0 and not missing:
            records.write_record(made, {"shared": shared, "files": built_files(built)})
    if missing and status == 0:  # Sphinx did not write them again
        print(f"{missing[0]} is missing: the whole book is built again", flush=True)
        return build(book, site)
    return status


def as_left(record: dict[str, Any], built: Path) -> set[str]:
    """Return the pages, by their path in the site, that are as the last build left them.

    None are if the texts that the search looks through are not, because they come from all pages.
    """
    searched = f"html/{finish.SECTIONS}"
    files = {n: c for n, c in record.get("files", {}).items() if n.endswith((".html", searched))}
    damaged = records.damaged_files(files, built)
    if searched not in files or searched in damaged:
        return set()
    return {name.removeprefix("html/") for name in files if name not in damaged}


def run_sphinx(book: Path, toc: Path, site: Path) -> int:
    """Build what Sphinx takes for out of date; return the exit status."""
    program = Path(sys.executable).with_name("jupyter-book")
    words = ["build", book, "-W", "--keep-going", "--quiet"]
    words += ["--toc", toc, "--config", book.parent / "_config.yml", "--path-output", site]
    environment = os.environ | {"PYTHONPATH": str(EXTENSIONS)}
    return subprocess.run([program, *map(str, words)], check=False, env=environment).returncode


def built_files(built: Path) -> dict[str, str]:
    """Return path in ``built`` -> checksum of all that Sphinx wrote."""
    paths = [path for folder in BUILT for path in (built / folder).rglob("*") if path.is_file()]
    return {
        path.relative_to(built).as_posix(): records.checksum(path.read_bytes()) for path in paths
    }


def whole(book: Path) -> bool:
    """Return whether all executed pages match their records; name the files that do not."""
    found: dict[str, str] = {}
    for path in (book / "executed").glob("[!.]*.ipynb"):
        record = records.record_of(path.stem, book)
        found |= records.damaged_files(record.get("files", {}), book)
        if not record and b'"relay": {' in path.read_bytes():
            found[f"executed/records/{path.stem}.json"] = "is missing or damaged"
    for name, what in found.items():
        print(f"{book / name} {what}; mend its page with: make book", file=sys.stderr)
    return not found


def heal(files: dict[str, str], built: Path) -> bool:
    """Remove built pages with damaged files, so that Sphinx builds these again.

    Parameters
    ----------
    files
        Path in ``built`` -> checksum of all that the last build wrote.

    Returns
    -------
    False if a damaged file belongs to no page in particular: everything must be built.
    """
    documents = [name[10:-8] for name in files if re.match(r"\.doctrees/.*\.doctree$", name)]
    pages = {name: built / "html" / f"{name}.html" for name in documents}
    again: dict[str, list[str]] = {}
    for name, what in records.damaged_files(files, built).items():
        owners = _owners(name, pages)
        if not owners:
            print(f"{name} {what}: the whole book is built again", flush=True)
            return False
        for owner in owners:
            again.setdefault(owner, []).append(f"{name} {what}")
        records.remove(built / name)
    for document, reasons in again.items():
        print(f"{document} is built again: {', '.join(reasons)}", flush=True)
        records.remove(pages[document])
        records.remove(built / ".doctrees" / f"{document}.doctree")
    return True


def _owners(name: str, pages: dict[str, Path]) -> list[str]:
    """Return the pages that a built file belongs to: its own, or those whose text names it."""
    own = re.sub(r"^(html|\.doctrees)/|\.(html|doctree)$", "", name)
    if own in pages:
        return [own]
    if name.startswith(("html/_static/", "html/_modules/")):
        return sorted(pages)[:1]  # Sphinx writes these, if they are missing, with any page
    parts = Path(name).parts
    text = "/".join(parts[-2:] if parts[0] == "html" else parts[-1:]).encode()
    return [page for page, path in pages.items() if path.is_file() and text in path.read_bytes()]


def shared_by_pages(book: Path, toc: Path) -> str:
    """Return the hash of everything that affects all pages: headings, figures, style, program."""
    files = [toc, book.parent / "_config.yml", ROOT / "requirements.txt", book / "references.bib"]
    for folder in (book / "style", book / "templates", EXTENSIONS):
        files += sorted(path for path in folder.rglob("*") if path.suffix != ".pyc")
    files = [path for path in files if path.is_file()]
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
        name for path in pages for name in records.record_of(path.stem, book).get("assets", [])
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
    try:
        sys.exit(build(folder, folder.parent))
    except KeyboardInterrupt:
        sys.exit(130)
