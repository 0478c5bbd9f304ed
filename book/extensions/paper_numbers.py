"""Sphinx extension: figures of the paper keep their numbers, wherever other chapters stand.

Figures named ``fig-1``, ``fig-2``, ... are numbered first, in their order; all others follow them.
"""

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

PAPERS = re.compile(r"fig-\d+")


def renumber(_: Sphinx, env: BuildEnvironment) -> None:
    """Number the figures of the book again, those with the paper's names first."""
    figures = [
        (not PAPERS.fullmatch(name), number, of_page, name)
        for kinds in env.toc_fignumbers.values()
        for of_page in [kinds.get("figure", {})]
        for name, number in of_page.items()
    ]
    figures.sort(key=lambda figure: figure[:2])
    for number, (_is_other, _old, of_page, name) in enumerate(figures, start=1):
        of_page[name] = (number,)


def setup(app: Sphinx) -> dict[str, Any]:
    """Renumber after the pages are read and kept, so that the next build starts from Sphinx's."""
    app.connect("env-check-consistency", renumber)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
