"""Shared fixtures: a small study of trained networks, and the book in the quick profile."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

import pytest
from filelock import FileLock
from hypothesis import settings

if TYPE_CHECKING:
    import xarray as xr
    from pages import Page
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

    from relaylib.core.store import Store
    from relaylib.studies.study import StudyConfig

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "book"))

# Before torch is imported: for tensors this small, several threads are slower than one.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("untimed", deadline=None)  # a slow machine must not fail a test
settings.load_profile("untimed")

pytest_plugins = ["browsing"]

BOOK_FILES = ("test_book", "test_browser", "test_map", "test_notebooks", "test_site")
"""Their tests need the book, which one process builds once."""
LONGEST = (
    "test_parameters",
    "test_bad_inputs",
    "test_widgets_browser",
    "test_drift_seeds",
    "test_jit",
)
"""Files of minutes, which begin first, so that no process is left with one of them at the end."""
SLOW_FIXTURES = {"quick_book", "site", "browser", "visit", "small_study"}
SLOW_FILES = {
    *BOOK_FILES,
    *LONGEST,
    *("test_analysis", "test_analysis_estimators", "test_attribution_study"),
    *("test_benchmark", "test_book_parameters", "test_claim_rules", "test_claims_multiverse"),
    *("test_cluster", "test_examples", "test_figure_style", "test_figures_other_tasks"),
    *("test_figures_real", "test_figures_training", "test_large_layers", "test_latent"),
    *("test_lattices", "test_mmphate_rules", "test_mmphate_stored", "test_mmphate_study"),
    *("test_module_knockout", "test_multiverse", "test_multiverse_reading"),
    *("test_multiverse_summary", "test_other_claims", "test_pipeline", "test_real_series"),
    *("test_store_faults", "test_study", "test_sweep", "test_training", "test_training_choices"),
    *("test_training_history", "test_wheel", "test_without_torch", "test_worked_examples"),
}
"""Their tests take six seconds or more together; tests of the core stay."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what needs pages, a browser, a study or many seconds; the book comes first."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if "quick_book" in fixtures and item.path.stem not in BOOK_FILES:
            raise pytest.UsageError(f"{item.path.stem} needs the book: add it to BOOK_FILES")
        if fixtures & SLOW_FIXTURES or item.path.stem in SLOW_FILES:
            item.add_marker(pytest.mark.slow)
    order = [*BOOK_FILES, *LONGEST]
    items.sort(key=lambda item: order.index(s) if (s := item.path.stem) in order else len(order))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LoadScopeScheduling":
    """Keep the tests of a file together, and all that build the book, where they run side by side.

    This stands for xdist's groups, which pytest 9.2 does not see.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = Path(nodeid.partition("::")[0]).stem
            if file not in BOOK_FILES:
                return file
            return nodeid if "RELAY_SITE" in os.environ else "book"  # a site that is there

    return ByFile(config, log)


@pytest.fixture(autouse=True)
def same_environment() -> Iterator[None]:
    """Take back what a test changes in the environment, e.g. by running a page."""
    with mock.patch.dict(os.environ):
        yield


def copy_book(target: Path) -> Path:
    """Copy the book's sources, without anything built, and return the new book folder."""
    ignored = shutil.ignore_patterns(
        "executed", "_build", "vendor", "assets", "__pycache__", "*.new"
    )
    shutil.copytree(ROOT / "book", target / "book", ignore=ignored)
    for name in ("_config.yml", "README.md", "CONTRIBUTING.md"):  # pages include the last two
        shutil.copy(ROOT / name, target)
    if not (ROOT / "book" / "vendor").exists():
        subprocess.run([sys.executable, ROOT / "book" / "vendor.py"], check=True)
    (target / "book" / "vendor").symlink_to(ROOT / "book" / "vendor")
    return target / "book"


def build_book(book: Path) -> subprocess.CompletedProcess[str]:
    """Build the pages of a copy of the book, as `make book` does."""
    command = [sys.executable, ROOT / "book" / "build.py", book]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of all processes of this run of the tests."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def quick_results(shared: Path) -> Path:
    """Folder of the quick book's results, which other tests compute or use as well."""
    return shared / "quick-results"


@pytest.fixture(scope="session")
def quick_book(tmp_path_factory: pytest.TempPathFactory, quick_results: Path) -> Path:
    """Folder of a copy of the book with every notebook run in the quick profile."""
    book = copy_book(tmp_path_factory.mktemp("quick"))
    results = {"RELAY_RESULTS": str(quick_results), "MPLBACKEND": ""}
    done = subprocess.run(
        [sys.executable, ROOT / "book" / "execute.py", "--profile", "quick", "--book", book],
        env=os.environ | results,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return book


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Path:
    """Folder of built pages: RELAY_SITE if it is set, else the pages of the quick book."""
    if "RELAY_SITE" in os.environ:
        return Path(os.environ["RELAY_SITE"]).absolute()
    quick_book = request.getfixturevalue("quick_book")
    done = build_book(quick_book)
    assert done.returncode == 0, done.stdout + done.stderr
    return quick_book.parent / "_build" / "html"


class SmallStudy(NamedTuple):
    """All 36 conditions with two networks each, and the store that holds them."""

    config: "StudyConfig"
    store: "Store"
    dataset: "xr.Dataset"


@pytest.fixture(scope="session")
def small_study(shared: Path) -> SmallStudy:
    """Train 72 networks, once for all tests of all processes, which must not change the store."""
    from relaylib.core.store import Store
    from relaylib.studies.study import StudyConfig, run_study

    config, store = StudyConfig(n_replicates=2), Store(shared / "small-study")
    with FileLock(shared / "small-study.lock"):
        return SmallStudy(config, store, run_study(config, store=store))


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Page":
    """A page made from a small notebook."""
    import execute
    import nbformat
    import pages

    new = nbformat.v4
    cells = [
        new.new_markdown_cell("# Small"),
        new.new_code_cell(
            "n_replicates: int = 20  # networks\nlabel: str = 'a'  # a word\nrate: float = 0.5\n"
            "fails: bool = False",
            metadata={"tags": ["parameters"]},
        ),
        new.new_code_cell("if fails:\n    import relaylib.core.checks\n    raise AssertionError"),
        new.new_code_cell("(n_replicates, label, rate)"),
    ]
    kernel = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python"}}
    (tmp_path / "params").mkdir()
    (tmp_path / "params" / "paper.yml").write_text("n_replicates: 20\nseed: 1\n")
    (tmp_path / "params" / "quick.yml").write_text("n_replicates: 2\n")
    nbformat.write(new.new_notebook(cells=cells, metadata=kernel), tmp_path / "small.ipynb")
    monkeypatch.setattr(pages, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(execute, "NOTEBOOKS", tmp_path)
    return pages.Page("small")
