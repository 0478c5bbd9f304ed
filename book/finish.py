"""After Sphinx: number the data of figures, write what the search looks through, remove leftovers.

The search of the theme fetches pages, which a browser refuses where the book is opened from disk.
So the texts of all sections are a script, which the search page loads (style/search.js).
"""

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Set
from pathlib import Path
from urllib.parse import unquote

import records
from bs4 import BeautifulSoup, Tag

from relaylib.core.files import write_atomically

SECTIONS = "_static/sections.js"
_ASSIGNED = "globalThis.relaySections = "
LEFT_OVER = ("*.map", "*.ttf", "fontawesome.js", "README.md")
"""Files that the theme brings and no page uses: each icon is in a font of another format, too."""
HEAVY = {"image/png", "application/vnd.jupyter.widget-view+json"}
"""Outputs that a notebook for download does not hold."""
LARGE_TABLE = 250_000
"""Size in bytes from which a table is offered compressed, as ``.csv.gz``."""
_SKIPPED = "script, style, .headerlink, .cell_input, .visually-hidden, .viewcode-link"
"""What of a page is not looked through."""
_PLAIN = re.compile(
    r'<span class="(?:[nopw]|kn|nn|nb|bp|mi|mf|s1|s2|sa|se|si|ow|kc)">([^<]*)</span>'
)
"""Code in the colour of text, or nearly: half of the characters of a page of source."""
_CONTENTS = re.compile(r'<nav class="bd-links.*?</nav>', re.DOTALL)
"""The contents of the book, which would be a third of a page of source."""
_OWN_PAGES = ("genindex", "search", "py-modindex", "index")
"""Pages without text of their own, by how their path begins."""


def finish(site: Path, done: Set[str] = frozenset()) -> None:
    """Do all of this to the pages in the folder ``site``; doing it again changes nothing.

    ``done`` are pages, by their path in the site, that are as the last time left them.
    """
    sections, linked, before = [], set(), sections_before(site) if done else {}
    for path in sorted(site.rglob("*.html")):
        name, text = path.relative_to(site).as_posix(), path.read_text(encoding="utf-8")
        if name in done:
            linked |= downloads(path)
            sections += before.get(name, [])
        elif name.startswith("_modules/"):
            records.write_if_other(path, _PLAIN.sub(r"\1", _CONTENTS.sub("", text)).encode())
        elif not name.startswith("_static/"):
            page = BeautifulSoup(text, "html.parser")
            number_downloads(path, page)
            linked |= downloads(path)
            if not name.startswith(_OWN_PAGES):
                sections += sections_of(page, name)
    for path in (site / "_downloads").rglob("*"):
        if path.is_file() and path not in linked:
            path.unlink()
        elif path.suffix == ".ipynb":
            lighten(path)
    for pattern in LEFT_OVER:
        for path in (site / "_static").rglob(pattern):
            path.unlink()
    text = json.dumps(sections, ensure_ascii=False, separators=(",", ":"))
    records.write_if_other(site / SECTIONS, f"{_ASSIGNED}{text};\n".encode())


def sections_before(site: Path) -> dict[str, list[dict[str, str]]]:
    """Return the sections that the last time found, by their page."""
    text, found = (site / SECTIONS).read_text(encoding="utf-8"), defaultdict(list)
    for section in json.loads(text.removeprefix(_ASSIGNED).rstrip(";\n")):
        found[section["url"].partition("#")[0]].append(section)
    return found


def number_downloads(path: Path, page: BeautifulSoup) -> None:
    """Name the data of each figure of a page after the figure's number; compress large tables."""
    text = path.read_text(encoding="utf-8")
    for figure in page.select("figure:has(.caption-number):has(a.download)"):
        number = "".join(re.findall(r"\d", figure.select(".caption-number")[0].text))
        link = str(figure.select("a.download")[0]["href"])
        offered = path.parent / unquote(link)
        is_large = offered.suffix == ".gz" or offered.stat().st_size > LARGE_TABLE
        numbered = f"{link.rpartition('/')[0]}/figure-{number}.csv{'.gz' * is_large}"
        if link != numbered:
            data = offered.read_bytes()
            squeeze = is_large and offered.suffix != ".gz"
            offered.unlink()
            squeezed = gzip.compress(data, mtime=0) if squeeze else data
            write_atomically(path.parent / numbered, squeezed)
            text = text.replace(f'"{link}"', f'"{numbered}"')
    records.write_if_other(path, text.encode())


def lighten(path: Path) -> None:
    """Remove pictures and widgets from a notebook for download: the page has them."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"].pop("widgets", None)
    for cell in notebook["cells"]:
        if "outputs" in cell:
            cell["outputs"] = [o for o in cell["outputs"] if not HEAVY & set(o.get("data", {}))]
    records.write_if_other(path, json.dumps(notebook, ensure_ascii=False, indent=1).encode())


def downloads(path: Path) -> set[Path]:
    """Return the files that a page offers for download."""
    links = re.findall(r'href="([^"#?]*_downloads/[^"]+)"', path.read_text(encoding="utf-8"))
    return {(path.parent / unquote(link)).resolve() for link in links}


def sections_of(page: BeautifulSoup, name: str) -> list[dict[str, str]]:
    """Return title, address and text of each section of a page, without those inside it."""
    article = page.select_one("article")
    if article is None or article.h1 is None:
        return []
    for element in article.select(_SKIPPED):
        element.decompose()
    of_page = _text(article.h1)
    found = []
    for section in article.select("section[id]"):
        title = _text(section.find(re.compile(r"^h\d$")) or section)
        inner = [part.extract() for part in section.find_all("section", recursive=False)]
        found.append(
            {
                "page": of_page,
                "title": title,
                "url": name if title == of_page else f"{name}#{section['id']}",
                "text": _text(section).removeprefix(title).strip(),
            }
        )
        section.extend(inner)
    return found


def _text(element: Tag) -> str:
    return " ".join(element.get_text(" ").split())
