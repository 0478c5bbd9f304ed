"""Usable information: decoders find what nodes hold from few sequences, and give chance nothing."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from relaylib.information.decoder import (
    decoder_case,
    decoder_order,
    plain_usable_entropy,
    standard_error,
    walk,
)
from relaylib.information.logistic import stratified_folds

N = 300


def sample(n_classes=3, n_noise=4, seed=0, spread=0.3):
    """Node 0 holds the concept with noise, node 1 a copy of half of it; the rest are coins."""
    rng = np.random.default_rng(seed)
    x = rng.integers(n_classes, size=N)
    copy = x + spread * rng.normal(size=N)
    half = (x > 0) + spread * rng.normal(size=N)
    return x, x, np.column_stack([copy, half, rng.normal(size=(N, n_noise))])


def case_of(x_in, x_out, activations, **settings):
    return decoder_case(x_in, x_out, activations, rng=np.random.default_rng(0), **settings)


def test_coins_beside_the_labels_of_the_digits_come_out_as_nothing():
    labels = load_digits().target
    coins = np.random.default_rng(1).normal(size=(len(labels), 32))
    found = decoder_order(labels, labels, coins, rng=np.random.default_rng(0))
    assert abs(found.relay_bits).max() < 0.01


@pytest.mark.parametrize("n_classes", [2, 3, 6])
def test_nodes_that_hold_the_concept_are_removed_last(n_classes):
    case = sample(n_classes, spread=0.1)
    found = decoder_order(*case, rng=np.random.default_rng(0))
    assert found.relay_bits[0] == pytest.approx(np.log2(n_classes), abs=0.2)
    assert found.relay_bits[-1] == 0
    assert found.order[-1] in ([0, 1] if n_classes == 2 else [0])
    before_informative = found.relay_bits[: -2 if n_classes == 2 else -3]
    assert before_informative.min() > found.relay_bits[0] - 0.05


def test_information_that_another_node_also_holds_is_not_relayed_alone():
    x, y, activations = sample(2, spread=0.1)
    twice = np.column_stack([activations[:, 0], activations[:, 0]])
    found = decoder_order(x, y, twice, rng=np.random.default_rng(0))
    assert found.relay_bits == pytest.approx([1, 0, 0], abs=0.05)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("weighted", [False, True])
def test_losses_are_those_of_scikit_learn(n_classes, weighted):
    x, _, activations = sample(n_classes, n_noise=1, spread=0.6)
    rng = np.random.default_rng(3)
    y = np.where(rng.random(N) < 0.8, x, rng.integers(n_classes, size=N))
    weights = rng.random(N) if weighted else None
    case = case_of(x, y, activations, weights=weights)
    found = walk(case, [2, 1, 0])
    entropy = np.array(
        [
            [plain_usable_entropy(case, given, told=told) for given in ([], [2], [2, 1], [2, 1, 0])]
            for told in (False, True)
        ]
    )
    free, told = np.minimum.accumulate(entropy, axis=1)  # what does not help is ignored
    wanted = (free - told)[0] - (free - told)
    assert wanted[-1] > 0.2
    np.testing.assert_allclose(found.lost_bits @ case.folds.weights, wanted, atol=0.002)


def test_scale_and_mixture_of_activations_do_not_matter():
    x, y, activations = sample(3)
    mixing = np.random.default_rng(5).normal(size=(6, 6))
    total = walk(case_of(x, y, activations)).relay_bits[0]
    for other in (1e6 * activations - 5e6, activations @ mixing):
        assert walk(case_of(x, y, other)).relay_bits[0] == pytest.approx(total, abs=0.01)


def test_constant_and_repeated_nodes_are_harmless():
    x, y, activations = sample(3)
    more = np.column_stack([activations, np.ones(N), activations[:, 2]])
    found = decoder_order(x, y, more, rng=np.random.default_rng(0))
    assert sorted(found.order) == list(range(8))
    assert found.relay_bits[0] == pytest.approx(
        decoder_order(x, y, activations, rng=np.random.default_rng(0)).relay_bits[0], abs=0.02
    )


def test_unequal_classes_and_one_that_is_seen_once():
    rng = np.random.default_rng(0)
    x = (rng.random(N) < 0.1).astype(int)
    x[0] = 2
    found = decoder_order(x, x, x[:, None] + 0.1 * rng.normal(size=(N, 1)), rng=rng)
    p = np.bincount(x) / N
    assert found.relay_bits[0] == pytest.approx(-(p @ np.log2(p)), abs=0.1)


def test_one_answer_alone_carries_nothing():
    x, _, activations = sample(3)
    found = decoder_order(x, np.zeros(N, int), activations, rng=np.random.default_rng(0))
    assert (found.relay_bits == 0).all()


def test_weights_choose_sequences():
    x, y, activations = sample(3)
    weights = np.r_[np.ones(N // 2), np.zeros(N // 2)]
    rng = np.random.default_rng
    weighted = decoder_order(x, y, activations, rng=rng(0), weights=weights)
    half = slice(N // 2)
    cut = decoder_order(x[half], y[half], activations[half], rng=rng(0))
    np.testing.assert_allclose(weighted.relay_bits, cut.relay_bits, atol=1e-9)


def test_blocks_are_removed_together():
    x, y, activations = sample(3)
    found = decoder_order(
        x, y, activations, rng=np.random.default_rng(0), blocks=[[0, 1], [2, 3], [4, 5]]
    )
    assert found.order[-1] == 0
    assert found.relay_bits[:3] == pytest.approx([found.relay_bits[0]] * 3, abs=0.03)


def test_the_error_is_the_spread_over_samples():
    totals, errors = [], []
    for seed in range(12):
        x, y, activations = sample(2, n_noise=0, seed=seed, spread=0.7)
        case = case_of(x, y, activations)
        found = walk(case)
        totals.append(found.relay_bits[0])
        errors.append(standard_error(found.lost_bits, case.folds.weights)[-1])
    assert np.mean(errors) == pytest.approx(np.std(totals, ddof=1), rel=0.6)


def test_coarse_steps_end_where_fine_ones_do():
    case = case_of(*sample(3))
    fine, coarse = walk(case, range(6)), walk(case, range(6), sizes=[1, 4])
    assert coarse.relay_bits[0] == pytest.approx(fine.relay_bits[0], abs=0.01)
    assert coarse.relay_bits[2] == pytest.approx(coarse.relay_bits[4])
    assert coarse.relay_bits.shape == fine.relay_bits.shape


def test_each_class_is_spread_over_the_folds():
    z = np.repeat([0, 1, 2], [50, 7, 1])
    fold = stratified_folds(z, 5, rng=np.random.default_rng(0))
    assert np.ptp(np.bincount(fold)) <= 1
    assert np.bincount(fold[z == 0]).tolist() == [10] * 5


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"activations": np.full((N, 2), np.nan)}, "activations must be finite"),
        ({"activations": np.zeros(N)}, "activations must have shape"),
        ({"x_out": np.zeros(3, int)}, "x_out must have shape"),
        (
            {"weights": np.where(np.arange(N) < 4, 1, 0)},
            "at least 5 sequences of positive weight, got 4",
        ),
        ({"blocks": [[0], [0]]}, "blocks must hold nodes, each at most once"),
        ({"blocks": [[0], []]}, "blocks must hold nodes, each at most once"),
        ({"blocks": [[9]]}, "blocks must be in 0..5, got 9"),
        ({"rng": 3}, "rng must be a numpy.random.Generator"),
    ],
)
def test_bad_input_is_named(changed, message):
    x_in, x_out, activations = sample()
    arguments = {"x_in": x_in, "x_out": x_out, "activations": activations}
    arguments |= {"rng": np.random.default_rng(0)} | changed
    with pytest.raises((ValueError, TypeError), match=message):
        decoder_order(**arguments)
