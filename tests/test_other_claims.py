"""The ledger's table of claims that other pages judge."""

import pytest
from conftest import ROOT

from book.other_claims import PAGES, others_table
from book.stored import stored_results


def test_every_claim_stands_with_the_verdict_of_its_page():
    lines = others_table().splitlines()[2:]
    judged = [(page, claim) for page in PAGES for claim in page.judge(stored_results(page.results))]
    assert len(lines) == len(judged) == 9
    for line, (page, claim) in zip(lines, judged, strict=True):
        assert line.startswith(f"| {claim.id}. {page.texts[claim.id].claim} |")
        held = [group.holds for group in claim.groups if group.holds is not None]
        assert f"| {sum(held)} of {len(held)} | **{claim.verdict}** |" in line
        assert f"[{page.title}]({page.notebook}.ipynb)" in line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.notebook)
def test_titles_are_those_of_the_pages(page):
    notebook = (ROOT / "notebooks" / f"{page.notebook}.ipynb").read_text()
    assert f'"# {page.title}\\n"' in notebook
