"""Prose with numbers reads well in Jupyter and on the page alike."""

import re

import nbformat
import numpy as np
import pages
import pytest
from conftest import ROOT
from prose import MIME, Numbers, check_sentences, fill

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture
def numbers(monkeypatch):
    shown = []
    monkeypatch.setattr("prose.display", lambda data, raw: shown.append(data))
    made = Numbers()
    made.shown = shown
    return made


def test_numbers_are_kept_as_text_and_in_the_notebook(numbers):
    numbers.keep(low=0.5, name="RNN")
    numbers.keep(low="0.50")
    numbers.keep("block", low=1)
    assert numbers == {"low": "0.50", "name": "RNN", "block_low": "1"}
    kept = [{"low": "0.5", "name": "RNN"}, {"low": "0.50"}, {"block_low": "1"}]
    assert numbers.shown == [{MIME: each} for each in kept]


def test_the_text_states_the_numbers(numbers):
    numbers.keep(n=12, low="0.5")
    text = numbers.prose("""
Of {n} nodes, {low} ($x_{n}$, $\\text{n}$; {eq}`n`).
""")
    assert text.data == "Of 12 nodes, 0.5 ($x_{n}$, $\\text{n}$; {eq}`n`)."


def test_a_number_that_was_not_kept_is_an_error():
    with pytest.raises(KeyError, match="mistyped"):
        fill("It is {mistyped}.", {"right": "1"})


def test_the_page_says_which_of_its_sentences_do_not_hold():
    low, missing = np.array(0.2), np.array(np.nan)
    said = {"it is low": low < 0.5, "it is high": low > 0.5, "it is there": missing > 0}
    assert check_sentences(said).data == (
        "**With these parameters, these sentences of the page do not hold:** "
        "it is high; it is there."
    )
    all_hold = "With these results, all checked sentences hold."
    assert check_sentences({"it is low": low < 0.5}, "these results").data == all_hold


@pytest.mark.parametrize("source", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_nothing_raw_where_it_is_rerun(source):
    for cell in nbformat.read(source, as_version=4).cells:
        if cell.cell_type == "markdown" or "numbers.prose(" in cell.source:
            assert not re.search(r"\{[a-z:]+\}`|^(```|:::)\{", cell.source, re.MULTILINE), cell.id
        if cell.source.startswith("numbers.prose("):
            assert cell.metadata.jupyter.source_hidden, cell.id
            assert "remove-input" in cell.metadata.tags, cell.id


def test_the_numbers_of_figures_in_the_text_are_those_of_the_book():
    toc, chosen = (pages.read_yaml(ROOT / "book" / name) for name in ("_toc.yml", "pages.yml"))
    figures, said = [], []
    for page in pages.pages_of_toc(toc, chosen):
        for cell in nbformat.read(page.source, as_version=4).cells:
            if "figure" in cell.metadata.get("mystnb", {}):
                figures.append(cell.metadata.mystnb.figure.name)
            said += re.findall(r"\[Fig\.\s(\d+)\]\(#(fig-[\w-]+)\)", cell.source)
    figures.sort(key=lambda name: not re.fullmatch(r"fig-\d+", name))  # the paper's come first
    numbered = {name: number for number, name in enumerate(dict.fromkeys(figures), start=1)}
    assert said
    assert all(numbered[f"fig-{number}"] == number for number in range(1, 14))
    assert {name: int(n) for n, name in said} == {name: numbered[name] for _, name in said}


def test_the_years_in_citations_are_those_of_the_bibliography():
    bibliography = (ROOT / "book" / "references.bib").read_text()
    years = dict(re.findall(r"@\w+\{(\w+),[^@]*?year = \{(\d+)\}", bibliography))
    for source in NOTEBOOKS:
        for cell in nbformat.read(source, as_version=4).cells:
            for year, key in re.findall(r"\[[^\]]*?(\d{4})\)\]\(#(\w+\d{4})\)", cell.source):
                assert years[key] == year, (source.stem, key)
