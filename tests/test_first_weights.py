"""First weights: the default changes nothing, and each rule gives the matrix that it states."""

from math import prod

import numpy as np
import pytest
import torch

from relaylib.networks.cells import flat_views, weight_shapes
from relaylib.networks.conditions import BACKENDS, TrainingConfig
from relaylib.networks.ensemble import ARCHITECTURES, Ensemble
from relaylib.networks.first_weights import FirstWeights, start_from
from relaylib.networks.replicate import Replicate
from relaylib.networks.training import train
from relaylib.studies.config import StudyConfig

EYE = np.eye(12)


def weights_of(first, architecture="RNN", number=0):
    config = TrainingConfig(architecture=architecture, first_weights=first)
    flat = torch.from_numpy(Replicate(config, number).restart())[None]
    views = flat_views(flat, weight_shapes(architecture, 3, 12, 3))
    return {name: values[0].numpy() for name, values in views.items()}


def gates(weights):
    return weights["weight_hh"].reshape(-1, 12, 12)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_default_is_the_uniform_draw_itself(architecture):
    drawn = np.random.default_rng(0).random(2000).astype(np.float32)
    rng = np.random.default_rng(1)
    kept = start_from(FirstWeights(), architecture, drawn, (3, 12, 3), rng=rng)
    assert kept is drawn
    assert rng.random() == np.random.default_rng(1).random()  # nothing is drawn


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(
    "first",
    [FirstWeights("orthogonal"), FirstWeights(identity=0.5), FirstWeights("minus identity")],
)
def test_only_the_recurrent_matrix_differs(architecture, first):
    default, other = weights_of(FirstWeights(), architecture), weights_of(first, architecture)
    same = {name for name in default if np.array_equal(default[name], other[name])}
    assert set(default) - same == {"weight_hh"}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_orthogonal_matrices_are_orthogonal_and_all_different(architecture):
    matrices = [*gates(weights_of(FirstWeights("orthogonal"), architecture))]
    matrices += [*gates(weights_of(FirstWeights("orthogonal"), architecture, number=1))]
    for matrix in matrices:
        np.testing.assert_allclose(matrix @ matrix.T, EYE, atol=1e-6)
    assert len({matrix.tobytes() for matrix in matrices}) == len(matrices)


@pytest.mark.parametrize("a", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_mixture_is_part_default_and_part_identity(architecture, a):
    default = gates(weights_of(FirstWeights(), architecture))
    mixed = gates(weights_of(FirstWeights(identity=a), architecture))
    np.testing.assert_allclose(mixed, (1 - a) * default + 0.9 * a * EYE, atol=1e-7)


def test_minus_identity():
    np.testing.assert_array_equal(gates(weights_of(FirstWeights("minus identity")))[0], -EYE)


@pytest.mark.parametrize("architecture", ["GRU", "LSTM"])
def test_the_bias_of_the_gate_that_keeps_is_shifted(architecture):
    default = weights_of(FirstWeights(), architecture)
    shifted = weights_of(FirstWeights(keep_bias=-3), architecture)
    difference = (shifted["bias_hh"] - default["bias_hh"]).reshape(-1, 12)
    np.testing.assert_allclose(difference[1], -3, rtol=1e-6)
    assert not np.delete(difference, 1, axis=0).any()
    assert np.array_equal(shifted["weight_hh"], default["weight_hh"])


@pytest.mark.parametrize("architecture", ["GRU", "LSTM"])
def test_a_high_bias_keeps_the_state_and_a_low_one_loses_it(architecture):
    """The part of a difference in the state (LSTM: c alone) that is left after a blank step."""
    kept = {}
    for bias in (-8.0, 8.0):
        weights = weights_of(FirstWeights(keep_bias=bias), architecture)
        ensemble = Ensemble(architecture, {k: torch.tensor(w)[None] for k, w in weights.items()})
        start = ensemble.start(1)
        other = (*start[:-1], torch.full((1, 12, 1), 0.5))
        kept[bias] = ensemble.step(None, other)[-1] - ensemble.step(None, start)[-1]
    assert abs(kept[8.0] - 0.5).max() < 0.01
    assert abs(kept[-8.0]).max() < 0.3


@pytest.mark.parametrize("backend", BACKENDS)
def test_both_backends_begin_with_these_weights(backend):
    first = FirstWeights("orthogonal", identity=0.25)
    config = TrainingConfig(
        first_weights=first, n_replicates=2, checkpoints=(0,), backend=backend, accuracy_goal=0.6
    )
    begun = train(config).checkpoints[0].weights["weight_hh"].numpy()
    expected = [gates(weights_of(first, number=number))[0] for number in (0, 1)]
    np.testing.assert_array_equal(begun, expected)


def test_a_study_hands_its_first_weights_on():
    first = FirstWeights(identity=0.5)
    config = StudyConfig(architectures=("RNN",), first_weights=first)
    assert all(condition.first_weights == first for condition in config.conditions())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"recurrent": "zero"}, "recurrent must be one of 'uniform', 'orthogonal'"),
        ({"identity": 1.5}, r"identity must be in \[0, 1\], got 1.5"),
        ({"identity": -0.1}, r"identity must be in \[0, 1\], got -0.1"),
        ({"keep_bias": 1e6}, r"keep_bias must be within"),
        ({"keep_bias": float("nan")}, "keep_bias must be finite"),
    ],
)
def test_bad_values_are_named(given, message):
    with pytest.raises(ValueError, match=message):
        FirstWeights(**given)


def test_an_rnn_has_no_gate():
    with pytest.raises(ValueError, match=r"first_weights.keep_bias must be 0 for an RNN"):
        TrainingConfig(first_weights=FirstWeights(keep_bias=1))
    with pytest.raises(TypeError, match="first_weights must be a FirstWeights"):
        TrainingConfig(first_weights="orthogonal")


@pytest.mark.parametrize(("architecture", "block"), [("RNN", 0), ("GRU", 2), ("LSTM", 2)])
def test_the_candidate_block_alone_starts_otherwise(architecture, block):
    """torch names the blocks r, z, n of a GRU and i, f, g, o of an LSTM."""
    sizes = (3, 5, 2)
    n_weights = sum(prod(shape) for shape in weight_shapes(architecture, *sizes).values())
    flat = np.random.default_rng(0).uniform(size=n_weights).astype(np.float32)
    first = FirstWeights("minus identity", blocks="candidate")
    started = start_from(first, architecture, flat, sizes, rng=np.random.default_rng(1))
    shapes = weight_shapes(architecture, *sizes)
    was, now = (flat_views(torch.tensor(values)[None], shapes) for values in (flat, started))
    before, after = was["weight_hh"][0].split(5), now["weight_hh"][0].split(5)
    same = [torch.equal(a, b) for a, b in zip(before, after, strict=True)]
    assert same == [index != block for index in range(len(same))]
    assert torch.equal(now["weight_hh"][0].split(5)[block], -torch.eye(5))
    assert all(torch.equal(was[name], now[name]) for name in shapes if name != "weight_hh")
