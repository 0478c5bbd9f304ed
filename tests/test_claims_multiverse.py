"""C17 and C20 are judged from single deviations by the rules that were fixed for them."""

import re
from dataclasses import replace

import numpy as np
import pytest
from multiverse_cases import made_up_dropout, made_up_singles

from relaylib.studies.choices import ANALYSIS
from relaylib.studies.claims.multiverse import (
    MULTIVERSE_TEXTS,
    counteracted,
    judge_c17,
    judge_c20,
)
from relaylib.studies.config import StudyConfig
from relaylib.studies.multiverse import MultiverseConfig
from relaylib.studies.state_dropout import run_state_dropout
from relaylib.studies.universe import measure_part
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask


def with_c9(found, deviation, n_groups, *, task="memory", **values):
    """Give the first groups of C9 of a task other values, with seed 2025."""
    is_of = [group.startswith(f"{task} delay") for group in found.row_group.values]
    rows = np.flatnonzero((found.row_id.values == "C9") & is_of)[:n_groups]
    at = found.deviation.values.tolist().index(deviation)
    changed = found.copy(deep=True)
    for name, value in values.items():
        changed[f"single_{name}"].values[0, at, rows] = value
    return changed


def test_nothing_counteracts_where_every_group_stays_as_it_was():
    claim = judge_c17(made_up_singles(), seed=2025)
    assert claim.verdict == "reproduced"
    assert [group.estimate for group in claim.groups[:2]] == [0, 0]
    assert {group.holds for group in claim.groups[2:]} == {None}


@pytest.mark.parametrize(
    ("values", "n_groups", "verdict"),
    [
        ({"low": -0.01}, 5, "partly"),  # half of ten groups: the interval reaches below 0
        ({"low": -0.01}, 4, "reproduced"),
        ({"low": 0.0}, 5, "partly"),  # the interval touches 0
        ({"estimate": 0.124, "low": 0.1}, 5, "partly"),  # below a quarter of 0.5
        ({"estimate": 0.126, "low": 0.1}, 10, "reproduced"),
    ],
)
def test_a_deviation_counteracts_if_half_of_its_groups_do(values, n_groups, verdict):
    found = with_c9(made_up_singles(), "loss: cross-entropy", n_groups, **values)
    assert judge_c17(found, seed=2025).verdict == verdict
    assert judge_c17(found, seed=1).verdict == "reproduced"


def test_one_deviation_on_both_tasks_or_two_on_one_each():
    both = made_up_singles()
    for task in ("memory", "block"):
        both = with_c9(both, "nodes: 6", 6, task=task, low=-1)
    claim = judge_c17(both, seed=2025)
    assert claim.verdict == "not reproduced"
    assert [group.estimate for group in claim.groups[:2]] == [1, 1]
    named = {group.group: group.estimate for group in claim.groups}
    assert named["memory, nodes: 6"] == named["block, nodes: 6"] == pytest.approx(0.6)
    apart = with_c9(made_up_singles(), "nodes: 6", 6, low=-1)
    apart = with_c9(apart, "nodes: 24", 6, task="block", low=-1)
    assert judge_c17(apart, seed=2025).verdict == "partly"


def test_deviations_of_analysis_are_listed_and_do_not_count():
    found = made_up_singles()
    for task in ("memory", "block"):
        found = with_c9(found, "lag: 2", 10, task=task, low=-1)
    claim = judge_c17(found, seed=2025)
    assert claim.verdict == "reproduced"
    (listed,) = [group for group in claim.groups if group.group == "memory, lag: 2"]
    assert (listed.estimate, listed.holds) == (1, None)
    assert "analysis" in listed.quantity


def test_groups_without_an_interval_are_left_out():
    found = with_c9(made_up_singles(), "optimiser: SGD", 8, low=np.nan, estimate=np.nan)
    judged = counteracted(found, seed=2025).sel(deviation="optimiser: SGD", task="memory")
    assert (judged.n_judged, judged.share, judged.counteracts) == (2, 0, False)
    none = with_c9(made_up_singles(), "optimiser: SGD", 10, low=np.nan, estimate=np.nan)
    judged = counteracted(none, seed=2025).sel(deviation="optimiser: SGD", task="memory")
    assert judged.n_judged == 0
    assert np.isnan(judged.share)
    assert judge_c17(none, seed=2025).verdict == "reproduced"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: judge_c17(made_up_singles(), seed=3), "seed must be one of 2025, 1; got 3"),
        (
            lambda: judge_c17(made_up_singles().isel(deviation=slice(1, None)), seed=1),
            "found must name its rows and deviations, with 'default' among them",
        ),
        (
            lambda: judge_c20(made_up_dropout().isel(state_dropout=[0, 1]), seed=1),
            "smearing must have state_dropout 0 and 0.3, got [0.0, 0.1]",
        ),
        (lambda: judge_c20(made_up_dropout(), seed=3), "seed must be one of 2025, 1; got 3"),
    ],
)
def test_what_is_missing_is_named(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_more_smearing_with_dropout_reproduces_c20_and_other_sizes_do_not_count():
    claim = judge_c20(made_up_dropout(), seed=2025)
    assert claim.verdict == "reproduced"
    assert (len(claim.groups), sum(group.holds is not None for group in claim.groups)) == (36, 12)
    for group in claim.groups:
        assert group.low < group.estimate < group.high
        size = float(group.group.split()[-1])
        assert group.estimate == pytest.approx(0.5 * size / 0.3, abs=0.1)
    assert judge_c20(made_up_dropout(more=-0.5), seed=2025).verdict == "not reproduced"
    one = made_up_dropout()
    one["nodes_per_concept"].loc[{"architecture": "RNN"}] = 1.0
    claim = judge_c20(one, seed=1)
    assert claim.verdict == "partly"
    assert {g.group for g in claim.groups if g.holds is False} == {
        "memory RNN, dropout 0.3",
        "block RNN, dropout 0.3",
    }


def test_every_text_has_a_rule_and_a_way_to_fail():
    assert set(MULTIVERSE_TEXTS) == {"C17", "C20"}
    assert all(all(text) for text in MULTIVERSE_TEXTS.values())


def test_networks_with_dropout_are_those_of_the_multiverse(tmp_path, monkeypatch):
    monkeypatch.setattr("relaylib.studies.multiverse.ANALYSIS", {"lag": ANALYSIS["lag"]})
    study = StudyConfig(
        n_nodes=4,
        n_replicates=2,
        max_epochs=3,
        max_attempts=1,
        accuracy_goal=0.3,
        test_delays=(0, 1),
        regimes=("random",),
        tasks=(MemoryTask(), BlockTask()),
        on_unsolved="record",
    )
    config = MultiverseConfig(
        study,
        n_training=0,
        n_random=1,
        single_seeds=(5,),
        single_replicates=2,
        single_regimes=("random",),
    )
    found = run_state_dropout(config, sizes=(0.3, 0.5), store=tmp_path)
    assert dict(found.sizes) == {
        "seed": 1,
        "state_dropout": 3,
        "task": 2,
        "architecture": 3,
        "replicate": 2,
    }
    levels = (("state dropout", "0.3"),)
    (universe,) = [u for u in config.universes() if u.training_levels == levels]
    part = next(universe.parts())  # memory, RNN
    one = measure_part(part).isel(analysis=0, regime=0)
    kept = found.sel(seed=5, state_dropout=0.3, task="memory", architecture="RNN")
    for name in ("nodes_per_concept", "shared_fraction"):
        np.testing.assert_array_equal(kept[name], one[name])
    with pytest.raises(ValueError, match="sizes must be distinct, one or more, got"):
        run_state_dropout(config, sizes=(0.3, 0.3), store=tmp_path)
    with pytest.raises(ValueError, match="config must have single_seeds, and random among"):
        run_state_dropout(replace(config, single_seeds=()), store=tmp_path)
