"""Witnesses of drift, noise on nodes, the theory and the intervention, on small real studies."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy.stats import spearmanr

from relaylib.core.store import Store
from relaylib.measures.drift import drift
from relaylib.networks.first_weights import FirstWeights
from relaylib.studies.drift_theory import PREDICTORS, predictors, rank_correlations
from relaylib.studies.intervention import (
    Counteraction,
    InterventionConfig,
    counteraction,
    label,
    preliminary_verdict,
    run_intervention,
    turning_states,
)
from relaylib.studies.node_noise import NodeNoiseConfig, run_node_noise
from relaylib.studies.study import run_study
from relaylib.studies.witnesses import WitnessConfig, run_witnesses
from relaylib.widgets.drift_turn import DriftTurn, pack_turning

FIRST = (FirstWeights(), FirstWeights("minus identity"))


@pytest.fixture(scope="module")
def store(small_study, tmp_path_factory):
    copy = tmp_path_factory.mktemp("witnesses") / "results"
    shutil.copytree(small_study.store.root, copy)
    return Store(copy)


@pytest.fixture(scope="module")
def config(small_study):
    return WitnessConfig(small_study.config, n_random=3, n_sequences=64)


@pytest.fixture(scope="module")
def witnesses(config, store):
    return run_witnesses(config, store=store)


@pytest.fixture(scope="module")
def rnns(config):
    return InterventionConfig(config, regimes=("1", "5"), first_weights=FIRST)


@pytest.fixture(scope="module")
def intervention(rnns, store):
    return run_intervention(rnns, store=store)


def test_each_network_has_what_the_witnesses_say(witnesses, small_study):
    condition = ("task", "architecture", "regime", "replicate")
    assert witnesses.decoding.dims == (*condition, "trained_at", "tested_at")
    assert witnesses.loss.dims == (*condition, "ranked_at", "knocked_at")
    assert witnesses.phase_degrees.dims == (*condition, "leading")
    r = drift(small_study.dataset.information_bits).correlation
    np.testing.assert_array_equal(witnesses.correlation, r)
    assert witnesses.decoding.attrs["units"] == "1"
    np.testing.assert_allclose(witnesses.predicted, witnesses.cosine.mean("leading"))


def test_steps_after_the_answer_are_not_there(witnesses):
    early = witnesses.sel(regime="2")
    assert early.decoding.sel(trained_at=[13, 14, 15]).isnull().all()
    assert early.loss.sel(knocked_at=[10, 11, 12], ranked_at=[10, 11, 12]).notnull().all()
    assert early.decoding_at_lag.sel(lag=[3, 4, 5]).isnull().all()


def test_gated_networks_are_decoded_from_afar_and_hardly_turn(witnesses):
    far = witnesses.decoding_at_lag.sel(regime="5", lag=2)
    assert far.sel(architecture="LSTM").mean() > far.sel(architecture="RNN").mean()
    phase = witnesses.phase_degrees.sel(leading=1, regime="5").mean(["task", "replicate"])
    assert phase.sel(architecture="GRU") < 20 < phase.sel(architecture="RNN")


def test_noise_is_ranked_against_relay_information(small_study, store):
    noise = run_node_noise(NodeNoiseConfig(small_study.config, n_sets=6, n_draws=3), store=store)
    assert noise.loss.dims == ("task", "architecture", "replicate", "concept", "node")
    for case in ({"task": 0, "architecture": 1}, {"task": 1, "architecture": 2}):
        cell = noise.isel(case).isel(replicate=1, concept=0)
        expected = spearmanr(cell.bits.round(9), cell.loss.round(9)).statistic
        assert cell.one_node.item() == pytest.approx(expected)
    study = small_study.dataset.sel(regime="random", time=10).information_bits
    np.testing.assert_array_equal(noise.bits, study)


def made_up(n: int = 40) -> xr.Dataset:
    """Return networks whose drift is |cos| of their angle, apart from one outlier per group."""
    rng = np.random.default_rng(0)
    cosine = rng.uniform(-1, 1, (2, n, 1)).repeat(3, axis=2)
    dims, coords = (
        ("architecture", "replicate"),
        {"architecture": ["RNN", "GRU"], "leading": [1, 2, 3]},
    )
    r = abs(cosine[..., 0])
    r[0, 0], r[1, 1] = np.nan, 0
    values = {"correlation": (dims, r), "cosine": ((*dims, "leading"), cosine)}
    values |= {"self_correlation": (dims, 1 - r), "contrast": (dims, r)}
    values |= {"decoding_at_lag": ((*dims, "lag"), np.stack([r, r], -1))}
    return xr.Dataset(values, coords | {"lag": [0, 1]})


def test_theory_ranks_networks():
    found = rank_correlations(made_up(), seed=1)
    theory = found.sel(predictor="theory")
    assert theory.estimate.sel(group="RNN") == pytest.approx(1)
    assert theory.n.values.tolist() == [79, 39, 40]
    data = made_up()
    x, y = predictors(data).theory.sel(architecture="GRU"), data.correlation.sel(architecture="GRU")
    assert theory.estimate.sel(group="GRU") == pytest.approx(spearmanr(x, y).statistic)
    assert theory.low.sel(group="GRU") < theory.estimate.sel(group="GRU") < 1
    assert found.estimate.sel(predictor="own weight", group="RNN") == pytest.approx(-1)
    assert found.predictor.values.tolist() == list(PREDICTORS)


def test_a_predictor_that_is_the_same_everywhere_ranks_nothing():
    data = made_up()
    without_noise = data.assign(decoding_at_lag=xr.ones_like(data.decoding_at_lag))
    decoders = rank_correlations(without_noise, seed=1).sel(predictor="decoders")
    assert decoders[["estimate", "low", "high"]].to_array().isnull().all()
    assert decoders.n.values.tolist() == [79, 39, 40]


def test_the_intervention_has_one_study_per_first_weights(intervention, rnns, witnesses, store):
    assert intervention.first_weights.values.tolist() == ["a = 0", "minus identity"]
    same = witnesses.sel(architecture="RNN", regime=["1", "5"])
    np.testing.assert_array_equal(intervention.epochs.isel(first_weights=0), same.epochs)
    other = run_study(rnns.of(FIRST[1]).study, store=store)
    np.testing.assert_array_equal(
        intervention.accuracy.isel(first_weights=1), other.accuracy.sel(architecture="RNN")
    )


def test_networks_that_flip_their_sign_fool_the_matrix(intervention):
    minus = intervention.sel(first_weights="minus identity", task="memory", regime="5")
    assert minus.correlation.mean() > 0.7
    assert minus.decoding_at_lag.sel(lag=1).mean() < 0.3 < minus.decoding_at_lag.sel(lag=2).mean()
    assert minus.phase_degrees.sel(leading=1).mean() > 150


@pytest.mark.parametrize(
    ("first", "is_gate", "name"),
    [
        (FirstWeights(), False, "a = 0"),
        (FirstWeights(), True, "bias 0"),
        (FirstWeights(identity=0.25), False, "a = 0.25"),
        (FirstWeights("orthogonal"), False, "orthogonal"),
        (FirstWeights("orthogonal", identity=0.5), False, "orthogonal, a = 0.5"),
        (FirstWeights(keep_bias=-2), False, "bias -2"),
    ],
)
def test_first_weights_have_short_names(first, is_gate, name):
    assert label(first, is_gate=is_gate) == name


def correlations(rnn: float, gated: float) -> xr.Dataset:
    dims = ("task", "architecture", "regime", "replicate")
    coords = {"task": ["memory", "block"], "architecture": ["RNN", "GRU", "LSTM"]}
    values = np.full((2, 3, 5, 3), gated) + np.array([-0.01, 0, 0.01])
    values[:, 0] = rnn
    r = xr.DataArray(values, coords | {"regime": list("12345")}, dims)
    return r.to_dataset(name="correlation")


@pytest.mark.parametrize(
    ("memory", "block", "verdict"),
    [
        (0.1, 0.1, "reproduced"),
        (0.6, 0.1, "partly"),  # a quarter of 0.8 is 0.2: 0.9 - 0.6 is above
        (0.8, 0.1, "partly"),
        (0.8, 0.75, "not reproduced"),
        (0.95, 0.95, "not reproduced"),
    ],
)
def test_c17_counts_the_groups_that_a_deviation_takes_away(memory, block, verdict):
    default = correlations(0.1, 0.9)
    deviating = default.correlation.sel(architecture="RNN").copy()
    deviating[0], deviating[1] = memory, block
    found = counteraction(default, deviating, seed=1, name="made up")
    expected = {"memory": memory > 0.7, "block": block > 0.7}
    assert found.on_task == expected
    if memory == 0.6:
        verdict = "reproduced"
    assert preliminary_verdict({"made up": found}) == verdict
    assert found.groups.estimate.sel(task="memory", regime="3", against="GRU") == pytest.approx(
        0.9 - memory
    )


def test_one_deviation_is_enough_and_half_of_the_groups():
    none = Counteraction(xr.Dataset(), {"memory": False, "block": False})
    one = Counteraction(xr.Dataset(), {"memory": True, "block": False})
    both = Counteraction(xr.Dataset(), {"memory": True, "block": True})
    assert preliminary_verdict({"a": none, "b": both}) == "not reproduced"
    assert preliminary_verdict({"a": none, "b": one}) == "partly"
    default = correlations(0.1, 0.9)
    deviating = default.correlation.sel(architecture="RNN").copy()
    for n_regimes, counteracts in ((2, False), (3, True)):
        deviating[:, :n_regimes] = 0.9
        found = counteraction(default, deviating, seed=1, name="x")
        assert found.on_task == {"memory": counteracts, "block": counteracts}


def test_the_widget_holds_the_numbers_of_one_network_each(rnns, intervention, store):
    turning = turning_states(rnns, store=store)
    packed = pack_turning(turning)
    assert packed["times"] == [10, 11, 12, 13, 14, 15]
    assert np.shape(packed["place"]) == (2, 6, 8, 2)
    assert abs(np.array(packed["place"])).max() == 1
    for k, name in enumerate(packed["names"]):
        chosen = intervention.sel(first_weights=name, task="memory", regime="5")
        chosen = chosen.sel(replicate=int(turning.replicate[k]))
        np.testing.assert_allclose(packed["decoding"][k], chosen.decoding, atol=6e-4)
        np.testing.assert_allclose(packed["loss"][k], chosen.loss, atol=6e-4)
    shown = DriftTurn(turning, first=1, trained=12)
    assert (shown.first, shown.trained, shown.tested, shown.concept) == (1, 12, 11, "A")
    for wrong in ({"first": 2}, {"tested": 16}, {"concept": "D"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            DriftTurn(turning, **wrong)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"architecture": "CNN"}, "architecture must be one of"),
        ({"regimes": ("7",)}, "regimes must be one of"),
        ({"first_weights": ()}, "first_weights must be distinct"),
        ({"first_weights": (FirstWeights(keep_bias=1),)}, "keep_bias must be 0 for an RNN"),
    ],
)
def test_bad_settings_are_named(given, message):
    with pytest.raises(ValueError, match=message):
        InterventionConfig(**given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n_removed": 13}, r"n_removed must be in 1\.\.12"),
        ({"noise_sd": -1.0}, "noise_sd must be in"),
        ({"n_sequences": 8}, "n_sequences must be in 32"),
        ({"n_leading": 7}, r"n_leading must be in 1\.\.6"),
    ],
)
def test_bad_questions_are_named(given, message):
    with pytest.raises(ValueError, match=message):
        replace(WitnessConfig(), **given)
