"""Highlight the source of modules only in builds that read a page about one of them.

To see whether a module is newer than the page that shows its source, Sphinx's viewcode imports each
documented module, and torch with them. Pages that document a module are read again when it changes;
so where none of them is read, there is nothing to highlight.
"""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.ext import viewcode


def setup(app: Sphinx) -> dict[str, Any]:
    """Decide it as soon as it is known which pages are read."""
    app.connect("env-before-read-docs", skip)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def skip(app: Sphinx, env: BuildEnvironment, read: list[str]) -> None:
    """Let viewcode write nothing if all that it could write is there."""
    documented = {
        name: kept for name, kept in getattr(env, "_viewcode_modules", {}).items() if kept
    }
    pages = {page for _, _, used, _ in documented.values() for page in used.values()}
    there = Path(app.outdir, viewcode.OUTPUT_DIRNAME)
    written = (there / f"{name.replace('.', '/')}.html" for name in documented)
    if documented and not pages & set(read) and all(path.is_file() for path in written):
        for listener in list(app.events.listeners["html-collect-pages"]):
            if listener.handler is viewcode.collect_pages:
                app.disconnect(listener.id)
