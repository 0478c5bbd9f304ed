"""The study of estimators: known wirings, orders by known scores, rules, and stored results."""

import json

import numpy as np
import pytest
import xarray as xr
from matter_cases import SIZES, TINY, made_up, tiny_networks, tiny_wirings

from book.nodes_that_matter import STORED
from book.stored import stored_results
from relaylib.information.relay import relay_information
from relaylib.studies.claims.estimators import (
    CLAIM_SIZES,
    RANDOM,
    REAL_SIZES,
    SINGLE,
    believed,
    estimator_ledger,
    judge_estimators,
)
from relaylib.studies.config import StudyConfig
from relaylib.studies.estimator_config import (
    DECODER,
    PLUGIN,
    REAL,
    SCORES,
    SINGLE_NODE,
    TASKS,
    EstimatorConfig,
)
from relaylib.studies.known_wirings import WIRINGS, draw_wiring, estimate_wirings, true_bits
from relaylib.studies.node_scores import Layer, node_order
from relaylib.studies.population_orders import ORDERS, RELABELLED, compare_orders
from relaylib.studies.wide_networks import FRACTIONS, shown_sequences


def judged(id: str, found: xr.Dataset):
    """Return the verdict and the groups that count, by name."""
    claim = judge_estimators(found, id)
    return claim.verdict, {g.group: g for g in claim.groups if g.holds is not None}


def plus(score: str, more: float) -> xr.DataArray:
    """Return losses of the own concept, of which one score costs more."""
    return made_up().own + xr.DataArray(more * (np.array(SCORES) == score), dims="score")


def test_claims_have_numbers_and_words():
    claims = estimator_ledger(made_up())
    assert [claim.id for claim in claims] == ["C21", "E1", "E2"]
    assert all(claim.statistic and claim.fails_if and claim.our_part for claim in claims)


def test_c21_counts_the_plugin_in_layers_of_four_sizes_on_both_tasks():
    verdict, groups = judged("C21", made_up(own=made_up().own + 0.1))
    assert verdict == "reproduced"
    assert list(groups) == [f"{task}, {n} nodes" for task in TASKS for n in CLAIM_SIZES]
    assert judged("C21", made_up())[0] in ("not reproduced", "partly")
    large = xr.DataArray([0.1 if n < 768 else -0.1 for n in SIZES], {"n_nodes": list(SIZES)})
    verdict, groups = judged("C21", made_up(own=made_up().own + large))
    assert verdict == "partly"
    assert not groups["block, 768 nodes"].holds
    assert groups["digits, 192 nodes"].holds


def test_c21_leaves_out_networks_that_did_not_learn_and_counts_them():
    found = made_up(own=made_up().own + 0.1)
    found["learned"] = found.learned & (found.replicate > 0)
    _, groups = judged("C21", found)
    group = groups["block, 12 nodes"]
    assert group.n_undefined == 1
    lead = (found.own - found.others).sel(task="block", n_nodes=12, score=PLUGIN)
    assert group.estimate == pytest.approx(float(lead.isel(replicate=slice(1, None)).mean()))


@pytest.mark.parametrize(("id", "score"), [("E1", PLUGIN), ("E2", DECODER)])
def test_an_estimator_must_beat_random_sets_and_every_score_of_single_nodes(id, score):
    verdict, groups = judged(id, made_up(own=plus(score, 0.1)))
    assert verdict == "reproduced"
    assert len(groups) == 2 * len(REAL_SIZES)
    both = plus(score, 0.1) + plus("variance", 0.1) - made_up().own
    verdict, groups = judged(id, made_up(own=both))
    assert verdict == "partly"
    beaten = [name for name, group in groups.items() if group.holds]
    assert beaten == [f"{n} nodes, against random sets" for n in REAL_SIZES]
    assert f"{REAL_SIZES[0]} nodes, against single-node scores: variance" in groups


def test_rules_refuse_what_lacks_a_label_or_a_dimension():
    with pytest.raises(ValueError, match="labels"):
        judge_estimators(made_up().drop_sel(n_nodes=48), "C21")
    with pytest.raises(ValueError, match="own"):
        judge_estimators(made_up().drop_vars("own"), "E1")
    with pytest.raises(TypeError, match="seed"):
        judge_estimators(made_up().drop_attrs(), "E1")


def test_estimates_are_believed_within_a_tenth_of_a_bit():
    errors = xr.DataArray([[0.05, -0.05], [0.3, 0.0]], dims=("n", "replicate"))
    assert believed(errors).values.tolist() == [True, False]
    with pytest.raises(ValueError, match="replicate"):
        believed(errors.rename(replicate="sample"))


@pytest.mark.parametrize("wiring", WIRINGS)
def test_large_samples_of_a_wiring_have_its_true_bits(wiring):
    wired = draw_wiring(wiring, 40_000, 4, rng=np.random.default_rng(1))
    states = (wired.activations > 0).astype(int)
    bits = relay_information(wired.x_in, wired.x_out, states, states[:, :0])
    assert bits == pytest.approx(true_bits(wiring), abs=0.02)
    n_relays = {"nothing": 0, "one relay": 1, "three noisy copies": 3, "cipher": 2}[wiring]
    assert wired.is_relay.sum() == n_relays


def test_estimates_of_wirings_are_those_of_their_samples():
    found = tiny_wirings()
    assert found.estimate_bits.notnull().all()
    one = found.found_fraction.sel(wiring="one relay")
    assert one.isin([0, 1]).all()
    assert found.found_fraction.sel(wiring="nothing").isnull().all()
    assert abs(found.estimate_bits.sel(wiring="nothing", estimate=DECODER)).max() < 0.2


def test_scores_put_a_copy_of_the_concept_last():
    rng = np.random.default_rng(2)
    x = rng.integers(0, 2, 200)
    activations = rng.standard_normal((200, 5))
    activations[:, 3] += 8 * x
    layer = Layer(activations, x[None], x[None])
    for score in SCORES:
        order = node_order(layer, score, rng=rng)
        assert order.shape == (1, 5)
        assert order[0, -1] == 3, score
    with pytest.raises(ValueError, match="score must be one of"):
        node_order(layer, "depth", rng=rng)


def test_orders_of_a_population_agree_with_themselves():
    signs = np.array(np.meshgrid(*[[-1, 1]] * 3)).reshape(3, -1)
    activations = np.vstack([signs, signs[:1]]).T.astype(float) + np.arange(4) / 10
    layer = Layer(activations, signs[:1], signs[:1])
    states = (activations > 0).astype(int)
    taus, shares = compare_orders(layer, states, rng=np.random.default_rng(0))
    assert len(taus) == len(shares) == len(ORDERS)
    assert all(-1 <= tau <= 1 for tau in taus)
    share = dict(zip(ORDERS, shares, strict=True))
    assert share[RELABELLED] == pytest.approx(1)
    assert share["one-node information"] == pytest.approx(1)


def test_knockouts_lose_less_than_everything_and_nothing_for_decoders_that_were_not_asked():
    found = tiny_networks()
    assert found.sizes["fraction"] == len(FRACTIONS)
    assert found.own.sel(task="block", score=DECODER).isnull().all()
    assert found.own.sel(task=REAL, score=DECODER).notnull().all()
    assert abs(found.own).max() <= 1
    np.testing.assert_allclose(found.own, found.own_curve.mean("fraction", skipna=False))
    assert (found.accuracy > 0.5).all()


def test_nodes_are_scored_and_knocked_out_on_different_images():
    shown = shown_sequences(TINY, REAL)
    scored = {image.tobytes() for image in shown.scored.inputs}
    assert len(shown.scored.inputs) == TINY.n_scored
    assert not scored & {image.tobytes() for image in shown.knocked.inputs}


@pytest.mark.parametrize(
    ("field", "value"),
    [("n_nodes", ()), ("n_nodes", (4,)), ("samples", (5,)), ("n_scored", 5), ("n_wired", 63)],
)
def test_bad_fields_are_named(field, value):
    with pytest.raises(ValueError, match=field):
        EstimatorConfig(**{field: value})
    assert EstimatorConfig().study() == StudyConfig(n_replicates=EstimatorConfig().n_populations)


def test_stored_results_are_small_and_say_how_they_were_made():
    assert STORED.stat().st_size < 1_000_000
    stored = stored_results(STORED.name)
    for name in ("configuration", "code_hash", "versions", "created", "processor_seconds"):
        assert stored.attrs[name]
    config = json.loads(stored.attrs["configuration"])
    assert stored.n_nodes.values.tolist() == list(config["n_nodes"])
    assert stored.sizes["replicate"] >= 5
    assert set(SINGLE_NODE) < set(stored.score.values)


def test_other_pages_say_rightly_what_nodes_are_found():
    """They say: better than random nodes, no better than scores of single nodes."""
    for claim in estimator_ledger(stored_results("nodes_that_matter.nc"))[1:]:
        held = {label: set() for label in (RANDOM, SINGLE)}
        for group in claim.groups:
            for label in held:
                held[label] |= {bool(group.holds)} if label in group.group else set()
        assert held == {RANDOM: {True}, SINGLE: {False}}, claim.id


def test_stored_estimates_of_the_smallest_samples_are_recomputed(tmp_path):
    stored = stored_results(STORED.name)
    few = EstimatorConfig(samples=(100,), n_samples=2)
    again = estimate_wirings(few, store=tmp_path)
    for name in ("estimate_bits", "found_fraction", "true_bits"):
        wanted = stored[name]
        if "sample" in wanted.dims:
            wanted = wanted.sel(n_sequences=[100]).isel(sample=slice(2))
        np.testing.assert_allclose(wanted.transpose(*again[name].dims), again[name], atol=1e-4)
