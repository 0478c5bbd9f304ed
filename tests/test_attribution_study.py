"""The comparison of scores: equal to doing it by hand for one network."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from relaylib.core.seeds import stream
from relaylib.core.store import Store
from relaylib.information.exact import exact_subsets
from relaylib.information.relay import relay_information
from relaylib.measures.attribution import rank_agreement, rank_prediction
from relaylib.measures.knockout import knockout_accuracy
from relaylib.networks.recording import record
from relaylib.studies.attribution import AttributionConfig, run_attribution
from relaylib.studies.config import StudyConfig
from relaylib.studies.study import load_ensemble, run_study
from relaylib.tasks.memory import MemoryTask

STUDY = StudyConfig(tasks=(MemoryTask(),), architectures=("RNN", "LSTM"), n_replicates=2)
CONFIG = AttributionConfig(STUDY, regime="2", time=9, n_random=3)
WHERE = {"task": "memory", "architecture": "LSTM"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("attribution"))


@pytest.fixture(scope="module")
def compared(store):
    return run_attribution(CONFIG, store=store)


@pytest.fixture(scope="module")
def ensemble(compared, store):
    return load_ensemble(STUDY, **WHERE, regime="2", store=store)


def losses(ensemble, sets):
    """Lost fraction of answers by hand, (network, set, concept)."""
    none = np.zeros((2, 1, 12), bool)
    shares = [
        knockout_accuracy(ensemble, MemoryTask().population(), chosen, delays=(2,), step=9)[:, :, 0]
        for chosen in (none, sets)
    ]
    return shares[0] - shares[1]


def test_scores_of_a_network(compared, store, ensemble):
    symbols = record(ensemble, MemoryTask().population(), delay=2)
    score = compared.score.sel(WHERE, drop=True)
    for network, concept in np.ndindex(2, 3):
        one = symbols.sel(network=network, time=9)
        case = one.x_in[concept], one.x_out[concept], one.states
        exact = exact_subsets(*case, is_population=True)
        case = score.sel(replicate=network).isel(concept=concept)
        np.testing.assert_array_equal(case.sel(measure="Shapley value"), exact.shapley_bits)
        np.testing.assert_array_equal(
            case.sel(measure="essential information"), exact.essential_bits
        )
        here = compared.sel(WHERE).sel(replicate=network).isel(concept=concept)
        np.testing.assert_array_equal(here.interaction_bits, exact.interaction_bits())
        assert here.total_bits == exact.relay_bits[-1]
    study = run_study(STUDY, store=store).sel(WHERE, drop=True).sel(regime="2", time=9)
    np.testing.assert_array_equal(score.sel(measure="cumulative loss"), study.information_bits)
    last = compared.last_removed.sel(WHERE, drop=True)
    np.testing.assert_array_equal(last, study.removal_order.isel(removal_step=-1))


def test_essential_is_mutual_information_where_all_answers_are_right(compared, store, ensemble):
    right = record(ensemble, MemoryTask().population(), delay=2)
    perfect = (right.x_out == right.x_in).all("sequence").values  # network, concept
    assert perfect.any()
    score = compared.score.sel(WHERE)
    essential, mutual = (score.sel(measure=f"{m} information") for m in ("essential", "mutual"))
    np.testing.assert_allclose(essential.values[perfect], mutual.values[perfect], atol=1e-12)


def test_losses_are_those_of_knockouts(compared, ensemble):
    singles = losses(ensemble, np.broadcast_to(np.eye(12, dtype=bool), (2, 12, 12)))
    score = compared.sel(WHERE).score
    np.testing.assert_allclose(score.sel(measure="single knockout"), singles.transpose(0, 2, 1))
    for measure in ("mutual information", "Shapley value"):
        top = np.argsort(-score.sel(measure=measure).values.round(9), axis=-1, kind="stable")
        sets = np.zeros((2, 3, 12), bool)
        np.put_along_axis(sets, top[..., :4], True, axis=-1)
        lost = losses(ensemble, sets)
        found = compared.loss.sel(WHERE).sel(measure=measure, n_knocked_out=4)
        np.testing.assert_allclose(found, np.einsum("bcc->bc", lost))


def test_agreement_and_its_interval(compared):
    score = compared.score
    expected = rank_agreement(score.sel(measure="probe weight"), score.sel(measure="Shapley value"))
    found = compared.agreement.sel(measure="probe weight", other_measure="Shapley value")
    np.testing.assert_array_equal(found, expected)
    by_network = found.mean("concept")
    pair = {"measure": "probe weight", "other_measure": "Shapley value"}
    low, high = (compared[f"agreement_{end}"].sel(pair) for end in ("low", "high"))
    np.testing.assert_allclose(low, by_network.min("replicate"))  # of two networks: their range
    np.testing.assert_allclose(high, by_network.max("replicate"))


def test_prediction_of_a_network_by_hand(compared, ensemble):
    rng = stream(STUDY.seed, "attribution", "memory", "LSTM", "2", 1)
    orders = rng.permuted(np.tile(np.arange(12), (3, 1)), axis=1)
    sets = [set(order[:k]) for order in orders.tolist() for k in range(1, 12)]
    members = np.array([[node in chosen for node in range(12)] for chosen in sets])
    lost = losses(ensemble, np.broadcast_to(members, (2, 33, 12)))[1, :, 1]
    symbols = record(ensemble, MemoryTask().population(), delay=2)
    one = symbols.sel(network=1, time=9, concept="B")
    states = one.states.transpose("sequence", "node").values
    of_set = [
        relay_information(one.x_in.values, one.x_out.values, states[:, m], states[:, ~m])
        for m in members
    ]
    here = compared.sel(WHERE).sel(replicate=1, concept="B")
    shapley = [here.score.sel(measure="Shapley value").values[m].sum() for m in members]
    sizes = members.sum(axis=1)
    for name, values in (("relay information of the set", of_set), ("Shapley value", shapley)):
        expected = rank_prediction(np.array(values), lost, sizes)
        assert here.prediction.sel(predictor=name).item() == pytest.approx(expected, abs=1e-9)
        gain = expected - here.prediction.sel(predictor="cumulative loss")
        assert here.prediction_gain.sel(predictor=name) == pytest.approx(gain.item(), abs=1e-9)
    np.testing.assert_allclose(
        here.loss_at_random, [lost[sizes == k].mean() for k in range(1, 12)], atol=1e-12
    )


def test_random_sets_do_not_depend_on_how_many_networks_there_are(compared, tmp_path):
    study = StudyConfig(tasks=(MemoryTask(),), architectures=("LSTM",), n_replicates=1)
    alone = run_attribution(
        AttributionConfig(study, regime="2", time=9, n_random=3), store=Store(tmp_path)
    )
    both = compared.sel(WHERE).isel(replicate=[0])
    np.testing.assert_allclose(alone.prediction.sel(WHERE), both.prediction, atol=1e-6)


def test_what_is_called_cumulative_loss_is_it_whatever_the_value_of_the_study(compared, store):
    other = AttributionConfig(replace(STUDY, value="increment"), regime="2", time=9, n_random=3)
    xr.testing.assert_equal(run_attribution(other, store=store), compared)
    study = run_study(STUDY, store=store).sel(regime="2", time=9)
    loss = compared.score.sel(measure="cumulative loss")
    np.testing.assert_array_equal(loss, study.information_bits.transpose(*loss.dims))


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"regime": "7"}, "regime must be one of"),
        ({"time": 11}, "time must be"),
        ({"n_random": 1}, "n_random must be"),
        ({"ridge": 0.0}, "ridge must be > 0, got 0.0"),
    ],
)
def test_bad_fields_are_named(field, message):
    with pytest.raises(ValueError, match=message):
        AttributionConfig(STUDY, **field)


@pytest.mark.parametrize("n_nodes", [1, 21])
def test_networks_whose_sets_cannot_be_compared_are_refused_before_they_are_trained(n_nodes):
    with pytest.raises(ValueError, match=r"n_nodes must be in 2..20"):
        AttributionConfig(replace(STUDY, n_nodes=n_nodes))
