"""The page of choices names fields that exist, with the defaults that they have."""

import ast
import dataclasses
import re
from pathlib import Path

import pytest

import relaylib

PAGE = Path(__file__).parents[1] / "book" / "choices.md"
ROWS = re.findall(r"^\|[^|]*\| `(\w+)\.(\w+)` \| `([^|]*)` \|", PAGE.read_text(), re.MULTILINE)


@pytest.mark.parametrize(("owner", "field", "default"), ROWS)
def test_a_listed_choice_has_this_default(owner, field, default):
    config = getattr(relaylib, owner)()
    assert getattr(config, field) == ast.literal_eval(default)


def test_every_open_field_of_the_study_is_listed():
    stated = {"tasks", "architectures", "regimes", "n_replicates", "seed", "n_nodes"}
    shared = {field.name for field in dataclasses.fields(relaylib.TrainingConfig)}
    listed = {field for _, field, _ in ROWS}
    open_fields = {field.name for field in dataclasses.fields(relaylib.StudyConfig)} - stated
    assert open_fields <= listed
    assert {"learning_rate", "accuracy_goal", "max_epochs"} <= shared & listed
