"""Computations on a real scheduler and real worker processes, one of which is killed."""

import os
import platform
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import xarray as xr
from valid_inputs import TINY

from relaylib.core import store as store_module
from relaylib.core.store import Store, StoreWarning
from relaylib.studies import cluster
from relaylib.studies.cluster import (
    check_workers,
    compute_all,
    connected,
    differences,
    identity,
)
from relaylib.studies.sweep import measure, run_sweep

SECONDS = 60
STUDIES = [replace(TINY, regimes=("1",), seed=seed) for seed in range(6)]
MODULES = (measure.__module__,)
START = [sys.executable, "-m"]
LISTEN = ["--scheduler-file", "scheduler.json", "--no-dashboard"]


def computed(folder, configs=STUDIES, **how):
    return dict(compute_all(measure, configs, name="part", store=Store(folder), **how))


def assert_same(found, wanted):
    assert sorted(found) == sorted(wanted)
    for position, dataset in wanted.items():
        xr.testing.assert_identical(found[position].drop_attrs(), dataset.drop_attrs())


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What comes out without a cluster."""
    return computed(tmp_path_factory.mktemp("alone"))


@pytest.fixture(scope="module")
def cluster_at(tmp_path_factory):
    """Address of a scheduler with one worker, and a function that starts one more."""
    import json

    folder = tmp_path_factory.mktemp("cluster")
    processes = []

    def start(program, *arguments):
        command = [*START, f"distributed.cli.{program}", *arguments, *LISTEN]
        with (folder / f"{len(processes)}.log").open("w") as log:
            processes.append(subprocess.Popen(command, cwd=folder, stdout=log, stderr=log))
        return processes[-1]

    def worker():
        return start("dask_worker", "--nthreads", "1", "--no-nanny", "--local-directory", folder)

    start("dask_scheduler", "--port", "0", "--host", "127.0.0.1")
    deadline = time.monotonic() + SECONDS
    told = folder / "scheduler.json"
    while not (told.exists() and told.read_text().endswith("}")):  # it may be half-written
        assert time.monotonic() < deadline, (folder / "0.log").read_text()
        time.sleep(0.1)
    worker()
    yield json.loads(told.read_text())["address"], worker
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def scheduler(cluster_at):
    return cluster_at[0]


@pytest.mark.parametrize("when", ["it computes", "it holds results"])
def test_a_killed_worker_costs_its_task_alone(cluster_at, alone, tmp_path, when):
    from distributed import Client

    address, start_worker = cluster_at
    victim = start_worker()
    with Client(address, timeout=SECONDS) as client:
        client.wait_for_workers(2, timeout=SECONDS)
        results = compute_all(measure, STUDIES, name="part", store=Store(tmp_path), cluster=client)
        found = dict([next(results)])
        while when == "it holds results" and any(client.processing().values()):
            time.sleep(0.1)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        found |= dict(results)
        assert_same(found, alone)
        assert len(client.scheduler_info()["workers"]) == 1


def test_an_address_is_enough_and_what_is_stored_is_not_computed_again(
    scheduler, alone, tmp_path, monkeypatch
):
    assert_same(computed(tmp_path, STUDIES[:2], cluster=scheduler), {k: alone[k] for k in (0, 1)})

    def refused(*_):
        raise AssertionError("nothing is left to compute")

    monkeypatch.setattr(cluster, "connected", refused)
    again = computed(tmp_path, STUDIES[:2], cluster=scheduler)
    assert_same(again, {k: alone[k] for k in (0, 1)})


def test_a_computation_that_fails_is_named_after_the_others_are_stored(scheduler, tmp_path):
    hopeless = replace(STUDIES[0], accuracy_goal=1.0, max_epochs=1, max_attempts=1)
    with pytest.raises(RuntimeError, match=r"1 of 2 computations failed.* number 1: RuntimeError"):
        computed(tmp_path, [hopeless, STUDIES[1]], cluster=scheduler)
    kept = Store(tmp_path)
    assert kept.holds("part", STUDIES[1], modules=list(MODULES))
    assert not kept.holds("part", hopeless, modules=list(MODULES))


def test_a_worker_with_other_versions_is_named(scheduler, tmp_path, monkeypatch):
    from distributed import Client

    other = tuple(
        (k, "0.0" if k in ("relaylib code", "torch") else v) for k, v in identity(MODULES)
    )
    wanted = (
        r"worker tcp://127.0.0.1:\d+: relaylib code [0-9a-f]{12} where the client has 0.0; torch"
    )
    with Client(scheduler, timeout=SECONDS) as client:
        check_workers(client, identity(MODULES), MODULES)
        with pytest.raises(RuntimeError, match=wanted):
            check_workers(client, other, MODULES)
        late = client.submit(cluster._on_worker, measure, other, MODULES, STUDIES[0])
        with pytest.raises(RuntimeError, match=r"this worker has .*relaylib code"):
            late.result()
        monkeypatch.setattr(platform, "python_version", lambda: "3.99.1")
        with pytest.raises(RuntimeError, match=r"python 3\.\d+\.\d+ where the client has 3.99.1"):
            check_workers(client, identity(MODULES), MODULES)


def test_differences_are_put_in_words():
    assert differences((("a", "1"), ("b", "2")), (("a", "1"), ("b", "2"))) == ""
    text = differences((("a", "1"), ("b", "2")), (("a", "3"),))
    assert text == "a 3 where the client has 1; b missing where the client has 2"


def test_a_scheduler_that_does_not_answer_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "_PATIENCE_S", 1)
    with pytest.raises(ConnectionError, match=r"no scheduler answers at tcp://127.0.0.1:9 \("):
        computed(tmp_path, cluster="tcp://127.0.0.1:9")


def test_a_full_disk_stops_the_run_and_keeps_what_was_stored(tmp_path, monkeypatch):
    real, written = store_module.write_atomically, []

    def full(path, data):
        if len(written) >= 2:  # a result and its manifest
            raise OSError(28, "No space left on device")
        written.append(path)
        real(path, data)

    monkeypatch.setattr(store_module, "write_atomically", full)
    with (
        pytest.warns(StoreWarning, match="No space left on device"),
        pytest.raises(
            OSError, match=r"part 2 of 6 could not be stored in .*all before it are kept"
        ),
    ):
        computed(tmp_path)
    monkeypatch.undo()
    assert Store(tmp_path).holds("part", STUDIES[0], modules=list(MODULES))


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (0, ValueError, "cluster must be in 1..10000, got 0"),
        ("", ValueError, "cluster must not be empty text"),
        (True, TypeError, "cluster must be None, a number of processes"),
        (2.0, TypeError, "cluster must be None, a number of processes"),
    ],
)
def test_a_bad_cluster_is_named(given, error, message, tmp_path):
    with pytest.raises(error, match=re.escape(message)):
        run_sweep({"a": TINY}, cluster=given, store=tmp_path)


def test_a_sweep_gives_what_run_study_gives(tmp_path):
    from relaylib.studies.study import run_study

    (found,) = run_sweep({"a": TINY}, store=tmp_path / "sweep").values()
    wanted = run_study(TINY, store=tmp_path / "study")
    xr.testing.assert_identical(found.drop_attrs(), wanted.drop_attrs())
    assert found.information_bits.attrs == wanted.information_bits.attrs


def test_workers_of_a_local_cluster_keep_freed_memory():
    with connected(1) as client:
        (names,) = client.run(lambda: list(os.environ)).values()
    assert "OMP_NUM_THREADS" in names
    assert "MALLOC_TRIM_THRESHOLD_" not in names
