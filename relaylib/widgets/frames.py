"""Pictures to leaf through in the page, without a kernel."""

import base64
import io
from collections.abc import Iterable
from typing import Any

import anywidget
import traitlets
from matplotlib.figure import Figure
from PIL import Image

from relaylib.core.checks import check_integer
from relaylib.widgets import source

MAX_FRAMES = 20
"""Every picture is part of the page."""
_N_COLOURS = 64  # a third of the bytes, without a visible difference


class Frames(anywidget.AnyWidget):
    """Show one picture at a time, with a slider and a play button.

    Parameters
    ----------
    pictures
        Figures, each with what it shows in words: the line above it and its alternative text.
    label
        What the slider counts, e.g. "nodes removed".
    start
        Number of the first picture.
    dpi
        Resolution of the pictures.
    index
        Which picture is shown first, from 0; can be set later.

    Raises
    ------
    ValueError
        If there is no picture, or more than 20, or none with that index.
    """

    _esm = source("common.js", "frames.js")
    _css = source("common.css", "frames.css")
    pictures = traitlets.List(traitlets.Dict()).tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    start = traitlets.Int(0).tag(sync=True)
    index = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        pictures: Iterable[tuple[Figure, str]],
        *,
        label: str,
        start: int = 0,
        dpi: int = 120,
        **shown: Any,
    ) -> None:
        made = [{"png": _png(figure, dpi), "text": text} for figure, text in pictures]
        if not 1 <= len(made) <= MAX_FRAMES:
            raise ValueError(f"pictures must be 1 to {MAX_FRAMES}, got {len(made)}")
        super().__init__(pictures=made, label=label, start=start, **shown)

    @traitlets.validate("index")
    def _check(self, proposal: Any) -> Any:
        return check_integer("index", proposal.value, 0, len(self.pictures) - 1)


def _png(figure: Figure, dpi: int) -> str:
    """Return a picture of a few colours, as base64."""
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=dpi)
    with Image.open(drawn) as picture:
        picture.convert("RGB").quantize(_N_COLOURS).save(small, format="png", optimize=True)
    return base64.b64encode(small.getvalue()).decode()
