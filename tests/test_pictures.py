"""Figures of a page are sharp and small, and look like what was drawn."""

import base64
import io

import nbformat
import numpy as np
import pictures
import pytest
from PIL import Image


@pytest.fixture
def drawn():
    """A smooth picture of 400 x 200 pixels, to be shown at half of that."""
    ramp = np.linspace(0, 255, 400).astype(np.uint8)
    pixels = np.broadcast_to(ramp[None, :, None], (200, 400, 3))
    data = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(data, "PNG")
    return pixels, base64.b64encode(data.getvalue()).decode()


def test_a_figure_keeps_its_looks_and_is_shown_at_its_size(drawn):
    pixels, png = drawn
    new = nbformat.v4
    size = {"image/png": {"width": 200, "height": 100}}
    output = new.new_output("display_data", {"image/png": png}, metadata=size)
    cell = new.new_code_cell("draw()", outputs=[output])
    cell.metadata = nbformat.from_dict({"mystnb": {"figure": {}, "image": {"alt": "A ramp."}}})
    notebook = new.new_notebook(cells=[new.new_markdown_cell("# Title"), cell])
    pictures.fit(notebook)
    assert cell.metadata.mystnb.image == {"alt": "A ramp.", "classes": "narrow", "width": "200px"}
    kept = Image.open(io.BytesIO(base64.b64decode(cell.outputs[0].data["image/png"])))
    assert kept.mode == "P"
    assert np.abs(np.asarray(kept.convert("RGB")).astype(int) - pixels).max() <= 2
