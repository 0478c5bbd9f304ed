"""Nothing stale and nothing damaged is used, whatever happens to the store."""

import importlib
import linecache
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stores import (
    MODULES,
    Config,
    Recorder,
    data_file,
    manifest_file,
    study,
    weights,
)

import relaylib.core.key
import relaylib.core.store
from relaylib.core.store import Store, StoreWarning


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results")


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def flip_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)


def swap_seed(path: Path) -> None:
    path.write_text(path.read_text().replace("2025", "2026"))


def put(make: Callable[[Path], Any]) -> Callable[[Path], None]:
    def replace_file(path: Path) -> None:
        path.unlink()
        make(path)

    return replace_file


def make_folder(path: Path) -> None:
    path.mkdir()
    (path / "kept").touch()


ODD = [put(os.mkfifo), put(make_folder), put(lambda path: path.symlink_to("/dev/zero"))]
ODD.append(put(lambda path: path.symlink_to(path.name)))


@pytest.mark.parametrize(
    ("part", "damage"),
    [
        *((part, damage) for part in (data_file, manifest_file) for damage in ODD),
        (manifest_file, lambda path: path.write_bytes(b"[" * 100_000)),
        (manifest_file, lambda path: path.write_bytes(b" " * 2**21 + b"{}")),
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
from stores import Config, MODULES
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


COPIED = """
import sys, warnings
from pathlib import Path
from dataclasses import dataclass
import numpy as np
import relaylib.core.seeds
from relaylib.core.store import Store, StoreWarning

@dataclass(frozen=True)
class Config:
    seed: int = 1

def compute():
    path = Path(relaylib.core.seeds.__file__)
    path.write_text({edit})
    return {{"a": np.zeros(1)}}

for _ in range(2):
    Store(sys.argv[1]).arrays("edited", Config(), compute, modules=["relaylib.core.seeds"])
print(len(list(Path(sys.argv[1]).glob("edited*.json"))))
"""


@pytest.mark.parametrize(
    ("edit", "n_kept"),
    [
        ("path.read_text() + '# a comment'", 1),
        ("path.read_text() + 'CHANGED = 1'", 0),
        ("path.read_text() + '('", 0),
        ("''", 0),
    ],
)
def test_code_edited_while_it_computes_is_not_stored(
    store: Store, tmp_path: Path, edit: str, n_kept: int
) -> None:
    package = tmp_path / "relaylib"
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(relaylib.__file__).parent, package, ignore=leave_out)
    command = [sys.executable, "-c", COPIED.format(edit=edit), str(store.root)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"{n_kept}\n"
    warned = "seeds.py was edited since it was imported; restart Python"
    assert (warned in done.stderr) == (n_kept == 0)


class Erratic:
    """A task whose sequences differ every time."""

    is_sampled = False
    name, concepts, n_inputs, n_steps = "erratic", ("a",), 1, 1

    def population(self) -> list[np.ndarray]:
        return [np.random.default_rng().normal(size=3)]

    def sample(self, n: int, *, rng: np.random.Generator) -> None:
        """No sequences."""


def test_a_task_that_acts_differently_every_time_is_not_stored(store: Store) -> None:
    config = Config(tasks=(dataclass(frozen=True)(Erratic)(),))
    compute = Recorder(weights())
    for calls in (1, 2):
        with pytest.warns(StoreWarning, match="computed without the store: Erratic acts diff"):
            store.arrays("weights", config, compute, modules=MODULES)
        assert compute.calls == calls
    assert not store.holds("weights", config, modules=MODULES)
    with store.claim([("weights", config)], modules=MODULES) as missing:
        assert missing == [0]


def test_a_field_cannot_stand_for_the_code_of_its_class(store: Store) -> None:
    keys = []
    for result in ("1", "2"):
        space: dict[str, Any] = {"__name__": "__main__"}
        exec(
            "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Mine:\n"
            f"    code: str = 'same'\n    def f(self):\n        return {result}\n",
            space,
        )
        keys.append(relaylib.core.key.entry_key("mine", space["Mine"](), MODULES))
    assert keys[0] != keys[1]


def test_claims_hold_what_is_missing_and_free(store: Store) -> None:
    entries = [("weights", Config(seed)) for seed in range(3)]
    store.arrays(*entries[0], weights, modules=MODULES)
    with store.claim(entries, modules=MODULES) as missing:
        assert missing == [1, 2]
        store.arrays(*entries[1], weights, modules=MODULES)  # its own lock does not stop it
        code = (
            f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
            "from stores import Config, MODULES\nfrom relaylib.core.store import Store\n"
            "entries = [('weights', Config(seed)) for seed in range(4)]\n"
            f"with Store({str(store.root)!r}).claim(entries, modules=MODULES) as m: print(m)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert (done.stdout, done.stderr) == ("[3]\n", "")
    with store.claim(entries, modules=MODULES) as missing:
        assert missing == [2]


def test_a_file_system_without_locks_gets_a_warning(store: Store, monkeypatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise NotImplementedError("no flock here")

    monkeypatch.setattr(relaylib.core.store.FileLock, "acquire", refuse)
    with pytest.warns(StoreWarning, match="cannot be locked .no flock here.: another process may"):
        store.arrays("weights", Config(), weights, modules=MODULES)


STUDY = """
import sys
from pathlib import Path
import relaylib.networks.trained as trained
from relaylib import StudyConfig, run_study
from relaylib.tasks.memory import MemoryTask
train = trained.train_conditions
def counted(conditions):
    with open(sys.argv[1], "a") as file:
        print(*(c.regime for c in conditions), file=file)
    return train(conditions)
trained.train_conditions = counted
regimes = tuple(sys.argv[3:])
config = StudyConfig(
    (MemoryTask(),), ("RNN",), regimes, n_replicates=2, accuracy_goal=0.6, test_delays=(0, 1)
)
print(run_study(config, store=sys.argv[2]).attrs["code_hash"])
"""


def test_studies_that_share_networks_train_them_once(store: Store, tmp_path: Path) -> None:
    log = tmp_path / "log"
    wanted = (["1", "2", "3"], ["2", "3", "4"], ["1", "4"])
    processes = [
        subprocess.Popen([sys.executable, "-c", STUDY, str(log), str(store.root), *regimes])
        for regimes in wanted
    ]
    assert [process.wait(timeout=300) for process in processes] == [0, 0, 0]
    assert sorted(log.read_text().split()) == ["1", "2", "3", "4"]


def test_a_store_that_cannot_be_written_trains_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    log = tmp_path / "log"
    command = [sys.executable, "-c", STUDY, str(log), str(tmp_path / "file" / "no"), "1", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert log.read_text() == "1 2\n"
    assert "could not be stored" in done.stderr


@pytest.mark.parametrize(
    "name", ["kills_at_every_write", "damaged_bytes", "places_without_space", "processes_at_once"]
)
def test_a_few_cases_of_the_batteries(name: str) -> None:
    import faults_store

    cases = dict(getattr(faults_store, name)(True))
    assert cases
    assert [case for case, right in cases.items() if not right] == []
