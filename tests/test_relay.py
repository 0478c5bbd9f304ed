"""Relay information and the greedy order: known values, invariants, second routes."""

import dit
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from relaylib.information.entropy import entropy, mutual_information
from relaylib.information.kernels.cases import check_cases
from relaylib.information.kernels.greedy import greedy_batch
from relaylib.information.labels import plain_arrays
from relaylib.information.relay import (
    VALUES,
    greedy_order,
    greedy_orders,
    information_matrix,
    node_values,
    plain_greedy_order,
    relay_information,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore::relaylib.information.significance.UndersampledWarning"
)  # most cases are tiny

BIT = np.array([0, 1, 0, 1])
KEY = np.array([0, 0, 1, 1])
NONE = np.empty((4, 0), int)
UNTIMED = settings(deadline=None, max_examples=50)


def random_case(rng, *, max_nodes=6, max_sequences=40):
    """Return x_in, x_out, states, weights with related columns and alphabets of 1 to 5."""
    n_sequences, n_nodes = rng.integers(1, max_sequences), rng.integers(1, max_nodes + 1)
    x_in = rng.integers(0, rng.integers(1, 6), n_sequences)
    x_out = np.where(rng.random(n_sequences) < 0.7, x_in, rng.integers(0, 5, n_sequences))
    noise = rng.integers(0, rng.integers(1, 6), (n_sequences, n_nodes))
    states = np.where(rng.random(n_nodes) < 0.5, noise, (noise + x_in[:, None]) % 3)
    weights = None if rng.random() < 0.5 else rng.random(n_sequences) + 0.01
    return x_in, x_out, states, weights


cases = st.integers(0, 2**32).map(lambda seed: random_case(np.random.default_rng(seed)))


def eight_entropies(x_in, x_out, y_relay, y_rest, weights):
    """I_R as Hintze and Adami (2023) write it: joint entropies only."""

    def h(*columns):
        return entropy(np.column_stack(columns), weights=weights)

    i, o, r, z = x_in, x_out, y_relay, y_rest
    return h(i, z) + h(o, z) - h(z) - h(i, o, z) - h(i, r, z) - h(o, r, z) + h(r, z) + h(i, o, r, z)


class TestRelayInformation:
    def test_copying_node_relays_one_bit(self):
        assert relay_information(BIT, BIT, BIT, NONE) == 1.0

    def test_duplicate_outside_the_set_leaves_nothing_to_relay(self):
        assert relay_information(BIT, BIT, BIT, BIT) == 0.0

    def test_silent_node_relays_nothing(self):
        assert relay_information(BIT, BIT, np.zeros(4, int), NONE) == 0.0

    def test_empty_set_relays_nothing(self):
        assert relay_information(BIT, BIT, NONE, KEY) == 0.0

    def test_encrypted_bit_is_relayed_by_key_and_cipher_each(self):
        """Without one of key and cipher the other says nothing, so each relays the bit."""
        assert relay_information(BIT, BIT, BIT ^ KEY, KEY) == 1.0
        assert relay_information(BIT, BIT, KEY, BIT ^ KEY) == 1.0

    def test_xor_output_relayed_jointly_is_negative(self):
        """The answer depends on the input only once the key is known: synergy, -1 bit."""
        assert relay_information(BIT, BIT ^ KEY, KEY, NONE) == -1.0

    def test_floats_that_are_whole_are_symbols(self):
        sign = np.array([-1.0, 1.0, -1.0, 1.0])
        assert relay_information(sign, sign, BIT, NONE) == 1.0

    @UNTIMED
    @given(cases)
    def test_equals_eight_entropies(self, case):
        x_in, x_out, states, weights = case
        half = states.shape[1] // 2
        split = states[:, :half], states[:, half:]
        bits = relay_information(x_in, x_out, *split, weights=weights)
        assert bits == pytest.approx(eight_entropies(x_in, x_out, *split, weights), abs=1e-12)

    @UNTIMED
    @given(cases)
    def test_names_of_symbols_do_not_matter(self, case):
        x_in, x_out, states, weights = case
        plain = relay_information(x_in, x_out, states[:, :1], states[:, 1:], weights=weights)
        renamed = relay_information(
            5 - x_in, 7 * x_out, -states[:, :1], 10**9 * states[:, :0:-1], weights=weights
        )
        assert renamed == pytest.approx(plain, abs=1e-12)

    @pytest.mark.parametrize("seed", range(5))
    def test_dit_agrees(self, seed):
        rows = np.random.default_rng(seed).integers(0, 2, (24, 5))
        outcomes, counts = np.unique(rows, axis=0, return_counts=True)
        names = ["".join(map(str, row)) for row in outcomes]
        oracle = dit.multivariate.coinformation(
            dit.Distribution(names, counts / 24), [[0], [1], [2, 3]], [4]
        )
        bits = relay_information(rows[:, 0], rows[:, 1], rows[:, 2:4], rows[:, 4])
        assert bits == pytest.approx(oracle)

    @pytest.mark.parametrize(
        ("x_out", "y_rest", "weights", "error", "message"),
        [
            ([0, 1], NONE, None, ValueError, r"x_out must have shape \(4\), got \(2,\)"),
            (BIT, BIT[:3], None, ValueError, r"y_rest must have shape \(4, any\), got \(3, 1\)"),
            (BIT, BIT * 0.3, None, TypeError, "y_rest must hold discrete symbols"),
            (BIT, NONE, [1, 1, 1, -1], ValueError, "weights must not be negative, got -1"),
        ],
    )
    def test_bad_input_is_named(self, x_out, y_rest, weights, error, message):
        with pytest.raises(error, match=message):
            relay_information(BIT, x_out, BIT, y_rest, weights=weights)


class TestGreedyOrder:
    def test_relaying_node_is_removed_last(self):
        states = np.column_stack([KEY, BIT, np.zeros(4, int)])
        result = greedy_order(BIT, BIT, states)
        assert result.order.tolist() == [0, 2, 1]
        assert result.relay_bits.tolist() == [1.0, 1.0, 1.0, 0.0]

    def test_of_tied_nodes_the_lowest_index_is_removed_first(self):
        """Any one of the copies, once outside the relay set, takes the bit from the others."""
        states = np.column_stack([BIT, BIT, BIT, KEY])
        result = greedy_order(BIT, BIT, states)
        assert result.order.tolist() == [3, 0, 1, 2]
        assert result.relay_bits.tolist() == [1, 1, 0, 0, 0]

    def test_weights_change_the_order(self):
        x = np.array([0, 1, 0, 1])
        a, b = np.array([0, 1, 0, 0]), np.array([0, 0, 0, 1])
        order = greedy_order(x, x, np.column_stack([a, b]), weights=[1, 5, 1, 1]).order
        assert order.tolist() == [1, 0]
        assert greedy_order(x, x, np.column_stack([a, b])).order.tolist() == [0, 1]

    @UNTIMED
    @given(cases)
    def test_fast_equals_plain(self, case):
        x_in, x_out, states, weights = case
        fast = greedy_order(x_in, x_out, states, weights=weights)
        plain = plain_greedy_order(x_in, x_out, states, weights=weights)
        assert fast.order.tolist() == plain.order.tolist()
        assert fast.relay_bits == pytest.approx(plain.relay_bits, abs=1e-12)

    @UNTIMED
    @given(cases)
    def test_every_step_is_the_relay_information_of_the_set_left(self, case):
        x_in, x_out, states, weights = case
        result = greedy_order(x_in, x_out, states, weights=weights)
        assert result.relay_bits[-1] == 0
        assert sorted(result.order) == list(range(states.shape[1]))
        for step, bits in enumerate(result.relay_bits):
            rest, relay_set = np.split(result.order, [step])
            direct = relay_information(
                x_in, x_out, states[:, relay_set], states[:, rest], weights=weights
            )
            assert bits == pytest.approx(direct, abs=1e-12)

    def test_rounding_does_not_break_ties(self):
        """Equal nodes under other names and in another order of sequences: the first goes."""
        rng = np.random.default_rng(3)
        for _ in range(50):
            node, x_in = rng.integers(0, 3, (2, 301))
            x_out = (x_in + rng.integers(0, 2, 301)) % 3
            states = np.column_stack([rng.permutation(3)[node] for _ in range(4)])
            shuffle = rng.permutation(301)
            order = greedy_order(x_in[shuffle], x_out[shuffle], states[shuffle]).order
            assert order.tolist() == [0, 1, 2, 3]

    def test_alphabets_beyond_the_tables(self):
        rng = np.random.default_rng(0)
        x_in, x_out, *states = rng.permuted(np.tile(np.arange(60), (5, 1)), axis=1)
        fast = greedy_order(x_in, x_out, np.transpose(states))
        plain = plain_greedy_order(x_in, x_out, np.transpose(states))
        assert fast.order.tolist() == plain.order.tolist()

    @pytest.mark.parametrize(
        ("states", "error", "message"),
        [
            (np.empty((4, 0), int), ValueError, "states must not be empty"),
            (BIT, ValueError, r"states must have shape \(any, any\), got \(4,\)"),
            (np.full((4, 2), 0.2), TypeError, "turn activations into symbols"),
            (np.zeros((3, 2), int), ValueError, r"x_in must have shape \(3\), got \(4,\)"),
        ],
    )
    def test_bad_input_is_named(self, states, error, message):
        with pytest.raises(error, match=message):
            greedy_order(BIT, BIT, states)


def large_case(kind, rng):
    """Return x_in, x_out, states of more binary nodes than the small kernel takes."""
    n_nodes, n_contexts = int(rng.integers(33, 36)), int(rng.integers(10, 30))
    x_in, x_out = np.tile([0, 0, 1, 1], n_contexts), np.tile([0, 1, 0, 1], n_contexts)
    if kind == "never pure":
        return x_in, x_out, np.repeat(rng.integers(0, 2, (n_contexts, n_nodes)), 4, axis=0)
    if kind == "peeled off one by one":
        contexts = np.arange(n_contexts)[:, None] == np.arange(n_nodes)
        return x_in, x_out, np.repeat(contexts, 4, axis=0).astype(int)
    if kind == "correlated":
        hidden = np.column_stack([x_in, x_out, rng.normal(size=(len(x_in), 4))])
        return x_in, x_out, (hidden @ rng.normal(size=(6, n_nodes)) > 0).astype(int)
    x_out = np.where(rng.random(len(x_in)) < 0.9, x_in, 1 - x_in)
    return x_in, x_out, rng.integers(0, 2, (len(x_in), n_nodes))


class TestLargeLayers:
    @pytest.mark.parametrize(
        "kind", ["independent", "correlated", "never pure", "peeled off one by one"]
    )
    @pytest.mark.parametrize("seed", range(2))
    def test_same_order_as_plain(self, kind, seed):
        case = large_case(kind, np.random.default_rng(seed))
        fast, plain = greedy_order(*case), plain_greedy_order(*case)
        assert fast.order.tolist() == plain.order.tolist()
        assert fast.relay_bits == pytest.approx(plain.relay_bits, abs=1e-12)

    @pytest.mark.parametrize("other", ["weights", "levels"])
    def test_equals_plain_with_weights_and_with_more_levels(self, other):
        rng = np.random.default_rng(0)
        x_in, x_out, states = large_case("independent", rng)
        weights = rng.random(len(x_in)) if other == "weights" else None
        states = states if other == "weights" else states + rng.integers(0, 2, states.shape)
        fast = greedy_order(x_in, x_out, states, weights=weights)
        plain = plain_greedy_order(x_in, x_out, states, weights=weights)
        assert fast.order.tolist() == plain.order.tolist()

    def test_large_and_small_kernels_agree_on_many_ties(self):
        """1,000 sequences, 200 nodes that are copies of 4: lowest index first, as in small."""
        rng = np.random.default_rng(1)
        x = rng.integers(0, 2, 1000)
        few = (rng.normal(size=(1000, 4)) + x[:, None] > 0).astype(int)
        copies = np.tile(few, (1, 50)) ^ rng.integers(0, 2, 200)
        large = greedy_order(x, x, copies)
        orders, around_bits = np.empty((1, 1, 200), int), np.empty((1, 1, 201))
        greedy_batch(*check_cases(copies.T, x[None], x[None]), orders, around_bits)
        assert large.order.tolist() == orders[0, 0].tolist()
        small_bits = around_bits[0, 0] - around_bits[0, 0, -1]
        assert large.relay_bits == pytest.approx(small_bits, abs=1e-12)

    def test_every_function_takes_the_kernel_for_large_layers(self):
        """Its bits are sums in fixed point, which other kernels do not give to the last digit."""
        x_in, x_out, states = large_case("independent", np.random.default_rng(0))
        single = greedy_order(x_in, x_out, states)
        orders, relay_bits = greedy_orders([states.T] * 2, [x_in] * 3, [x_out] * 3)
        assert orders.shape == (2, 3, states.shape[1])
        assert (orders == single.order).all()
        assert (relay_bits == single.relay_bits).all()
        matrix = information_matrix(states, x_in[:, None], x_out[:, None])
        assert (matrix[0] == node_values(*single)).all()

    def test_nothing_to_relay(self):
        states = np.zeros((8, 40), int)
        assert greedy_order(np.zeros(8), np.zeros(8), states).order.tolist() == list(range(40))
        two = np.tile([0, 1], 4)
        result = greedy_order(two, two, states + np.eye(8, 40, dtype=int))
        assert result.relay_bits[-1] == 0


class TestGreedyOrders:
    @pytest.mark.parametrize("levels", [2, 4, 40])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_each_case_equals_the_single_call(self, levels, weighted):
        rng = np.random.default_rng(levels)
        states = rng.integers(0, levels, (4, 5, 30))
        x_in = rng.integers(0, 2, (4, 3, 30))
        x_out = np.where(rng.random((4, 3, 30)) < 0.8, x_in, 1 - x_in)
        weights = rng.random(30) if weighted else None
        orders, relay_bits = greedy_orders(states, x_in, x_out, weights=weights)
        assert relay_bits.shape == (4, 3, 6)
        for batch, concept in np.ndindex(4, 3):
            single = plain_greedy_order(
                x_in[batch, concept], x_out[batch, concept], states[batch].T, weights=weights
            )
            assert orders[batch, concept].tolist() == single.order.tolist()
            assert relay_bits[batch, concept] == pytest.approx(single.relay_bits, abs=1e-12)

    def test_concepts_may_be_shared_by_the_batch(self):
        rng = np.random.default_rng(1)
        states, x = rng.integers(0, 2, (4, 5, 30)), rng.integers(0, 2, (3, 30))
        shared = greedy_orders(states, x, x)
        own = greedy_orders(states, x, np.broadcast_to(x, (4, 3, 30)))
        assert (shared[0] == own[0]).all()
        assert (shared[1] == own[1]).all()

    def test_gaps_between_symbols_are_removed(self):
        """Answers come as -1 and 1: two symbols, not three, so that the kernels for bits do."""
        states = np.array([[[0, 7, 0, 7]]])
        for sign in (np.array([[-1.0, 1, 1, -1]]), np.array([[-1, 1, 1, -1]], dtype=np.int8)):
            cases = check_cases(states, sign, sign, None)
            assert cases.shape == (2, 2, 2)
            assert cases.pairs.tolist() == [[[0, 3, 3, 0]]]
            assert cases.states.tolist() == [[[0, 1, 0, 1]]]

    def test_alphabets_beyond_the_tables(self):
        rng = np.random.default_rng(0)
        states = rng.permuted(np.tile(np.arange(60), (2, 3, 1)), axis=2)
        x = rng.permuted(np.tile(np.arange(60), (2, 1)), axis=1)
        orders, relay_bits = greedy_orders(states, x, x)
        assert orders.tolist() == [[[0, 1, 2]] * 2] * 2
        assert relay_bits[0, 0] == pytest.approx([np.log2(60), 0, 0, 0])

    @pytest.mark.parametrize(
        ("x_in", "x_out", "message"),
        [
            (np.zeros((2, 3, 7)), np.zeros((3, 8)), r"x_in must have shape \(..., any, 8\), got"),
            (
                np.zeros((2, 3, 8)),
                np.zeros((3, 8)),
                r"x_in must have .* \(4,\), or none; got \(2,\)",
            ),
            (np.zeros((3, 8)), np.zeros((2, 8)), r"x_out must have shape \(..., 3, 8\)"),
            (np.zeros((3, 8)), np.zeros(8), r"x_out must have shape"),
            (np.zeros((3, 8)), np.zeros((2, 3, 8)), r"x_out must have the leading axes of states"),
            (np.zeros((3, 8)), np.zeros((8, 3, 8)), r"x_out must have the leading axes of states"),
            (
                np.zeros((3, 8)),
                np.zeros((4, 4, 3, 8)),
                r"x_out must have the leading axes of states",
            ),
        ],
    )
    def test_bad_input_is_named(self, x_in, x_out, message):
        with pytest.raises(ValueError, match=message):
            greedy_orders(np.zeros((4, 5, 8), int), x_in, x_out)


class TestInformationMatrix:
    STATES = np.column_stack([KEY, BIT, BIT])

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("cumulative", [[0, 1, 1], [1, 0, 0]]),
            ("increment", [[0, 1, 0], [1, 0, 0]]),
            ("aggregate", [[1, 1, 0], [1, 1, 1]]),
        ],
    )
    def test_known_values(self, value, expected):
        concepts = np.column_stack([BIT, KEY])
        matrix = information_matrix(self.STATES, concepts, concepts, value=value)
        assert matrix.tolist() == expected

    def test_last_node_gets_the_total_only_when_cumulative(self):
        x = 2 * KEY + BIT
        states = np.column_stack([KEY, BIT])
        one = x[:, None]
        assert information_matrix(states, one, one).tolist() == [[1, 2]]
        assert information_matrix(states, one, one, value="increment").tolist() == [[1, 1]]

    @UNTIMED
    @given(cases)
    def test_losses_sum_to_the_total(self, case):
        x_in, x_out, states, weights = case
        concepts = x_in[:, None], x_out[:, None]
        losses = information_matrix(states, *concepts, weights=weights, value="increment")
        total = relay_information(x_in, x_out, states, states[:, :0], weights=weights)
        assert losses.sum() == pytest.approx(total, abs=1e-12)

    def test_full_set_bound_by_the_shared_information(self):
        rng = np.random.default_rng(2)
        x = rng.integers(0, 2, (50, 1))
        states = rng.integers(0, 2, (50, 4))
        matrix = information_matrix(states, x, x)
        assert matrix.max() <= mutual_information(x, x) + 1e-12

    def test_unknown_value_is_named(self):
        with pytest.raises(ValueError, match="value must be one of 'cumulative', 'increment'"):
            information_matrix(self.STATES, BIT[:, None], BIT[:, None], value="mean")
        with pytest.raises(ValueError, match="value must be one of 'cumulative', 'increment'"):
            node_values(np.array([0]), np.zeros(2), value=np.array(VALUES))

    @pytest.mark.parametrize("order", [[0, 0, 2], [0, 1, 3], [-1, 0, 1]])
    def test_order_that_is_no_permutation_is_refused(self, order):
        with pytest.raises(ValueError, match="orders must hold each of the 3 nodes once"):
            node_values(np.array([[0, 1, 2], order]), np.zeros((2, 4)))

    def test_relay_bits_have_the_shape_of_orders(self):
        with pytest.raises(ValueError, match=r"relay_bits must have shape \(2, 4\), got \(3, 4\)"):
            node_values(np.array([[0, 1, 2]] * 2), np.zeros((3, 4)))


def labelled_case(seed=0):
    """Return states (network, time, node, sequence), x_in, x_out (network), all labelled."""
    rng = np.random.default_rng(seed)
    coords = {"network": [7, 9], "time": [1, 2, 3], "node": [1, 2, 3, 4], "concept": ["A", "B"]}
    x_in = rng.integers(0, 2, (2, 20))
    x_out = np.where(rng.random((2, 2, 20)) < 0.8, x_in, 1 - x_in)
    states = rng.integers(0, 2, (2, 3, 4, 20), dtype=np.uint8)

    def labelled(values, *dims):
        return xr.DataArray(values, {d: coords[d] for d in dims if d in coords}, dims)

    return (
        labelled(states, "network", "time", "node", "sequence"),
        labelled(x_in, "concept", "sequence"),
        labelled(x_out, "network", "concept", "sequence").assign_coords(delay=5),
    )


class TestLabels:
    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("value", VALUES)
    @pytest.mark.parametrize("seed", range(3))
    def test_labelled_equals_plain_for_any_order_of_dimensions(self, seed, value, weighted):
        states, x_in, x_out = labelled_case(seed)
        rng = np.random.default_rng(seed)
        weights = xr.DataArray(rng.random(20), dims="sequence") if weighted else None
        states, x_in, x_out = (
            array.transpose(*rng.permutation(array.dims)) for array in (states, x_in, x_out)
        )
        removal = greedy_orders(states, x_in, x_out, weights=weights)
        matrix = information_matrix(states, x_in, x_out, weights=weights, value=value)
        again = node_values(
            removal.order.transpose("removal_step", ...), removal.relay_bits[..., ::-1], value=value
        )
        assert (matrix == again).all()
        assert matrix.sizes == {"network": 2, "time": 3, "concept": 2, "node": 4}
        for network, time, concept in np.ndindex(2, 3, 2):
            at = {"network": network, "concept": concept}
            x, y = x_in.isel(concept=concept), x_out.isel(at)
            nodes = states.isel(network=network, time=time).transpose("sequence", "node")
            order, bits = greedy_order(x.values, y.values, nodes.values, weights=weights)
            at["time"] = time
            assert removal.order.isel(at).values.tolist() == (order + 1).tolist()
            assert removal.relay_bits.isel(at).values.tolist() == bits.tolist()
            values = node_values(order, bits, value=value)
            assert matrix.isel(at).values.tolist() == values.tolist()
            one = greedy_order(x, y, nodes, weights=weights)
            assert one.order.identical(removal.order.isel(at))
            assert one.relay_bits.identical(removal.relay_bits.isel(at))

    def test_results_carry_names_units_and_coordinates(self):
        order, relay_bits = greedy_orders(*labelled_case())
        matrix = information_matrix(*labelled_case())
        assert order.dims == ("network", "time", "concept", "removal_step")
        assert relay_bits.dims == ("network", "time", "concept", "set_size")
        assert matrix.dims == ("network", "time", "concept", "node")
        assert (matrix.name, matrix.units, relay_bits.units) == ("information_bits", "bit", "bit")
        assert relay_bits.sel(set_size=0, network=9, time=3, concept="B") == 0
        assert order.removal_step.values.tolist() == [1, 2, 3, 4]
        assert (order.delay, matrix.delay) == (5, 5)

    def test_without_concepts_there_are_none_in_the_result(self):
        states, x_in, x_out = labelled_case()
        at_a = information_matrix(states, x_in.sel(concept="A"), x_out.sel(concept="A"))
        assert at_a.identical(information_matrix(states, x_in, x_out).sel(concept="A"))

    def test_one_answer_to_all_concepts_is_shared(self):
        states, x_in, x_out = labelled_case()
        answer = x_out.sel(concept="A", drop=True)
        matrix = information_matrix(states, x_in, answer)
        one = information_matrix(states, x_in.sel(concept="B"), answer)
        assert matrix.sel(concept="B").equals(one)

    def test_nodes_keep_their_labels_and_places(self):
        states, x_in, x_out = labelled_case()
        names = states.assign_coords(node=["z", "c", "a", "b"], layer=("node", [1, 1, 2, 2]))
        matrix = information_matrix(names, x_in, x_out)
        assert (matrix.values == information_matrix(states, x_in, x_out).values).all()
        assert matrix.node.values.tolist() == ["z", "c", "a", "b"]
        assert matrix.layer.values.tolist() == [1, 1, 2, 2]

    def test_shared_concepts_are_not_repeated_for_the_batch(self):
        states, x_in, x_out = labelled_case()
        arrays, _ = plain_arrays(states, x_in, x_out, None)
        assert [a.shape for a in arrays[:3]] == [(2, 3, 4, 20), (1, 1, 2, 20), (2, 1, 2, 20)]
        assert all(
            np.shares_memory(a, b) for a, b in zip(arrays, (states, x_in, x_out), strict=False)
        )
        assert check_cases(*arrays).pairs.shape == (2, 2, 20)
        assert check_cases(*arrays).pairs_of.tolist() == [0, 0, 0, 1, 1, 1]

    @pytest.mark.parametrize(
        ("change", "error", "message"),
        [
            ({"states": lambda s: s.values}, TypeError, "states must be a DataArray too"),
            ({"x_in": lambda x: x.values}, TypeError, "x_in must be a DataArray too"),
            ({"states": lambda s: s.isel(node=0)}, ValueError, "states must have dimensions"),
            ({"x_in": lambda x: x.isel(sequence=0)}, ValueError, "x_in must have dimensions"),
            ({"x_out": lambda x: x.expand_dims("epoch")}, ValueError, r"x_out must .* \('epoch'"),
            ({"x_out": lambda x: x[..., :5]}, ValueError, "sequence"),
            ({"x_out": lambda x: x.assign_coords(network=[1, 2])}, ValueError, "network"),
            ({"x_in": lambda x: x.assign_coords(concept=["A", "C"])}, ValueError, "concept"),
        ],
    )
    def test_what_does_not_match_is_named(self, change, error, message):
        case = dict(zip(("states", "x_in", "x_out"), labelled_case(), strict=True))
        case |= {name: altered(case[name]) for name, altered in change.items()}
        for function in (greedy_orders, information_matrix, greedy_order):
            with pytest.raises(error, match=message):
                function(**case)

    def test_orders_that_do_not_match_are_named(self):
        order, relay_bits = greedy_orders(*labelled_case())
        with pytest.raises(TypeError, match="relay_bits must be a DataArray too"):
            node_values(order, relay_bits.values)
        with pytest.raises(
            ValueError, match=r"relay_bits must have dimensions \('network', 'time'"
        ):
            node_values(order, relay_bits.isel(time=0))
        with pytest.raises(ValueError, match="orders must hold each of the 4 nodes once"):
            node_values(order.where(order > 1, 2), relay_bits)
