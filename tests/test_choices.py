"""The page of choices names fields that exist, with the defaults that they have."""

import ast
import dataclasses
import re

import pytest
from conftest import ROOT

from relaylib import MemoryTask, StudyConfig, TrainingConfig
from relaylib.studies.knockouts import KnockoutConfig
from relaylib.studies.latent import LatentConfig
from relaylib.studies.training_maps import MapConfig

PAGE = (ROOT / "book" / "choices.md").read_text()
ROWS = re.findall(r"^\|[^|]*\| `(\w+)\.(\w+)` \| `([^|]*)` \|", PAGE, re.MULTILINE)
CONFIGS = (MemoryTask, StudyConfig, TrainingConfig, KnockoutConfig, LatentConfig, MapConfig)
OWNERS = {config.__name__: config for config in CONFIGS}


@pytest.mark.parametrize(("owner", "field", "default"), ROWS)
def test_a_listed_choice_has_this_default(owner, field, default):
    assert getattr(OWNERS[owner](), field) == ast.literal_eval(default)


@pytest.mark.parametrize(
    ("config", "stated"),
    [
        (StudyConfig, {"tasks", "architectures", "regimes", "n_replicates", "seed", "n_nodes"}),
        (KnockoutConfig, {"study", "task"}),
        (LatentConfig, {"study"}),
        (MapConfig, {"study"}),
    ],
)
def test_every_open_field_is_listed(config, stated):
    listed = {field for owner, field, _ in ROWS if OWNERS[owner] in (config, TrainingConfig)}
    assert {field.name for field in dataclasses.fields(config)} - stated <= listed


def test_no_row_of_a_table_escapes_the_check():
    assert len(ROWS) == len(re.findall(r"^\| [^|]+ \| `\w+\.\w+`", PAGE, re.MULTILINE))
