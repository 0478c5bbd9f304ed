import ast
import re
import shlex
import subprocess
import sys
from functools import partial
from pathlib import Path

import card
import execute
import nbformat
import pages
import papermill
import pytest
import records
from conftest import ROOT
from pages import Page
from parameters import checked, parameters_of

from relaylib.core.provenance import code_hash, imported_modules

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
BINARIES = Path(sys.executable).parent


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def source(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_every_notebook_is_in_the_contents():
    toc, chosen = (pages.read_yaml(ROOT / "book" / name) for name in ("_toc.yml", "pages.yml"))
    named = {page.notebook for page in pages.pages_of_toc(toc, chosen)}
    assert {path.stem for path in NOTEBOOKS} - named == set()


def test_every_notebook_runs_without_warnings(source, quick_book):
    made = [
        path for path in quick_book.glob("executed/*.ipynb") if path.stem.startswith(source.stem)
    ]
    assert made
    for path in made:
        assert "FloatProgressModel" not in path.read_text(), "a progress bar is left in the page"
        log = records.log_of(path.stem, quick_book)
        said = log.read_text().splitlines() if log.exists() else []
        assert not [line for line in said if not line.startswith("Waiting for another process")]
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                assert output.output_type != "error"
            if "figure" in cell.metadata.get("mystnb", {}):
                assert any("image/png" in output.get("data", {}) for output in cell.outputs)


def test_a_notebook_in_git_has_no_outputs(source):
    for cell in nbformat.read(source, as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_parameters_are_typed_and_explained_and_have_the_papers_values(source):
    declared = parameters_of(source)
    profile = pages.read_yaml(ROOT / "notebooks" / "params" / "paper.yml")
    assert {"n_replicates", "seed"} <= set(declared)
    (cell,) = (
        cell
        for cell in nbformat.read(source, as_version=4).cells
        if "parameters" in cell.metadata.get("tags", [])
    )
    papermills = papermill.inspect_notebook(str(source))
    assert list(declared) == list(papermills), "papermill cannot read a line (= in a comment?)"
    assert len(declared) == len(cell.source.splitlines())
    for name, found in declared.items():
        assert found.help, f"{name} has no comment"
        assert found.help == papermills[name]["help"]
        assert checked(source.stem, declared, {name: found.default}) == {name: found.default}
        assert found.default == profile.get(name, found.default)


def test_a_notebook_contains_no_functions_and_no_loops(source):
    tree = ast.parse(pages.code_of(source))
    programming = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.Try)
    assert not [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, programming)]


def test_every_figure_has_a_caption_a_name_and_an_alternative_text(source):
    for cell in nbformat.read(source, as_version=4).cells:
        figure = cell.metadata.get("mystnb", {})
        if figure:
            assert len(figure["figure"]["caption"]) > 20
            assert re.fullmatch(r"fig-[\w-]+", figure["figure"]["name"])
            assert len(figure["image"]["alt"]) > 20
            assert card.shown_variable(cell.source) == "figure"  # shown, and its data are saved
            assert re.search(r"^figure = ", cell.source, re.MULTILINE)


def test_a_number_in_a_caption_is_kept_or_part_of_a_rule(source):
    rules = {"0.5", "0.02", "0.05", "0.9", "0.95"}  # chance level, thresholds of the claims
    for cell in nbformat.read(source, as_version=4).cells:
        figure = cell.metadata.get("mystnb", {})
        if figure:
            texts = figure["figure"]["caption"] + figure["image"]["alt"]
            assert set(re.findall(r"\d+\.\d+", texts)) <= rules


def test_a_changed_parameter_makes_a_page_in_addition_to_the_default_one(small, tmp_path):
    executed = tmp_path / "book" / "executed"
    executed.mkdir(parents=True)
    other = Page("small", {"label": "b c"})
    for page in (small, other):
        execute.run(page, "paper", executed)
    names = sorted(path.name for path in executed.glob("*.ipynb"))
    assert names == [f"{other.name}.ipynb", "small.ipynb"]
    made = nbformat.read(executed / f"{other.name}.ipynb", as_version=4)
    assert any("(20, 'b c', 0.5)" in str(cell.get("outputs")) for cell in made.cells)
    command = re.search(r"```bash\n(.*)\n```", made.cells[-1].source)[1]
    assert shlex.split(command)[1:] == [
        "notebooks/small.ipynb", f"{other.name}.ipynb", "-r", "label", "b c",
    ]  # fmt: skip


def test_a_page_is_rerun_only_if_something_has_changed(small, tmp_path, monkeypatch):
    executed = tmp_path / "book" / "executed"
    executed.mkdir(parents=True)
    assert execute.why_stale(small, "paper", executed)
    execute.run(small, "paper", executed)
    assert not execute.why_stale(small, "paper", executed)
    assert execute.why_stale(small, "quick", executed)
    with monkeypatch.context() as patch:
        patch.setattr(execute, "code_hash", lambda modules, **_: "other code")
        assert execute.why_stale(small, "paper", executed)
    with monkeypatch.context() as patch:
        patch.setattr(card, "libraries", lambda: {"numpy": "0"})
        assert execute.why_stale(small, "paper", executed)
    small.source.write_text(small.source.read_text().replace("# Small", "# Changed"))
    assert execute.why_stale(small, "paper", executed)


@pytest.mark.parametrize("changed", ["book/tables.py", "book/words.py", "relaylib/numbers.py"])
def test_a_page_depends_on_the_modules_of_the_book_and_on_what_they_import(
    small, tmp_path, monkeypatch, changed
):
    """The notebook imports book.tables, which imports book.words and relaylib.numbers."""
    files = {
        "book/tables.py": "from book.words import WORDS\nfrom relaylib import numbers\n",
        "book/words.py": "WORDS = ()\n",
        "book/other.py": "",
        "relaylib/__init__.py": "",
        "relaylib/numbers.py": "",
    }
    for name, source in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(source)
    package = tmp_path / "relaylib"
    monkeypatch.setattr(execute, "HERE", tmp_path / "book")
    for function in (imported_modules, code_hash):
        monkeypatch.setattr(execute, function.__name__, partial(function, package=package))
    before = execute.code_key(small)
    text = small.source.read_text().replace("import relaylib.core.checks", "import book.tables")
    small.source.write_text(text)
    with_imports = execute.code_key(small)
    assert with_imports != before
    (tmp_path / "book" / "other.py").write_text("changed = True")
    assert execute.code_key(small) == with_imports
    (tmp_path / changed).write_text(files[changed] + "changed = True\n")
    assert execute.code_key(small) != with_imports


def test_the_modules_of_the_book_can_be_imported_from_any_folder(tmp_path):
    source = "from importlib.util import find_spec; print(find_spec('book.ledger').origin)"
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()) == ROOT / "book" / "ledger.py"


def test_the_pages_of_the_ledger_and_of_speed_depend_on_their_modules_of_the_book():
    for notebook, modules in (
        (
            "10_claims",
            {
                "book.ledger",
                "book.markdown_tables",
                "book.multiverse",
                "book.multiverse_tables",
                "book.other_claims",
                "book.stored",
            },
        ),
        ("13_speed", {"book.benchmark", "book.scaling"}),
    ):
        sources = execute.book_modules(Page(notebook))
        assert set(sources) == {*modules, "book.parameters", "book.prose"}


def test_the_variable_on_the_last_line_of_a_figures_cell_is_saved(tmp_path):
    shown = {"mystnb": {"figure": {"name": "fig-a"}}}
    new = nbformat.v4
    drawn = new.new_code_cell("shown = draw(study)\nshown", metadata=shown)
    saved = card.with_data(new.new_notebook(cells=[drawn]), tmp_path).cells[-1]
    assert f"table_of(shown).to_csv('{tmp_path}/fig-a.csv'" in saved.source
    hidden = new.new_code_cell("figure = draw(study)", metadata=shown)
    with pytest.raises(ValueError, match=r"last line .* must be its variable, got figure = draw"):
        card.with_data(new.new_notebook(cells=[hidden]), tmp_path)


def test_a_failing_notebook_keeps_the_existing_page_and_stops_no_other(small, tmp_path):
    executed = tmp_path / "book" / "executed"
    executed.mkdir(parents=True)
    failing = Page("small", {"fails": True})
    (executed / f"{failing.name}.ipynb").write_text("the existing page")
    _, error = execute.attempt(failing, "paper", executed)
    assert "AssertionError" in error
    assert (executed / f"{failing.name}.ipynb").read_text() == "the existing page"
    assert records.unfinished(failing.name, executed.parent).exists()
    assert [path.name for path in executed.iterdir()] == [f"{failing.name}.ipynb"]


def test_the_quick_profile_is_announced_after_the_title(small, tmp_path):
    executed = tmp_path / "book" / "executed"
    executed.mkdir(parents=True)
    execute.run(small, "quick", executed)
    cells = nbformat.read(executed / "small.ipynb", as_version=4).cells
    assert "QUICK PROFILE" in cells[1].source
    assert "n_replicates = 2" in cells[1].source
