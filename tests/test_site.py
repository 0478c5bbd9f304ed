"""The built site: how large it is, its search, links into widgets, touch, and its PDF."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from browsing import check_alive, needs_browser
from bs4 import BeautifulSoup
from conftest import ROOT

HOME = "executed/00_home.html"


def size_mb(paths) -> float:
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6


def test_the_site_has_at_most_25_megabytes(site):
    assert size_mb(site.rglob("*")) <= 25


def test_nothing_is_left_over(site):
    assert not [*site.rglob("*.map"), *site.rglob("*.ttf"), *site.glob("_sources/**/*.ipynb")]


def test_the_data_of_a_figure_is_named_after_its_number(site):
    for path in site.glob("executed/*.html"):
        page = BeautifulSoup(path.read_text(), "html.parser")
        for figure in page.select("main figure:has(.caption-number)"):
            number = re.search(r"\d+", figure.select_one(".caption-number").text)[0]
            link = path.parent / figure.select_one("a.download")["href"]
            assert link.name in (f"figure-{number}.csv", f"figure-{number}.csv.gz")
            assert link.stat().st_size < 400_000


@needs_browser
def test_the_home_page_has_at_most_3_megabytes(site, visit):
    page = visit("about:blank")
    asked: set[Path] = set()
    page.on("request", lambda r: asked.add(Path(unquote(urlparse(r.url).path))))
    page.goto((site / HOME).as_uri())
    page.wait_for_selector(".explorer[data-ready]")
    assert size_mb(asked) <= 3


@needs_browser
def test_the_widgets_of_the_home_page_need_less_than_a_second_of_work(site, visit):
    page = visit("about:blank")
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})  # not waiting for others
    page.goto((site / HOME).as_uri(), wait_until="commit")
    page.wait_for_selector(".explorer[data-ready]")
    page.wait_for_selector(".toy[data-ready]")
    metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    assert 0 < metrics["TaskDuration"] < 1


@needs_browser
@pytest.mark.parametrize(
    ("query", "page_and_section"),
    [
        ("install", "Install"),
        ("dropout", "Questions"),
        ("own network", "Your own network"),
        ("knockout", "Knockouts"),
    ],
)
def test_the_search_works_from_disk(site, visit, query, page_and_section):
    page = visit(f"{(site / 'search.html').as_uri()}?q={query.replace(' ', '+')}")
    page.wait_for_selector("#search-results li")
    names = page.locator("#search-results li a").all_text_contents()
    assert any(page_and_section in name for name in names[:8]), names[:8]
    assert page.locator("#search-results li p mark").count() > 0
    page.locator("#search-results li a").first.click()
    page.wait_for_load_state()
    assert (site / "search.html").as_uri() not in page.url


@needs_browser
def test_a_search_for_nothing_that_there_is_says_so(site, visit):
    page = visit(f"{(site / 'search.html').as_uri()}?q=xyzzyplugh")
    assert "No sections found" in page.locator(".search-summary").text_content()


@needs_browser
def test_what_is_chosen_in_a_widget_is_in_the_address(site, visit):
    page = visit((site / HOME).as_uri())
    page.wait_for_selector(".explorer[data-ready]")
    task = page.get_by_role("group", name="Task", exact=True)
    task.get_by_role("radio", name="block").check()
    assert "RelayExplorer.task=%22block%22" in page.url
    page.reload()
    check_alive(page)
    assert task.get_by_role("radio", name="block").is_checked()
    task.get_by_role("radio", name="memory").check()
    assert "#" not in page.url
    page.goto("about:blank")
    page.goto(f"{(site / HOME).as_uri()}#RelayExplorer.task=%22nothing%22&RelayExplorer.time=7")
    page.wait_for_selector(".explorer[data-ready]")
    assert task.get_by_role("radio", name="memory").is_checked()


@needs_browser
def test_a_finger_reads_first_and_knocks_out_second(site, browser):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto((site / HOME).as_uri())
    page.wait_for_selector(".explorer[data-ready]")
    page.locator(".explorer .matrix:visible").first.locator("b[data-node='7']").first.tap()
    assert "node 7," in page.locator(".explorer .readout").text_content()
    page.goto((site / "executed/02_training.html").as_uri())
    page.wait_for_selector(".live[data-ready]")
    nodes = page.locator(".live .map.nodes")
    box = nodes.bounding_box()
    place = {"x": box["width"] * 11.5 / 19, "y": box["height"] * 2.5 / 12}
    pressed = page.locator(".live .labels button[aria-pressed=true]")
    nodes.tap(position=place)
    assert page.locator(".live .look").text_content().startswith("node 3, step 12:")
    assert pressed.count() == 0
    nodes.tap(position=place)
    assert pressed.all_text_contents() == ["3"]
    context.close()


@needs_browser
def test_the_book_can_be_printed(site):
    book = site.parent.parent / "book"
    command = [sys.executable, ROOT / "book" / "pdf.py", book]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    content = (site.parent / "relays.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    pages = len(re.findall(rb"/Type\s*/Page\b(?!s)", content))
    assert pages > 60
    assert len(re.findall(rb"/Subtype\s*/Image", content)) >= 40  # figures
    assert b"/Outlines" in content
    assert not (site / "_print.html").exists()
