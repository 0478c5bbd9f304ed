"""The stored results of MM-PHATE's claims: small, of known origin, and the same when recomputed."""

import json

import numpy as np
import pytest
import xarray as xr

from book.markdown_tables import listed
from book.mmphate_claims import STORED
from book.mmphate_tables import (
    above_chance,
    changes_table,
    foretold_table,
    kept_table,
    most_kept,
)
from book.stored import stored_results
from relaylib.mmphate.embeddings import ALGORITHMS
from relaylib.studies.claims.mmphate import mmphate_ledger
from relaylib.studies.mmphate_config import MapStudyConfig
from relaylib.studies.mmphate_study import run_mmphate_study

WITHOUT_MAP = (
    "epoch",
    "data_displacement",
    "intra_step_change_bits",
    "inter_step_change_bits",
    "activation_norm",
    "test_accuracy",
    "chance",
)


@pytest.fixture(scope="module")
def stored() -> xr.Dataset:
    return stored_results(STORED.name)


def test_stored_results_are_small_and_say_how_they_were_made(stored):
    assert STORED.stat().st_size < 1_000_000
    for name in ("configuration", "code_hash", "versions", "created", "processor_seconds"):
        assert stored.attrs[name]
    assert stored.attrs["peak_memory_mb"] < 2000
    config = json.loads(stored.attrs["configuration"])
    assert stored.task.values.tolist() == list(config["tasks"])
    assert stored.architecture.values.tolist() == list(config["architectures"])
    compared = stored.kept.notnull().any(["algorithm", "community"]).sum("replicate")
    assert (compared == config["n_compared"]).all()


def test_one_network_is_recomputed(stored, tmp_path):
    where = {"task": ["BasicMotions"], "architecture": ["GRU"]}
    few = MapStudyConfig(tasks=("BasicMotions",), architectures=("GRU",), n_compared=1, n_ranked=1)
    again = run_mmphate_study(few, store=tmp_path)
    sizes = {dim: slice(again.sizes[dim]) for dim in ("moment", "interval")}
    wanted = stored.sel(where).isel(replicate=[0], **sizes)
    for name in WITHOUT_MAP:
        there = wanted[name].transpose(*again[name].dims)
        np.testing.assert_allclose(there, again[name], atol=1e-5, err_msg=name)
    for name in ("kept", "displacement"):  # rounding decides where a map ends
        there = wanted[name].transpose(*again[name].dims)
        np.testing.assert_allclose(there, again[name], atol=0.1, err_msg=name)


def test_tables_have_a_line_for_every_case_and_the_numbers_of_the_ledger(stored):
    m1, m2, m3 = mmphate_ledger(stored)
    n_cases = stored.sizes["task"] * stored.sizes["community"]
    assert len(kept_table(stored).splitlines()) == n_cases + 2
    most = most_kept(stored)
    assert set(most) == set(ALGORITHMS)
    assert sum(most.values()) == n_cases == above_chance(m1)[1]
    assert len(changes_table(m2).splitlines()) == 2 * stored.sizes["task"] + 2
    first = next(group for group in m2.groups if group.holds is not None)
    assert f"| {first.group} | {first.estimate:.2f} [" in changes_table(m2)
    assert "raw norm" in foretold_table(m3).splitlines()[0]
    assert "BasicMotions within" in foretold_table(m3)


def test_lists_are_in_words():
    assert listed(["a"]) == "a"
    assert listed("abc") == "a, b and c"
    assert listed([]) == "none"
