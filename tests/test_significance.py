"""Finite samples: on known distributions, which estimate is right and which is not."""

import re
import tracemalloc
import warnings
from itertools import permutations

import numpy as np
import pytest

from relaylib.information.exact import exact_subsets, exact_summaries, sampled_shapley
from relaylib.information.relay import (
    greedy_order,
    greedy_orders,
    information_matrix,
    relay_information,
)
from relaylib.information.significance import (
    ShuffleTest,
    UndersampledWarning,
    corrected_relay_information,
    occupied_fraction,
    shuffle_test,
)


def sample(kind, n_sequences, seed=0):
    """Draw x_in, x_out, 12 binary nodes and y_rest (no columns); the true I_R is in TRUTH."""
    rng = np.random.default_rng(seed)
    x_in, x_out = [rng.integers(0, 2, n_sequences)] * 2
    states = rng.integers(0, 2, (n_sequences, 12))
    if kind == "copy":
        states[:, 3] = x_in
    elif kind == "noisy copy":
        states[:, 3] = np.where(rng.random(n_sequences) < 0.8, x_in, 1 - x_in)
    elif kind == "cipher":
        states[:, 3] = x_in ^ states[:, 0]
    elif kind == "irrelevant, answer noisy":
        x_out = np.where(rng.random(n_sequences) < 0.9, x_in, 1 - x_in)
    return x_in, x_out, states, states[:, :0]


TRUTH = {
    "irrelevant": 0.0,
    "irrelevant, answer noisy": 0.0,
    "copy": 1.0,
    "cipher": 1.0,
    "noisy copy": 1 + 0.8 * np.log2(0.8) + 0.2 * np.log2(0.2),
}


def test_plug_in_invents_information_on_irrelevant_nodes():
    few, many = sample("irrelevant", 1_000), sample("irrelevant", 10_000)
    assert relay_information(*few) == pytest.approx(0.89, abs=0.02)
    assert relay_information(*many) == pytest.approx(0.36, abs=0.02)


def test_plug_in_also_invents_synergy():
    bits = relay_information(*sample("irrelevant, answer noisy", 40_000))
    assert bits == pytest.approx(-0.07, abs=0.02)


@pytest.mark.filterwarnings("ignore::relaylib.information.significance.UndersampledWarning")
class TestCorrection:
    @pytest.mark.parametrize("kind", TRUTH)
    def test_right_from_ten_sequences_per_state(self, kind):
        assert abs(corrected_relay_information(*sample(kind, 40_000)) - TRUTH[kind]) < 0.05

    @pytest.mark.parametrize("kind", TRUTH)
    def test_nearly_right_from_two_and_a_half(self, kind):
        assert abs(corrected_relay_information(*sample(kind, 10_000)) - TRUTH[kind]) < 0.15

    def test_wrong_where_most_states_occur_once(self):
        assert corrected_relay_information(*sample("irrelevant", 1_000)) > 0.5

    def test_equals_plug_in_on_large_counts(self):
        x_in, x_out, states, rest = sample("noisy copy", 40_000)
        one = x_in, x_out, states[:, 3], rest
        assert corrected_relay_information(*one) == pytest.approx(relay_information(*one), abs=1e-4)

    def test_nodes_outside_the_set_matter(self):
        x_in, x_out, states, _ = sample("copy", 10_000)
        others = np.delete(states, 3, axis=1)
        assert corrected_relay_information(x_in, x_out, states[:, 3], others) > 0.9
        assert corrected_relay_information(x_in, x_out, others, states[:, 3]) == pytest.approx(0)


@pytest.mark.filterwarnings("ignore::relaylib.information.significance.UndersampledWarning")
class TestShuffleTest:
    def run(self, kind, n_sequences, n_shuffles=19, seed=0):
        rng = np.random.default_rng(seed)
        return shuffle_test(*sample(kind, n_sequences, seed), n_shuffles=n_shuffles, rng=rng)

    def test_sample_is_the_plug_in_estimate(self):
        result = self.run("noisy copy", 1_000)
        assert result.relay_bits == pytest.approx(
            relay_information(*sample("noisy copy", 1_000)), abs=1e-12
        )

    @pytest.mark.parametrize("n_sequences", [1_000, 10_000])
    def test_excess_of_irrelevant_nodes_is_zero(self, n_sequences):
        result = self.run("irrelevant", n_sequences)
        assert abs(result.excess_bits) < 0.02
        assert abs(result.z_score) < 3

    def test_excess_of_relaying_nodes_is_too_small(self):
        """The shuffle's bias is that of irrelevant nodes: a copy, exact at 1 bit, loses it."""
        result = self.run("copy", 1_000)
        assert result.relay_bits == pytest.approx(1, abs=0.01)
        assert result.corrected_bits == pytest.approx(1, abs=0.01)
        assert result.excess_bits < 0.2

    @pytest.mark.parametrize("kind", ["copy", "cipher", "noisy copy"])
    def test_relaying_nodes_are_significant_even_when_undersampled(self, kind):
        result = self.run(kind, 1_000)
        assert result.p_value == 1 / 20
        assert result.z_score > 3

    def test_p_values_of_irrelevant_nodes_are_uniform(self):
        rng = np.random.default_rng(0)
        p_values = []
        for _ in range(200):
            x, states = rng.integers(0, 2, 60), rng.integers(0, 2, (60, 3))
            result = shuffle_test(x, x, states, states[:, :0], n_shuffles=19, rng=rng)
            p_values.append(result.p_value)
        assert np.mean(np.array(p_values) <= 0.1) == pytest.approx(0.1, abs=0.06)
        assert np.mean(np.array(p_values) <= 0.5) == pytest.approx(0.5, abs=0.1)

    def test_rows_of_states_stay_together(self):
        """A cipher and its key, shuffled apart from each other, would change the null."""
        x = np.tile([0, 1], 50)
        same = np.column_stack([x, x])
        result = shuffle_test(
            x, x, same[:, 0], same[:, 1], n_shuffles=50, rng=np.random.default_rng(0)
        )
        assert result.null_bits == pytest.approx(np.zeros(50), abs=1e-12)

    def test_constant_null(self):
        assert ShuffleTest(0.0, np.zeros(5), 0.0).z_score == 0
        assert ShuffleTest(0.5, np.zeros(5), 0.5).z_score == np.inf
        assert ShuffleTest(0.5, np.zeros(9), 0.5).p_value == 0.1
        assert ShuffleTest(0.0, np.zeros(9), 0.0).p_value == 1.0

    def test_only_the_given_stream_is_drawn_from(self):
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        first = self.run("noisy copy", 200).null_bits
        assert (self.run("noisy copy", 200).null_bits == first).all()
        assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


class TestGuard:
    def test_warns_when_states_approach_the_number_of_sequences(self):
        states = sample("irrelevant", 1_000)[2]
        n_states = len(np.unique(states, axis=0))
        message = f"{n_states} different states in 1000 sequences (0.{n_states // 10}"
        with pytest.warns(UndersampledWarning, match=re.escape(message)):
            assert occupied_fraction(states) == n_states / 1000

    def test_estimates_warn_too(self):
        case, rng = sample("irrelevant", 1_000), np.random.default_rng(0)
        with pytest.warns(UndersampledWarning):
            corrected_relay_information(*case)
        with pytest.warns(UndersampledWarning):
            shuffle_test(*case, n_shuffles=2, rng=rng)

    def test_is_silent_with_enough_sequences(self):
        assert occupied_fraction(np.tile([0, 1], 10)[:, None]) == 0.1

    def test_bias_at_the_limit_is_as_documented(self):
        rng = np.random.default_rng(0)
        x, states = rng.integers(0, 2, 41_000), rng.integers(0, 2, (41_000, 12))
        fraction = occupied_fraction(states)
        bits = relay_information(x, x, states, states[:, :0])
        assert bits == pytest.approx(fraction / (2 * np.log(2)), rel=0.15)


def estimates(x_in, x_out, states, **settings):
    """All functions that estimate relay information, as calls."""
    x, y, rng = x_in[None], x_out[None], np.random.default_rng(0)
    return [
        lambda: greedy_order(x_in, x_out, states, **settings),
        lambda: greedy_orders(states.T, x, y, **settings),
        lambda: information_matrix(states, x.T, y.T, **settings),
        lambda: exact_subsets(x_in, x_out, states, **settings),
        lambda: exact_summaries(states.T, x, y, **settings),
        lambda: sampled_shapley(x_in, x_out, states, n_permutations=2, rng=rng, **settings),
    ]


class TestGuardOfEveryEstimate:
    """Nodes that tell nothing about a concept of many values are noticed."""

    def coins(self, n_nodes=7, n_sequences=1797, n_values=10):
        rng = np.random.default_rng(0)
        x = rng.integers(n_values, size=n_sequences)
        return x, x, rng.integers(2, size=(n_sequences, n_nodes))

    @pytest.mark.parametrize("which", range(6))
    def test_seven_coins_and_ten_classes_warn(self, which):
        remedy = r"128 different states in 1797 .* up to 0\.54 bits .* use more sequences, fewer"
        with pytest.warns(UndersampledWarning, match=remedy):
            estimates(*self.coins())[which]()

    @pytest.mark.parametrize("which", range(6))
    def test_a_population_does_not(self, which):
        estimates(*self.coins(), is_population=True)[which]()

    @pytest.mark.parametrize(("n_nodes", "n_values"), [(7, 2), (4, 10)])
    def test_fewer_values_or_nodes_do_not(self, n_nodes, n_values):
        for estimate in estimates(*self.coins(n_nodes, n_values=n_values)):
            estimate()

    def test_many_nodes_with_few_joint_states_do_not(self):
        x = np.random.default_rng(0).integers(2, size=500)
        for estimate in estimates(x, x, np.tile(x[:, None], 12)):
            estimate()

    def test_a_wrong_answer_counts(self):
        """Noisy answers make I(X_in; X_out | all nodes) too large: phantom synergy."""
        x, _, states = self.coins(n_nodes=6)
        noisy = (x + np.random.default_rng(1).integers(3, size=len(x))) % 10
        with pytest.warns(UndersampledWarning):
            greedy_order(x, noisy, states)

    def test_weights_count_as_fewer_sequences(self):
        x, y, states = self.coins(n_values=2)
        weights = np.where(np.arange(len(x)) < 100, 1000.0, 1.0)
        with pytest.warns(UndersampledWarning):
            greedy_order(x, y, states, weights=weights)

    def test_its_bits_are_the_mean_over_all_permutations(self):
        x, y, states = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 1, 2]), [0, 0, 1, 1, 2]
        none = np.empty((5, 0), int)
        mean = np.mean(
            [relay_information(x, y, np.array(p), none) for p in permutations(states)], axis=0
        )
        with pytest.warns(UndersampledWarning, match=f"relay up to {abs(mean):.2f} bits"):
            greedy_order(x, y, np.array(states)[:, None])

    def test_alphabets_too_large_to_sum_over_are_bounded(self, monkeypatch):
        monkeypatch.setattr("relaylib.information.significance._MOST_CELLS", 10)
        with pytest.warns(UndersampledWarning, match=r"relay up to [\d.]+ bits"):
            greedy_order(*self.coins())

    def test_enough_sequences_of_a_batch_are_judged_by_its_richest_layer(self):
        x, _, states = self.coins()
        both = np.stack([np.zeros_like(states.T), states.T])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            greedy_orders(both[:1], x[None], x[None])
        with pytest.warns(UndersampledWarning):
            greedy_orders(both, x[None], x[None])


@pytest.mark.filterwarnings("ignore::relaylib.information.significance.UndersampledWarning")
def test_memory_does_not_grow_with_the_product_of_alphabets():
    """A table of all (x_in, x_out, states) of 2,000 symbols each would take 60 GiB."""
    x, rng = np.random.default_rng(0).permutation(2000), np.random.default_rng(0)
    shuffle_test(x, x, x, x[:, None][:, :0], n_shuffles=2, rng=rng)  # imports
    tracemalloc.start()
    result = shuffle_test(x, x, x, x[:, None][:, :0], n_shuffles=2, rng=rng)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert result.relay_bits == pytest.approx(np.log2(2000))
    assert peak < 2e6


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"rng": 42}, TypeError, r"rng must be a numpy.random.Generator, got 42 \(int\)"),
        ({"rng": None}, TypeError, "rng must be a numpy.random.Generator, got None"),
        (
            {"x_in": np.ma.masked_array([0, 1] * 10, [1, 0] * 10)},
            TypeError,
            "x_in must not be masked",
        ),
        ({"n_shuffles": 1}, ValueError, "n_shuffles must be in 2..10000000, got 1"),
        ({"x_out": [0, 1]}, ValueError, r"x_out must have shape \(20\), got \(2,\)"),
        ({"y_relay": np.full(20, 0.5)}, TypeError, "y_relay must hold discrete symbols"),
        ({"y_rest": np.zeros((3, 1), int)}, ValueError, r"y_rest must have shape \(20, any\)"),
    ],
)
def test_bad_input_is_named(change, error, message):
    x = np.tile([0, 1], 10)
    good = {
        "x_in": x,
        "x_out": x,
        "y_relay": x,
        "y_rest": x,
        "n_shuffles": 2,
        "rng": np.random.default_rng(0),
    }
    with pytest.raises(error, match=message):
        shuffle_test(**good | change)


def test_limit_must_be_positive():
    with pytest.raises(ValueError, match="limit must be > 0, got 0"):
        occupied_fraction(np.zeros((4, 1), int), limit=0)
