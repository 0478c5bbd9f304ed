"""Captions say the numbers of their run; pages of one notebook have figures of their own."""

import captions
import nbformat
import pytest
from pages import Page
from prose import MIME


def executed(alt="from {low} to {high}, {numref}`fig-9`"):
    new = nbformat.v4
    figure = {"figure": {"caption": "The {task} task.", "name": "fig-4"}, "image": {"alt": alt}}
    told = {"text/markdown": "In [Fig. 4](#fig-4) it is 0.5."}
    return new.new_notebook(
        cells=[
            new.new_markdown_cell("See [Fig. 4](#fig-4) and [Fig. 9](#fig-9)."),
            new.new_code_cell("draw()", metadata={"mystnb": figure}),
            new.new_code_cell("numbers.keep(...)", outputs=[kept(task="block", low="0.5")]),
            new.new_code_cell("numbers.keep(...)", outputs=[kept(high="0.98")]),
            new.new_code_cell(
                "numbers.prose(...)", outputs=[new.new_output("execute_result", told)]
            ),
        ]
    )


def kept(**numbers):
    return nbformat.v4.new_output("display_data", {MIME: numbers})


def test_kept_numbers_are_filled_in_and_roles_left_alone():
    notebook = executed()
    captions.fit(notebook, Page("04_knockouts"))
    shown = notebook.cells[1].metadata.mystnb
    assert shown.figure.caption == "The block task."
    assert shown.image.alt == "from 0.5 to 0.98, {numref}`fig-9`"
    assert shown.figure.name == "fig-4"


def test_a_page_with_parameters_names_its_own_figures_alone():
    notebook = executed()
    captions.fit(notebook, Page("04_knockouts", {"task": "block"}))
    assert notebook.cells[1].metadata.mystnb.figure.name == "fig-4-task-block"
    assert notebook.cells[0].source == "See {numref}`fig-4-task-block` and {numref}`fig-9`."
    (output,) = notebook.cells[-1].outputs
    assert output.data["text/markdown"] == "In {numref}`fig-4-task-block` it is 0.5."


def test_a_page_with_parameters_names_its_own_equations():
    notebook = executed()
    notebook.cells[0].source += "\n$$\nx\n$$ <!-- eq-a -->\n\n[Eq. 1](#eq-a), [Eq. 1](#eq-b)"
    captions.fit(notebook, Page("03_relays", {"time": 3}))
    assert "x\n$$ (eq-a-time-3)\n" in notebook.cells[0].source
    assert notebook.cells[0].source.endswith("Eq. {eq}`eq-a-time-3`, Eq. {eq}`eq-b`")


@pytest.mark.parametrize(
    ("link", "role"),
    [
        ("[Fig.\n12](#fig-course-block)", "{numref}`fig-course-block`"),
        ("[(Dau et al., 2019)](#dau2019)", "{cite:p}`dau2019`"),
        ("[Hintze and Adami (2023)](#hintze2023)", "{cite:t}`hintze2023`"),
        ("[`entropy`](#relaylib.core.entropy)", "{py:func}`~relaylib.core.entropy`"),
        ("[Drift](06_drift.ipynb)", "[Drift](06_drift.ipynb)"),
        ("[below](#a-heading)", "[below](#a-heading)"),
    ],
)
def test_links_that_any_viewer_shows_become_roles(link, role):
    assert captions.with_roles(link) == role


def test_a_key_without_a_number_is_an_error():
    with pytest.raises(KeyError, match="mistyped"):
        captions.fit(executed(alt="{mistyped}"), Page("04_knockouts"))
