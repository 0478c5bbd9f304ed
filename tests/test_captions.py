"""Captions say the numbers of their run; pages of one notebook have figures of their own."""

import captions
import nbformat
import pytest
from pages import Page


def executed(alt="from {low} to {high}, {numref}`fig-9`"):
    new = nbformat.v4
    figure = {"figure": {"caption": "The {task} task.", "name": "fig-4"}, "image": {"alt": alt}}
    return new.new_notebook(
        cells=[
            new.new_markdown_cell("See {numref}`fig-4` and {numref}`fig-9`."),
            new.new_code_cell("draw()", metadata={"mystnb": figure}),
            new.new_code_cell(
                "glue(...)",
                outputs=[
                    new.new_output(
                        "display_data",
                        {"application/papermill.record/text/plain": shown},
                        metadata={"scrapbook": {"name": name}},
                    )
                    for name, shown in (("task", "'block'"), ("low", "0.5"), ("high", "'0.98'"))
                ],
            ),
        ]
    )


def test_glued_values_are_filled_in_and_roles_left_alone():
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


def test_a_page_with_parameters_names_its_own_equations():
    notebook = executed()
    notebook.cells[0].source += "\n```{math}\n:label: eq-a\nx\n```\n{eq}`eq-a`, {eq}`eq-b`"
    captions.fit(notebook, Page("03_relays", {"time": 3}))
    assert ":label: eq-a-time-3\nx" in notebook.cells[0].source
    assert notebook.cells[0].source.endswith("{eq}`eq-a-time-3`, {eq}`eq-b`")


def test_a_key_that_was_not_glued_is_an_error():
    with pytest.raises(KeyError, match="mistyped"):
        captions.fit(executed(alt="{mistyped}"), Page("04_knockouts"))
