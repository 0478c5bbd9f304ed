"""A browser without a network, shared by the tests that need one."""

import functools
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator

import pytest
import vendor
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

CHROMIUM = shutil.which("chromium")
needs_browser = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("RELAY_REQUIRE_BROWSER") != "1",
    reason="needs a browser: apt-get install chromium (RELAY_REQUIRE_BROWSER=1 forbids this skip)",
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
LOCAL = ("file:", "data:", "blob:", "http://127.0.0.1:")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "RELAY_REQUIRE_BROWSER=1, and there is no chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages; at the end fail on any remote request, failed request or script error."""
    complaints: list[str] = []
    contexts: dict[tuple[str, int], BrowserContext] = {}

    def open_page(
        url: str, *, scheme: str = "light", width: int = 1200, leads_to: str | None = None
    ) -> Page:
        if (scheme, width) not in contexts:
            contexts[scheme, width] = browser.new_context(
                color_scheme=scheme,
                viewport={"width": width, "height": 900},
                reduced_motion="reduce",
            )
        page = contexts[scheme, width].new_page()
        page.on("request", lambda request: complaints.extend(_remote(request.url)))
        page.on("requestfailed", lambda request: complaints.extend(_failed(request)))
        page.on("pageerror", lambda error: complaints.append(f"{url}: {error}"))
        page.on("console", lambda message: complaints.extend(_error(url, message)))
        page.goto(url)
        if leads_to is not None:  # a page that only redirects dies while it is looked at
            page.wait_for_url(leads_to)
        check_alive(page)
        return page

    open_page.complaints = complaints
    yield open_page
    for context in contexts.values():
        context.close()
    assert complaints == []


def check_alive(page: Page) -> None:
    """Wait until formulas are typeset and every widget of the page is shown, without a kernel."""
    if page.locator("span.math, div.math").count():
        page.wait_for_selector("mjx-container", state="attached")
    n_views = page.locator('script[type="application/vnd.jupyter.widget-view+json"]').count()
    if n_views:
        page.wait_for_selector(".widget-subarea", state="attached")
        page.wait_for_function(
            "n => document.querySelectorAll('.widget-subarea > *').length >= n", arg=n_views
        )
    page.evaluate("document.fonts.ready.then(() => true)")


def violations(page: Page, within: str = "html") -> list[str]:
    """Return all violations of accessibility that axe-core finds, however slight."""
    page.evaluate(_axe())
    options = "{resultTypes: ['violations'], preload: false}"
    result = page.evaluate(f"(within) => axe.run(within, {options})", within)
    return [
        f"{violation['id']}: {[node['target'] for node in violation['nodes']][:3]}"
        for violation in result["violations"]
    ]


@functools.cache
def _axe() -> str:
    with tarfile.open(vendor.archive("axe-core@4.14.1")) as tar:
        return tar.extractfile("package/axe.min.js").read().decode()


def _remote(url: str) -> list[str]:
    return [] if url.startswith(LOCAL) else [f"remote: {url}"]


def _failed(request: Request) -> list[str]:
    """Name a request that failed; the browser aborts those of a page that is left, without harm."""
    aborted = request.failure == "net::ERR_ABORTED"
    return [] if aborted else [f"{request.failure}: {request.url}"]


def _error(url: str, message: ConsoleMessage) -> list[str]:
    return [f"{url}: {message.text}"] if message.type == "error" else []
