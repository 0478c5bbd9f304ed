"""The interactive pieces of the book; they work with a kernel and without one.

Scripts and style sheets are files beside the modules. A widget holds their text (``_esm``,
``_css``), so that it needs no server; the files that widgets share come before its own.
"""

from pathlib import Path

_FOLDER = Path(__file__).parent


def source(*names: str) -> str:
    """Return the files of this folder as one text, e.g. ``source("common.js", "live.js")``."""
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)
