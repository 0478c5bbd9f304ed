"""What a reader gives for parameters: allowed values reach the notebook, others a clear error."""

import ast
import html
import json
import subprocess
import sys
from pathlib import Path

import card
import execute
import nbformat
import pages
import pytest
from conftest import ROOT
from markdown_it import MarkdownIt
from pages import Page
from parameters import ParameterError, accept, parameters_of, parse_parameters

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAPERMILL = Path(sys.executable).parent / "papermill"


def test_the_plain_papermill_line_works_from_the_root(tmp_path):
    words = ["notebooks/01_tasks.ipynb", tmp_path / "out.ipynb", "-p", "n_replicates", "2"]
    subprocess.run([PAPERMILL, *words], cwd=ROOT, check=True, capture_output=True)
    cells = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells
    assert any("n_replicates = 2" in cell.source for cell in cells)


def test_the_error_for_an_unknown_parameter_lists_the_allowed_names(small):
    with pytest.raises(ParameterError, match="small has no parameter 'n_replicas'") as error:
        parse_parameters(small.source, [("n_replicas", "3")])
    for line in (
        "n_replicates: int = 20  networks",
        "label: str = 'a'  a word",
        "rate: float = 0.5",
    ):
        assert line in str(error.value)


@pytest.mark.parametrize(
    ("name", "word"),
    [("n_replicates", "2.5"), ("n_replicates", "many"), ("n_replicates", "True"), ("fails", "1")],
)
def test_a_parameter_of_the_wrong_type_is_refused(small, name, word):
    with pytest.raises(ParameterError, match=rf"{name} of small must be (int|bool), got"):
        parse_parameters(small.source, [(name, word)])


def test_parameters_are_read_as_their_declared_type(small):
    words = [("n_replicates", "3"), ("label", "5"), ("rate", "1")]
    assert parse_parameters(small.source, words) == {"n_replicates": 3, "label": "5", "rate": 1}


def test_a_parameter_with_its_default_value_makes_no_new_page(small):
    assert Page("small", parse_parameters(small.source, [("n_replicates", "20")])).name == "small"


def test_a_wrong_parameter_stops_the_command_immediately():
    command = [sys.executable, "book/execute.py", "--notebook", "01_tasks", "-p", "n_nets", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "01_tasks has no parameter 'n_nets'; it has" in done.stderr
    assert "n_replicates: int = 20" in done.stderr


def test_the_error_for_an_unknown_notebook_lists_the_available_ones(small):
    with pytest.raises(FileNotFoundError, match="no notebook 99_no; there are: small"):
        parameters_of(pages.NOTEBOOKS / "99_no.ipynb")


def test_plain_papermill_refuses_a_parameter_that_the_notebook_does_not_have(tmp_path):
    words = ["notebooks/01_tasks.ipynb", tmp_path / "out.ipynb", "-p", "n_nodes", "16"]
    done = subprocess.run(
        [PAPERMILL, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "this notebook has no parameter 'n_nodes'; it has\n  delay: int\n" in done.stderr


def test_plain_papermill_turns_a_number_given_for_a_word_into_text(small, tmp_path):
    notebook = nbformat.read(small.source, as_version=4)
    first = "from book.parameters import accept\naccept(globals())"
    notebook.cells.insert(2, nbformat.v4.new_code_cell(first))
    nbformat.write(notebook, small.source)
    words = [small.source, tmp_path / "out.ipynb", "-p", "label", "5"]
    subprocess.run([PAPERMILL, *words], cwd=ROOT, check=True, capture_output=True)
    assert "(20, '5', 0.5)" in json.dumps(json.loads((tmp_path / "out.ipynb").read_text()))


@pytest.mark.parametrize("source", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_accepts_its_parameters_before_it_uses_them(source):
    cells = [c for c in nbformat.read(source, as_version=4).cells if c.cell_type == "code"]
    is_import = (ast.Import, ast.ImportFrom)
    (declaring,) = (k for k, c in enumerate(cells) if "parameters" in c.metadata.get("tags", []))
    (*_, after) = cells[: declaring + 2]
    body = [node for node in ast.parse(after.source).body if not isinstance(node, is_import)]
    assert ast.unparse(body[0]) == "accept(globals())"
    assert "from book.parameters import accept" in after.source


def names_of(cells: tuple[str, ...] = (), **values: object) -> dict[str, object]:
    """The variables of a notebook with two parameters after these cells were run."""
    declared = {"regime": str, "n_nodes": int}
    own = {"regime": "5", "n_nodes": 12, "__annotations__": declared}
    return own | {"In": ["", *cells], "numpy": "something imported"} | values


def test_accept_leaves_good_values_and_makes_numbers_text_where_words_are_declared():
    names = names_of(("# Parameters\nregime = 2\n",), regime=2, n_nodes=16)
    accept(names)
    assert (names["regime"], names["n_nodes"]) == ("2", 16)


@pytest.mark.parametrize(
    ("name", "value"), [("n_nodes", "many"), ("n_nodes", 2.0), ("n_nodes", True), ("regime", True)]
)
def test_accept_refuses_a_value_of_another_type(name, value):
    with pytest.raises(ParameterError, match=rf"{name} of this notebook must be"):
        accept(names_of(**{name: value}))


def test_accept_refuses_only_names_that_papermill_set():
    accept(names_of(("lag = 1", "# Parameters: none are set here\nlag = 1"), lag=1))
    with pytest.raises(ParameterError, match="no parameter 'lag'; it has\n  regime: str"):
        accept(names_of(("# Parameters\nregime = 1\nlag = 1\n",), lag=1))


def test_a_number_for_a_word_is_text_on_a_page_of_the_contents_too(small):
    assert execute.all_parameters(Page("small", {"label": 5}), "paper") == {"label": "5"}


def test_a_parameter_that_is_given_twice_is_refused(small):
    with pytest.raises(ParameterError, match="label of small is given twice"):
        parse_parameters(small.source, [("label", "b"), ("label", "c")])


def test_the_path_of_a_file_is_meant_from_the_folder_of_the_caller(small, tmp_path, monkeypatch):
    monkeypatch.setenv("RELAY_FROM", str(tmp_path))
    (tmp_path / "mine.nc").write_text("1")
    (tmp_path / "a").write_text("a word that is also the name of a file")
    for word, meant in (("mine.nc", str(tmp_path / "mine.nc")), ("no.nc", "no.nc"), ("b", "b")):
        assert parse_parameters(small.source, [("label", word)])["label"] == meant
    assert parse_parameters(small.source, [("label", "a")]) == {}, "it is the default"
    page = Page("small", {"label": str(tmp_path / "mine.nc")})
    before = execute.key_of(page, "paper")
    (tmp_path / "mine.nc").write_text("2")
    assert execute.key_of(page, "paper") != before, "the page would be of the former file"


@pytest.mark.parametrize(
    "line", ["rate = 0.5", "rate: float", "rate: float = 1 / 2", "rate: Any = 1", "import os"]
)
def test_a_line_that_declares_no_parameter_is_named(small, line):
    text = small.source.read_text(encoding="utf-8").replace("rate: float = 0.5", line)
    small.source.write_text(text, encoding="utf-8")
    with pytest.raises(ParameterError, match=r"small declares .* must be declared as 'name: type"):
        parameters_of(small.source)


@pytest.mark.parametrize("name", ["../..", "../small", "a/b", "", ".small", "small\n", "/small"])
def test_a_notebook_outside_its_folder_is_refused(small, name):
    with pytest.raises(ParameterError, match="notebook must be the name of a file in notebooks/"):
        execute.main(["--notebook", name])


def test_pages_of_different_parameters_have_different_short_and_plain_names():
    words = ["a b", "a_b", "a\tb", "a-b", "x", "ä", "ö", "..", "../a", "", "a-rate-1", "5" * 300]
    chosen = [{"label": word} for word in words] + [{"label": "a", "rate": 1}]
    chosen += [{"label": "x" * 300}, {"label": "x" * 299 + "y"}, {"label": ["x"]}]
    chosen += [{"rate": value} for value in (1, -1, 1e-6, 1e6)]
    names = [Page("small", parameters).name for parameters in chosen]
    assert len({*names}) == len(names)
    assert all(len(name) < 120 and name.isascii() and "/" not in name for name in names)


HOSTILE = "`` ` </code><script>alert(1)</script> | {numref}`x` \n```\n**b**" + "x" * 300


def test_any_text_makes_a_page_that_shows_it_as_text(small, tmp_path):
    executed = tmp_path / "executed"
    executed.mkdir()
    page = Page("small", {"label": HOSTILE})
    execute.run(page, "quick", executed)
    cells = nbformat.read(executed / f"{page.name}.ipynb", as_version=4).cells
    markdown = MarkdownIt("commonmark").enable("table")
    for cell in (cells[1], cells[-1]):  # the banner of the quick profile, and the card
        shown = markdown.render(cell.source)
        assert "<script" not in shown
        assert "<strong>b" not in shown
        assert repr(HOSTILE) in html.unescape(shown)
    assert HOSTILE in html.unescape(shown).replace("'\"'\"'", "'")  # the command


@pytest.mark.parametrize("text", ["a", "a`b", "``", "`", "a``b`"])
def test_code_shows_its_text(text):
    shown = MarkdownIt("commonmark").render(card.code(text))
    assert html.unescape(shown) == f"<p><code>{text}</code></p>\n"
