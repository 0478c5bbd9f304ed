"""Large layers: the fast paths equal the plain ones bit for bit, and long runs are announced."""

import warnings
from unittest.mock import patch

import numba
import numpy as np
import pytest
import torch

from relaylib.core.progress import LongRunWarning, warn_if_long
from relaylib.core.tolerances import EQUAL_ACTIVATIONS
from relaylib.information import relay
from relaylib.information.kernels import batches
from relaylib.information.kernels.cases import check_cases
from relaylib.information.kernels.greedy import rows_in_turn
from relaylib.information.relay import greedy_order, greedy_orders, plain_greedy_order
from relaylib.networks import clustering, discretisation
from relaylib.networks.clustering import kmeans_rows
from relaylib.networks.discretisation import discretise
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.recording import record
from relaylib.tasks.memory import MemoryTask

pytestmark = pytest.mark.filterwarnings(
    "ignore::relaylib.information.significance.UndersampledWarning"
)  # most cases are tiny

ROWS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "saturated": lambda rng, n: np.tanh(5 * rng.normal(size=n)),
    "whole numbers": lambda rng, n: rng.integers(-5, 6, n),
    "closer than the tolerance": lambda rng, n: rng.integers(-9, 10, n) * EQUAL_ACTIVATIONS / 3,
    "symmetric": lambda rng, n: np.outer([-1, 1], rng.normal(size=(n + 1) // 2)).ravel()[:n],
    "huge": lambda rng, n: 1e300 * rng.normal(size=n),
    "one distant value": lambda rng, n: np.r_[rng.normal(size=n - 1), 1e9],
    "constant": lambda rng, n: np.full(n, 0.3),
}


def plain_kmeans(row, levels):
    """Optimal groups of one row, tried one after the other: the reference of `kmeans_rows`."""
    x, n = np.sort(row.astype(float)), len(row)
    if x[-1] - x[0] < EQUAL_ACTIVATIONS:
        return np.zeros(n, np.uint8)
    may_start = np.r_[False, np.diff(x) >= EQUAL_ACTIVATIONS]
    if x[-1] - x[0] > 1e100:
        x = x * 1e-200
    share = 1 / np.arange(1, n + 1)
    cost, mean = np.zeros(n), x[0]
    for i in range(1, n):
        apart = x[i] - mean
        mean += apart * share[i]
        cost[i] = cost[i - 1] + apart * (x[i] - mean)
    start = np.zeros((levels, n), int)
    for level in range(1, levels):
        after = cost.copy()
        for last in range(1, n):
            mean, spread = x[last], 0.0
            for first in range(last, 0, -1):
                apart = x[first] - mean
                mean += apart * share[last - first]
                spread += apart * (x[first] - mean)
                if may_start[first] and cost[first - 1] + spread <= after[last]:
                    after[last], start[level, last] = cost[first - 1] + spread, first
        cost = after
    symbols, last = np.zeros(n, np.uint8), n - 1
    for level in range(levels - 1, 0, -1):
        if start[level, last] > 0:
            symbols[start[level, last] :] += 1
            last = start[level, last] - 1
    by_value = np.empty(n, np.uint8)
    by_value[np.argsort(row)] = symbols
    return by_value


class TestKmeans:
    @pytest.mark.parametrize("kind", ROWS)
    @pytest.mark.parametrize("n", [1, 2, 9, 31, 32, 33, 70])
    def test_equals_the_plain_version(self, kind, n):
        rng = np.random.default_rng(n)
        rows = np.array([ROWS[kind](rng, n) for _ in range(2)], float)
        for levels in (1, 2, 3, 5, 16):
            found = kmeans_rows(rows, levels, EQUAL_ACTIVATIONS)
            assert found.tolist() == [plain_kmeans(row, levels).tolist() for row in rows]

    def test_single_precision_has_the_symbols_of_its_values(self):
        rows = np.random.default_rng(0).normal(size=(3, 200)).astype(np.float32)
        for levels in (2, 7):
            single = kmeans_rows(rows, levels, EQUAL_ACTIVATIONS)
            assert (single == kmeans_rows(rows.astype(float), levels, EQUAL_ACTIVATIONS)).all()

    def test_threads_and_blocks_change_nothing(self, monkeypatch):
        activations = np.random.default_rng(0).normal(size=(300, 11))
        wanted = {m: discretise(activations, method=m) for m in discretisation.DISCRETISERS}
        monkeypatch.setattr(discretisation, "_BLOCK", 700)
        for method, symbols in wanted.items():
            assert (with_threads(1, discretise, activations, method=method) == symbols).all()

    def test_the_caller_keeps_the_activations(self):
        rows = np.random.default_rng(0).normal(size=(2, 50))
        before = rows.copy()
        kmeans_rows(rows, 3, EQUAL_ACTIVATIONS)
        assert (rows == before).all()


class TestRecord:
    def test_double_precision_stays_double(self):
        ensemble, trials = network("RNN", torch.float64), MemoryTask().population()
        recorded, run = record(ensemble, trials, delay=1), ensemble.run(trials.inputs, 5)
        assert recorded.activations.dtype == np.float64
        assert (recorded.activations.values == run.hidden).all()
        assert (recorded.answers.values == np.where(run.outputs > 0, 1, -1)).all()


def network(architecture, dtype):
    layer = getattr(torch.nn, architecture)(MemoryTask.n_inputs, 5)
    return Ensemble.from_torch([(layer.to(dtype), torch.nn.Linear(5, 3).to(dtype))])


def large_batch(n_batch=3, n_concepts=1):
    """Binary layers of 40 nodes: noise, copies that tie, contexts that never become pure."""
    rng = np.random.default_rng(0)
    x_in, x_out = np.tile([0, 0, 1, 1], 20), np.tile([0, 1, 0, 1], 20)
    noise = rng.integers(0, 2, (40, 80))
    copies = np.tile(rng.integers(0, 2, (4, 80)), (10, 1))
    contexts = np.repeat(rng.integers(0, 2, (40, 20)), 4, axis=1)
    states = np.array([noise, copies, contexts, noise ^ x_in])[:n_batch]
    answers = [np.where(rng.random(80) < 0.9, x_in, x_out) for _ in range(n_concepts)]
    return states, np.array([x_in] * n_concepts), np.array(answers)


def with_threads(n_threads, function, *arguments, **settings):
    before = numba.get_num_threads()
    numba.set_num_threads(n_threads)
    try:
        return function(*arguments, **settings)
    finally:
        numba.set_num_threads(before)


class TestOrders:
    @pytest.mark.parametrize(("n_batch", "n_concepts"), [(1, 1), (3, 1), (4, 3)])
    def test_a_batch_equals_its_cases_with_any_number_of_threads(self, n_batch, n_concepts):
        states, x_in, x_out = large_batch(n_batch, n_concepts)
        together = greedy_orders(states, x_in, x_out)
        alone = with_threads(1, greedy_orders, states, x_in, x_out)
        for whole, single in zip(together, alone, strict=True):
            assert (whole == single).all()
        for b, c in np.ndindex(n_batch, n_concepts):
            case = greedy_order(x_in[c], x_out[c], states[b].T)
            assert (case.order == together.order[b, c]).all()
            assert (case.relay_bits == together.relay_bits[b, c]).all()

    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("n_symbols", [2, 5, 300])
    def test_a_batch_equals_plain_with_weights_and_any_alphabet(self, weighted, n_symbols):
        states, x_in, x_out = large_batch()
        rng = np.random.default_rng(1)
        states = states if n_symbols == 2 else states * rng.integers(1, n_symbols, states.shape)
        weights = rng.integers(0, 3, 80) / 7 if weighted else None
        fast = greedy_orders(states, x_in, x_out, weights=weights)
        for b, nodes in enumerate(states):
            plain = plain_greedy_order(x_in[0], x_out[0], nodes.T, weights=weights)
            assert (fast.order[b, 0] == plain.order).all()
            assert fast.relay_bits[b, 0] == pytest.approx(plain.relay_bits, abs=1e-12)

    def test_blocks_change_nothing(self):
        states, x_in, x_out = large_batch(4)
        few = states[:, :9]
        whole = greedy_orders(few, x_in, x_out)
        with patch.object(batches, "_SECONDS_PER_ROW", 1e-3):  # a block for every two cases
            blocks = greedy_orders(few, x_in, x_out)
        assert (whole.order == blocks.order).all()
        assert (whole.relay_bits == blocks.relay_bits).all()

    def test_sequences_counted_in_turn(self):
        """40 nodes: all sequences for every candidate if nothing is dropped, once if all is."""
        states, x_in, _ = large_batch()
        assert counted(states[2], x_in, np.tile([0, 1, 0, 1], 20)[None]) == 80 * 40 * 41 / 2
        known = np.tile(x_in, (40, 1))
        assert counted(known, x_in, x_in) == 80 * 40


def counted(states, x_in, x_out):
    cases = check_cases(states, x_in, x_out)
    return rows_in_turn(cases.states[0], (cases.pairs[0, 0], *cases[3:]))


class TestAnnouncements:
    @pytest.mark.parametrize(
        ("seconds", "text"),
        [(660, "about 11 minutes"), (7100, "about 118 minutes"), (4e7, "about 11,111 hours")],
    )
    def test_over_ten_minutes_are_announced(self, seconds, text):
        with pytest.warns(LongRunWarning, match=f"sorting will take {text}, .*; buy a computer"):
            warn_if_long("sorting", seconds, "buy a computer")

    def test_ten_minutes_are_not(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warn_if_long("sorting", 600)

    def test_many_levels_of_many_sequences(self):
        activations = np.random.default_rng(0).normal(size=(50, 3))
        with patch.object(clustering, "_SECONDS_PER_PAIR", 1.0):
            discretise(activations)
            with pytest.warns(LongRunWarning, match="k-means will take about"):
                discretise(activations, levels=4)

    @pytest.mark.parametrize(
        ("module", "constant", "n_symbols"),
        [
            (batches, "_SECONDS_PER_STATE", 2),
            (batches, "_SECONDS_PER_ROW", 5),
            (relay, "_SECONDS_PER_SYMBOL", 300),
        ],
    )
    def test_orders(self, module, constant, n_symbols):
        states, x_in, x_out = large_batch()
        rng = np.random.default_rng(0)
        states = states * rng.integers(1, n_symbols, states.shape)
        with patch.object(module, constant, 1.0), pytest.warns(LongRunWarning, match="removal"):
            greedy_orders(states, x_in, x_out)
