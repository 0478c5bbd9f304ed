"""The store returns what was computed, and computes it once."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from stores import MODULES, Config, OtherTask, Recorder, Task, Thawed, study, weights

import relaylib.core.key
import relaylib.core.store
from relaylib.core.provenance import code_hash
from relaylib.core.store import Store, as_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results")


def test_dataset_read_equals_the_dataset_computed(store: Store) -> None:
    compute = Recorder(study())
    computed = store.dataset("study", Config(), compute, modules=MODULES)
    read = store.dataset("study", Config(), compute, modules=MODULES)
    assert compute.calls == 1
    assert read.identical(computed)
    xr.testing.assert_equal(read, study())
    for name, variable in study().variables.items():
        assert read[name].dtype == variable.dtype
        assert read[name].attrs == variable.attrs
    for variable in read.variables.values():
        assert isinstance(variable.data, np.ndarray)
        assert not variable.encoding  # it would keep the bytes of the file in memory


def test_dataset_attributes_hold_its_provenance(store: Store) -> None:
    original = study()
    attrs = store.dataset("study", Config(), lambda: original, modules=MODULES).attrs
    configuration = json.loads(attrs["configuration"])
    assert configuration["class"] == "stores.Config"
    (task,) = configuration["tasks"]
    assert (task["class"], task["n_steps"]) == ("stores.Task", 10)
    assert len(task["class.code"]) == 64  # a class from outside the package
    versions, libraries = json.loads(attrs["versions"]), json.loads(attrs["libraries"])
    assert {"numpy", "scipy", "numba", "scikit-learn", "torch"} <= libraries.keys()
    assert versions == libraries | {n: versions[n] for n in ("python", "xarray", "relaylib")} | {
        n: versions[n] for n in ("h5netcdf", "safetensors")
    }
    assert attrs["code_hash"] == code_hash(MODULES)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*", attrs["created"])
    assert attrs["title"] == "study"
    assert original.attrs == study().attrs


def test_arrays_read_equal_the_arrays_computed(store: Store) -> None:
    compute = Recorder(weights())
    for _ in range(2):
        arrays = store.arrays("weights", Config(), compute, modules=MODULES)
        assert arrays.keys() == weights().keys()
        for name, expected in weights().items():
            np.testing.assert_array_equal(arrays[name], expected)
            assert arrays[name].dtype == expected.dtype
        arrays["weight_hh"] += 1  # must not change the stored arrays
    assert compute.calls == 1


@pytest.mark.parametrize(
    "other",
    [
        Config(seed=2026),
        Config(rate=0.02),
        Config(regime="1"),
        Config(regime=None),
        Config(lean=True),
        Config(seed=True),
        Config(tasks=()),
        Config(tasks=(Task(9),)),
        Config(tasks=(OtherTask(),)),
        Config(tasks=(Task(), Task())),
    ],
)
def test_every_field_makes_another_entry(store: Store, other: Config) -> None:
    store.arrays("weights", Config(), weights, modules=MODULES)
    assert store.holds("weights", Config(), modules=MODULES)
    assert not store.holds("weights", other, modules=MODULES)
    compute = Recorder({"weight_hh": np.ones(1)})
    assert store.arrays("weights", other, compute, modules=MODULES).keys() == {"weight_hh"}
    assert compute.calls == 1


def test_name_and_code_make_another_entry(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    compute = Recorder(weights())
    store.arrays("weights", Config(), compute, modules=MODULES)
    store.arrays("others", Config(), compute, modules=MODULES)
    assert compute.calls == 2
    changes = {"code_hash": lambda *_, **__: "edited", "library_versions": lambda: {"numpy": "0"}}
    for number, (function, changed) in enumerate(changes.items(), start=3):
        monkeypatch.setattr(relaylib.core.key, function, changed)
        assert not store.holds("weights", Config(), modules=MODULES)
        store.arrays("weights", Config(), compute, modules=MODULES)
        assert compute.calls == number


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (Config(tasks=([1],)), "config.tasks[0]"),
        (Config(tasks=(Task(n_steps={}),)), "config.tasks[0].n_steps"),  # type: ignore[arg-type]
        (Config(seed=np.int64(1)), "config.seed"),  # type: ignore[arg-type]
        (Config(regime=len), "config.regime"),  # type: ignore[arg-type]
        (Config(tasks=(Task,)), "config.tasks[0]"),
        (Config(tasks=(Thawed(),)), "config.tasks[0]"),
        (Thawed(), "config"),
        (Config, "config"),
        ({"seed": 1}, "config"),
        ("seed", "config"),
    ],
)
def test_unhashable_configuration_raises_an_error_that_names_the_field(
    store: Store, config: Any, named: str
) -> None:
    with pytest.raises(TypeError, match=rf"^{re.escape(named)} must be"):
        store.arrays("weights", config, weights, modules=MODULES)


@pytest.mark.parametrize("rate", [np.nan, np.inf])
def test_configuration_must_be_finite(store: Store, rate: float) -> None:
    with pytest.raises(ValueError, match=r"config\.rate must be finite"):
        store.arrays("weights", Config(rate=rate), weights, modules=MODULES)


@pytest.mark.parametrize("name", ["", "../weights", "a/b", ".hidden", "a b", "a\n"])
def test_names_cannot_leave_the_folder(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="name must be"):
        store.arrays(name, Config(), weights, modules=MODULES)
    with pytest.raises(ValueError, match="filename must be"):
        store.export(study(), name)


def test_only_a_dataset_is_stored_as_dataset(store: Store) -> None:
    with pytest.raises(TypeError, match=r"compute must return an xarray\.Dataset, got DataArray"):
        store.dataset("study", Config(), lambda: study()["accuracy"], modules=MODULES)  # type: ignore[arg-type, return-value]
    assert not store.holds("study", Config(), modules=MODULES)


def test_failed_computation_leaves_other_entries_unchanged(store: Store) -> None:
    def fail() -> Any:
        raise RuntimeError("diverged")

    store.arrays("weights", Config(), weights, modules=MODULES)
    before = {path.name: path.read_bytes() for path in store.root.glob("weights*")}
    with pytest.raises(RuntimeError, match="diverged"):
        store.arrays("weights", Config(seed=1), fail, modules=MODULES)
    assert {path.name: path.read_bytes() for path in store.root.glob("weights*")} == before
    recovered = Recorder(weights())
    store.arrays("weights", Config(seed=1), recovered, modules=MODULES)
    assert recovered.calls == 1


def test_interrupted_study_continues_from_finished_entries(store: Store) -> None:
    computed = []

    def run(stop_at: int | None) -> list[int]:
        def condition(seed: int) -> dict[str, np.ndarray]:
            if seed == stop_at:
                raise KeyboardInterrupt
            computed.append(seed)
            return {"seed": np.array(seed)}

        def stored(seed: int) -> dict[str, np.ndarray]:
            return store.arrays("seed", Config(seed), lambda: condition(seed), modules=MODULES)

        return [int(stored(seed)["seed"]) for seed in range(5)]

    with pytest.raises(KeyboardInterrupt):
        run(stop_at=3)
    assert computed == [0, 1, 2]
    assert run(stop_at=None) == [0, 1, 2, 3, 4]
    assert computed == [0, 1, 2, 3, 4]


def test_export_can_replace_a_file_that_is_open(store: Store) -> None:
    path = store.export(study(), "study.nc")
    before = path.read_bytes()
    dataset = store.dataset("study", Config(), study, modules=MODULES)
    with path.open("rb") as reader:
        assert store.export(dataset, "study.nc") == path == store.root / "study.nc"
        assert reader.read() == before
    assert xr.load_dataset(path, engine="h5netcdf").identical(dataset)


def test_default_folder_is_the_same_from_anywhere_in_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RELAY_RESULTS", raising=False)
    for folder in ("project/relaylib", "project/notebooks", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
    expected = {
        "project": "project/results",
        "project/notebooks": "project/results",
        "elsewhere": "elsewhere/results",
    }
    for folder, results in expected.items():
        monkeypatch.chdir(tmp_path / folder)
        assert Store().root == tmp_path / results
    monkeypatch.setenv("RELAY_RESULTS", "kept")
    assert Store().root == tmp_path / "elsewhere" / "kept"
    assert Store("here").root == tmp_path / "elsewhere" / "here"


def test_a_store_can_be_given_as_a_path_or_left_out(store: Store, tmp_path: Path) -> None:
    assert as_store(store) is store
    assert as_store(str(tmp_path)).root == as_store(tmp_path).root == tmp_path
    assert as_store(None).root == Store().root
    with pytest.raises(TypeError, match="store must be a Store, a path or None, got 3"):
        as_store(3)  # type: ignore[arg-type]
