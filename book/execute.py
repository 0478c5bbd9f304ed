"""Run the notebooks whose pages are missing or out of date, from notebooks/ to book/executed/.

A page is up to date while its notebook, its parameters, the modules of relaylib and of the book
that it imports, and the library versions are the same as when it was made, and none of its files
was changed since (`records`). Trained networks come from relaylib's store, so that running a
notebook again is cheap.
"""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import signal
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from functools import cache
from pathlib import Path
from typing import Any

import captions
import card
import kernels
import nbformat
import pictures
import records
from pages import NOTEBOOKS, ROOT, Page, code_of, pages_of_toc, read_yaml
from parameters import ParameterError, checked, of_profile, parameters_of, parse_parameters
from tqdm.auto import tqdm

from relaylib.core import provenance
from relaylib.core.provenance import code_hash

HERE = Path(__file__).parent
CARD = ("card", "captions", "prose", "pictures")
"""Modules of the book that change every page."""
imported_modules = cache(provenance.imported_modules)  # many pages import the same modules


def wanted_pages(book: Path) -> list[Page]:
    """Return the pages of the table of contents, then those that the reader added."""
    pages = pages_of_toc(read_yaml(book / "_toc.yml"), read_yaml(book / "pages.yml"))
    missing = [page for page in pages if not page.source.exists()]
    if missing:
        print(f"no notebook for {', '.join(page.name for page in missing)}", file=sys.stderr)
    names = {page.name for page in pages}
    for path in sorted((book / "executed").glob("[!.]*.ipynb")):
        page = None if path.stem in names else records.own_page(path, book)
        if page is not None and page not in pages and page.source.exists():
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
        "files": _named_files(page),
        "libraries": card.libraries(),
        "card": [(HERE / f"{name}.py").read_text("utf-8") for name in CARD],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=repr).encode()).hexdigest()


def _named_files(page: Page) -> dict[str, str]:
    """Return the hash of each file that a parameter of the reader names by its absolute path."""
    words = [value for value in page.parameters.values() if isinstance(value, str)]
    paths = [Path(word) for word in words if word.startswith("/") and len(word) < 4096]
    return {str(p): records.checksum(p.read_bytes()) for p in paths if p.is_file()}


def why_stale(page: Page, profile: str, executed: Path) -> str:
    """Return why a page must be run, an empty text if it is whole and nothing has changed."""
    book, record = executed.parent, records.record_of(page.name, executed.parent)
    if not (executed / f"{page.name}.ipynb").exists():
        return f"executed/{page.name}.ipynb is missing"
    if not record:
        return f"executed/records/{page.name}.json is missing or damaged"
    if record["key"] != key_of(page, profile):
        return "its notebook, parameters, code, data or libraries changed"
    damaged = records.damaged_files(record["files"], book)
    return ", ".join(f"{name} {what}" for name, what in damaged.items())


def run(page: Page, profile: str, executed: Path) -> float:
    """Run one notebook and return the seconds it took; the page is replaced only on success."""
    parameters, book = all_parameters(page, profile), executed.parent
    key = key_of(page, profile)
    path, assets = records.unfinished(page.name, book), book / "assets"
    data = path.parent / "data"
    shutil.rmtree(path.parent, ignore_errors=True)
    data.mkdir(parents=True)
    records.drop_damaged_assets(page, book)
    os.environ["RELAY_ASSETS"] = str(assets)  # where widgets write files that pages share
    start = time.monotonic()
    source = card.with_data(nbformat.read(page.source, as_version=4), data)
    places = {"folder": page.source.parent, "target": path, "log": records.log_of(page.name, book)}
    notebook = kernels.run_notebook(source, parameters, **places)
    seconds = time.monotonic() - start
    text = path.read_text(encoding="utf-8")
    remove_run_details(notebook)
    if not parameters:
        records.copy_exports(page, data)
    offered = tuple(sorted(path.name for path in data.iterdir() if path.suffix != ".csv"))
    made = card.PageRecord(page, profile, parameters, code_key(page), seconds, offered)
    card.complete(notebook, made)
    captions.fit(notebook, page)
    pictures.fit(notebook)
    about = {"notebook": page.notebook, "parameters": page.parameters, "profile": profile}
    about |= {
        "key": key,
        "assets": sorted(path.name for path in assets.glob("[!.]*") if path.stem in text),
    }
    notebook.metadata["relay"] = about
    records.publish(page, book, notebook, data, about)
    shutil.rmtree(path.parent, ignore_errors=True)
    return seconds


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
    made: list[str] = []
    kernels.allow()
    # each page runs in its own process, a kernel that starts in the folder of the notebooks
    with bar, contextlib.chdir(NOTEBOOKS), ThreadPoolExecutor(workers) as pool:
        running = {pool.submit(attempt, page, profile, executed): page for page in pages}
        try:
            while running:
                bar.set_postfix_str(", ".join(p.name for f, p in running.items() if f.running()))
                done, _ = wait(running, timeout=1, return_when=FIRST_COMPLETED)
                for future in done:
                    page, (seconds, error) = running.pop(future), future.result()
                    bar.update()
                    bar.write(f"{page.name}: {'failed' if error else f'{seconds:.0f} s'}")
                    bar.write(_messages(page, executed.parent), end="")
                    if error:
                        errors[page.name] = error
                    else:
                        made.append(page.name)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            kernels.stop_all()
            finished = [future for future in running if future.done() and not future.cancelled()]
            made += [running[f].name for f in finished if not f.result()[1]]
            bar.write(
                f"Stopped. Kept: {', '.join(made) or 'no page of this run'}, and every network "
                f"and result that was stored; {len(pages) - len(made)} pages are left to make."
            )
            raise
    return errors


def _messages(page: Page, book: Path, n_lines: int = 20) -> str:
    """Return the last warnings and messages of a page's run, and where all of them are."""
    log = records.log_of(page.name, book)
    if not log.exists():
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-n_lines:]
    return "\n".join([f"  messages of {page.name}, all in {log}:", *(f"  {x}" for x in lines), ""])


def main(arguments: list[str] | None = None) -> None:
    """Update all pages, or with ``--notebook`` one page, with the given parameters."""
    options = _parser().parse_args(arguments)
    book, pages = options.book.absolute(), None
    if options.notebook is not None:
        page = Page(options.notebook.removesuffix(".ipynb"))
        pages = [Page(page.notebook, parse_parameters(page.source, options.parameters))]
    elif options.parameters:
        raise ParameterError("-p needs --notebook")
    use_one_store()
    with records.only_run(book):
        records.sweep(book)
        update(wanted_pages(book) if pages is None else pages, book, options)
    if pages:
        print(f"Made {book / 'executed' / pages[0].name}.ipynb; `make book` adds it to the book")


def use_one_store() -> None:
    """Resolve RELAY_RESULTS here, not in the pages' folder; say so if it is not the project's."""
    usual = ROOT / "results"
    named = Path(os.environ.get("RELAY_RESULTS") or usual).expanduser().absolute()
    os.environ["RELAY_RESULTS"] = str(named)
    if named != usual:
        print(f"Results are read from and kept in {named} (RELAY_RESULTS), not {usual}")


def update(pages: list[Page], book: Path, options: argparse.Namespace) -> None:
    """Run the pages that are not up to date; SystemExit(1) if one fails."""
    executed, profile = book / "executed", options.profile
    reasons = {page.name: why_stale(page, profile, executed) for page in pages}
    stale = [page for page in pages if options.force or reasons[page.name]]
    print(f"{len(pages) - len(stale)} of {len(pages)} pages are up to date")
    for page in stale:
        print(f"{page.name} is run: {reasons[page.name] or '--force'}")
    sys.stdout.flush()
    errors = run_all(stale, profile, executed, options.workers)
    for name, error in errors.items():
        print(
            f"\n{name} failed: {error}\nNotebook up to the error: {records.unfinished(name, book)}"
        )
    for page in pages:
        if page.name not in errors:
            records.restore_exports(page, book)
    if errors:
        sys.exit(1)


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
    """Return the checksums of the files of book/data that the notebook or its modules name."""
    source = page.source.read_text(encoding="utf-8") + "".join(book_modules(page).values())
    files = sorted((HERE / "data").glob("*"))
    return {f.name: records.checksum(f.read_bytes()) for f in files if f.name in source}


def remove_run_details(notebook: nbformat.NotebookNode) -> None:
    """Remove what differs between runs: papermill's times and paths."""
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C
    try:
        main()
    except (ParameterError, OSError) as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit(130)
