"""The store returns what was computed, computes it once, and never uses damaged files."""

import importlib
import json
import linecache
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import relaylib.core.store
from relaylib.core.store import Store, StoreWarning, as_store

MODULES = ["relaylib.core.seeds"]


@dataclass(frozen=True)
class Task:
    n_steps: int = 10


@dataclass(frozen=True)
class OtherTask:
    n_steps: int = 10


@dataclass(frozen=True)
class Config:
    seed: int = 2025
    rate: float = 0.01
    regime: str | None = "random"
    lean: bool = False
    tasks: tuple[Any, ...] = (Task(),)


@dataclass
class Thawed:
    seed: int = 1


class Recorder:
    """A computation that counts its calls."""

    def __init__(self, result: Any) -> None:
        self.result, self.calls = result, 0

    def __call__(self) -> Any:
        self.calls += 1
        return self.result


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results")


def weights() -> dict[str, np.ndarray]:
    return {
        "weight_hh": np.arange(6, dtype=np.float32).reshape(2, 3),
        "transposed": np.arange(6.0).reshape(2, 3).T,
        "scalar": np.array(3),
        "flags": np.array([True, False]),
        "empty": np.zeros((0, 4)),
    }


def study() -> xr.Dataset:
    relay_bits = np.array([[0.5, np.nan], [1.0, -1.0]], dtype=np.float32)
    return xr.Dataset(
        {
            "relay_bits": (("architecture", "replicate"), relay_bits, {"units": "bit"}),
            "reached": ("architecture", np.array([True, False])),
            "removal_order": ("replicate", np.array([2, 1], dtype=np.int8)),
            "accuracy": (("architecture", "replicate"), np.full((2, 2), np.nan)),
        },
        coords={
            "architecture": ["RNN", "LSTM"],
            "replicate": [0, 1],
            "concept_name": (("architecture", "replicate"), [["A", "größe"], ["B", ""]]),
        },
        attrs={"title": "study", "n_replicates": 2},
    )


def data_file(store: Store) -> Path:
    (path,) = (p for p in store.root.iterdir() if p.suffix in {".nc", ".safetensors"})
    return path


def manifest_file(store: Store) -> Path:
    return data_file(store).with_name(data_file(store).name + ".json")


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
    assert configuration["class"] == "Config"
    (task,) = configuration["tasks"]
    assert (task["class"], task["n_steps"]) == ("Task", 10)
    assert len(task["code"]) == 64  # a class from outside the package: its source counts
    assert json.loads(attrs["versions"]).keys() == {"numpy", "torch", "xarray", "relaylib"}
    assert attrs["code_hash"] == relaylib.core.store.code_hash(MODULES)
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
    monkeypatch.setattr(relaylib.core.store, "code_hash", lambda modules: "edited")
    assert not store.holds("weights", Config(), modules=MODULES)
    store.arrays("weights", Config(), compute, modules=MODULES)
    assert compute.calls == 3


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


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def flip_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)


def swap_seed(path: Path) -> None:
    path.write_text(path.read_text().replace("2025", "2026"))


@pytest.mark.parametrize(
    ("part", "damage"),
    [
        (data_file, shorten),
        (data_file, flip_byte),
        (data_file, lambda path: path.write_bytes(b"")),
        (data_file, lambda path: path.rename(path.with_name("lost"))),
        (manifest_file, lambda path: path.unlink()),
        (manifest_file, shorten),
        (manifest_file, lambda path: path.write_bytes(b"\xff{}")),
        (manifest_file, lambda path: path.write_text("[]")),
        (manifest_file, swap_seed),
    ],
)
@pytest.mark.parametrize("kind", ["dataset", "arrays"])
def test_damaged_entry_is_computed_again_with_a_warning(
    store: Store, kind: str, part: Any, damage: Any
) -> None:
    compute = Recorder(study() if kind == "dataset" else weights())
    request = getattr(store, kind)
    first = request("result", Config(), compute, modules=MODULES)
    name = data_file(store).name
    damage(part(store))
    with pytest.warns(StoreWarning, match=rf"{re.escape(name)} is damaged and is computed again"):
        again = request("result", Config(), compute, modules=MODULES)
    assert compute.calls == 2
    request("result", Config(), compute, modules=MODULES)
    assert compute.calls == 2
    for variable in first:
        np.testing.assert_array_equal(again[variable], first[variable])


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


def test_result_is_returned_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = Store(tmp_path / "file" / "results")
    with pytest.warns(StoreWarning, match="could not be stored") as caught:
        arrays = store.arrays("weights", Config(), weights, modules=MODULES)
    np.testing.assert_array_equal(arrays["transposed"], weights()["transposed"])
    assert len(caught) == 1
    with pytest.warns(StoreWarning, match=r"study\.nc could not be stored"):
        store.export(study(), "study.nc")


def test_full_disk_leaves_no_partial_entry(store: Store) -> None:
    large = {"weight_hh": np.ones(10_000)}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.warns(StoreWarning, match="could not be stored"):
            arrays = store.arrays("weights", Config(), lambda: large, modules=MODULES)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    np.testing.assert_array_equal(arrays["weight_hh"], large["weight_hh"])
    assert not list(store.root.glob("weights*"))
    store.arrays("weights", Config(), lambda: large, modules=MODULES)
    assert store.holds("weights", Config(), modules=MODULES)


# A process that marks each call of its computation by a file, then does what `body` says.
PROCESS = """
import os, signal, sys, time, uuid
from pathlib import Path
import numpy as np
sys.path.insert(0, sys.argv[1])
from test_store import Config, MODULES
from relaylib.core.store import Store
root = Path(sys.argv[2])
def compute():
    (root.parent / f"{{uuid.uuid4()}}.call").touch()
    {body}
    return {{"answer": np.array(42)}}
{first}
print(Store(root).arrays("slow", Config(), compute, modules=MODULES)["answer"])
"""


def start(store: Store, body: str = "pass", first: str = "") -> subprocess.Popen[str]:
    script = PROCESS.format(body=body, first=first)
    arguments = [sys.executable, "-c", script, str(Path(__file__).parent), str(store.root)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def calls(store: Store) -> int:
    return len(list(store.root.parent.glob("*.call")))


def wait_for_call(store: Store, process: subprocess.Popen[str]) -> None:
    while not calls(store):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)


def answer(store: Store) -> int:
    arrays = store.arrays("slow", Config(), lambda: {"answer": np.array(42)}, modules=MODULES)
    return int(arrays["answer"])


def test_two_processes_compute_once_and_the_second_reports_that_it_waits(store: Store) -> None:
    go = store.root.parent / "go"
    first = start(store, f"[time.sleep(0.02) for _ in range(3000) if not Path('{go}').exists()]")
    wait_for_call(store, first)
    second = start(store)
    assert second.stderr is not None
    assert "Waiting for another process that computes slow-" in second.stderr.readline()
    go.touch()
    for process in (first, second):
        output, errors = process.communicate(timeout=60)
        assert (output, errors, process.returncode) == ("42\n", "", 0)
    assert calls(store) == 1


def test_entry_can_be_computed_after_its_writer_was_killed(store: Store) -> None:
    process = start(store, "time.sleep(60)")
    wait_for_call(store, process)
    process.kill()
    process.communicate()
    assert not store.holds("slow", Config(), modules=MODULES)
    assert answer(store) == 42
    assert store.holds("slow", Config(), modules=MODULES)


@pytest.mark.parametrize("n_written", [0, 1])
def test_partial_file_of_a_killed_writer_is_removed_with_a_warning(
    store: Store, n_written: int
) -> None:
    dies = f"""
sync, seen = os.fsync, []
def fsync(descriptor):
    seen.append(descriptor)
    if len(seen) > {n_written}:
        os.kill(os.getpid(), signal.SIGKILL)
    sync(descriptor)
os.fsync = fsync
"""
    process = start(store, first=dies)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert len(list(store.root.glob("*.partial"))) == 1
    assert not store.holds("slow", Config(), modules=MODULES)
    with pytest.warns(StoreWarning) as caught:
        assert answer(store) == 42
    assert "left half-written" in str(caught[0].message)
    assert len(caught) == 1 + n_written  # data without its manifest is named as well
    assert not list(store.root.glob("*.partial"))


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


def test_editing_a_user_defined_task_gives_a_new_entry(tmp_path: Path, monkeypatch) -> None:
    made = []
    for scale in (1, 2):
        path = tmp_path / "mine.py"
        path.write_text(
            "import dataclasses\n\n"
            "@dataclasses.dataclass(frozen=True)\n"
            f"class Mine:\n    x: int = 0\n    def scaled(self):\n        return {scale} * self.x\n"
        )
        monkeypatch.syspath_prepend(str(tmp_path))
        sys.modules.pop("mine", None)
        importlib.invalidate_caches()
        linecache.clearcache()
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        config = importlib.import_module("mine").Mine()
        store = Store(tmp_path / "results")
        store.arrays(
            "mine",
            config,
            lambda: made.append(1) or {"a": np.zeros(1)},
            modules=["relaylib.core.seeds"],
        )
    assert len(made) == 2
