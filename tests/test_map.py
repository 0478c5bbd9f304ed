"""The map of the paper links to existing code, figures, tests, pages and data."""

import inspect
import pkgutil
import re
from pathlib import Path
from typing import NamedTuple

import pytest
import xarray as xr
from conftest import ROOT
from pages import code_of, pages_of_toc, read_yaml

from relaylib.core.provenance import imported_modules


class Row(NamedTuple):
    """One row of the map, cell by cell."""

    paper: str
    code: str
    figure: str
    test: str
    page: str
    data: str


BOOK = ROOT / "book"
TABLE = re.findall(r"^\| (.*) \|$", (BOOK / "reference" / "map.md").read_text(), re.MULTILINE)
ROWS = [Row(*line.split(" | ")) for line in TABLE[2:]]


@pytest.fixture(params=ROWS, ids=lambda row: row.paper)
def row(request: pytest.FixtureRequest) -> Row:
    return request.param


def modules(cell: str) -> set[str]:
    """Import everything that a cell refers to, and return the modules that define it."""
    names = re.findall(r"\{py:\w+\}`~([\w.]+)`", cell)
    return {inspect.getmodule(pkgutil.resolve_name(name)).__name__ for name in names}


def test_every_part_of_the_paper_has_a_row():
    figures = [f"Fig. {number}" for number in range(1, 14)]
    parts = ["Eq. 1", "II.A", "II.B", "II.C", *figures, "All claims"]
    assert [row.paper.partition(",")[0] for row in ROWS] == parts


def test_the_code_exists(row):
    assert modules(row.code)


def test_the_figure_has_a_module_with_a_draw_function(row):
    (module,) = modules(row.figure)
    assert callable(pkgutil.resolve_name(module).draw)


def test_the_tests_import_this_code_and_this_figure(row):
    tested = modules(row.code) | modules(row.figure)
    reached = set()
    for name in re.findall(r"`(\w+\.py)`", row.test):
        here = tested & imported_modules((ROOT / "tests" / name).read_text())
        assert here, f"{name} tests nothing of this row"
        reached |= here
    assert tested - reached == set()


def test_the_page_draws_the_figure(row):
    (name,) = re.findall(r"\]\(\.\./executed/([\w-]+)\.ipynb\)", row.page)
    pages = pages_of_toc(read_yaml(BOOK / "_toc.yml"), read_yaml(BOOK / "pages.yml"))
    (page,) = (page for page in pages if page.name == name)
    assert modules(row.figure) <= imported_modules(code_of(page.source))


def test_the_data_are_stored_with_their_unit_or_computed_by_the_code(
    row, quick_book, quick_results
):
    stored = re.findall(r"`([\w-]+): (\w+)`", row.data)
    assert stored or modules(row.data) <= modules(row.code)
    for entry, variable in stored:
        files = entry_files(quick_results, entry)
        assert files, f"nothing is stored as {entry}"
        for path in files:
            with xr.open_dataset(path, engine="h5netcdf") as dataset:
                assert dataset[variable].attrs["units"] in ("bit", "1"), variable


def entry_files(results: Path, entry: str) -> list[Path]:
    """Return the netCDF files that the store keeps under this name."""
    return [path for path in results.glob("*.nc") if re.fullmatch(entry + r"-\w{16}", path.stem)]
