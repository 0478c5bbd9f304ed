"""What the analysis may be told otherwise: similarity, window, kind of knockout, Shapley values."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from valid_inputs import TINY, bits, ensemble

from relaylib.information.exact import exact_summaries
from relaylib.measures.drift import SIMILARITIES, cosine, drift, spearman
from relaylib.measures.knockout import first_nodes, knockout_accuracy
from relaylib.networks.training import train
from relaylib.studies.config import StudyConfig
from relaylib.studies.knockouts import KnockoutConfig
from relaylib.studies.study import measure_condition, record_condition
from relaylib.tasks.memory import MemoryTask

LEARNING = replace(TINY, value="shapley", regimes=("1",), accuracy_goal=0.9, max_epochs=2000)
SETS = first_nodes(np.array([[0, 2, 1, 3], [3, 2, 1, 0]]))


@pytest.mark.parametrize(
    ("measure", "reference"),
    [
        (spearman, lambda a, b: stats.spearmanr(a, b).statistic),
        (cosine, lambda a, b: a @ b / np.linalg.norm(a) / np.linalg.norm(b)),
    ],
)
def test_a_similarity_is_that_of_scipy(measure, reference):
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 5, 12)).round(1)
    wanted = [reference(a, b) for a, b in zip(first, second, strict=True)]
    assert abs(measure(first, second) - wanted).max() < 1e-12
    assert np.isnan(measure(np.zeros(3), np.ones(3)))


@pytest.mark.parametrize("name", SIMILARITIES)
@pytest.mark.parametrize("skip", [0, 1])
def test_drift_is_the_mean_similarity_in_the_window(name, skip):
    found = drift(bits(), similarity=name, skip=skip).correlation.sel(regime="random")
    matrices = bits().sel(regime="random").stack(entry=["concept", "node"])
    pairs = [
        SIMILARITIES[name](matrices.sel(time=t).values, matrices.sel(time=t + 1).values)
        for t in range(10 + skip, 15)
    ]
    assert abs(found - np.mean(pairs, axis=0)).max() < 1e-12


def test_a_window_without_pairs_has_no_drift():
    found = drift(bits(), skip=1)
    assert found.correlation.sel(regime="1").isnull().all()
    assert (found.n_pairs.sel(regime="1") == 0).all()


@pytest.mark.parametrize("kind", ["zero", "mean", "resampled"])
def test_a_knockout_replaces_states_by_what_it_says(kind):
    """Step by step, with the state changed by hand."""
    trials = MemoryTask().population()
    found = knockout_accuracy(
        ensemble(), trials, SETS, delays=(2,), kind=kind, rng=np.random.default_rng(3)
    )
    order = np.random.default_rng(3).permutation(8)
    instead = {
        "zero": lambda h: 0 * h,
        "mean": lambda h: h.mean(dim=1, keepdim=True).expand_as(h),
        "resampled": lambda h: h[:, order],
    }[kind]
    for network, of_network in enumerate(SETS):
        alone = ensemble()[network]
        for index, chosen in enumerate(of_network):
            state = alone.start(8)
            for x in torch.tensor(trials.inputs).permute(1, 2, 0):
                state = alone.step(x, state)
            h = state[0][0].clone()
            h[chosen] = instead(h)[chosen]
            state = (h[None],)
            for _ in range(2):
                state = alone.step(None, state)
            right = ((alone.readout(state)[0] > 0).numpy() == (trials.targets.T > 0)).mean(axis=1)
            assert abs(found[network, index, 0] - right).max() < 1e-12


def test_shapley_values_of_a_study_are_exact_or_estimated_from_orders():
    config = replace(LEARNING, n_nodes=5)
    (condition,) = config.conditions()
    trained = train(condition)
    found = measure_condition(config, condition, trained).information_bits
    recording = record_condition(config, condition, trained.ensemble)
    exact = exact_summaries(
        recording.states, recording.x_in, recording.x_out, is_population=True
    ).shapley_bits
    dims = ("replicate", "time", "concept", "node")
    wanted = exact.rename(network="replicate").transpose(*dims).values
    assert abs(found.transpose(*dims).values - wanted).max() < 1e-12
    assert abs(wanted).max() > 0


def test_shapley_values_of_a_large_layer_sum_to_the_total():
    config = replace(LEARNING, n_nodes=18)
    (condition,) = config.conditions()
    found = measure_condition(config, condition, train(condition))
    total = found.relay_bits.isel(set_size=0)
    assert abs(found.information_bits.sum("node") - total).max() < 1e-9
    assert total.max() > 0.5
    assert found.information_bits.node.values.tolist() == list(range(1, 19))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: drift(bits(), similarity="kendall"),
            "similarity must be one of 'pearson', 'spearman', 'cosine', 'overlap'; got 'kendall'",
        ),
        (lambda: drift(bits(), skip=-1), "skip must be in 0..15, got -1"),
        (
            lambda: knockout_accuracy(
                ensemble(), MemoryTask().population(), SETS, delays=(1,), kind="noise"
            ),
            "kind must be one of 'zero', 'mean', 'resampled'; got 'noise'",
        ),
        (lambda: KnockoutConfig(kind="noise"), "kind must be one of 'zero', 'mean', 'resampled'"),
        (lambda: StudyConfig(value="banzhaf"), "value must be one of 'cumulative', 'increment'"),
        (
            lambda: StudyConfig(first_weights_of="GRU"),
            "first_weights_of must be one of",
        ),
    ],
)
def test_a_choice_that_does_not_exist_is_named(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_resampling_needs_a_stream():
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator, got None"):
        knockout_accuracy(
            ensemble(), MemoryTask().population(), SETS, delays=(1,), kind="resampled"
        )
