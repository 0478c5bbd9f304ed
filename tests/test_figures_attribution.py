"""Figures of the chapters on exactness and attribution show the numbers they are given."""

import numpy as np
import pytest

from relaylib.core.store import Store
from relaylib.figures import fig_attribution, fig_exactness
from relaylib.studies.attribution import SCORES, AttributionConfig, run_attribution
from relaylib.studies.lattices import greedy_ratio, run_lattices, worst_case
from relaylib.studies.study import StudyConfig
from relaylib.tasks.memory import MemoryTask

STUDY = StudyConfig(
    tasks=(MemoryTask(),), architectures=("RNN", "LSTM"), regimes=("5", "random"), n_replicates=2
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("figures"))


@pytest.fixture(scope="module")
def lattices(store):
    return run_lattices(STUDY, store=store)


@pytest.fixture(scope="module")
def compared(store):
    return run_attribution(AttributionConfig(STUDY, n_random=3), store=store)


def test_ratio_is_the_mean_over_all_cases(lattices):
    (ax,) = fig_exactness.draw_ratio(lattices).axes
    lines = {line.get_label(): line for line in ax.lines}
    ratio = greedy_ratio(lattices).sel(task="memory", architecture="LSTM")
    mean = ratio.mean(["regime", "replicate", "time", "concept"])
    np.testing.assert_allclose(lines["LSTM"].get_ydata(), mean[:-1])
    assert lines["LSTM"].get_xdata().tolist() == [*range(12, 0, -1)]
    assert lines["rule of C15: mean 0.95"].get_ydata() == [0.95, 0.95]
    assert ax.get_xlim()[0] > ax.get_xlim()[1]  # the relay set shrinks to the right


def test_gap_counts_cases_and_bits(lattices):
    often, size = fig_exactness.draw_gap(lattices).axes
    gaps = (lattices.best_bits - lattices.greedy_bits).max("set_size").sel(architecture="RNN")
    share = (gaps > 1e-9).mean(["task", "regime", "replicate", "concept"])
    np.testing.assert_allclose(often.lines[0].get_ydata(), share)
    line = size.lines[0]
    assert line.get_xdata().max() == gaps.max()
    assert line.get_ydata()[0] == 1
    assert line.get_ydata()[-1] == pytest.approx(1 / gaps.size)


def test_case_shows_curves_and_sets(lattices):
    case = worst_case(lattices)
    curves, greedy, best = fig_exactness.draw_case(case).axes
    drawn = {line.get_label(): line.get_ydata() for line in curves.lines}
    np.testing.assert_array_equal(drawn["greedy set"], case.greedy_bits)
    np.testing.assert_array_equal(drawn["best set of each size"], case.best_bits)
    assert f"{(case.best_bits - case.greedy_bits).max():.2f} bit" in curves.texts[-1].get_text()
    staircase = greedy.collections[0].get_array().reshape(12, 13)
    np.testing.assert_array_equal(staircase, np.tri(12, 13, dtype=bool))
    labels = [int(text.get_text()) for text in best.get_yticklabels()]
    assert labels == case.removal_order.values.tolist()


def test_sets_have_their_size_and_are_greedy_where_greedy_is_best(lattices):
    case = worst_case(lattices)
    greedy, best = fig_exactness.greedy_sets(case), fig_exactness.best_sets(case)
    assert (greedy.sum("node") == case.set_size).all()
    assert (best.sum("node") == case.set_size).all()
    same = (greedy == best).all("node")
    assert (same == (case.best_bits - case.greedy_bits < 1e-9)).all()


def test_scores_and_interactions_of_one_network(compared):
    network = compared.sel(task="memory", architecture="LSTM", replicate=1)
    panels = fig_attribution.draw_scores(network).axes
    matrices = fig_attribution.draw_interaction(network).axes
    for concept in range(3):
        here = network.isel(concept=concept)
        assert panels[concept].get_title() == f"concept {'ABC'[concept]}"
        np.testing.assert_array_equal(
            panels[concept].images[0].get_array(), here.score.sel(measure=list(SCORES[:4]))
        )
        drawn = np.asarray(matrices[concept].images[0].get_array())
        below = np.tri(12, k=-1, dtype=bool)
        np.testing.assert_array_equal(drawn[below], here.interaction_bits.values[below])
        low, high = matrices[concept].images[0].get_clim()
        assert low == -high


def test_the_node_removed_last_is_marked(compared):
    last = fig_attribution.last_node(compared)
    assert (last.sum("node") == 1).all()
    (ax,) = fig_attribution.draw_shapley(compared).axes
    dots = {line.get_label(): line for line in ax.lines}
    assert len(dots["removed last"].get_xdata()) == last.sum()
    assert len(dots["other nodes"].get_xdata()) == 11 * last.sum()
    total = compared.total_bits.sel(task="memory")
    np.testing.assert_allclose(np.sort(dots["removed last"].get_ydata()), np.sort(total, axis=None))


def test_intervals_are_those_of_the_data(compared):
    ax = fig_attribution.draw_prediction(compared).axes[0]
    labels = [text.get_text() for text in ax.get_yticklabels()]
    assert labels == compared.predictor.values.tolist()
    for architecture, bars in zip(compared.architecture.values, ax.containers, strict=True):
        mean = compared.prediction.sel(task="memory", architecture=architecture)
        np.testing.assert_allclose(bars[0].get_xdata(), mean.mean(["replicate", "concept"]))
    agreement = fig_attribution.draw_agreement(compared).axes
    assert [ax.get_title() for ax in agreement] == [
        "memory task, with cumulative loss",
        "memory task, with Shapley value",
    ]
    assert "Shapley value" not in [text.get_text() for text in agreement[1].get_yticklabels()]


def test_losses_of_all_scores_and_of_random_nodes(compared):
    (ax,) = fig_attribution.draw_loss(compared).axes
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert list(lines) == [*SCORES, "random nodes"]
    lost = compared.loss.sel(task="memory").mean(["architecture", "replicate", "concept"])
    for name in SCORES:
        np.testing.assert_allclose(lines[name], lost.sel(measure=name))
