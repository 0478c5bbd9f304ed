"""The findings on drift: their numbers, the sentences that rest on them, and the stored seeds."""

import pandas as pd
import pytest

from book.drift_seeds import (
    BY_SEED,
    SHOWN,
    current_code,
    drift_table,
    seeds_sentence,
    stored_drift,
)
from relaylib.core.store import Store
from relaylib.studies.config import StudyConfig
from relaylib.studies.drift_findings import (
    SENTENCES,
    drift_results,
    findings,
    measures,
    sentences,
)
from relaylib.studies.witnesses import WitnessConfig


@pytest.fixture(scope="module")
def results(quick_results):
    return drift_results(WitnessConfig(StudyConfig(n_replicates=2)), store=Store(quick_results))


def changed(found, group, quantity, value):
    at = (found.group == group) & (found.quantity == quantity)
    assert at.sum() == 1
    return found.assign(estimate=found.estimate.where(~at, value))


def test_findings_are_means_over_networks(results):
    found = findings(results).set_index(["group", "quantity"])
    assert not found.index.duplicated().any()
    late = measures(results.rnns.sel(first_weights="a = 1", task="block")).late
    assert found.estimate["block RNN, a = 1", "late"] == pytest.approx(float(late.mean()))
    epochs = results.gates["LSTM"].epochs.sel(first_weights="bias -4", task="memory")
    assert found.estimate["memory LSTM, bias -4", "epochs"] == pytest.approx(float(epochs.mean()))
    assert set(SHOWN) <= set(found.index)
    known = found.low.notna() & (found.low < found.high)
    assert (found.low[known] <= found.estimate[known]).all()


@pytest.mark.parametrize(
    ("field", "few"), [("architectures", ("RNN", "GRU")), ("regimes", ("1", "random"))]
)
def test_a_study_that_lacks_what_the_chapter_compares_is_refused(field, few):
    with pytest.raises(ValueError, match=f"config.study must hold all {field}, lacks"):
        drift_results(WitnessConfig(StudyConfig(**{field: few})))
    with pytest.raises(TypeError, match="config"):
        drift_results("config")


class TestStored:
    def test_is_of_this_code_and_of_three_seeds(self):
        stored = stored_drift()
        assert set(stored.seed) == {2025, 1, 2}
        assert set(stored.code) == {current_code()}, f"run make claims: {BY_SEED.name} is stale"

    def test_seeds_differ_and_hold_the_same_quantities(self):
        by_seed = [found for _, found in stored_drift().groupby("seed")]
        keys = [set(zip(found.group, found.quantity, strict=True)) for found in by_seed]
        assert keys[0] == keys[1] == keys[2]
        assert len({tuple(found.estimate) for found in by_seed}) == 3

    def test_every_row_of_the_table_is_shown_with_every_seed(self):
        table = drift_table(stored_drift())
        assert table.count("<tr>") == len(SHOWN) + 1
        assert all(f"seed {seed}" in table for seed in (2025, 1, 2))


@pytest.mark.parametrize(
    ("text", "group", "quantity", "against"),
    [
        ("same step RNNs lose more", "block RNN", "knockouts, diagonal", -1.0),
        ("two steps away than one", "memory RNN", "decoded at lag 1 - lag 2", 0.1),
        ("turn more than gated", "memory GRU", "turn", 181.0),
        ("random delays take the turn", "memory RNN", "turn, random delays", 180.0),
        ("most of the order", "all", "rank, theory", 0.4),
        ("the identity takes the drift", "memory RNN, a = 1", "r", 0.1),
        ("decoding rises", "block RNN, a = 1", "decoded", 0.0),
        ("diagonal of the knockouts falls", "memory RNN, a = 1", "contrast", 1.0),
        ("accuracy at other delays", "memory RNN, a = 1", "late", 0.0),
        ("training is faster", "block RNN, a = 1", "epochs", 10_000.0),
        ("orthogonal matrices drift", "block RNN, orthogonal", "r", 1.0),
        ("minus the identity has a high r", "memory RNN, minus identity", "r", 0.4),
        ("reverses the code", "memory RNN, minus identity", "decoded", 0.6),
        ("LSTMs can be made", "memory LSTM, bias -4", "r", 1.0),
        ("a closed gate lowers", "block LSTM, bias -4", "r", 1.0),
    ],
)
def test_a_sentence_fails_where_its_number_says_otherwise(text, group, quantity, against):
    (sentence,) = [each for each in SENTENCES if text in each]
    found = stored_drift().query("seed == 2025")
    assert sentences(found)[sentence]
    assert not sentences(changed(found, group, quantity, against))[sentence]


def test_the_page_names_the_sentence_and_the_seed_that_fails():
    stored = stored_drift()
    assert seeds_sentence(stored).startswith(f"All {len(SENTENCES)} sentences")
    at = (stored.seed == 2) & (stored.group == "all") & (stored.quantity == "rank, theory")
    wrong = stored.assign(estimate=stored.estimate.where(~at, 0.0))
    assert "explains most of the order (seed 2)" in seeds_sentence(wrong)


def test_a_missing_number_is_named():
    with pytest.raises(ValueError, match="found must hold knockouts, diagonal of memory RNN"):
        sentences(pd.DataFrame({"group": ["a"], "quantity": ["b"], "estimate": [1.0]}))
    with pytest.raises(TypeError, match="found"):
        sentences([])
