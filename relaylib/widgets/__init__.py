"""The interactive pieces of the book; they work with a kernel and without one.

The scripts and style sheets lie beside the modules. A widget travels as text (``_esm``, ``_css``),
so that it needs no server; what widgets share is put before each one's own.
"""

from pathlib import Path

_FOLDER = Path(__file__).parent


def source(*names: str) -> str:
    """Return the files of this folder as one text, e.g. ``source("common.js", "live.js")``."""
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)
