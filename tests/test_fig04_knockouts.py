"""Knockouts of a small study, and the numbers that Figs. 4 and 5 show of them."""

import shutil

import numpy as np
import pytest
import torch

from relaylib.core.store import Store
from relaylib.figures import fig04_knockouts
from relaylib.measures.knockout import knockout_accuracy
from relaylib.studies.knockouts import KnockoutConfig, leads, mean_losses, run_knockouts
from relaylib.studies.study import StudyConfig, load_ensemble
from relaylib.tasks.memory import MemoryTask


@pytest.fixture(scope="module")
def store(small_study, tmp_path_factory):
    """A copy of the small study's store, free to be added to."""
    copy = tmp_path_factory.mktemp("knockouts") / "results"
    shutil.copytree(small_study.store.root, copy)
    return Store(copy)


@pytest.fixture(scope="module", params=["memory", "block"])
def case(request, small_study, store):
    config = KnockoutConfig(study=small_study.config, task=request.param, n_random=3)
    return config, run_knockouts(config, store=store)


def test_the_sets_are_the_nodes_that_relay_most_and_least(case, small_study):
    config, knockouts = case
    task = {task.name: task for task in config.study.tasks}[config.task]
    orders = small_study.dataset.removal_order.isel(concept=2).sel(
        task=config.task, architecture="GRU", regime="random", time=10, replicate=1
    )
    ensemble = load_ensemble(config.study, config.task, "GRU", "random", store=small_study.store)
    for name, nodes in (("relaying", orders[-3:]), ("least_relaying", orders[:3])):
        mask = np.isin(np.arange(1, 13), nodes)[None, None]
        expected = knockout_accuracy(ensemble[1], task.population(), mask, delays=(1, 2, 3, 4, 5))
        measured = knockouts[name].sel(architecture="GRU", replicate=1).isel(relays_of=2)
        np.testing.assert_allclose(measured.sel(n_knocked_out=3), expected[0, 0].mean(axis=0))


def test_all_curves_start_at_the_accuracy_of_training_and_end_at_chance(case, small_study):
    config, knockouts = case
    trained = small_study.dataset.population_accuracy.sel(task=config.task, regime="random")
    for name in ("relaying", "least_relaying", "at_random"):
        whole, none = knockouts[name].isel(n_knocked_out=0), knockouts[name].isel(n_knocked_out=-1)
        whole = whole.mean("concept").transpose("architecture", "replicate", ...)
        np.testing.assert_allclose(whole, trained.values[..., None].repeat(3, 2), atol=1e-6)
        assert (none == 0.5).all()


def test_random_sets_do_not_depend_on_how_many_networks_or_draws_run(small_study, store):
    knockouts = run_knockouts(KnockoutConfig(study=small_study.config, n_random=3), store=store)
    one = StudyConfig(
        tasks=(MemoryTask(),), architectures=("GRU",), regimes=("random",), n_replicates=1
    )
    again = run_knockouts(KnockoutConfig(study=one, n_random=2), store=store)
    same = knockouts.at_random.sel(architecture=["GRU"], replicate=[0], draw=slice(0, 1))
    np.testing.assert_allclose(again.at_random, same, atol=1e-6)


def test_a_fixed_regime_answers_at_its_own_delay(small_study, store):
    config = KnockoutConfig(study=small_study.config, regime="3", n_random=1)
    knockouts = run_knockouts(config, store=store)
    own = small_study.dataset.accuracy.sel(task="memory", regime="3", test_delay=3)
    whole = knockouts.relaying.isel(n_knocked_out=0, relays_of=0).mean("concept")
    np.testing.assert_allclose(whole, own.transpose(*whole.dims), atol=1e-6)


@pytest.mark.parametrize(
    "change", [{"task": "stroll"}, {"regime": "6"}, {"time": 11}, {"n_random": 0}]
)
def test_a_bad_field_is_named(change):
    (name,) = change
    with pytest.raises(ValueError, match=f"{name} must be"):
        KnockoutConfig(**change)


def test_the_figure_shows_the_means_and_every_network(case):
    config, knockouts = case
    figure = fig04_knockouts.draw(knockouts)
    names = knockouts.concept.values.tolist()
    assert knockouts.relays_of.values.tolist() == names
    for (row, column), ax in zip(np.ndindex(3, 3), figure.axes, strict=True):
        cell = knockouts.isel(architecture=row)
        assert ax.get_title() == f"{cell.architecture.item()}, relays of {names[column]}"
        drawn = {line.get_label(): line.get_ydata() for line in ax.lines}
        for concept, name in enumerate(names):
            expected = cell.relaying.isel(relays_of=column, concept=concept).mean("replicate")
            np.testing.assert_allclose(drawn[name], expected)
        own = cell.isel(concept=column)
        np.testing.assert_allclose(
            drawn["own, least relaying nodes out"],
            own.least_relaying.isel(relays_of=column).mean("replicate"),
        )
        np.testing.assert_allclose(
            drawn["own, random nodes out"], own.at_random.mean(["replicate", "draw"])
        )
        thin = [line for line in ax.lines if line.get_linewidth() < 0.5]
        assert len(thin) == 3 * config.study.n_replicates
    assert figure.axes[0].get_ylabel() == "accuracy (fraction right)"
    assert figure.axes[-1].get_xlabel() == "nodes knocked out"


def test_a_network_below_the_axis_has_a_mark_at_the_edge(case):
    _, knockouts = case
    low = knockouts.copy(deep=True)
    low.relaying[0, 1, 2, 5, 0] = 0.1
    figure = fig04_knockouts.draw(low)
    marks = [line for line in figure.axes[2].lines if line.get_marker() == "v"]
    places = [x for line in marks for x in line.get_xdata()]
    assert 5 in places


def test_knockouts_do_not_change_the_weights(case, small_study):
    config, _ = case
    ensemble = load_ensemble(config.study, config.task, "RNN", "random", store=small_study.store)
    before = {name: weight.clone() for name, weight in ensemble.weights.items()}
    task = config.study.condition(config.task, "RNN", "random").task
    knockout_accuracy(ensemble, task.population(), np.ones((2, 1, 12), bool), delays=(1,))
    assert all(torch.equal(ensemble.weights[name], before[name]) for name in before)


def test_mean_losses_average_over_sizes_and_concepts(case):
    _, knockouts = case
    losses = mean_losses(knockouts)
    chosen = {"architecture": 1, "replicate": 0}
    a = knockouts.relaying.isel(chosen).values  # relays_of, n_knocked_out, concept
    loss = (a[:, :1] - a[:, 1:12]).mean(axis=1)
    off_diagonal = (loss.sum() - np.trace(loss)) / 6
    assert losses.own.isel(chosen) == pytest.approx(np.trace(loss) / 3)
    assert losses.others.isel(chosen) == pytest.approx(off_diagonal)
    least = knockouts.least_relaying.isel(chosen).values
    assert losses.least_relaying.isel(chosen) == pytest.approx(
        np.mean([least[c, 0, c] - least[c, 1:12, c].mean() for c in range(3)])
    )
    draws = knockouts.at_random.isel(chosen).values
    assert losses.at_random.isel(chosen) == pytest.approx(
        (draws[:, :1] - draws[:, 1:12]).mean(), abs=1e-12
    )


def test_leads_compare_the_own_concept_with_each_other_one(case):
    _, knockouts = case
    found = leads(knockouts).isel(architecture=1, replicate=0)
    a = knockouts.relaying.isel(architecture=1, replicate=0).values
    loss = (a[:, :1] - a[:, 1:12]).mean(axis=1)  # relays_of, concept
    expected = np.diag(loss)[:, None] - loss
    expected[np.diag_indices(3)] = np.nan
    np.testing.assert_allclose(found, expected, atol=1e-12)
    losses, mean = mean_losses(knockouts), leads(knockouts).mean(["relays_of", "concept"])
    np.testing.assert_allclose(mean, losses.own - losses.others)
