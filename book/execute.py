"""Run the notebooks whose pages are missing or out of date, from notebooks/ to book/executed/.

A page is up to date while its notebook, its parameters, the modules of relaylib and of the book
that it imports, and the library versions are the same as when it was made. Trained networks come
from relaylib's store, so that running a notebook again is cheap.
"""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import captions
import card
import nbformat
import papermill
import pictures
from pages import NOTEBOOKS, ROOT, Page, code_of, pages_of_toc, read_yaml
from parameters import ParameterError, checked, of_profile, parameters_of, parse_parameters
from tqdm.auto import tqdm
from traitlets.config import Config

from relaylib.core.provenance import code_hash, imported_modules

HERE = Path(__file__).parent
CARD = ("card", "captions", "figure_data", "pictures")
"""Modules of the book that change every page."""


def wanted_pages(book: Path) -> list[Page]:
    """Return the pages of the table of contents, then those that the reader added."""
    pages = pages_of_toc(read_yaml(book / "_toc.yml"), read_yaml(book / "pages.yml"))
    missing = [page for page in pages if not page.source.exists()]
    if missing:
        print(f"no notebook for {', '.join(page.name for page in missing)}", file=sys.stderr)
    for path in sorted((book / "executed").glob("[!.]*.ipynb")):
        made = nbformat.read(path, as_version=4).metadata.get("relay", {})
        page = Page(made.get("notebook", path.stem), made.get("parameters", {}))
        if page not in pages and page.source.exists():
            pages.append(page)
    return [page for page in pages if page not in missing]


def all_parameters(page: Page, profile: str) -> dict[str, Any]:
    """Return the checked parameters of a run: the profile's, overridden by the page's own."""
    values = read_yaml(NOTEBOOKS / "params" / f"{profile}.yml")
    own = checked(page.notebook, parameters_of(page.source), page.parameters)
    return of_profile(page.source, values) | own


def key_of(page: Page, profile: str) -> str:
    """Return the hash of everything that the page's content depends on."""
    parts = {
        "source": page.source.read_text(encoding="utf-8"),
        "parameters": all_parameters(page, profile),
        "profile": profile,
        "code": code_key(page),
        "data": _data(page),
        "libraries": card.libraries(),
        "card": [(HERE / f"{name}.py").read_text("utf-8") for name in CARD],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=repr).encode()).hexdigest()


def up_to_date(page: Page, profile: str, executed: Path) -> bool:
    """Return whether the page exists and nothing that it depends on has changed."""
    path = executed / f"{page.name}.ipynb"
    if not path.exists():
        return False
    made = nbformat.read(path, as_version=4).metadata.get("relay", {})
    assets = executed.parent / "assets"
    return made.get("key") == key_of(page, profile) and all(
        (assets / name).exists() for name in made.get("assets", [])
    )


def run(page: Page, profile: str, executed: Path) -> float:
    """Run one notebook and return the seconds it took; the page is replaced only on success."""
    parameters = all_parameters(page, profile)
    key = key_of(page, profile)
    unfinished, data = executed / f".{page.name}.ipynb", executed / f".data-{page.name}"
    assets = executed.parent / "assets"
    start = time.monotonic()
    _execute(page, parameters, unfinished, data, assets)
    seconds = time.monotonic() - start
    notebook = nbformat.read(unfinished, as_version=4)
    text = unfinished.read_text(encoding="utf-8")
    remove_run_details(notebook)
    card.complete(notebook, card.PageRecord(page, profile, parameters, code_key(page), seconds))
    captions.fit(notebook, page)
    pictures.fit(notebook)
    notebook.metadata["relay"] = {
        "notebook": page.notebook,
        "parameters": page.parameters,
        "profile": profile,
        "key": key,
        "assets": sorted(path.name for path in assets.glob("*") if path.stem in text),
    }
    nbformat.write(notebook, unfinished)
    shutil.rmtree(executed / "data" / page.name, ignore_errors=True)
    data.rename(executed / "data" / page.name)
    unfinished.replace(executed / f"{page.name}.ipynb")
    return seconds


def _execute(
    page: Page, parameters: dict[str, Any], unfinished: Path, data: Path, assets: Path
) -> None:
    os.environ["RELAY_ASSETS"] = str(assets)  # where widgets write files that pages share
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir()
    (unfinished.parent / "data").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as sockets:  # instead of ports, which could collide
        transport = {"transport": "ipc", "ip": f"{sockets}/kernel"}
        papermill.execute_notebook(
            card.with_data(nbformat.read(page.source, as_version=4), data),
            str(unfinished),
            parameters,
            cwd=str(NOTEBOOKS),
            progress_bar=False,
            kernel_name="python3",
            start_timeout=300,
            # a kernel that is shut down may log an error; errors of cells are reported otherwise
            config=Config(
                {
                    "KernelManager": transport,
                    "NotebookClient": {"extra_arguments": ["--log-level=CRITICAL"]},
                }
            ),
        )


def attempt(page: Page, profile: str, executed: Path) -> tuple[float, str]:
    """Run one notebook; return the seconds it took, and the error message or an empty text."""
    try:
        return run(page, profile, executed), ""
    except Exception as error:  # of any type: the other pages continue
        return 0.0, str(error) or repr(error)


def run_all(pages: list[Page], profile: str, executed: Path, workers: int) -> dict[str, str]:
    """Run pages in parallel and return the errors by page; a failure stops no other page."""
    executed.mkdir(parents=True, exist_ok=True)
    silent = bool(os.environ.get("CI")) or not sys.stderr.isatty()
    bar = tqdm(total=len(pages), unit="page", disable=silent)
    os.environ["TQDM_DISABLE"] = "1"  # for the kernels: no progress bars in pages
    errors: dict[str, str] = {}
    # each page runs in its own process, a kernel that starts in the folder of the notebooks
    with bar, contextlib.chdir(NOTEBOOKS), ThreadPoolExecutor(workers) as pool:
        running = {pool.submit(attempt, page, profile, executed): page.name for page in pages}
        while running:
            bar.set_postfix_str(", ".join(name for f, name in running.items() if f.running()))
            done, _ = wait(running, timeout=1, return_when=FIRST_COMPLETED)
            for future in done:
                name, (seconds, error) = running.pop(future), future.result()
                bar.update()
                bar.write(f"{name}: {'failed' if error else f'{seconds:.0f} s'}")
                if error:
                    errors[name] = error
    return errors


def main(arguments: list[str] | None = None) -> None:
    """Update all pages, or with ``--notebook`` one page, with the given parameters."""
    options = _parser().parse_args(arguments)
    book, profile = options.book.absolute(), options.profile
    if options.notebook is not None:
        page = Page(options.notebook.removesuffix(".ipynb"))
        pages = [Page(page.notebook, parse_parameters(page.source, options.parameters))]
    elif options.parameters:
        raise ParameterError("-p needs --notebook")
    else:
        pages = wanted_pages(book)
    executed = book / "executed"
    stale = [p for p in pages if options.force or not up_to_date(p, profile, executed)]
    print(f"{len(pages) - len(stale)} of {len(pages)} pages are up to date")
    errors = run_all(stale, profile, executed, options.workers)
    for name, error in errors.items():
        print(f"\n{name} failed: {error}\nNotebook up to the error: {executed / f'.{name}.ipynb'}")
    if errors:
        sys.exit(1)
    if options.notebook is not None:
        print(f"Made {executed / pages[0].name}.ipynb; `make book` adds it to the book")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    profiles = sorted(path.stem for path in (NOTEBOOKS / "params").glob("*.yml"))
    parser.add_argument("--profile", default="paper", choices=profiles)
    parser.add_argument("--book", type=Path, default=ROOT / "book", help="folder of the book")
    parser.add_argument("--workers", type=int, default=2, help="notebooks run in parallel")
    parser.add_argument("--force", action="store_true", help="also run pages that are up to date")
    parser.add_argument("--notebook", help="run only this notebook, e.g. 04_knockouts")
    parser.add_argument(
        "-p",
        dest="parameters",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="a parameter of that notebook",
    )
    return parser


def code_key(page: Page) -> str:
    """Return the hash of all code of relaylib and of the book that the notebook depends on."""
    of_book = book_modules(page)
    sources = [code_of(page.source), *of_book.values()]
    of_relaylib = {name for source in sources for name in imported_modules(source)}
    hashes = code_hash(of_relaylib) + code_hash(list(of_book), package=HERE)
    return hashlib.sha256(hashes.encode()).hexdigest()


def book_modules(page: Page) -> dict[str, str]:
    """Return name -> source of the modules of the book that the notebook imports, at any depth."""
    found: dict[str, str] = {}
    waiting = [code_of(page.source)]
    while waiting:
        for name in imported_modules(waiting.pop(), package=HERE) - set(found):
            path = HERE.parent / f"{name.replace('.', '/')}.py"
            found[name] = path.read_text(encoding="utf-8")
            waiting.append(found[name])
    return found


def _data(page: Page) -> dict[str, str]:
    """Return the files of book/data that the notebook or its modules of the book name."""
    source = page.source.read_text(encoding="utf-8") + "".join(book_modules(page).values())
    files = sorted((HERE / "data").glob("*"))
    return {f.name: f.read_text(encoding="utf-8") for f in files if f.name in source}


def remove_run_details(notebook: nbformat.NotebookNode) -> None:
    """Remove what differs between runs: papermill's times and paths, messages of the store."""
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [
                output
                for output in cell.outputs
                if not output.get("text", "").startswith("Waiting for another process")
            ]
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)


if __name__ == "__main__":
    try:
        main()
    except (ParameterError, FileNotFoundError) as error:
        sys.exit(f"{error}")
