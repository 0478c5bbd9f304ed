"""Faults tried on the pipeline of the book, and what came of them: `make faults`.

A battery is a function that takes an empty folder and yields (name of the case, whether the outcome
was right). `BATTERIES` lists those of this file and of its neighbours; each is run in a folder of
its own, and its cases are counted. Those here work on a tiny book: the real programs, two notebooks.
"""

import importlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).parent.parent
Cases = Iterator[tuple[str, bool]]
FIGURE = """import os, warnings
from pathlib import Path
import matplotlib.pyplot as plt
assets = Path(os.environ["RELAY_ASSETS"])
assets.mkdir(exist_ok=True)
if not (assets / "shared-script.js").exists():
    (assets / "shared-script.js").write_text("// shared")
warnings.warn("a healed store")
print("shared-script")
figure, ax = plt.subplots()
ax.plot([1, 2, level])
plt.close(figure)
figure"""
EXPORT = """import os, pathlib, time
time.sleep(pause)
folder = pathlib.Path(os.environ["RELAY_RESULTS"])
folder.mkdir(exist_ok=True)
print((folder / "claims.json").write_text("[]"))"""
SHOWN = {
    "figure": {"name": "fig-line", "caption": "A line that rises."},
    "image": {"alt": "A line that rises from one to three."},
}


class TinyBook:
    """A project of two pages, one with a figure and one with an export, and its programs."""

    def __init__(self, root: Path, pause: float = 0.0, **more: str) -> None:
        self.root, self.book, self.executed = root, root / "book", root / "book" / "executed"
        ignored = shutil.ignore_patterns("executed", "_build", "assets", "__pycache__", "vendor")
        shutil.copytree(ROOT / "book", self.book, ignore=ignored)
        (self.book / "vendor").mkdir()
        for name in ("_config.yml", "requirements.txt"):
            shutil.copy(ROOT / name, root)
        (root / "notebooks" / "params").mkdir(parents=True)
        (root / "notebooks" / "params" / "paper.yml").write_text("{}")
        self.write("line", "level: int = 3  # height", FIGURE, SHOWN)
        self.write("export", f"pause: float = {pause}  # seconds", EXPORT, {})
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

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        """Start ``book/execute.py``, or another program of the book named first."""
        if not words or not words[0].endswith(".py"):
            words = ("execute.py", *words)
        path = os.pathsep.join([str(self.root), str(ROOT)])
        own = {"CI": "1", "MPLBACKEND": "", "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.Popen(
            [sys.executable, self.book / words[0], *words[1:]],
            cwd=self.root,
            env={k: v for k, v in os.environ.items() if k != "RELAY_RESULTS"} | own | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str, **env: str) -> tuple[int, str]:
        """Run a program of the book; return its exit status and all that it said."""
        process = self.start(*words, **env)
        said, _ = process.communicate(timeout=300)
        return process.returncode, said

    def files(self) -> list[Path]:
        """Return one file of every kind that the pages consist of."""
        names = ("executed/line.ipynb", "executed/data/line/fig-line.csv", "assets/shared-script.js")
        names += ("executed/records/line.json", "executed/data/export/claims.json")
        return [*(self.book / name for name in names), self.root / "results" / "claims.json"]

    def is_whole(self) -> bool:
        """Return whether every file is there and nothing unfinished lies in the book."""
        stray = [*self.executed.rglob("*.partial"), *self.executed.glob(".*.ipynb")]
        notebooks = {path.name for path in self.executed.glob("*.ipynb")}
        sound = all(path.is_file() and path.stat().st_size for path in self.files())
        data = (self.executed / "data" / "line" / "fig-line.csv").read_text() if sound else ""
        return sound and not stray and {"line.ipynb", "export.ipynb"} <= notebooks and "line" in data


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGES: tuple[Callable[[Path], None], ...] = (truncate, empty, flip_a_byte, Path.unlink)


def damaged_pages(folder: Path) -> Cases:
    """Every file of the pages, damaged in every way, is whole after the next run, and named."""
    book = TinyBook(folder)
    yield "first run", book.run()[0] == 0 and book.is_whole()
    before = {path: path.read_bytes() for path in book.files()}
    for path in book.files():
        for damage in DAMAGES:
            damage(path)
            status, said = book.run()
            again = path.suffix == ".json" or path.name == "line.ipynb" or path.read_bytes()
            same = path.name in ("line.ipynb", "line.json") or path.read_bytes() == before[path]
            right = status == 0 and book.is_whole() and path.name in said and bool(again and same)
            yield f"{damage.__name__} {path.name}", right
    status, said = book.run()
    yield "nothing is left to do", status == 0 and "2 of 2 pages are up to date" in said


def damaged_site(folder: Path) -> Cases:
    """Every kind of built file, damaged in every way, is as before after the next build."""
    book, built = TinyBook(folder), folder / "_build"
    yield "first build", book.run()[0] == 0 and book.run("build.py")[0] == 0
    kinds = ("html/executed/line.html", "html/_images/*.png", "html/_downloads/*/fig-line.csv")
    kinds += ("jupyter_execute/**/*.png", ".doctrees/executed/line.doctree", "html/searchindex.js")
    kinds += ("html/_static/book.css",)
    for pattern in kinds:
        path = next(built.glob(pattern))
        other = built / "html" / "executed" / "export.html"
        for damage in DAMAGES:
            before, since = path.read_bytes(), other.stat().st_mtime_ns
            damage(path)
            status, said = book.run("build.py")
            same = path.suffix == ".doctree" or path.read_bytes() == before
            alone = "search" in pattern or other.stat().st_mtime_ns == since
            named = path.name in said or "_static" in pattern
            yield f"{damage.__name__} {pattern}", status == 0 and same and alone and named


def kills(folder: Path, n: int = 12, seed: int = 1) -> Cases:
    """A run that is killed at a random moment loses nothing: the next one ends whole."""
    book, rng = TinyBook(folder, pause=0.5), random.Random(seed)
    yield "first run", book.run()[0] == 0
    for _ in range(n):
        process, wait = book.start("--force"), rng.uniform(0.5, 9)
        time.sleep(wait)
        process.send_signal(rng.choice([signal.SIGKILL, signal.SIGINT, signal.SIGTERM]))
        process.communicate()
        status, said = book.run()
        yield f"after {wait:.2f} s: {process.returncode}", status == 0 and book.is_whole()
        if status:
            print(said)


def two_runs(folder: Path, n: int = 4) -> Cases:
    """Two runs in one folder both end right; the second says that it waits."""
    book = TinyBook(folder)
    for k in range(n):
        first, second = (book.start("--force"), book.start("--force"))
        said = [process.communicate()[0] for process in (first, second)]
        statuses = (first.returncode, second.returncode)
        waited = "waiting" in "".join(said)
        yield f"pair {k}", statuses == (0, 0) and waited and book.is_whole()


Battery = Callable[[Path], Cases]
BATTERIES: list[Battery] = [damaged_pages, damaged_site, kills, two_runs]
NEIGHBOURS = ("faults_store",)
"""Modules beside this one with a list ``BATTERIES`` of their own."""


def all_batteries() -> list[Battery]:
    """Return the batteries of this file and of those neighbours that there are."""
    found = list(BATTERIES)
    for name in NEIGHBOURS:
        if (Path(__file__).parent / f"{name}.py").exists():
            found += importlib.import_module(name).BATTERIES
    return found


def run_battery(battery: Battery) -> tuple[int, list[str]]:
    """Run a battery in a folder of its own; return how many cases, and those that went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        cases = list(battery(Path(folder)))
    return len(cases), [name for name, right in cases if not right]


def main(wanted: list[str]) -> int:
    """Run the named batteries, all of them by default; return 1 if a case went wrong."""
    total, failures = 0, 0
    print(f"{'battery':24} tried right wrong  seconds")
    for battery in all_batteries():
        if wanted and battery.__name__ not in wanted:
            continue
        start = time.monotonic()
        tried, wrong = run_battery(battery)
        total, failures = total + tried, failures + len(wrong)
        took = time.monotonic() - start
        counts = f"{tried:5} {tried - len(wrong):5} {len(wrong):5} {took:8.0f}"
        print(f"{battery.__name__:24} {counts}", flush=True)
        for name in wrong:
            print(f"    wrong: {name}", flush=True)
    print(f"{'all':24} {total:5} {total - failures:5} {failures:5}")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
