"""All relay sets: equality with brute force, known games, Shapley axioms."""

from itertools import combinations, permutations
from math import factorial

import numpy as np
import pytest
import xarray as xr

from relaylib.core.seeds import random_orders
from relaylib.information.exact import exact_subsets, exact_summaries, sampled_shapley
from relaylib.information.relay import plain_greedy_order, relay_information

pytestmark = pytest.mark.filterwarnings(
    "ignore::relaylib.information.significance.UndersampledWarning"
)  # most cases are tiny

BIT = np.array([0, 1, 0, 1])
KEY = np.array([0, 0, 1, 1])


def random_case(seed, max_nodes):
    rng = np.random.default_rng(seed)
    n_sequences, n_nodes = rng.integers(2, 30), rng.integers(1, max_nodes + 1)
    x_in = rng.integers(0, rng.integers(2, 6), n_sequences)
    x_out = np.where(rng.random(n_sequences) < 0.7, x_in, rng.integers(0, 5, n_sequences))
    noise = rng.integers(0, rng.integers(1, 6), (n_sequences, n_nodes))
    states = np.where(rng.random(n_nodes) < 0.5, noise, (noise + x_in[:, None]) % 5)
    return x_in, x_out, states, rng.random(n_sequences) + 0.01


def pointwise_information(x, y, groups, weights):
    """I(x; y | groups) written out as a sum over cells, from the definition."""
    cells: dict[tuple, float] = {}
    for key in zip(x, y, groups, weights / weights.sum(), strict=True):
        cells[key[:3]] = cells.get(key[:3], 0.0) + key[3]

    def p(**fixed):
        names = ("x", "y", "z")
        return sum(
            w
            for cell, w in cells.items()
            if all(cell[names.index(name)] == value for name, value in fixed.items())
        )

    return sum(
        w * np.log2(w * p(z=z) / (p(x=x, z=z) * p(y=y, z=z))) for (x, y, z), w in cells.items()
    )


def brute_force(x_in, x_out, states, weights):
    """I_R of every relay set, by bit mask, from the definition in plain Python."""
    n_nodes = states.shape[1]
    bits = {}
    for mask in range(2**n_nodes):
        rest = [k for k in range(n_nodes) if not mask >> k & 1]
        groups = [tuple(row) for row in states[:, rest]]
        bits[mask] = pointwise_information(x_in.tolist(), x_out.tolist(), groups, weights)
    return np.array([bits[mask] - bits[0] for mask in range(2**n_nodes)])


@pytest.mark.parametrize("block", range(10))
def test_500_random_cases_equal_brute_force(block):
    for seed in range(50 * block, 50 * (block + 1)):
        case = random_case(seed, max_nodes=8 if seed % 25 == 0 else 5)
        x_in, x_out, states, weights = case
        n_nodes = states.shape[1]
        relay_bits = brute_force(*case)
        exact = exact_subsets(*case)
        assert exact.relay_bits == pytest.approx(relay_bits, abs=1e-12)

        removed = n_nodes - np.bitwise_count(np.arange(2**n_nodes)).astype(int)
        best = [relay_bits[removed == k].max() for k in range(n_nodes + 1)]
        assert exact.best_bits == pytest.approx(best, abs=1e-11)
        assert relay_bits[exact.best_sets] == pytest.approx(best, abs=1e-11)
        assert removed[exact.best_sets].tolist() == list(range(n_nodes + 1))

        greedy = plain_greedy_order(x_in, x_out, states, weights=weights)
        assert exact.greedy_bits == pytest.approx(greedy.relay_bits, abs=1e-12)
        along = [relay_bits[sum(1 << k for k in greedy.order[i:])] for i in range(n_nodes + 1)]
        assert greedy.relay_bits == pytest.approx(along, abs=1e-12)
        assert exact.gap_bits.min() > -1e-11
        assert abs(exact.shapley_bits.sum() - relay_bits[-1]) < 1e-12


@pytest.mark.parametrize("seed", range(10))
def test_shapley_is_the_mean_loss_over_all_orders(seed):
    case = random_case(seed, max_nodes=5)
    exact = exact_subsets(*case)
    n_nodes = case[2].shape[1]
    losses = np.zeros(n_nodes)
    for order in permutations(range(n_nodes)):
        left = 2**n_nodes - 1
        for node in order:
            losses[node] += exact.relay_bits[left] - exact.relay_bits[left ^ 1 << node]
            left ^= 1 << node
    assert exact.shapley_bits == pytest.approx(losses / factorial(n_nodes), abs=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_interaction_is_the_weighted_second_difference(seed):
    case = random_case(seed, max_nodes=5)
    exact = exact_subsets(*case)
    n_nodes = case[2].shape[1]
    u = exact.relay_bits
    matrix = exact.interaction_bits()
    assert (matrix == matrix.T).all()
    for i, j in combinations(range(n_nodes), 2):
        others = [k for k in range(n_nodes) if k not in (i, j)]
        expected = 0.0
        for size in range(n_nodes - 1):
            share = factorial(size) * factorial(n_nodes - size - 2) / factorial(n_nodes - 1)
            for chosen in combinations(others, size):
                s = sum(1 << k for k in chosen)
                expected += share * (u[s | 1 << i | 1 << j] - u[s | 1 << i] - u[s | 1 << j] + u[s])
        assert matrix[i, j] == pytest.approx(expected, abs=1e-12)


def test_two_copies_share_the_bit_and_are_redundant():
    exact = exact_subsets(BIT, BIT, np.column_stack([BIT, BIT, KEY]))
    assert exact.shapley_bits.tolist() == [0.5, 0.5, 0.0]
    assert exact.essential_bits.tolist() == [1.0, 1.0, 0.0]  # either copy outside takes the bit
    assert exact.interaction_bits()[0, 1] == 1.0
    assert exact.best_sets.tolist() == [0b111, 0b011, 0b100, 0]
    assert exact.gap_bits.tolist() == [0, 0, 0, 0]


def test_cipher_and_key_are_synergistic():
    exact = exact_subsets(BIT, BIT, np.column_stack([BIT ^ KEY, KEY]))
    assert exact.relay_bits.tolist() == [0.0, 1.0, 1.0, 1.0]
    assert exact.shapley_bits.tolist() == [0.5, 0.5]
    assert exact.essential_bits.tolist() == [0.0, 0.0]
    assert exact.interaction_bits()[0, 1] == -1.0


def test_silent_node_has_shapley_value_zero():
    exact = exact_subsets(BIT, BIT, np.column_stack([np.zeros(4, int), BIT]))
    assert exact.shapley_bits.tolist() == [0.0, 1.0]


def test_alphabets_beyond_the_tables():
    rng = np.random.default_rng(0)
    x, *states = rng.permuted(np.tile(np.arange(60), (4, 1)), axis=1)
    exact = exact_subsets(x, x, np.transpose(states))
    assert exact.relay_bits[-1] == pytest.approx(np.log2(60))
    assert exact.shapley_bits == pytest.approx(np.full(3, np.log2(60) / 3))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("levels", [2, 3])
def test_batch_equals_single_cases(levels, weighted):
    rng = np.random.default_rng(levels)
    states = rng.integers(0, levels, (70, 5, 20))  # more than one block of the progress bar
    x = rng.integers(0, 2, (3, 20))
    weights = rng.random(20) if weighted else None
    batch = exact_summaries(states, x, x, weights=weights)
    assert batch.best_sets.dtype == np.uint16
    for network, concept in [(0, 0), (63, 1), (64, 2), (69, 0)]:
        single = exact_subsets(x[concept], x[concept], states[network].T, weights)
        at = network, concept
        assert (batch.best_sets[at] == single.best_sets).all()
        for name in ("best_bits", "greedy_bits", "shapley_bits", "essential_bits", "gap_bits"):
            assert (getattr(batch, name)[at] == getattr(single, name)).all(), name


def test_concepts_of_their_own_per_network():
    rng = np.random.default_rng(5)
    states, x = rng.integers(0, 2, (3, 4, 20)), rng.integers(0, 2, (3, 2, 20))
    batch = exact_summaries(states, x, x)
    single = exact_subsets(x[2, 1], x[2, 1], states[2].T)
    assert (batch.shapley_bits[2, 1] == single.shapley_bits).all()


@pytest.mark.parametrize("seed", range(3))
def test_labelled_equals_plain_for_any_order_of_dimensions(seed):
    rng = np.random.default_rng(seed)
    names, time = ["A", "B"], [4, 5, 6]
    x_in = xr.DataArray(rng.integers(0, 2, (2, 20)), {"concept": names}, ("concept", "sequence"))
    states = xr.DataArray(
        rng.integers(0, 2, (3, 4, 20)),
        {"time": time, "node": [1, 2, 3, 4]},
        ("time", "node", "sequence"),
    )
    plain = exact_summaries(states.values, x_in.values, x_in.values)
    states = states.transpose(*rng.permutation(states.dims))
    summaries = exact_summaries(states, x_in.T, x_in).transpose("time", "concept", ...)
    for name, values in vars(plain).items():
        assert (summaries[name].values == values).all(), name
    assert summaries.best_bits.dims == ("time", "concept", "set_size")
    assert summaries.shapley_bits.dims == ("time", "concept", "node")
    assert summaries.set_size.values.tolist() == [4, 3, 2, 1, 0]
    assert (summaries.best_bits.units, summaries.best_sets.attrs) == ("bit", {})

    at = {"time": 5, "concept": "B"}
    x, nodes = x_in.sel(concept="B"), states.sel(time=5)
    exact = exact_subsets(x, x, nodes)
    assert exact.best_sets.equals(summaries.best_sets.sel(at).astype(np.uint32))
    assert exact.gap_bits.identical(exact.best_bits - exact.greedy_bits)
    single = exact_subsets(x.values, x.values, nodes.transpose("sequence", "node").values)
    assert (exact.relay_bits == single.relay_bits).all()
    assert exact.relay_bits.sel(relay_set=0b1111) == exact.best_bits.sel(set_size=4)
    interaction = exact.interaction_bits()
    assert (interaction.values == single.interaction_bits()).all()
    assert (interaction.dims, interaction.units) == (("node", "other_node"), "bit")
    sampled = sampled_shapley(x, x, nodes, n_permutations=5, rng=np.random.default_rng(0))
    again = sampled_shapley(
        x.values,
        x.values,
        nodes.transpose("sequence", "node").values,
        n_permutations=5,
        rng=np.random.default_rng(0),
    )
    assert (sampled.shapley_bits == again.shapley_bits).all()
    assert sampled.standard_error_bits.node.values.tolist() == [1, 2, 3, 4]


def test_several_cases_are_refused_where_one_is_needed():
    states = xr.DataArray(np.zeros((3, 2, 4), int), dims=("time", "node", "sequence"))
    x = xr.DataArray(BIT, dims="sequence")
    with pytest.raises(ValueError, match=r"must be one case, without \('time',\)"):
        exact_subsets(x, x, states)


@pytest.mark.parametrize("leading", [2, 4])
def test_concepts_of_another_batch_are_refused(leading):
    states, x = np.zeros((3, 2, 4), int), BIT[None]
    with pytest.raises(ValueError, match=r"x_out must have the leading axes of states, \(3,\)"):
        exact_summaries(states, x, np.tile(x, (leading, 1, 1)))


def test_orders_of_sampled_shapley_are_random_orders():
    x_in, x_out, states, weights = random_case(3, max_nodes=5)
    given = {"n_permutations": 2, "weights": weights}
    sampled = sampled_shapley(x_in, x_out, states, rng=np.random.default_rng(1), **given)
    losses = []
    for order in random_orders(2, states.shape[1], rng=np.random.default_rng(1)):
        sets = [
            relay_information(
                x_in, x_out, states[:, order[k:]], states[:, order[:k]], weights=weights
            )
            for k in range(len(order) + 1)
        ]
        losses.append(-np.diff(sets)[np.argsort(order)])
    assert sampled.shapley_bits == pytest.approx(np.mean(losses, axis=0), abs=1e-12)


def test_sampled_shapley_covers_the_exact_value():
    x_in, x_out, states, weights = random_case(11, max_nodes=8)
    exact = exact_subsets(x_in, x_out, states, weights)
    sampled = sampled_shapley(
        x_in, x_out, states, weights=weights, n_permutations=2000, rng=np.random.default_rng(0)
    )
    error = np.abs(sampled.shapley_bits - exact.shapley_bits)
    assert (error <= 4 * sampled.standard_error_bits + 1e-12).all()
    assert sampled.standard_error_bits.max() > 0
    assert sampled.shapley_bits.sum() == pytest.approx(exact.relay_bits[-1], abs=1e-12)


def test_sampled_shapley_of_many_nodes():
    rng = np.random.default_rng(1)
    x = rng.integers(0, 2, 64)
    states = np.column_stack([np.zeros((64, 30), int), x])
    sampled = sampled_shapley(x, x, states, n_permutations=50, rng=rng)
    total = relay_information(x, x, states, states[:, :0])
    assert sampled.shapley_bits == pytest.approx([*[0] * 30, total])


def test_error_for_too_many_nodes_names_the_alternative():
    with pytest.raises(ValueError, match=r"at most 20 nodes.*got 21.*sampled_shapley"):
        exact_subsets(BIT, BIT, np.zeros((4, 21), int))
    with pytest.raises(ValueError, match=r"at most 16 nodes.*got 17 nodes.*exact_subsets"):
        exact_summaries(np.zeros((1, 17, 4), int), BIT[None], BIT[None])


@pytest.mark.parametrize(
    ("states", "error", "message"),
    [
        (np.zeros((3, 2), int), ValueError, r"x_in must have shape \(3\), got \(4,\)"),
        (np.zeros((4, 2)) + 0.5, TypeError, "states must hold discrete symbols"),
        (np.zeros((4, 0), int), ValueError, "states must not be empty"),
    ],
)
def test_bad_input_is_named(states, error, message):
    with pytest.raises(error, match=message):
        exact_subsets(BIT, BIT, states)
    with pytest.raises(error, match=message):
        sampled_shapley(BIT, BIT, states, n_permutations=2, rng=np.random.default_rng(0))


def test_one_permutation_has_no_standard_error():
    with pytest.raises(ValueError, match=r"n_permutations must be in 2\.\.10000000, got 1"):
        sampled_shapley(BIT, BIT, BIT[:, None], n_permutations=1, rng=np.random.default_rng(0))


@pytest.mark.parametrize("rng", [42, None])
def test_random_stream_is_needed(rng):
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator, got"):
        sampled_shapley(BIT, BIT, BIT[:, None], n_permutations=2, rng=rng)
