"""The how-to pages: their code runs as written, and their commands and files exist."""

import re

import pytest
from conftest import ROOT
from pages import Page
from parameters import parameters_of

PAGES = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "book/howto").glob("*.md")}


@pytest.fixture(scope="module")
def names() -> dict:
    """All names after the tutorial's blocks ran in their order."""
    space: dict = {"__name__": "page"}
    for block in re.findall(r"```python\n(.*?)```", PAGES["tutorial"], re.DOTALL):
        exec(compile(block, "tutorial.md", "exec"), space)
    return space


def test_the_tutorial_ends_with_a_network_that_loses_what_its_nodes_relayed(names):
    without_none = names["accuracy"].sel(network=0, delay=3)  # of nodes that relay nothing of A
    assert without_none.sel(concept="A") == 1
    most = names["of_a"] >= 0.75
    task, ensemble = names["task"], names["trained"].ensemble
    without_most = names["knockout_accuracy"](ensemble, task.population(), most, delays=[3])
    assert without_most.sel(network=0, delay=3, concept="A") < 0.8
    assert names["trained"].population_accuracy[0] >= 0.98


def test_the_commands_of_make_exist():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for text in PAGES.values():
        for target in re.findall(r"^make ([a-z-]+)", text, re.MULTILINE):
            assert target in targets


def test_notebooks_and_parameters_that_are_named_exist():
    for name, flags in re.findall(
        r"(?:NB=|notebooks/)(\d\d_\w+)(?:\.ipynb)?(.*)", PAGES["rerun"] + PAGES["tutorial"]
    ):
        allowed = parameters_of(Page(name).source)
        for parameter in re.findall(r"-p (\w+)", flags):
            assert parameter in allowed


def test_the_bibtex_is_the_bibliographys(names):
    bib = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```bibtex\n(.*?)```", PAGES["cite"], re.DOTALL)
    fields = re.findall(r"(?:year|eprint) = \{(.*?)\}", shown)
    (known,) = re.findall(r"@misc\{hintze2025,(.*?)\n\}", bib, re.DOTALL)
    assert fields == re.findall(r"(?:year|eprint) = \{(.*?)\}", known)
    software = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    for field in ("title", "version"):
        (value,) = re.findall(rf'^{field}: "?(.*?)"?$', software, re.MULTILINE)
        assert f"  {field} = {{{value}}}," in shown
