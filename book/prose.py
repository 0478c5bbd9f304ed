"""Prose of a notebook that states numbers of its run; readable in Jupyter and in the book alike.

The text is the Markdown output of a cell. The book renders it with its roles and cross-references
(``nb_render_markdown_format`` in _config.yml).
"""

import re
from collections.abc import Mapping
from typing import Any

from IPython.display import Markdown, display

MIME = "application/vnd.relaylib.numbers+json"
"""The type of an output that keeps numbers; nothing shows it."""
_PLACE = re.compile(r"(?<![\w\\^}])\{([a-z]\w*)\}(?!`)")
"""``{name}``, but neither a role (``{name}`text` ``) nor an argument in TeX (``x_{name}``)."""


class Numbers(dict[str, str]):
    """The numbers of a notebook's run by name, as they are printed."""

    def keep(self, prefix: str = "", /, **values: Any) -> None:
        """Add values, and keep them in the notebook, for the captions of its figures.

        Parameters
        ----------
        prefix
            If not empty, a word that is put before each name: ``prefix_name``.
        """
        before = f"{prefix}_" if prefix else ""
        shown = {before + name: str(value) for name, value in values.items()}
        self.update(shown)
        display({MIME: shown}, raw=True)

    def prose(self, text: str) -> Markdown:
        """Return a text in Markdown with its ``{name}`` replaced by the numbers of these names.

        Raises
        ------
        KeyError
            If there is no number of a name.
        """
        return Markdown(fill(text.strip("\n"), self))


def fill(text: str, numbers: Mapping[str, str]) -> str:
    """Return ``text`` with each ``{name}`` replaced by ``numbers[name]``; KeyError if missing."""
    return _PLACE.sub(lambda place: numbers[place[1]], text)


def check_sentences(in_the_text: Mapping[str, Any], given: str = "these parameters") -> Markdown:
    """Say on the page which of its sentences the data do not bear out.

    Parameters
    ----------
    in_the_text
        What the text says in fixed words, and whether the data say it too; a comparison with NaN
        does not hold.
    given
        What the data depend on.
    """
    wrong = [sentence for sentence, holds in in_the_text.items() if not bool(holds)]
    if wrong:
        return Markdown(
            f"**With {given}, these sentences of the page do not hold:** {'; '.join(wrong)}."
        )
    return Markdown(f"With {given}, all checked sentences hold.")
