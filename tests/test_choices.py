"""The page of choices lists existing fields with their defaults."""

import ast
import dataclasses
import re

import pytest
from conftest import ROOT

from relaylib import MemoryTask, StudyConfig, TrainingConfig
from relaylib.networks.first_weights import FirstWeights
from relaylib.studies.attribution import AttributionConfig
from relaylib.studies.knockouts import KnockoutConfig
from relaylib.studies.latent import LatentConfig
from relaylib.studies.node_noise import NodeNoiseConfig
from relaylib.studies.noise_levels import NoiseConfig
from relaylib.studies.training_maps import MapConfig
from relaylib.studies.witnesses import WitnessConfig

PAGE = (ROOT / "book" / "choices.md").read_text()
ROWS = re.findall(r"^\|[^|]*\| `(\w+)\.(\w+)` \| `([^|`]*)`[^|`]*\|", PAGE, re.MULTILINE)
CONFIGS = (
    MemoryTask,
    StudyConfig,
    TrainingConfig,
    KnockoutConfig,
    LatentConfig,
    NoiseConfig,
    AttributionConfig,
    MapConfig,
    FirstWeights,
    WitnessConfig,
    NodeNoiseConfig,
)
NESTED = {"first_weights"}  # its own fields are listed
OWNERS = {config.__name__: config for config in CONFIGS}


@pytest.mark.parametrize(("owner", "field", "default"), ROWS)
def test_a_listed_choice_has_this_default(owner, field, default):
    assert getattr(OWNERS[owner](), field) == ast.literal_eval(default)


@pytest.mark.parametrize(
    ("config", "stated"),
    [
        (
            StudyConfig,
            {"tasks", "architectures", "regimes", "n_replicates", "seed", "n_nodes"} | NESTED,
        ),
        (FirstWeights, set()),
        (WitnessConfig, {"study"}),
        (NodeNoiseConfig, {"study"}),
        (KnockoutConfig, {"study", "task"}),
        (LatentConfig, {"study"}),
        (NoiseConfig, {"latent", "regime"}),
        (AttributionConfig, {"study"}),
        (MapConfig, {"study"}),
    ],
)
def test_every_open_field_is_listed(config, stated):
    listed = {field for owner, field, _ in ROWS if OWNERS[owner] in (config, TrainingConfig)}
    assert {field.name for field in dataclasses.fields(config)} - stated <= listed


def test_every_row_of_the_tables_is_checked():
    assert len(ROWS) == len(re.findall(r"^\| [^|]+ \| `\w+\.\w+`", PAGE, re.MULTILINE))
