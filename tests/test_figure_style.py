"""The style of the figures, and how often a notebook shows a figure."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import xarray as xr
from nbclient import NotebookClient

from relaylib.figures import style

DRAW = "fig01_tasks.draw((MemoryTask(),))"
IMPORTS = "from relaylib.figures import fig01_tasks\nfrom relaylib.tasks.memory import MemoryTask"
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"


def test_a_notebook_shows_a_figure_once_and_only_as_the_value_of_a_cell():
    sources = {
        IMPORTS: 0,
        f"figure = {DRAW}": 0,
        PLOT: 1,  # even if the first figure of the kernel was one of ours
        DRAW: 1,
        f"figure = {DRAW}\nfigure": 1,
        f"plt.plot([1, 2]); other = {DRAW}": 1,
    }
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    pictures = [
        sum("image/png" in output.get("data", {}) for output in cell.outputs)
        for cell in notebook.cells
    ]
    assert pictures == list(sources.values())


def test_settings_and_open_figures_are_as_before(tmp_path):
    mine, before = plt.figure(), mpl.rcParams.copy()
    with style.panels(2, 3, 2.0) as (figure, axes):
        assert mpl.rcParams["font.size"] == 8
        assert axes.shape == (2, 3)
    assert mpl.rcParams == before
    assert plt.get_fignums() == [mine.number]
    figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000
    with pytest.raises(ValueError, match="columns"), style.style():
        plt.subplots(1, -1)
    assert plt.get_fignums() == [mine.number]
    plt.close(mine)


def test_twenty_concepts_look_different():
    looks = [style.concept_look(index) for index in range(20)]
    assert len({(look["color"], look["marker"]) for look in looks}) == 20


def test_names_of_concepts_come_from_concept_name_or_concept():
    bits = xr.DataArray(np.zeros(2), {"concept": ["A", "B"]}, ["concept"])
    assert style.concept_names(bits) == ["A", "B"]
    named = bits.assign_coords(concept_name=("concept", ["left", "right"]))
    assert style.concept_names(named) == ["left", "right"]


def test_half_of_a_confidence_interval():
    values = np.array([[1.0], [2.0], [3.0]])
    assert style.confidence95(values)[0] == pytest.approx(4.302653 / np.sqrt(3))
    assert style.confidence95(values[:1])[0] == 0
