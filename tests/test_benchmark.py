"""The benchmark results can be read, drawn and shown; no test here depends on measured times."""

import importlib
import json
import re
import sys

import numpy as np
import pytest
from conftest import ROOT

from book.benchmark import FOLDER, as_table, layer_growth, load_bench, one_row
from relaylib.figures import fig_speed
from relaylib.figures.style import three_digits
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.recording import record

KEYS = {"name", "value", "unit", "baseline", "ratio", "peak_rss_mb"}
NAME = re.compile(r".+ \(baseline: .+; \d+ repetitions?\)")


@pytest.fixture(scope="module")
def benches():
    sys.path.insert(0, str(ROOT / "tests" / "bench"))
    names = ("measure", "bench_training", "bench_relay", "bench_layers")
    yield {name: importlib.import_module(name) for name in names}
    sys.path.remove(str(ROOT / "tests" / "bench"))


def write(folder, rows):
    about = {"date": "2026-01-01", "quick": False, "machine": {"cores": 2}}
    stored = about | {"versions": {"numpy": "2"}, "rows": rows}
    (folder / "run.json").write_text(json.dumps(stored))
    return load_bench("run.json", folder=folder)


@pytest.fixture
def bench(benches, tmp_path):
    """A run with known times: typical layers grow as n^2, adverse ones as n^3."""
    measure = benches["measure"]
    rows = [
        measure.row("training (baseline: the loop, 1 each)", 2.0, "s", 100.0, 300.0),
        measure.row("training (baseline: the goal)", 2.0, "s", 30.0, 300.0),
        measure.row("orders (baseline: dit)", 0.5, "s", 5_000.0, 200.0),
        measure.row("typical layer: grows (baseline: all pairs)", 2.0, "1", 3.0, 100.0),
    ]
    for kind, power in (("typical", 2), ("adverse", 3)):
        for n in (512, 1024, 2048):
            name = f"{kind} layer, {n:,} nodes x {4 * n:,} sequences (baseline: the goal)"
            rows.append(measure.row(name, (n / 1024) ** power, "s", 1.5, 100.0))
    return write(tmp_path, measure.repeated(rows, 5))


def test_every_row_of_the_books_run_has_the_right_form():
    stored = json.loads((FOLDER / "bench.json").read_text())
    assert {"date", "quick", "machine", "versions", "rows"} <= set(stored)
    for row in stored["rows"]:
        assert set(row) == KEYS
        assert NAME.fullmatch(row["name"]) or row["unit"] == "1", row["name"]
        assert row["value"] > 0
        assert row["ratio"] == pytest.approx(row["baseline"] / row["value"])
    assert len({row["name"] for row in stored["rows"]}) == len(stored["rows"])


def test_the_books_run_needs_less_than_two_gigabytes_and_contains_no_paths():
    text = (FOLDER / "bench.json").read_text()
    assert load_bench().peak_rss_mb.max() < 2000
    assert not re.search(r"/(home|root|tmp|work|usr)\b", text)


def test_a_run_is_read_as_it_was_written(bench):
    row = one_row(bench, "training", "the loop")
    assert (float(row.value), float(row.baseline), float(row.ratio)) == (2, 100, 50)
    assert row.against.item() == "the loop, 1 each; 5 repetitions"
    assert bench.attrs["cores"] == 2
    assert bench.attrs["version_numpy"] == "2"


@pytest.mark.parametrize(("what", "against"), [("training", ""), ("nothing", "dit")])
def test_no_match_or_several_are_refused(bench, what, against):
    with pytest.raises(ValueError, match=r"must match one row.*rows are:\ntraining \(baseline"):
        one_row(bench, what, against)


def test_the_error_for_a_missing_run_says_how_to_create_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="create one with: make bench"):
        load_bench("none.json", folder=tmp_path)


def test_the_exponent_of_growth_is_fitted(bench):
    growth = layer_growth(bench)
    assert growth.nodes.values.tolist() == [512, 1024, 2048]
    assert growth.exponent.sel(kind="typical") == pytest.approx(2)
    assert growth.exponent.sel(kind="adverse") == pytest.approx(3)
    with pytest.raises(ValueError, match="no large layers"):
        layer_growth(bench.isel(name=[0, 1]))


def test_the_figure_shows_ratios_and_growth(bench):
    ratios, growth = fig_speed.draw(bench, layer_growth(bench)).axes
    ends = [bar.get_x() + bar.get_width() for bar in ratios.patches]
    np.testing.assert_allclose(ends, [50, 10_000])  # goals are no method
    assert "training\nthan the loop, 1 each" in [text.get_text() for text in ratios.texts]
    assert growth.get_xlabel() == "nodes (4 sequences each)"
    assert growth.get_ylabel() == "time (s)"
    lines = {line.get_label(): line for line in growth.lines}
    np.testing.assert_allclose(lines["typical layer"].get_ydata(), [0.25, 1, 4])
    np.testing.assert_allclose(lines["fit: nodes to the power 3.0"].get_ydata(), [1 / 8, 1, 8])
    np.testing.assert_allclose(lines["goal"].get_ydata(), 1.5)


def test_the_table_has_units_and_three_digits(bench):
    table = as_table(bench)
    assert table.shape == (bench.sizes["name"], 6)
    assert table["baseline"].tolist()[:3] == ["100\xa0s", "30.0\xa0s", "5,000\xa0s"]
    assert table["value"].tolist()[3] == "2.00"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.012345, "0.0123"), (1.5, "1.50"), (57.25, "57.2"), (123.4, "123"), (987_654.0, "988,000")],
)
def test_numbers_have_three_significant_digits(value, text):
    assert three_digits(value) == text


def test_only_positive_numbers_are_formatted():
    with pytest.raises(ValueError, match="value must be positive, got 0"):
        three_digits(0.0)


@pytest.mark.parametrize(("architecture", "regime"), [("RNN", "1"), ("GRU", "random")])
def test_the_baseline_loop_trains_the_networks_of_the_study(benches, architecture, regime):
    """Same initial weights, data, delays and stopping rule, so the same steps up to rounding."""
    from relaylib.networks.conditions import TrainingConfig
    from relaylib.networks.training import train

    training = benches["bench_training"]
    config = TrainingConfig(architecture=architecture, regime=regime, n_replicates=1)
    steps = training.gradient_steps(config, train(config))
    assert training.train_plainly(config, 0) == pytest.approx(steps, abs=2)


def test_steps_of_discarded_attempts_are_counted(benches):
    from relaylib.networks.conditions import TrainingConfig
    from relaylib.networks.training import train

    config = TrainingConfig(regime="1", n_replicates=2)
    trained = train(config)
    trained.attempts[:] = [1, 3]
    steps = benches["bench_training"].gradient_steps(config, trained)
    assert steps == trained.epochs.sum() + 2 * config.max_epochs


def test_large_layers_give_rows_of_the_right_form(benches, monkeypatch):
    monkeypatch.setattr(benches["bench_relay"], "apart", lambda measured, *given: measured(*given))
    rows = benches["bench_relay"]._growth(1, {32: 1, 64: 1})
    assert all(set(row) == KEYS for row in rows)
    assert [row["unit"] for row in rows] == ["s", "s", "1"] * 2
    assert rows[0]["name"] == (
        "typical layer, 32 nodes x 128 sequences (baseline: the goals' line; 1 repetition)"
    )


def test_recording_and_symbols_give_rows_of_the_right_form(benches, monkeypatch):
    layers = benches["bench_layers"]
    monkeypatch.setattr(layers, "apart", lambda measured, *given: measured(*given))
    rows = layers.rows(1, n_nodes=40, n_sequences=64)
    assert [row["unit"] for row in rows] == ["s", "s", "s"]
    assert all(row["value"] > 0 and row["baseline"] > 0 for row in rows)
    assert all(row["name"].endswith("; 1 repetition)") for row in rows)


def test_the_baselines_of_layers_do_the_same(benches):
    """Torch gives the activations that `record` does, and single calls the orders of the batch."""
    layers = benches["bench_layers"]
    recurrent, readout, trials = layers.layer(6, 32)
    recorded = record(Ensemble.from_torch([(recurrent, readout)]), trials, delay=5)
    hidden, answers, _ = layers.by_torch(recurrent, readout, trials)
    ours = recorded.activations.isel(network=0).transpose("time", "sequence", "node")
    np.testing.assert_allclose(hidden, ours, atol=1e-6)
    by_torch = answers.numpy().transpose(0, 2, 1)
    assert ((recorded.answers.isel(network=0).values > 0) == by_torch).all()
    assert layers.by_scikit_learn(ours.values[0], 2).shape == (32, 6)
