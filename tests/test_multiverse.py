"""The design of the multiverse, one universe from training to verdicts, and the whole, small."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from relaylib.measures.drift import drift
from relaylib.measures.smearing import smearing
from relaylib.studies.choices import (
    ANALYSIS,
    RNN_ALONE,
    TRAINING,
    Analysis,
    analysed_with,
    trained_with,
)
from relaylib.studies.claims.claim import Claim
from relaylib.studies.claims.inputs import FIXED, BasicInputs
from relaylib.studies.claims.rules import BASIC_RULES
from relaylib.studies.config import StudyConfig
from relaylib.studies.knockouts import KnockoutConfig, mean_losses, run_knockouts
from relaylib.studies.multiverse import MultiverseConfig
from relaylib.studies.multiverse_run import run_multiverse
from relaylib.studies.study import run_study
from relaylib.studies.universe import Universe, measure_part, together
from relaylib.studies.verdicts import VERDICTS, judge
from relaylib.tasks.memory import MemoryTask

SMALL = StudyConfig(n_replicates=2, on_unsolved="record")
BASIC = [*(f"C{number}" for number in range(1, 13)), "C16"]


@pytest.fixture(scope="module")
def measured(small_study):
    """The universe of all defaults, with the networks of the small study; and another analysis."""
    analyses = (Analysis(), Analysis(discretiser="sign", similarity="cosine", value="increment"))
    universe = Universe(replace(SMALL, on_unsolved="raise"), analyses, (), ((), ()), n_random=50)
    return universe, together(universe, [measure_part(part) for part in universe.parts()])


def test_a_universe_of_defaults_measures_what_the_study_does(measured, small_study):
    """By another way: the stored study, its knockouts, drift and smearing."""
    study = run_study(small_study.config, store=small_study.store)
    _, found = measured
    default = found.isel(analysis=0)
    for name in ("accuracy", "population_accuracy", "attempts", "epochs"):
        assert (default[name].transpose(*study[name].dims).values == study[name].values).all()
    drifted = drift(study.information_bits)
    for name in ("correlation", "overlap"):
        values = default[name].transpose(*drifted[name].dims).values
        np.testing.assert_array_equal(values, drifted[name].values)
    carried = smearing(study.information_bits.sel(regime="random", time=10))
    wanted = carried.nodes_per_concept.mean("concept")
    assert (default.nodes_per_concept.sel(regime="random") == wanted).all()
    knockouts = run_knockouts(KnockoutConfig(small_study.config), store=small_study.store)
    losses = mean_losses(knockouts)
    for name in losses:
        values = default[name].sel(task="memory", regime="random")
        assert abs(values.values - losses[name].values).max() < 1e-12


def basic_inputs(small_study):
    """What the ledger takes from the study and its knockouts."""
    config, store = small_study.config, small_study.store
    study = run_study(config, store=store)
    knockouts = {
        task: run_knockouts(KnockoutConfig(config, task), store=store)
        for task in ("memory", "block")
    }
    carried = smearing(study.information_bits.sel(regime="random", time=10))
    return BasicInputs(
        config,
        study,
        drift(study.information_bits),
        {task: mean_losses(found) for task, found in knockouts.items()},
        {
            task: found.relaying.sel(n_knocked_out=12).mean(["relays_of", "concept"])
            for task, found in knockouts.items()
        },
        carried.nodes_per_concept.mean("concept"),
        (carried.concepts_per_node >= 2).mean("node"),
    )


def test_a_universe_of_defaults_is_judged_as_the_ledger_judges(measured, small_study):
    universe, found = measured
    judged = judge(universe, found)
    assert judged.claim.values.tolist() == BASIC
    inputs = basic_inputs(small_study)
    for index, id in enumerate(BASIC):
        groups = tuple(BASIC_RULES[id](inputs))
        verdict = Claim(id, "", "", "", "", "", groups).verdict
        assert VERDICTS[int(judged.verdict[0, index])] == verdict, id
        rows = judged.isel(analysis=0, row=judged.id.values == id)
        for name in ("estimate", "low", "high"):
            wanted = [getattr(group, name) for group in groups]
            np.testing.assert_allclose(rows[name].values, wanted, atol=1e-12)
    training = np.isin(judged.id.values, ["C1", "C2", "C3", "C4", "C16"])
    assert (judged.estimate[0, training] == judged.estimate[1, training]).all()
    drifted = judged.estimate[:, judged.id.values == "C9"].values
    assert (drifted[0] != drifted[1]).any()


def test_networks_that_cannot_be_trained_are_counted_and_left_out():
    study = replace(
        SMALL,
        tasks=(MemoryTask(),),
        architectures=("GRU",),
        regimes=("1", "random"),
        max_epochs=60,
        max_attempts=1,
        n_replicates=6,
        seed=4,
    )
    part = measure_part(Universe(study))
    is_done = part.population_accuracy >= 0.98
    assert set(is_done.values.ravel().tolist()) == {True, False}
    assert (
        part.correlation.isel(analysis=0).notnull().sel(regime="1") == is_done.sel(regime="1")
    ).all()
    own = part.own.isel(analysis=0)
    assert (own.sel(regime="random").notnull() == is_done.sel(regime="random")).all()
    assert own.sel(regime="1").isnull().all()
    assert part.accuracy.notnull().all()


def test_every_level_is_a_study_or_an_analysis_of_its_own():
    training = [
        trained_with(SMALL, {choice: level})
        for choice, levels in (TRAINING | RNN_ALONE).items()
        for level in levels
    ]
    assert len(set(training)) == len(training) - len(TRAINING | RNN_ALONE) + 1
    analyses = [analysed_with({c: level}) for c, levels in ANALYSIS.items() for level in levels]
    assert len(set(analyses)) == len(analyses) - len(ANALYSIS) + 1


def test_the_design_holds_every_deviation_and_fills_the_space():
    config = MultiverseConfig()
    universes = list(config.universes())
    assert sum(len(universe.analyses) for universe in universes[-256:]) == 4096
    for seed in (2025, 1):
        single = [u for u in universes if u.study.seed == seed and u.study.n_replicates == 20]
        named = [pair for u in single for pair in u.training_levels]
        assert len(named) == len(set(named)) == len(single) - 1
        n_levels = sum(len(levels) - 1 for levels in (TRAINING | RNN_ALONE).values())
        assert len(named) == n_levels
        n_analyses = sum(len(levels) - 1 for levels in ANALYSIS.values())
        assert len(single[0].analyses) == 1 + n_analyses
        assert {u.study.regimes for u in single} == {(*FIXED, "random")}
    filling = [dict(u.training_levels) for u in universes[-256:]]
    for choice, levels in TRAINING.items():
        counts = [sum(u[choice] == level for u in filling) for level in levels]
        assert max(counts) - min(counts) <= 4, choice
    for a, b in (("loss", "optimiser"), ("nodes", "nonlinearity")):
        pairs = {(u[a], u[b]) for u in filling}
        assert len(pairs) == len(TRAINING[a]) * len(TRAINING[b])
    again = MultiverseConfig(single_seeds=(), n_training=4, n_analysis=16)
    assert next(again.universes()) == next(again.universes())


def test_the_whole_multiverse_small(tmp_path):
    study = replace(
        SMALL,
        max_epochs=25,
        max_attempts=1,
        accuracy_goal=0.6,
        regimes=("5", "random"),
        n_sampled=16,
    )
    config = MultiverseConfig(
        study, n_training=2, n_analysis=2, n_random=2, single_seeds=(), single_replicates=2
    )
    found = run_multiverse(config, store=tmp_path)
    assert dict(found.verdict.sizes) == {"universe": 4, "claim": 13}
    assert found.verdict.isin(range(4)).all()
    for choice, levels in (TRAINING | ANALYSIS).items():
        assert found[choice].attrs["levels"] == list(levels)
        assert found[choice].isin(range(len(levels))).all()
    again = run_multiverse(config, store=tmp_path)
    xr.testing.assert_identical(found, again)
    assert len(list(tmp_path.glob("part-*.nc"))) == 12
    first = run_multiverse(replace(config, n_training=1), store=tmp_path)
    more = run_multiverse(config, known=first, store=tmp_path / "elsewhere")
    xr.testing.assert_identical(more, found)
    assert len(list(tmp_path.glob("elsewhere/part-*.nc"))) == 6
    less = run_multiverse(replace(config, n_training=1), known=found, store=tmp_path / "nowhere")
    xr.testing.assert_identical(less, first)
    made_by = json.loads(first.made_by) | {"torch": "1.0"}
    for known, wanted, message in [
        (first.assign_attrs(made_by=json.dumps(made_by)), config, "made by this code, got torch 1"),
        (first.drop_attrs(), config, "known must have the design of config"),
        (first, replace(config, n_random=3), "known must have the design of config"),
    ]:
        with pytest.raises(ValueError, match=message):
            run_multiverse(wanted, known=known, store=tmp_path)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: trained_with(SMALL, {"losses": "squared error"}),
            "choices in levels must be one of 'onsets', 'sensor noise'",
        ),
        (
            lambda: trained_with(SMALL, {"loss": "hinge"}),
            "levels['loss'] must be one of 'squared error', 'cross-entropy'; got 'hinge'",
        ),
        (lambda: analysed_with({"lag": "3"}), "levels['lag'] must be one of '1', '2'"),
        (lambda: Analysis(knockout="noise"), "knockout must be one of 'zero', 'mean'"),
        (lambda: Analysis(similarity="tau"), "similarity must be one of 'pearson', 'spearman'"),
        (lambda: Universe(SMALL, ()), "analysis_levels must be as many as analyses, one or more"),
        (
            lambda: Universe(SMALL, (Analysis(answer_delay=6),)),
            "analyses must read answers within study.n_blank = 5 blank steps, got answer_delay 6",
        ),
        (lambda: MultiverseConfig(StudyConfig()), 'study.on_unsolved must be "record"'),
        (lambda: MultiverseConfig(n_analysis=0), "n_analysis must be in 1.."),
    ],
)
def test_a_choice_that_does_not_exist_is_named(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
