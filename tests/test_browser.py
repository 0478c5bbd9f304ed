"""The built pages in a browser without a network: run where there is Debian's chromium."""

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import needs_browser, violations

pytestmark = needs_browser
HOME = "executed/00_home.html"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_CELL = f".cell_output:has(script[type='{WIDGET_VIEW}'])"
HEIGHTS = "all => all.map((cell) => cell.getBoundingClientRect().height)"
LAYOUT_SHIFT = """() => new Promise((done) => {
  let sum = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) sum += entry.value;
  });
  observer.observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(sum), 500);
})"""

SQUEEZED = """() => [...document.querySelectorAll("figure img")].flatMap((image) => {
  const style = getComputedStyle(image);
  const width = image.clientWidth - 2 * parseFloat(style.paddingLeft);
  const height = image.clientHeight - 2 * parseFloat(style.paddingTop);
  const ratio = (width * image.naturalHeight) / (height * image.naturalWidth);
  return Math.abs(ratio - 1) < 0.02 ? [] : [`${image.src} is squeezed, ${ratio}`];
})"""


@pytest.fixture(scope="session")
def served(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the site under a sub-path of a local server."""
    root = tmp_path_factory.mktemp("server")
    (root / "books").mkdir()
    (root / "books" / "relays").symlink_to(site)
    handler = functools.partial(_Silent, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/books/relays"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def names(site: Path) -> list[str]:
    """Pages of the table of contents, by their path in the site."""
    paths = [*site.glob("*.html"), *site.glob("executed/*.html"), *site.glob("reference/*.html")]
    paths += site.glob("howto/*.html")
    names = sorted(path.relative_to(site).as_posix() for path in paths)
    assert HOME in names
    return [name for name in names if name != "index.html"]  # which leads to HOME


def test_every_page_works_from_disk_in_light_and_on_a_phone(visit, site, names):
    faults = {}
    for name in names:
        page = visit(f"file://{site / name}")
        faults[name] = violations(page) + page.evaluate(SQUEEZED)
        page.set_viewport_size({"width": 360, "height": 800})
        faults[name] += page.evaluate(SQUEEZED)
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > 360:
            faults[name].append(f"{wide} px wide on a phone of 360")
        page.close()
    assert {name: found for name, found in faults.items() if found} == {}


def test_every_page_works_below_a_path_of_a_server_and_in_dark(visit, served, names):
    faults = {}
    for name in names:
        page = visit(f"{served}/{name}", scheme="dark")
        faults[name] = violations(page)
        page.close()
    assert {name: found for name, found in faults.items() if found} == {}


@pytest.mark.parametrize("width", [1200, 768, 360])
def test_nothing_jumps_when_the_widgets_come(visit, browser, site, width):
    pages = [path for path in site.glob("executed/*.html") if WIDGET_VIEW in path.read_text()]
    assert len(pages) >= 4
    still = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=False)
    for path in pages:
        page = still.new_page()
        page.goto(path.as_uri())
        reserved = page.locator(WIDGET_CELL).evaluate_all(HEIGHTS)
        alive = visit(path.as_uri(), width=width)
        heights = alive.locator(WIDGET_CELL).evaluate_all(HEIGHTS)
        assert reserved == pytest.approx(heights, rel=0.06), path.name
        assert alive.evaluate(LAYOUT_SHIFT) < 0.1, path.name
    still.close()


@pytest.mark.parametrize("slower", [4, 12])
def test_nothing_jumps_while_a_slow_machine_reads_the_page(visit, site, slower):
    page = visit("about:blank")
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.goto(f"file://{site / HOME}")
    page.wait_for_selector(".explorer[data-ready]")
    assert page.evaluate(LAYOUT_SHIFT) < 0.02


def test_the_theme_leaves_the_widgets_markers_as_they_are(visit, site):
    page = visit(f"file://{site / HOME}")
    page.wait_for_selector(".explorer[data-ready]")
    grounds = page.locator(".explorer .cursor").evaluate_all(
        "all => all.map((marker) => getComputedStyle(marker).backgroundColor)"
    )
    assert set(grounds) == {"rgba(0, 0, 0, 0)"}  # the step below can be seen


def test_the_site_opens_with_the_home_page(visit, site):
    page = visit(f"file://{site / 'index.html'}", leads_to=f"**/{HOME}")
    assert "Information relays" in page.title()


def test_a_script_from_elsewhere_would_be_noticed(visit, site, tmp_path):
    copy = tmp_path / "site"
    shutil.copytree(site, copy)
    page = copy / HOME
    link = '<script src="https://cdn.jsdelivr.net/npm/mathjax@3/es5/tex-chtml.js"></script>'
    page.write_text(page.read_text().replace("</head>", link + "</head>"))
    visit(f"file://{page}")
    assert any("cdn.jsdelivr.net" in complaint for complaint in visit.complaints)
    visit.complaints.clear()


def test_a_missing_file_would_be_noticed_and_a_page_that_is_left_is_not(visit, site):
    page = visit(f"file://{site / HOME}")
    image = "Object.assign(new Image(), {onerror: end, src: 'no.png'})"
    page.evaluate(f"new Promise(end => {image})")
    missing = [text for text in visit.complaints if text.startswith("net::ERR_FILE_NOT_FOUND: ")]
    assert [text.rpartition("/")[2] for text in missing] == ["no.png"]
    visit.complaints.clear()
    page.goto(f"file://{site / HOME}?again", wait_until="commit")
    page.goto("about:blank")
    assert visit.complaints == []


def test_a_missing_label_would_be_noticed(visit, site):
    page = visit(f"file://{site / HOME}")
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert any("button-name" in violation for violation in violations(page))


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass
