"""Images of figures: high resolution, a palette of 256 colours, shown at their designed size."""

import base64
import io

import nbformat
from PIL import Image

NARROW = 460
"""Pixels: a figure up to this width is shrunk to fit a phone, wider ones scroll there."""

SHARP = '%config InlineBackend.figure_formats = ["retina"]'
"""Run before a notebook: figures with twice the resolution at which they are shown."""


def fit(notebook: nbformat.NotebookNode) -> None:
    """Give every figure of an executed notebook its designed width and a palette."""
    for cell in notebook.cells:
        shown = cell.metadata.get("mystnb", {})
        if "figure" in shown:
            (output,) = (o for o in cell.outputs if "image/png" in o.get("data", {}))
            output.data["image/png"] = _in_palette(output.data["image/png"])
            width = output.metadata["image/png"]["width"]
            if width <= NARROW:
                shown["image"]["classes"] = "narrow"
            shown["image"]["width"] = f"{output.metadata['image/png']['width']}px"


def _in_palette(png: str) -> str:
    """Return an image (base64) reduced to 256 colours, a third of the bytes."""
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    data = io.BytesIO()
    picture.quantize(256).save(data, "PNG", optimize=True)
    return base64.b64encode(data.getvalue()).decode()
