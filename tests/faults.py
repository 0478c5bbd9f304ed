"""Faults tried on the project, and what came of them: `make faults`.

A battery is a function that takes ``short`` (only some of its faults) and yields, fault by fault,
what was tried and if its outcome was right. `BATTERIES` lists those of this file, `NEIGHBOURS`
names the files with more. Those here work on a tiny book of two notebooks.
"""

import contextlib
import importlib
import io
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
from papermill.iorw import papermill_io

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "book"))
Outcomes = Iterator[tuple[str, bool]]
Battery = Callable[[bool], Outcomes]
FIGURE = """import os, warnings
from pathlib import Path
import matplotlib.pyplot as plt
import pandas as pd
from relaylib.figures.table import keep_table
assets = Path(os.environ["RELAY_ASSETS"])
assets.mkdir(exist_ok=True)
if not (assets / "shared-script.js").exists():
    (assets / "shared-script.js").write_text("// shared")
warnings.warn("a healed store")
print("shared-script")
figure, ax = plt.subplots()
ax.plot([1, 2, level])
keep_table(figure, pd.DataFrame({"height": [1, 2, level]}))
plt.close(figure)
figure"""
EXPORT = """import os, pathlib, time
time.sleep(pause)
from relaylib.core.files import write_atomically
write_atomically(pathlib.Path(os.environ["RELAY_RESULTS"]) / "claims.json", b"[]")"""
SHOWN = {
    "figure": {"name": "fig-line", "caption": "A line that rises."},
    "image": {"alt": "A line that rises from one to three."},
}


class TinyBook:
    """A project of two pages, one with a figure and one with an export, and its programs."""

    def __init__(self, root: Path, **more: str) -> None:
        self.root, self.book, self.executed = root, root / "book", root / "book" / "executed"
        ignored = shutil.ignore_patterns("executed", "_build", "assets", "__pycache__", "vendor")
        shutil.copytree(ROOT / "book", self.book, ignore=ignored)
        (self.book / "vendor").mkdir()
        for name in ("_config.yml", "requirements.txt"):
            shutil.copy(ROOT / name, root)
        (root / "notebooks" / "params").mkdir(parents=True)
        (root / "notebooks" / "params" / "paper.yml").write_text("{}")
        self.write("line", "level: int = 3  # height", FIGURE, SHOWN)
        self.write("export", "pause: float = 0.2  # seconds", EXPORT, {})
        for name, code in more.items():
            self.write(name, "pause: float = 0.0  # seconds", code, {})
        chapters = [{"file": f"executed/{name}"} for name in ("export", *more)]
        (self.book / "_toc.yml").write_text(
            f"format: jb-book\nroot: executed/line\nparts: [{{chapters: {chapters}}}]\n"
        )
        (self.book / "pages.yml").write_text("{}")

    def write(self, name: str, parameters: str, code: str, shown: dict[str, Any]) -> None:
        new = nbformat.v4
        cells = [
            new.new_markdown_cell(f"# Page {name}"),
            new.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
            new.new_code_cell(code, metadata={"mystnb": shown} if shown else {}),
        ]
        kernel = {"name": "python3", "language": "python", "display_name": "Python"}
        path = self.root / "notebooks" / f"{name}.ipynb"
        nbformat.write(new.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)

    def start(self, program: str, *words: str, **env: str) -> subprocess.Popen[str]:
        """Start ``book/execute.py`` or ``book/build.py`` in a process of its own."""
        path = os.pathsep.join([str(self.root), str(ROOT)])
        own = {"CI": "1", "MPLBACKEND": "", "PYTHONPATH": path, "RELAY_RESULTS": "results"}
        return subprocess.Popen(
            [sys.executable, self.book / program, *words],
            cwd=self.root,
            env=os.environ | own | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def build(self) -> tuple[int, str]:
        """Build the pages; return the exit status and all that was said."""
        process = self.start("build.py")
        said, _ = process.communicate(timeout=300)
        return process.returncode, said

    def run(self, *words: str) -> tuple[int, str]:
        """Update the pages in this process; return the exit status and all that was said."""
        said, status = io.StringIO(), 0
        with self.here(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                importlib.import_module("execute").main(["--book", str(self.book), *words])
            except SystemExit as stopped:
                status = int(stopped.code or 0)
        return status, said.getvalue()

    @contextlib.contextmanager
    def here(self) -> Iterator[None]:
        """Let the modules of the book take this project's notebooks and results for theirs."""
        importlib.import_module("execute")
        papermill_io.get_handler("local").cwd(None)  # threads may leave another project's
        own = {"MPLBACKEND": "", "RELAY_RESULTS": str(self.root / "results")}
        with contextlib.ExitStack() as stack:
            stack.enter_context(mock.patch.dict(os.environ, own))
            for module in list(sys.modules.values()):
                if getattr(module, "NOTEBOOKS", None) == ROOT / "notebooks":
                    folder = self.root / "notebooks"
                    stack.enter_context(mock.patch.object(module, "NOTEBOOKS", folder))
            yield

    def files(self) -> list[Path]:
        """Return one file of every kind that the pages consist of."""
        names = (
            "executed/line.ipynb",
            "executed/data/line/fig-line.csv",
            "assets/shared-script.js",
        )
        names += ("executed/records/line.json", "executed/data/export/claims.json")
        return [*(self.book / name for name in names), self.root / "results" / "claims.json"]

    def is_whole(self) -> bool:
        """Return whether every file is there and nothing unfinished lies in the book."""
        stray = [*self.executed.rglob("*.partial"), *self.executed.glob(".*.ipynb")]
        notebooks = {path.name for path in self.executed.glob("*.ipynb")}
        sound = all(path.is_file() and path.stat().st_size for path in self.files())
        data = (self.executed / "data" / "line" / "fig-line.csv").read_text() if sound else ""
        return (
            sound and not stray and {"line.ipynb", "export.ipynb"} <= notebooks and "height" in data
        )


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def unstamped(page: bytes) -> bytes:
    """Return a built page without the checksums that Sphinx adds to some links, not always."""
    return re.sub(rb"\?v=\w+", b"", page)


def to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def to_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES: tuple[Callable[[Path], None], ...] = (
    truncate,
    empty,
    flip_a_byte,
    Path.unlink,
    to_folder,
    to_pipe,
)


def in_a_tiny_book(tried: Callable[[TinyBook, bool], Outcomes]) -> Battery:
    """Return the battery that gives each call a tiny book of its own."""

    @wraps(tried)
    def battery(short: bool) -> Outcomes:
        with tempfile.TemporaryDirectory(prefix="faults-") as folder:
            yield from tried(TinyBook(Path(folder)), short)

    return battery


@in_a_tiny_book
def noticed_damage(book: TinyBook, short: bool) -> Outcomes:
    """Every file of the pages, damaged in every way, is named; one run then mends all of them."""
    yield "first run", book.run()[0] == 0 and book.is_whole()
    *of_pages, export = book.files()
    execute, pages, records = map(importlib.import_module, ("execute", "pages", "records"))
    for path in of_pages:
        page, content = "export" if path.name == "claims.json" else "line", path.read_bytes()
        for damage in DAMAGES:
            damage(path)
            with book.here():
                reason = execute.why_stale(pages.Page(page), "paper", book.executed)
            records.remove(path)
            path.write_bytes(content)
            yield f"{damage.__name__} {path.name}", path.name in reason
    for damage, path in zip(DAMAGES * 2, (*of_pages, export), strict=False):
        damage(path)
    status, said = book.run()
    yield "all at once", status == 0 and book.is_whole() and export.name in said
    export.unlink()
    status, said = book.run()
    up_to_date = "2 of 2 pages are up to date" in said
    yield "an export is restored without a run", up_to_date and book.is_whole()


@in_a_tiny_book
def mended_pages(book: TinyBook, short: bool) -> Outcomes:
    """Every file of the pages, damaged in every way, is whole after the next run."""
    yield "first run", book.run()[0] == 0 and book.is_whole()
    before = {path: path.read_bytes() for path in book.files()}
    for path in before:
        for damage in DAMAGES[: 1 if short else None]:
            damage(path)
            status, said = book.run()
            # a page states the time that it took, so that its notebook and its record differ
            same = path.name in ("line.ipynb", "line.json") or path.read_bytes() == before[path]
            right = status == 0 and book.is_whole() and path.name in said and same
            yield f"{damage.__name__} {path.name}", right
    status, said = book.run()
    yield "nothing is left to do", status == 0 and "2 of 2 pages are up to date" in said


@in_a_tiny_book
def mended_site(book: TinyBook, short: bool) -> Outcomes:
    """Built files of every kind, damaged in some way, are as before after the next build."""
    built = book.root / "_build"
    yield "first build", book.run()[0] == 0 and book.build()[0] == 0
    page, other = "html/executed/line.html", built / "html" / "executed" / "export.html"
    faults = [(page, damage) for damage in DAMAGES]
    kinds = ("html/_images/*.png", "html/_downloads/*/fig-line.csv", "jupyter_execute/**/*.png")
    kinds += (".doctrees/executed/line.doctree", "html/_static/book.css", "html/searchindex.js")
    faults += zip(kinds, DAMAGES * 2, strict=False)
    for pattern, damage in faults[:: 5 if short else 1]:
        path = next(built.glob(pattern))
        before, since = path.read_bytes(), other.stat().st_mtime_ns
        damage(path)
        status, said = book.build()
        same = path.is_file() and (
            path.suffix == ".doctree" or unstamped(path.read_bytes()) == unstamped(before)
        )
        alone = path.suffix in (".js", ".css") or other.stat().st_mtime_ns == since
        right = status == 0 and same and alone and path.name in said
        yield f"{damage.__name__} {pattern}", right


@in_a_tiny_book
def stopped_runs(book: TinyBook, short: bool) -> Outcomes:
    """A run that is stopped at a random moment loses nothing: the next one ends whole."""
    rng, began = random.Random(1), time.monotonic()
    process = book.start("execute.py")
    process.communicate()
    took = time.monotonic() - began
    yield "first run", process.returncode == 0 and book.is_whole()
    for number in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM) * (1 if short else 4):
        process, wait = book.start("execute.py", "--force"), rng.uniform(0.3, 1) * took
        time.sleep(wait)
        process.send_signal(number)
        process.communicate()
        yield f"{number.name} after {wait:.2f} s", book.run()[0] == 0 and book.is_whole()


@in_a_tiny_book
def two_runs(book: TinyBook, short: bool) -> Outcomes:
    """Two runs in one folder both end right; the second says that it waits."""
    for pair in range(1 if short else 4):
        runs = [book.start("execute.py", "--force") for _ in range(2)]
        said = "".join(process.communicate()[0] for process in runs)
        ended = all(process.returncode == 0 for process in runs)
        yield f"pair {pair}", ended and "waiting" in said and book.is_whole()


BATTERIES = (noticed_damage, mended_pages, mended_site, stopped_runs, two_runs)
NEIGHBOURS = ("faults_store",)
"""Modules beside this one with ``BATTERIES`` of their own."""


def all_batteries() -> list[Battery]:
    """Return the batteries of this file and of its neighbours."""
    beside = [importlib.import_module(name).BATTERIES for name in NEIGHBOURS]
    return [battery for batteries in (BATTERIES, *beside) for battery in batteries]


def main(words: list[str]) -> int:
    """Run the named batteries, all by default, ``short`` if asked; return 1 if one was wrong."""
    total, failures, wanted = 0, 0, set(words) - {"short"}
    print(f"{'battery':30} tried right wrong  seconds")
    for battery in all_batteries():
        if wanted and battery.__name__ not in wanted:
            continue
        start = time.monotonic()
        outcomes = list(battery("short" in words))
        wrong = [name for name, right in outcomes if not right]
        total, failures = total + len(outcomes), failures + len(wrong)
        counts = f"{len(outcomes):5} {len(outcomes) - len(wrong):5} {len(wrong):5}"
        print(f"{battery.__name__:30} {counts} {time.monotonic() - start:8.0f}", flush=True)
        for name in wrong:
            print(f"    wrong: {name}", flush=True)
    print(f"{'all':30} {total:5} {total - failures:5} {failures:5}")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
