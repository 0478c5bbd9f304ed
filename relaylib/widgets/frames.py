"""A series of pictures behind a slider, made of stock widgets alone: it works without a kernel."""

import base64
import html
import io
from collections.abc import Iterable

import ipywidgets
from matplotlib.figure import Figure
from PIL import Image

MAX_FRAMES = 20
"""Every frame is stored in the page."""
_N_COLOURS = 64  # palette of each picture: a third of the bytes, without a visible difference


def frames(
    pictures: Iterable[tuple[Figure, str]], *, label: str, dpi: int = 120
) -> ipywidgets.VBox:
    """Show one picture at a time, with a slider and a play button.

    Parameters
    ----------
    pictures
        Figures, each with what it shows in words: the line above it and its alternative text.
    label
        What the slider counts, e.g. "nodes removed".
    dpi
        Resolution of the pictures.

    Returns
    -------
    ipywidgets.VBox
        A `Play` and an `IntSlider`, linked in the page itself to a `Stack` of pictures.

    Raises
    ------
    ValueError
        If there is no picture, or more than 20.
    """
    pages = [ipywidgets.HTML(_picture(figure, text, dpi)) for figure, text in pictures]
    if not 1 <= len(pages) <= MAX_FRAMES:
        raise ValueError(f"pictures must be 1 to {MAX_FRAMES}, got {len(pages)}")
    last = len(pages) - 1
    play = ipywidgets.Play(min=0, max=last, interval=900, description=label)
    slider = ipywidgets.IntSlider(
        min=0,
        max=last,
        description=label,
        readout=False,  # the line above the picture says it
        style={"description_width": "initial"},
        layout={"width": "min(100%, 26em)"},
    )
    stack = ipywidgets.Stack(pages, selected_index=0, layout={"width": "100%"})
    ipywidgets.jslink((play, "value"), (slider, "value"))
    ipywidgets.jslink((slider, "value"), (stack, "selected_index"))
    controls = ipywidgets.HBox([play, slider], layout={"flex_flow": "row wrap"})
    return ipywidgets.VBox([controls, stack])


def _picture(figure: Figure, text: str, dpi: int) -> str:
    source = base64.b64encode(_png(figure, dpi)).decode()
    words = html.escape(text, quote=True)
    image = f'<img src="data:image/png;base64,{source}" alt="{words}" style="max-width: 100%">'
    return f"<div><p>{words}</p>{image}</div>"


def _png(figure: Figure, dpi: int) -> bytes:
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=dpi)
    with Image.open(drawn) as picture:
        picture.convert("RGB").quantize(_N_COLOURS).save(small, format="png", optimize=True)
    return small.getvalue()
