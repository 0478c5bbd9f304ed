"""Times for many workers follow from measured tasks, and the text states no other numbers."""

import json
import re

import numpy as np
import pytest

from book.scaling import ON_PAPER, Tasks, load_run, measure_tasks, predict, scaling_text
from relaylib.core.store import Store
from relaylib.studies.config import StudyConfig
from relaylib.studies.universe import Universe
from relaylib.tasks.memory import MemoryTask


def tasks(seconds, kept=0.0):
    n = len(seconds)
    return Tasks(np.array(seconds, float), np.full(n, kept), np.full(n, 1e3), np.full(n, 9e3))


@pytest.mark.parametrize(
    ("seconds", "kept", "n_workers", "wanted", "limit"),
    [
        ([1, 1, 1, 1], 0, 1, 4, "the work itself"),
        ([1, 1, 1, 1], 0, 2, 2, "the work itself"),
        ([1] * 9 + [10], 0, 64, 10, "the longest task"),
        ([1] * 10, 1, 64, 11, "the client"),  # all done after 1 s, then stored one by one
        ([3, 1, 1, 1], 0, 2, 3, "the work itself"),  # the second worker takes the short ones
    ],
)
def test_known_cases(seconds, kept, n_workers, wanted, limit):
    found = predict(tasks(seconds, kept), n_workers)
    assert found.seconds == pytest.approx(wanted)
    assert found.speed_up == pytest.approx((sum(seconds) + kept * len(seconds)) / wanted)
    assert found.limit.startswith(limit)
    assert found.bytes_per_second == pytest.approx(1e4 * len(seconds) / wanted)


def test_a_sample_stands_for_all_and_more_workers_are_never_slower():
    sample = tasks(np.random.default_rng(0).exponential(10, 24), 0.05)
    times = [predict(sample, n, n_tasks=2000).seconds for n in (1, 2, 4, 64, 1024)]
    assert times == sorted(times, reverse=True)
    every = np.resize(sample.seconds, 2000)
    assert times[0] == pytest.approx(every.sum(), rel=0.01)
    assert times[-1] >= max(every.max(), 0.05 * 2000)


@pytest.mark.parametrize(
    ("n_workers", "n_tasks", "message"),
    [(0, None, "n_workers must be in 1..1000000"), (2, 0, "n_tasks must be in 1..")],
)
def test_numbers_out_of_range_are_named(n_workers, n_tasks, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        predict(tasks([1]), n_workers, n_tasks=n_tasks)


def test_the_text_states_what_follows_from_the_run(tmp_path):
    run = {
        "n_tasks": 2000,
        "tasks": {name: v.tolist() for name, v in tasks([30, 90, 60], 0.5)._asdict().items()},
        "wall_seconds": {"1": [100, 100, 101], "2": [52, 50, 51], "4": [50]},
        "date": "2026-11-28",
        "cores": 2,
    }
    path = tmp_path / "scaling.json"
    path.write_text(json.dumps(run))
    text = scaling_text(load_run(path))
    assert "2,000 tasks; 3 of them" in text
    assert "One takes 30.0 s to 90.0 s, 60.0 s in the mean" in text
    assert "travels as 1.00 kB, its result as 9.00 kB, which the client stores in 500 ms" in text
    assert "1.96 times as fast with 2 workers and 2.00 times as fast with 4 workers (more " in text
    for n in ON_PAPER:
        found = predict(tasks([30, 90, 60], 0.5), n, n_tasks=2000)
        assert f"{n:,} workers would take " in text
        assert f", {found.speed_up:,.0f} times as fast as one" in text
        assert found.limit in text


@pytest.mark.slow
def test_tasks_are_measured(tmp_path):
    study = StudyConfig(
        tasks=(MemoryTask(),),
        architectures=("RNN",),
        regimes=("1",),
        n_nodes=4,
        n_replicates=2,
        max_epochs=2,
        max_attempts=1,
        on_unsolved="record",
    )
    store = Store(tmp_path)
    found = measure_tasks(list(Universe(study).parts()), store)
    assert all(each.shape == (1,) and (each > 0).all() for each in found)
    assert len(list(tmp_path.glob("part-*.nc"))) == 1
