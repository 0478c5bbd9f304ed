"""The built pages in a browser without a network: run where there is Debian's chromium."""

import functools
import http.server
import shutil
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import vendor
from browsing import needs_browser
from playwright.sync_api import Page

pytestmark = needs_browser
HOME = "executed/00_home.html"


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
    names = sorted(path.relative_to(site).as_posix() for path in paths)
    assert HOME in names
    return [name for name in names if name != "index.html"]  # which leads to HOME


def test_every_page_works_from_disk_in_light_and_on_a_phone(visit, site, names):
    faults = {}
    for name in names:
        page = visit(f"file://{site / name}")
        faults[name] = _violations(page)
        page.set_viewport_size({"width": 360, "height": 800})
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > 360:
            faults[name].append(f"{wide} px wide on a phone of 360")
        page.close()
    assert {name: found for name, found in faults.items() if found} == {}


def test_every_page_works_below_a_path_of_a_server_and_in_dark(visit, served, names):
    faults = {}
    for name in names:
        page = visit(f"{served}/{name}", scheme="dark")
        faults[name] = _violations(page)
        page.close()
    assert {name: found for name, found in faults.items() if found} == {}


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


def test_a_missing_label_would_be_noticed(visit, site):
    page = visit(f"file://{site / HOME}")
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert any("button-name" in violation for violation in _violations(page))


def _violations(page: Page) -> list[str]:
    """Return the serious violations of accessibility that axe-core finds."""
    page.evaluate(_axe())
    result = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")
    return [
        f"{violation['id']}: {[node['target'] for node in violation['nodes']][:3]}"
        for violation in result["violations"]
        if violation["impact"] in ("serious", "critical")
    ]


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@functools.cache
def _axe() -> str:
    with tarfile.open(vendor.archive("axe-core@4.14.1")) as tar:
        return tar.extractfile("package/axe.min.js").read().decode()
