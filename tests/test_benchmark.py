"""The benchmark results can be read, drawn and shown; no test here depends on measured times."""

import importlib
import json
import re
import sys

import numpy as np
import pytest
from conftest import ROOT

from book.benchmark import (
    FOLDER,
    as_table,
    compare,
    first_calls,
    load_bench,
    load_scaling,
    one_row,
)
from relaylib.figures import fig_speed
from relaylib.figures.style import three_digits
from relaylib.networks import compiled_training
from relaylib.networks.cells import ARCHITECTURES
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.recording import record
from relaylib.networks.replicate import Replicate, training_case

KEYS = {"name", "value", "unit", "baseline", "ratio", "peak_rss_mb"}
NAME = re.compile(r".+ \(baseline: .+; \d+ repetitions?\)")


@pytest.fixture(scope="module")
def benches():
    sys.path.insert(0, str(ROOT / "tests" / "bench"))
    names = (
        "measure",
        "bench_jax",
        "bench_layers",
        "bench_relay",
        "bench_scaling",
        "bench_training",
    )
    yield {name: importlib.import_module(name) for name in names}
    sys.path.remove(str(ROOT / "tests" / "bench"))


SERIES = {"exponent": 2.0, "peak_rss_mb": 100.0}
SCALING = [
    SERIES | {"what": "order", "over": "nodes", "sizes": [512, 1024, 2048], "seconds": [1, 4, 16]},
    SERIES | {"what": "training", "over": "cores", "sizes": [1, 2], "seconds": [2.0, 1.0]},
]
FIRST_CALLS = [{"what": "orders", "first_s": 2.5, "second_s": 0.0125}]


@pytest.fixture
def bench(benches, tmp_path):
    """A run with known times."""
    measure = benches["measure"]
    rows = [
        measure.row("training (baseline: the loop, 1 each)", 2.0, "s", 100.0, 300.0),
        measure.row("training (baseline: its products)", 2.0, "s", 1.0, 300.0),
        measure.row("orders (baseline: dit)", 0.5, "s", 5_000.0, 200.0),
    ]
    stored = {"date": "2026-01-01", "quick": False, "machine": {"cores": 2}}
    stored |= {"versions": {"numpy": "2"}, "rows": measure.repeated(rows, 5)}
    stored |= {"scaling": SCALING, "first_calls": FIRST_CALLS}
    (tmp_path / "run.json").write_text(json.dumps(stored))
    return load_bench("run.json", folder=tmp_path)


def test_every_row_of_the_books_run_has_the_right_form():
    stored = json.loads((FOLDER / "bench.json").read_text())
    parts = {"date", "quick", "machine", "versions", "rows", "scaling", "first_calls"}
    assert set(stored) == parts
    assert {"jax", "m-phate"} <= set(stored["versions"])
    for row in stored["rows"]:
        assert set(row) == KEYS
        assert NAME.fullmatch(row["name"]), row["name"]
        assert "the goal" not in row["name"]
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


def test_series_are_padded_to_the_longest(bench, tmp_path):
    growth = load_scaling("run.json", folder=tmp_path)
    assert growth.series.values.tolist() == ["order, by nodes", "training, by cores"]
    assert growth["size"].values[0].tolist() == [512, 1024, 2048]
    cores = growth.sel(series="training, by cores")
    assert np.isnan(cores.seconds[2])
    assert cores.seconds[:2].values.tolist() == [2, 1]


def test_the_books_exponents_are_those_of_its_times():
    growth = load_scaling()
    for name in growth.series.values:
        one = growth.sel(series=name).dropna("point")
        slope = np.polyfit(np.log(one["size"]), np.log(one.seconds), 1)[0]
        assert float(one.exponent) == pytest.approx(slope)


def test_the_figure_shows_ratios_and_growth(bench, tmp_path):
    ratios, growth = fig_speed.draw(bench, load_scaling("run.json", folder=tmp_path)).axes
    ends = [bar.get_x() + bar.get_width() for bar in ratios.patches]
    np.testing.assert_allclose(ends, [50, 10_000])  # the speed of products is no method
    assert "training\nthan the loop, 1 each" in [text.get_text() for text in ratios.texts]
    lines = {line.get_label(): line for line in growth.lines}
    order = lines["order, by nodes: power 2.0"]
    np.testing.assert_allclose(order.get_xdata(), [1, 2, 4])
    np.testing.assert_allclose(order.get_ydata(), [1, 4, 16])


def test_first_calls_are_a_table_of_text(bench, tmp_path):
    table = first_calls("run.json", folder=tmp_path)
    assert table.iloc[0].tolist() == ["orders", "2.50", "0.0125"]


@pytest.mark.parametrize(
    ("ratios", "sentence"),
    [
        ({"RNN": 1.2, "GRU": 3.0}, "relaylib is ahead of JAX in all of them."),
        ({"RNN": 0.9, "GRU": 0.5}, "JAX is ahead in all of them."),
        ({"RNN": 0.9, "GRU": 3}, "relaylib is ahead of JAX for GRU and behind for RNN."),
    ],
)
def test_who_is_ahead_is_computed(ratios, sentence):
    assert compare(ratios, "JAX") == sentence


def test_the_table_has_units_and_three_digits(bench):
    table = as_table(bench)
    assert table.shape == (bench.sizes["name"], 6)
    assert table["baseline"].tolist()[:3] == ["100\xa0s", "1.00\xa0s", "5,000\xa0s"]


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


def test_every_series_of_growth_is_measured_and_fitted(benches, monkeypatch):
    scaling = benches["bench_scaling"]
    monkeypatch.setattr(scaling, "apart", lambda measured, *given: measured(*given))
    sizes = {"cores": (1, 2)}
    small = [one._replace(sizes=sizes.get(one.over, (16, 32))) for one in scaling.ALL_SERIES]
    monkeypatch.setattr(scaling, "ALL_SERIES", small)
    table = scaling.scaling(1)
    assert [(line["what"], line["over"]) for line in table] == [one[:2] for one in small]
    assert all(min(line["seconds"]) > 0 for line in table)


@pytest.mark.parametrize("architecture", ["RNN", "GRU", "LSTM"])
def test_an_epoch_of_jax_moves_the_weights_as_ours_does(benches, architecture):
    jax = pytest.importorskip("jax", reason="install jax to compare with it")
    config = benches["bench_jax"].condition(architecture, 1)
    inputs, targets = training_case(config)
    first = Replicate(config, 0).restart()
    parts = compiled_training._views(first, *(16, 12, 3), ARCHITECTURES.index(architecture))
    names = ("w_ih", "w_hh", "b_ih", "b_hh", "w_out", "b_out")
    weights = {n: v if v.ndim == 2 else v[:, None] for n, v in zip(names, parts, strict=True)}
    blank = np.zeros((16, 5, 128), np.float32)
    shown = np.concatenate([inputs, blank], axis=1).transpose(1, 0, 2)
    zeros = {name: np.zeros_like(value) for name, value in weights.items()}
    step = benches["bench_jax"].jax_step(architecture, 12, config.learning_rate)
    (moved, *_), _ = jax.jit(step)((weights, zeros, zeros, 0.0), shown, targets)
    ours = first.copy()
    state, rule = (ours, np.zeros_like(ours), np.zeros_like(ours)), (1.0, config.learning_rate, 2)
    case = (inputs, targets, np.full((1, 128), 5), np.array([5]))
    kept = np.zeros((0, ours.size), np.float32)
    kind = ARCHITECTURES.index(architecture)
    compiled_training.train_epochs(kind, 12, case, state, rule, 0, np.zeros(0, np.int64), kept)
    flat = np.concatenate([np.asarray(moved[name]).ravel() for name in names])
    np.testing.assert_allclose(flat, ours, atol=2e-5)
    assert not np.allclose(first, ours, atol=1e-3)


def test_the_products_of_an_epoch_are_counted(benches):
    config = benches["bench_jax"].condition("RNN", 1)
    forward = 12 * (16 * 10 + 12 * 15)
    assert benches["bench_jax"].multiply_adds(config) == 128 * (
        2 * forward + 12 * 12 * 14 + 3 * 3 * 12
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
