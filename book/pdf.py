"""Print the built book as one PDF, with the browser that the tests use.

``python book/pdf.py`` joins the articles of all pages, in the order of the contents, into one page
beside them, and lets Chromium print it. Widgets and folded code are left out; links between pages
become links inside the file.
"""

import posixpath
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urldefrag

import build
from bs4 import BeautifulSoup, Tag
from pages import ROOT
from playwright.sync_api import sync_playwright

_LEFT_OUT = (
    ".headerlink, .prev-next-area, script:not([type^='math']), .toggle, details.hide.above-input, "
    ".onlyprint, .figure-source, .viewcode-link, .tag_parameters, .tag_injected-parameters"
)
_STYLE = """
body { max-width: 46rem; margin: 0 auto; font-size: 10.5pt; }
body > section.page { break-before: page; }
h1, h2, h3, h4 { break-after: avoid; }
figure, table, .admonition { break-inside: avoid; }
figure img { max-width: 100% !important; height: auto !important; }
pre { white-space: pre-wrap !important; }
.title { height: 60vh; display: flex; flex-direction: column; justify-content: center; }
nav.book ol { list-style: none; padding-left: 1.2rem; }
"""
_FOOTER = (
    '<div style="width:100%;font-size:8px;text-align:center">'
    '<span class="pageNumber"></span> / <span class="totalPages"></span></div>'
)


def make_pdf(book: Path, site: Path, target: Path, browser: str) -> None:
    """Print the pages in the folder ``site`` of a book into the file ``target``."""
    joined = site / "_print.html"
    joined.write_text(joined_page(book, site), encoding="utf-8")
    try:
        with sync_playwright() as playwright:
            flags = ["--no-sandbox", "--disable-gpu"]
            chromium = playwright.chromium.launch(executable_path=browser, args=flags)
            page = chromium.new_page()
            page.emulate_media(media="print", color_scheme="light")
            page.goto(joined.as_uri())
            page.wait_for_function("!window.MathJax || MathJax.startup?.promise")
            page.evaluate("window.MathJax?.startup?.promise")
            page.pdf(
                path=target,
                format="A4",
                margin={"top": "18mm", "bottom": "18mm", "left": "16mm", "right": "16mm"},
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=_FOOTER,
                print_background=True,
                outline=True,
                tagged=True,
            )
            chromium.close()
    finally:
        joined.unlink()


def joined_page(book: Path, site: Path) -> str:
    """Return one page with a title, the contents and the articles of all pages."""
    toc = build.contents(book)
    parts = [{"caption": "", "chapters": [{"file": toc["root"]}]}, *toc["parts"]]
    names = [f"{chapter['file']}.html" for part in parts for chapter in part["chapters"]]
    soups = {name: BeautifulSoup((site / name).read_text("utf-8"), "html.parser") for name in names}
    articles = {name: _article(soup, name, set(names)) for name, soup in soups.items()}
    titles = {
        name: " ".join(article.select("h1")[0].get_text().split())
        for name, article in articles.items()
    }
    lines = []
    for part in parts:
        links = (f"{chapter['file']}.html" for chapter in part["chapters"])
        items = "".join(f'<li><a href="#{_slug(n)}">{titles[n]}</a></li>' for n in links)
        lines.append(f"<li>{part['caption']}<ol>{items}</ol></li>")
    home = names[0]
    pages = "".join(f'<section class="page">{article}</section>' for article in articles.values())
    return (
        f'<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{titles[home]}</title>{_head(soups.values())}<style>{_STYLE}</style></head>"
        f'<body><div class="title"><p style="font-size:2rem">{titles[home]}</p>'
        f"<p>The relaylib authors</p></div>"
        f'<nav class="book"><h1>Contents</h1><ol>{"".join(lines)}</ol></nav>{pages}</body></html>'
    )


def _title(article: Tag) -> str:
    return " ".join(article.select("h1")[0].get_text().split())


def _slug(name: str) -> str:
    return name.removesuffix(".html").replace("/", "-")


def _article(page: BeautifulSoup, name: str, names: set[str]) -> Tag:
    """Return the article of a page, with names and addresses that hold in the joined page."""
    article = page.select_one("article")
    if article is None:
        raise ValueError(f"{name} has no article")
    for element in article.select(_LEFT_OUT):
        element.decompose()
    for cell in article.select(".cell:has(.widget-subarea), .cell_output:empty"):
        cell.decompose()
    for details in article.select("details"):
        details["open"] = ""
    for element in article.select("[id]"):
        element["id"] = f"{_slug(name)}--{element['id']}"
    article["id"] = _slug(name)
    folder = posixpath.dirname(name)
    for image in article.select("img[src]"):
        image["src"] = posixpath.normpath(posixpath.join(folder, str(image["src"])))
    for link in article.select("a[href]"):
        _point(link, name, names)
    return article


def _point(link: Tag, name: str, names: set[str]) -> None:
    """Let a link lead to a place in the joined page; remove it if it leads to another file."""
    path, anchor = urldefrag(str(link["href"]))
    if "://" in path or path.startswith("mailto:"):
        return
    target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
    if target in names:
        link["href"] = f"#{_slug(target)}" + (f"--{anchor}" if anchor else "")
    else:
        link.unwrap()


def _head(pages: Iterable[BeautifulSoup]) -> str:
    """Return the style sheets of the pages, and the scripts that typeset formulas."""
    found: dict[str, None] = {}
    for page in pages:
        for element in page.select("head link[rel=stylesheet], script"):
            address = "href" if element.name == "link" else "src"
            if element.has_attr(address):
                element[address] = str(element[address]).replace("../", "")
            if element.name == "link" or "mathjax" in str(element).lower():
                found[str(element)] = None
    return "".join(found)


def main(book: Path = ROOT / "book") -> None:
    """Print a book, by default that of this repository, or say what is missing."""
    site = book.parent / "_build" / "html"
    if not (site / "index.html").exists():
        sys.exit("No book yet: make book")
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("No PDF was made: it needs a browser (Debian: apt-get install chromium)")
    target = site.parent / "relays.pdf"
    make_pdf(book, site, target, browser)
    print(f"Open {target}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
