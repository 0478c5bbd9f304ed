"""The Python side of the widgets: what they send to the page, and which arguments are errors."""

import base64
import gzip
import json
import re

import numpy as np
import pytest
import xarray as xr

from relaylib.core.store import Store
from relaylib.studies.study import StudyConfig, load_ensemble, run_study
from relaylib.tasks.memory import MemoryTask
from relaylib.widgets.explorer import RelayExplorer, pack_information
from relaylib.widgets.live import LiveNetwork

BITS = ("task", "architecture", "regime", "replicate", "time", "concept", "node")


@pytest.fixture
def explorer(small_study):
    return RelayExplorer(small_study.dataset)


@pytest.fixture
def live(small_study):
    return LiveNetwork(small_study.config, small_study.dataset, store=small_study.store)


def asset_of(path):
    (text,) = re.findall(r'"\] = "([A-Za-z0-9+/=]+)";\n$', path.read_text())
    return gzip.decompress(base64.b64decode(text))


def test_packed_information_comes_back_to_half_precision():
    bits = np.linspace(-1, 1, 2 * 3 * 36).reshape(2, 3, 3, 12)
    back = np.frombuffer(pack_information(bits), "<f2").reshape(bits.shape)
    np.testing.assert_allclose(back, bits, rtol=0, atol=5e-4)


def test_the_asset_holds_every_network_of_the_study(explorer, small_study, tmp_path):
    path = explorer.save_asset(tmp_path)
    assert path.name == f"{explorer.asset}.js"
    assert f'["{explorer.asset}"]' in path.read_text()
    bits = small_study.dataset.information_bits.transpose(*BITS)
    back = np.frombuffer(asset_of(path), "<f2").reshape(bits.shape)
    np.testing.assert_allclose(back, bits, rtol=0, atol=5e-4)


def test_widgets_of_one_study_share_one_asset(explorer, small_study, tmp_path):
    other = RelayExplorer(small_study.dataset.transpose(..., "task"), task="block")
    assert {explorer.save_asset(tmp_path), other.save_asset(tmp_path)} == set(tmp_path.iterdir())


def test_other_results_make_another_asset(explorer, small_study):
    assert RelayExplorer(small_study.dataset.isel(replicate=[0])).asset != explorer.asset


def test_the_asset_is_written_while_the_book_is_executed(small_study, tmp_path, monkeypatch):
    monkeypatch.setenv("RELAY_ASSETS", str(tmp_path / "assets"))
    explorer = RelayExplorer(small_study.dataset)
    assert (tmp_path / "assets" / f"{explorer.asset}.js").exists()


def test_a_saved_notebook_holds_the_matrices_and_a_page_of_the_book_does_not(
    explorer, small_study, tmp_path, monkeypatch
):
    assert explorer.get_state()["information"] == explorer._data
    monkeypatch.setenv("RELAY_ASSETS", str(tmp_path))
    state = RelayExplorer(small_study.dataset).get_state()
    assert state["information"] == b""
    without_script = {k: v for k, v in state.items() if k not in ("_esm", "_css", "information")}
    assert len(json.dumps(without_script)) < 3000 < small_study.dataset.information_bits.size


def test_the_answer_is_read_at_the_delay_of_the_regime(explorer):
    assert explorer.study["answer_steps"] == {
        **{str(delay): 10 + delay for delay in (1, 2, 3, 4, 5)},
        "random": 15,
    }
    assert explorer.study["n_steps"] == 10


@pytest.mark.parametrize(
    ("shown", "message"),
    [
        ({"task": "blocks"}, "task must be one of 'memory', 'block'; got 'blocks'"),
        ({"architecture": "gru"}, "'RNN', 'GRU', 'LSTM', 'compare'"),
        ({"regime": "6"}, "regime must be one of"),
        ({"replicate": 2}, r"replicate must be in 0..1, got 2"),
        ({"time": 0}, r"time must be in 1..15, got 0"),
        ({"beside": "compare"}, "beside must be one of '', 'RNN', 'GRU', 'LSTM'; got 'compare'"),
        ({"beside_regime": "6"}, "beside_regime must be one of"),
        ({"beside_replicate": 2}, r"beside_replicate must be in 0..1, got 2"),
    ],
)
def test_the_explorer_names_a_value_that_the_study_does_not_have(small_study, shown, message):
    with pytest.raises(ValueError, match=message):
        RelayExplorer(small_study.dataset, **shown)


def test_at_first_the_network_beside_differs_in_its_number_alone(small_study):
    explorer = RelayExplorer(small_study.dataset, architecture="GRU", regime="2", beside="GRU")
    assert (explorer.beside_regime, explorer.beside_replicate) == ("2", 1)
    assert RelayExplorer(small_study.dataset.isel(replicate=[0])).beside_replicate == 0


def test_the_explorer_names_what_a_dataset_lacks():
    with pytest.raises(ValueError, match=r"study must hold information_bits.*'accuracy'"):
        RelayExplorer(xr.Dataset({"accuracy": ("task", [1.0])}))


def test_the_live_network_holds_weights_population_and_relay_order(live, small_study):
    floats = np.frombuffer(gzip.decompress(live.floats), "<f4")
    halves = np.frombuffer(gzip.decompress(live.halves), "<f2")
    config, store = small_study.config, small_study.store
    assert len(live.contents["networks"]) == 36
    for network in live.contents["networks"]:
        labels = {name: network[name] for name in ("task", "architecture", "regime")}
        ensemble = load_ensemble(config, *labels.values(), store=store)
        for name, (start, end) in network["weights"].items():
            assert (floats[start:end] == ensemble.weights[name].numpy().ravel()).all()
        order = halves[slice(*network["order"])]
        measured = small_study.dataset.sel(labels).transpose("replicate", "time", "concept", ...)
        assert (order == measured.removal_order.values.ravel()).all()
        bits = halves[slice(*network["bits"])]
        np.testing.assert_allclose(bits, measured.information_bits.values.ravel(), atol=5e-4)
    for task, packed in zip(config.tasks, live.contents["tasks"], strict=True):
        assert (floats[slice(*packed["inputs"])] == task.population().inputs.ravel()).all()
        assert (floats[slice(*packed["targets"])] == task.population().targets.ravel()).all()


def test_the_live_network_holds_the_networks_that_were_asked_for(live, small_study):
    config, study, store = small_study.config, small_study.dataset, small_study.store
    one = LiveNetwork(config, study, replicates=[1], store=store)
    assert (one.contents["replicates"], one.replicate) == ([1], 1)
    assert (live.contents["replicates"], live.replicate) == ([0, 1], 0)
    network = one.contents["networks"][0]
    labels = [network[name] for name in ("task", "architecture", "regime")]
    weights = load_ensemble(config, *labels, store=store).weights["weight_hh"][1]
    floats = np.frombuffer(gzip.decompress(one.floats), "<f4")
    assert (floats[slice(*network["weights"]["weight_hh"])] == weights.numpy().ravel()).all()


def test_the_live_network_shows_the_state_that_was_analysed(live):
    states = {n["architecture"]: n["state"] for n in live.contents["networks"]}
    assert states == {"RNN": "hidden", "GRU": "hidden", "LSTM": "cell"}


@pytest.mark.parametrize(
    ("shown", "message"),
    [
        ({"architecture": "gru"}, "architecture must be one of 'GRU', 'LSTM', 'RNN'; got 'gru'"),
        ({"delay": 10}, r"delay must be in 0..9, got 10"),
        ({"knock_step": 0}, r"knock_step must be in 1..19, got 0"),
        ({"knocked": [10]}, "knocked must have 12 entries"),
        ({"knocked": [20] * 12}, "knocked must be one of"),
        ({"concepts": [1, 0, 1]}, "concepts must be one of -1, 1; got 0"),
        ({"replicate": 2}, r"replicate must be one of 0, 1; got 2"),
        ({"replicates": [0], "replicate": 1}, r"replicate must be one of 0; got 1"),
        ({"replicates": [2]}, r"replicates must be in 0..1, got 2"),
        ({"replicates": [0, 0]}, r"replicates must name .* each once, got \[0, 0\]"),
        ({"replicates": []}, r"replicates must name at least one network"),
    ],
)
def test_the_live_network_names_a_value_out_of_range(small_study, shown, message):
    with pytest.raises(ValueError, match=message):
        LiveNetwork(small_study.config, small_study.dataset, store=small_study.store, **shown)


@pytest.mark.parametrize("replicates", [1, "01", [0.5]])
def test_replicates_of_another_type_are_named(small_study, replicates):
    with pytest.raises(TypeError, match="replicates must be"):
        LiveNetwork(
            small_study.config, small_study.dataset, store=small_study.store, replicates=replicates
        )


def test_a_task_without_a_population_is_named(tmp_path):
    config = StudyConfig(
        tasks=(MemoryTask(noise_sd=0.1),),
        architectures=("RNN",),
        regimes=("1",),
        n_replicates=1,
        accuracy_goal=0.5,
    )
    store = Store(tmp_path)
    study = run_study(config, store=store)
    with pytest.raises(ValueError, match=r"noise_sd=0.1.* has no finite population"):
        LiveNetwork(config, study, store=store)
