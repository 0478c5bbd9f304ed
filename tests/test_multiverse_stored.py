"""The stored multiverse: complete, small, of known origin, and the same when recomputed."""

import json
import subprocess
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from conftest import ROOT

from book.multiverse import TARGET, dropout_of, effects_of
from book.stored import LARGEST_BYTES, stored_results
from relaylib.studies.choices import ANALYSIS, RNN_ALONE, TRAINING, Analysis
from relaylib.studies.claims.multiverse import DEFAULT
from relaylib.studies.multiverse import MultiverseConfig
from relaylib.studies.multiverse_run import run_multiverse
from relaylib.studies.universe import measure_part
from relaylib.widgets.multiverse import MultiverseExplorer


@pytest.fixture(scope="module")
def stored() -> xr.Dataset:
    return stored_results(TARGET.name)


def test_it_is_small_and_says_how_it_was_made(stored):
    assert TARGET.stat().st_size <= LARGEST_BYTES
    for name in ("configuration", "code_hash", "versions", "created"):
        assert stored.attrs[name]
    config = config_of(stored)
    assert config["n_training"] * config["n_analysis"] == stored.sizes["universe"]


def test_it_is_complete(stored):
    assert set(np.bincount(stored.training)) == {config_of(stored)["n_analysis"]}
    assert stored.seed.values.tolist() == [2025, 1]
    n_levels = sum(len(levels) - 1 for levels in (TRAINING | RNN_ALONE | ANALYSIS).values())
    assert stored.sizes["deviation"] == n_levels + 1
    assert stored.single_verdict.isin(range(4)).all()
    assert dropout_of(stored).sizes["replicate"] == 20
    effects = effects_of(stored)
    assert effects.mean_total.notnull().all()
    assert (effects.mean_low <= effects.mean_high).all()


def test_what_is_stored_is_not_computed_again(stored, tmp_path):
    config = MultiverseConfig(n_training=config_of(stored)["n_training"])
    nothing = replace(config, n_training=0, single_seeds=())
    code = {"made_by": run_multiverse(nothing, store=tmp_path).made_by}
    found = run_multiverse(config, known=stored.assign_attrs(code), store=tmp_path)
    assert not list(tmp_path.glob("*.nc"))
    assert found.sizes["universe"] == stored.sizes["universe"]
    for name, values in found.data_vars.items():
        xr.testing.assert_identical(values.variable, stored[name].variable)
    assert {"verdict", "single_verdict", "lag"} <= set(found) < set(stored)


def test_the_explorer_of_the_page_takes_less_than_a_megabyte(stored):
    widget = MultiverseExplorer(stored, effects_of(stored))
    n_bytes = sum(len(each) for each in (widget.levels, widget.verdicts, widget.estimates))
    assert 4 / 3 * n_bytes + len(json.dumps(widget.contents)) < 1_000_000


@pytest.mark.slow
def test_a_single_deviation_drawn_by_the_commit_is_recomputed(stored):
    """Another one for each commit: RNNs on the memory task, trained so that bits are the same."""
    found = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    rng = np.random.default_rng(int(found.stdout.strip(), 16))
    universes = [u for u in MultiverseConfig(n_training=0).universes() if is_compiled(u)]
    universe = universes[rng.integers(len(universes))]
    part = replace(next(universe.parts()), analyses=(Analysis(),), analysis_levels=((),))
    measured = measure_part(part).isel(analysis=0)
    names = [f"{choice}: {level}" for choice, level in universe.training_levels] or [DEFAULT]
    row = stored.sel(seed=part.study.seed, deviation=names[0])
    untrained = (measured.population_accuracy < part.study.accuracy_goal).mean("replicate")
    where = {"task": "memory", "architecture": "RNN"}
    np.testing.assert_array_equal(row.single_untrained_fraction.sel(where), untrained)
    smeared = measured.nodes_per_concept.sel(regime="random").mean()
    is_it = (row.row_id == "C12") & (row.row_group == "memory RNN, nodes per concept")
    assert is_it.sum() == 1
    np.testing.assert_allclose(row.single_estimate[is_it.values], smeared, rtol=1e-6)


def config_of(stored):
    return json.loads(stored.attrs["configuration"])


def is_compiled(universe):
    """Whether its RNNs are trained by the backend that gives the same bits everywhere."""
    conditions = next(universe.parts()).study.conditions()
    return all(condition.gradients == "compiled" for condition in conditions)
