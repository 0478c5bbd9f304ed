"""Run the notebooks whose page is missing or out of date, from notebooks/ to book/executed/.

A page is up to date while its notebook, its parameters, the part of relaylib that it imports and
the libraries are those it was made with. Trained networks come from relaylib's own store, so that
running a notebook again is cheap.
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
from pages import (
    NOTEBOOKS,
    ROOT,
    Page,
    ParameterError,
    check_parameters,
    code_of,
    of_profile,
    pages_of_toc,
    parse_parameters,
    read_yaml,
)
from tqdm.auto import tqdm
from traitlets.config import Config

from relaylib.core.provenance import code_hash, imported_modules

HERE = Path(__file__).parent
CARD = ("card", "captions", "pictures")
"""Modules of the book that decide what a page shows."""


def wanted_pages(book: Path) -> list[Page]:
    """Return the pages of the table of contents, then the reader's own among those executed."""
    pages = pages_of_toc(read_yaml(book / "_toc.yml"), read_yaml(book / "pages.yml"))
    missing = [page for page in pages if not page.source.exists()]
    if missing:
        print(f"no notebook yet for {', '.join(page.name for page in missing)}", file=sys.stderr)
    for path in sorted((book / "executed").glob("[!.]*.ipynb")):
        made = nbformat.read(path, as_version=4).metadata.get("relay", {})
        page = Page(made.get("notebook", path.stem), made.get("parameters", {}))
        if page not in pages and page.source.exists():
            pages.append(page)
    return [page for page in pages if page not in missing]


def given_to(page: Page, profile: str) -> dict[str, Any]:
    """Return the checked parameters that papermill gets: the profile's, then the page's own."""
    values = read_yaml(NOTEBOOKS / "params" / f"{profile}.yml")
    check_parameters(page.source, page.parameters)
    return of_profile(page.source, values) | page.parameters


def key_of(page: Page, profile: str) -> str:
    """Return the hash of everything that the page's content depends on."""
    parts = {
        "source": page.source.read_text(encoding="utf-8"),
        "parameters": given_to(page, profile),
        "profile": profile,
        "code": _code(page),
        "data": _data(page),
        "libraries": card.libraries(),
        "card": [(HERE / f"{name}.py").read_text("utf-8") for name in CARD],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=repr).encode()).hexdigest()


def up_to_date(page: Page, profile: str, executed: Path) -> bool:
    """Return whether the page was made with what it would be made with now."""
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
    parameters = given_to(page, profile)
    key = key_of(page, profile)
    unfinished, data = executed / f".{page.name}.ipynb", executed / f".data-{page.name}"
    assets = executed.parent / "assets"
    start = time.monotonic()
    _execute(page, parameters, unfinished, data, assets)
    seconds = time.monotonic() - start
    notebook = nbformat.read(unfinished, as_version=4)
    text = unfinished.read_text(encoding="utf-8")
    _forget_the_run(notebook)
    card.complete(notebook, card.Making(page, profile, parameters, _code(page), seconds))
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
    os.environ["RELAY_ASSETS"] = str(assets)  # where widgets leave what pages share
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir()
    (unfinished.parent / "data").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as sockets:  # no ports that kernels could collide on
        transport = {"transport": "ipc", "ip": f"{sockets}/kernel"}
        papermill.execute_notebook(
            card.with_data(nbformat.read(page.source, as_version=4), data),
            str(unfinished),
            parameters,
            cwd=str(NOTEBOOKS),
            progress_bar=False,
            kernel_name="python3",
            start_timeout=300,
            # a kernel that is told to end may log that as an error; those of cells come otherwise
            config=Config(
                {
                    "KernelManager": transport,
                    "NotebookClient": {"extra_arguments": ["--log-level=CRITICAL"]},
                }
            ),
        )


def attempt(page: Page, profile: str, executed: Path) -> tuple[float, str]:
    """Run one notebook; return the seconds it took and what went wrong, if anything did."""
    try:
        return run(page, profile, executed), ""
    except Exception as error:  # of whatever type: the other pages go on
        return 0.0, str(error) or repr(error)


def run_all(pages: list[Page], profile: str, executed: Path, workers: int) -> dict[str, str]:
    """Run the pages side by side and return the errors by page; one failing stops no other."""
    executed.mkdir(parents=True, exist_ok=True)
    silent = bool(os.environ.get("CI")) or not sys.stderr.isatty()
    bar = tqdm(total=len(pages), unit="page", disable=silent)
    os.environ["TQDM_DISABLE"] = "1"  # for the kernels: a bar has no place in a page
    errors: dict[str, str] = {}
    # each page has a process of its own, its kernel; all start in the folder of the notebooks
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
    """Bring the pages up to date; with ``--notebook`` one page, with parameters of one's own."""
    options = _parser().parse_args(arguments)
    book, profile = options.book.absolute(), options.profile
    if options.notebook:
        source = NOTEBOOKS / f"{options.notebook.removesuffix('.ipynb')}.ipynb"
        pages = [Page(source.stem, parse_parameters(source, options.parameters))]
    elif options.parameters:
        raise ParameterError("-p needs --notebook")
    else:
        pages = wanted_pages(book)
    executed = book / "executed"
    stale = [p for p in pages if options.force or not up_to_date(p, profile, executed)]
    print(f"{len(pages) - len(stale)} of {len(pages)} pages are up to date")
    errors = run_all(stale, profile, executed, options.workers)
    for name, error in errors.items():
        print(f"\n{name} failed: {error}\nAs far as it came: {executed / f'.{name}.ipynb'}")
    if errors:
        sys.exit(1)
    if options.notebook:
        print(f"Made {executed / pages[0].name}.ipynb; `make book` adds it to the book")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    profiles = sorted(path.stem for path in (NOTEBOOKS / "params").glob("*.yml"))
    parser.add_argument("--profile", default="paper", choices=profiles)
    parser.add_argument("--book", type=Path, default=ROOT / "book", help="folder of the book")
    parser.add_argument("--workers", type=int, default=2, help="notebooks run side by side")
    parser.add_argument("--force", action="store_true", help="run what is up to date, too")
    parser.add_argument("--notebook", help="only this one, e.g. 04_knockouts")
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


def _code(page: Page) -> str:
    return code_hash(imported_modules(code_of(page.source)))


def _data(page: Page) -> dict[str, str]:
    """Return the files of book/data that the notebook names."""
    source, files = page.source.read_text(encoding="utf-8"), sorted((HERE / "data").glob("*"))
    return {f.name: f.read_text(encoding="utf-8") for f in files if f.name in source}


def _forget_the_run(notebook: nbformat.NotebookNode) -> None:
    """Remove what differs from run to run: papermill's times and paths, waits for the store."""
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
