import csv
import importlib
import json
import os
import pkgutil
import re
import sys
from pathlib import Path
from urllib.parse import unquote, urldefrag

import build
import finish
import nbformat
import pandas as pd
import pytest
import records
import unchanged
from bs4 import BeautifulSoup
from conftest import ROOT, build_book, copy_book
from sphinx.application import Sphinx
from sphinx.ext import viewcode
from sphinx.pycode import ModuleAnalyzer

import relaylib

RESOURCES = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}
PACKAGE = Path(relaylib.__path__[0])
REMOTE = re.compile(r"^(https?:)?//")


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[str, BeautifulSoup]:
    """Every built page by its path in the site."""
    return {
        path.relative_to(site).as_posix(): BeautifulSoup(path.read_text(), "html.parser")
        for path in sorted(site.rglob("*.html"))
        if "_static" not in path.parts
    }


@pytest.fixture(scope="session")
def notebook_pages(pages: dict[str, BeautifulSoup]) -> dict[str, BeautifulSoup]:
    """The pages that are a notebook's."""
    found = {name: page for name, page in pages.items() if name.startswith("executed/")}
    assert found
    return found


def test_a_warning_fails_the_build_each_time(tmp_path):
    book = copy_book(tmp_path)
    (book / "executed").mkdir()
    (book / "index.md").write_text("# Home\n\nSee {numref}`no-such-figure`.\n")
    (book / "other.md").write_text("# Other\n")
    part = "parts: [{chapters: [{file: other}]}]"
    (book / "_toc.yml").write_text(f"format: jb-book\nroot: index\n{part}\n")
    for _ in range(2):
        done = build_book(book)
        assert done.returncode != 0
        assert "no-such-figure" in done.stderr


@pytest.mark.parametrize(
    ("before", "after", "rebuilt"),
    [
        ("Some words.", "Other words.", False),
        ("# Other", "# Another", True),
        ("(label)=", "(name)=", True),
        ('"name": "fig-a"', '"name": "fig-b"', True),
        ("value = 1", "value = 2", False),
    ],
)
def test_everything_is_rebuilt_if_other_pages_may_show_the_change(tmp_path, before, after, rebuilt):
    book = copy_book(tmp_path)
    (book / "executed").mkdir()
    (book / "assets").mkdir()
    cell = nbformat.v4.new_code_cell(
        "value = 1", metadata={"mystnb": {"figure": {"name": "fig-a"}}}
    )
    page, text = book / "executed" / "page.ipynb", book / "other.md"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), page)
    text.write_text("(label)=\n# Other\n\nSome words.\n")
    chapters = "[{file: other}, {file: executed/page}]"
    toc = book / "_toc.yml"
    toc.write_text(f"format: jb-book\nroot: other\nparts: [{{chapters: {chapters}}}]\n")
    found = [build.shared_by_pages(book, toc)]
    for path in (page, text):
        path.write_text(path.read_text().replace(before, after))
    found.append(build.shared_by_pages(book, toc))
    assert (found[0] != found[1]) == rebuilt


def test_everything_is_rebuilt_with_another_style(tmp_path):
    book = copy_book(tmp_path)
    (book / "assets").mkdir()
    (book / "other.md").write_text("# Other\n")
    toc = book / "_toc.yml"
    toc.write_text("format: jb-book\nroot: other\nparts: []\n")
    before = build.shared_by_pages(book, toc)
    with (book / "style" / "book.css").open("a") as file:
        file.write("p { color: red; }")
    assert build.shared_by_pages(book, toc) != before


def built_book(root):
    """Write a small file of each kind that a book is made from or consists of; its last run."""
    for name in CHANGES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("{}")
    (root / "_build" / "runs").mkdir()
    unchanged.keep(root, "paper", unchanged.made_from(root, "paper"))


def up_to_date(root, profile="paper"):
    return unchanged.unchanged(root, unchanged.made_from(root, profile))


CHANGES = (
    *("README.md", "book/choices.md", "book/data/bench.json", "notebooks/01_tasks.ipynb"),
    *("relaylib/tasks/block.py", "book/executed/01_tasks.ipynb", "book/vendor/mathjax/tex.js"),
    *("book/executed/records/01_tasks.json", "_build/html/index.html", "results/claims.json"),
)


@pytest.mark.parametrize("name", CHANGES)
def test_make_book_sees_a_change_of_whatever_the_book_is_made_from_or_consists_of(name, tmp_path):
    built_book(tmp_path)
    assert up_to_date(tmp_path)
    assert not up_to_date(tmp_path, "quick")
    (tmp_path / name).write_text("{ }")
    assert not up_to_date(tmp_path)
    (tmp_path / name).unlink()
    assert not up_to_date(tmp_path)


def test_make_book_sees_a_change_of_a_file_that_a_parameter_of_a_page_names(tmp_path):
    file = tmp_path / "elsewhere" / "mine.csv"
    file.parent.mkdir()
    file.write_text("1,2")
    record = tmp_path / "book" / "executed" / "records" / "01_tasks-mine.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"parameters": {"activations": str(file)}}))
    built_book(tmp_path)
    assert up_to_date(tmp_path)
    file.write_text("1,3")
    assert not up_to_date(tmp_path)


def test_a_book_whose_sources_changed_while_it_was_made_is_not_taken_for_up_to_date(tmp_path):
    built_book(tmp_path)
    start = unchanged.made_from(tmp_path, "paper")
    (tmp_path / "book" / "choices.md").write_text("edited while the book was built")
    unchanged.keep(tmp_path, "paper", start)
    assert not up_to_date(tmp_path)
    (tmp_path / "_build" / "runs" / "last.json").write_text("damaged")
    assert not up_to_date(tmp_path)


def test_the_search_finds_the_same_whether_all_pages_or_only_changed_ones_are_read(tmp_path):
    (tmp_path / "_static").mkdir()
    for name in ("one", "two"):
        write_page(tmp_path / f"{name}.html", name, "before")
    finish.finish(tmp_path)
    write_page(tmp_path / "two.html", "two", "after")
    finish.finish(tmp_path, done={"one.html"})
    searched = (tmp_path / finish.SECTIONS).read_text()
    finish.finish(tmp_path)
    assert (tmp_path / finish.SECTIONS).read_text() == searched
    assert "of one before" in searched
    assert "of two after" in searched
    assert "of two before" not in searched


def write_page(path, name, text):
    path.write_text(
        f"<article><h1>{name}</h1><section id='part'><h2>Part</h2><p>of {name} {text}</p>"
        "</section></article>"
    )


def test_only_pages_that_the_last_build_left_so_are_finished_already(tmp_path):
    texts = {"html/one.html": b"1", "html/two.html": b"2", f"html/{finish.SECTIONS}": b"3"}
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text)
    record = {"files": {name: records.checksum(text) for name, text in texts.items()}}
    (tmp_path / "html/two.html").write_bytes(b"another")
    assert "one.html" in build.as_left(record, tmp_path)
    assert "two.html" not in build.as_left(record, tmp_path)
    (tmp_path / "html" / finish.SECTIONS).unlink()
    assert not build.as_left(record, tmp_path)
    assert not build.as_left({}, tmp_path)


def test_sources_that_changed_are_highlighted_and_no_other_module_is_imported(
    tmp_path, monkeypatch
):
    usual = viewcode.get_module_filename
    monkeypatch.setattr(viewcode, "get_module_filename", usual)  # so that it is put back
    monkeypatch.syspath_prepend(build.EXTENSIONS)
    monkeypatch.syspath_prepend(tmp_path)
    pages = tmp_path / "site"
    extensions = ["sphinx.ext.autodoc", "sphinx.ext.viewcode", "module_sources"]
    for name in ("ref_one", "ref_two"):
        (tmp_path / f"{name}.py").write_text("def first():\n    '''Documented.'''\n")
        (tmp_path / f"{name}.rst").write_text(
            f"{name}\n=======\n\n.. automodule:: {name}\n   :members:\n"
        )

    def built() -> list[str]:
        """Build as in a process of its own; return the modules that are imported."""
        text = "Title\n=====\n\n.. toctree::\n   :glob:\n\n   ref_*\n"
        (tmp_path / "index.rst").write_text(text)  # read in each build
        ModuleAnalyzer.cache.clear()
        for name in ("ref_one", "ref_two"):
            sys.modules.pop(name, None)
        folders = (tmp_path, None, pages, tmp_path / "kept", "html")
        Sphinx(*folders, {"extensions": extensions}, status=None, warning=None).build()
        return [name for name in ("ref_one", "ref_two") if name in sys.modules]

    def shown(name: str) -> str:
        return (pages / "_modules" / f"{name}.html").read_text()

    assert built() == ["ref_one", "ref_two"]
    first = shown("ref_one")
    assert "first" in first
    assert built() == []
    (pages / "_modules" / "ref_one.html").unlink()
    assert built() == []
    assert shown("ref_one") == first
    (tmp_path / "ref_one.py").write_text("def second():\n    '''Documented.'''\n")
    assert built() == ["ref_one"]
    assert "second" in shown("ref_one")
    assert "first" in shown("ref_two")


def test_files_of_widgets_that_no_page_uses_are_removed(tmp_path):
    (tmp_path / "executed").mkdir()
    (tmp_path / "assets").mkdir()
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "executed" / "page.ipynb")
    record = tmp_path / "executed" / "records" / "page.json"
    records.write_record(record, {"assets": ["named.js"], "files": {}})
    for name in ("named.js", "stale.js"):
        (tmp_path / "assets" / name).write_text("")
    build.keep_named_assets(tmp_path)
    assert [path.name for path in (tmp_path / "assets").iterdir()] == ["named.js"]


def test_no_page_loads_anything_remote(pages):
    remote = [
        (name, element[attribute])
        for name, page in pages.items()
        for tag, attribute in RESOURCES.items()
        for element in page.find_all(tag, attrs={attribute: True})
        if REMOTE.match(element[attribute])
    ]
    assert remote == []


def test_no_style_sheet_loads_anything_remote(site):
    remote = re.compile(r"""(url\(|@import)\s*['"]?(https?:)?//""")
    assert [path for path in site.rglob("*.css") if remote.search(path.read_text())] == []


def test_every_local_link_has_a_target(site, pages):
    ids = {name: {e["id"] for e in page.find_all(id=True)} for name, page in pages.items()}
    broken = []
    for name, page in pages.items():
        for element in page.find_all(["a", "img", "script", "link"]):
            url = element.get("href") or element.get("src") or ""
            path, anchor = urldefrag(unquote(url))
            if re.match(r"^[a-z]+:", url) or "${" in url:
                continue
            target = (site / name).parent / path.split("?")[0] if path else site / name
            inside = target.resolve().relative_to(site.resolve()).as_posix()
            if not target.exists() or (anchor and inside in ids and anchor not in ids[inside]):
                broken.append((name, url))
    assert broken == []


def test_every_figure_has_an_alternative_text_a_number_a_source_and_data(site, notebook_pages):
    figures = [(n, f) for n, page in notebook_pages.items() for f in page.select("main figure")]
    assert figures
    for name, figure in figures:
        assert len(figure.img["alt"]) > 20, (name, figure.img)
        assert re.match(r"Fig\. \d+", figure.select_one(".caption-number").text), name
        assert "_modules/relaylib/figures/" in figure.select_one("a.figure-source")["href"], name
        data = (site / name).parent / figure.select_one("a.download")["href"]
        assert data.name.endswith((".csv", ".csv.gz"))
        table = pd.read_csv(data)
        assert len(table) > 5, (name, data.name)
        assert all(re.fullmatch(r"[a-z]\w*", column) for column in table), (name, list(table))
        assert table.select_dtypes("number").notna().any(axis=None), (name, data.name)


@pytest.mark.skipif(
    "RELAY_SITE" not in os.environ,
    reason="needs the book at full scale: make book, then RELAY_SITE=_build/html",
)
def test_the_claims_of_this_build_equal_the_stored_table():
    """With the same seed, networks are bit-identical on any processor."""
    with open(ROOT / "book" / "data" / "claims_by_seed.csv", newline="") as file:
        stored = [row for row in csv.DictReader(file) if row["seed"] == "2025"]
    claims = json.loads((ROOT / "results" / "claims.json").read_text())["claims"]
    found = [(claim, group) for claim in claims for group in claim["groups"]]
    assert [claim["verdict"] for claim, _ in found] == [row["verdict"] for row in stored]
    for name in ("estimate", "low", "high"):
        values = [group[name] for _, group in found]
        assert values == pytest.approx([float(row[name]) for row in stored], rel=1e-3, abs=1e-3)


def test_figures_1_to_13_are_the_papers(notebook_pages):
    shown = [
        ("01_tasks", 1),
        ("02_training", 1),
        ("03_relays", 1),
        ("04_knockouts", 2),
        ("05_information_over_time", 2),
        ("06_drift", 2),
        ("08_smearing", 2),
        ("09_latent_space", 2),
    ]
    captions = [
        figure.select_one(".caption-number").text.strip()
        for name, n_figures in shown
        for figure in notebook_pages[f"executed/{name}.html"].select("main figure")[:n_figures]
    ]
    assert captions == [f"Fig. {number}" for number in range(1, 14)]


@pytest.mark.skipif("RELAY_SITE" not in os.environ, reason="only at full scale")
def test_the_sentences_about_the_drift_hold_in_the_data(notebook_pages):
    text = notebook_pages["executed/07_what_the_drift_is.html"].select_one("main").text
    assert "all checked sentences hold" in text


def test_every_notebook_page_states_how_it_was_made(notebook_pages):
    for name, page in notebook_pages.items():
        card = page.find(id="how-this-page-was-made")
        assert card is not None, name
        for word in ("n_replicates", "seed", "profile", "hash", "git commit", "torch", "wall time"):
            assert word in card.text, (name, word)
        assert f"papermill notebooks/{Path(name).stem.split('-')[0]}.ipynb" in card.text
        assert card.select_one("a.download")["href"].endswith(".ipynb")


def test_the_quick_profile_is_announced_and_the_paper_profile_is_not(notebook_pages):
    for name, page in notebook_pages.items():
        card = page.find(id="how-this-page-was-made").text
        quick = re.search(r"profile\s+quick", card) is not None
        assert ("QUICK PROFILE" in page.select_one("main").text) == quick, name


def test_a_page_has_less_than_two_megabytes(site, notebook_pages):
    for name, page in notebook_pages.items():
        images = {(site / name).parent / image["src"] for image in page.select("main img[src]")}
        files = [site / name, *(path for path in images if path.exists())]
        assert sum(path.stat().st_size for path in files) < 2e6, name


@pytest.mark.parametrize("room", sorted(p.parent.name for p in PACKAGE.glob("*/__init__.py")))
def test_the_reference_has_a_page_per_room_with_all_its_modules(room):
    found = pkgutil.walk_packages([str(PACKAGE / room)], f"relaylib.{room}.")
    modules = {module.name for module in found if not module.ispkg}
    page = (ROOT / "book" / "reference" / f"{room}.md").read_text()
    documented = re.findall(r"automodule:: (\S+)", page)
    assert sorted(documented) == sorted(name for name in modules if "kernels" not in name)
    assert "?" in page.partition("##")[0], "the question that the room answers"


def test_every_public_function_is_in_the_reference(pages):
    documented = {e["id"] for page in pages.values() for e in page.select("dt.sig[id]")}
    missing = []
    for found in pkgutil.walk_packages(relaylib.__path__, "relaylib."):
        if found.ispkg or "kernels" in found.name:
            continue
        module = importlib.import_module(found.name)
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", "") != module.__name__:
                continue
            if callable(thing) and f"{module.__name__}.{name}" not in documented:
                missing.append(f"{module.__name__}.{name}")
    assert missing == []
