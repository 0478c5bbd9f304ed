"""The spectrum of a step: autograd as reference, and networks made by hand."""

import numpy as np
import pytest
import torch
from handmade import handmade, two_signs

from relaylib.measures.spectrum import jacobian, leading_eigenvalues, step_spectrum
from relaylib.networks.ensemble import ARCHITECTURES, Ensemble, weight_shapes
from relaylib.tasks.memory import MemoryTask


def untrained(architecture, *, n_networks=2, n_nodes=5):
    rng = np.random.default_rng(7)
    shapes = weight_shapes(architecture, 3, n_nodes, 3)
    weights = {k: torch.from_numpy(rng.normal(0, 0.8, (n_networks, *s))) for k, s in shapes.items()}
    return Ensemble(architecture, weights)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_jacobian_equals_autograd(architecture):
    ensemble, rng = untrained(architecture), np.random.default_rng(1)
    n_parts = 2 if architecture == "LSTM" else 1
    state = tuple(torch.from_numpy(rng.uniform(-1, 1, (2, 5, 4))) for _ in range(n_parts))
    found = jacobian(ensemble, state)
    for network, sequence in np.ndindex(2, 4):

        def step(flat, network=network):
            parts = tuple(part[None, :, None] for part in flat.chunk(n_parts))
            return torch.cat(ensemble[network].step(None, parts), dim=1)[0, :, 0]

        flat = torch.cat([part[network, :, sequence] for part in state])
        expected = torch.autograd.functional.jacobian(step, flat)
        np.testing.assert_allclose(found[network, sequence], expected, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "modulus", "degrees", "own"),
    [("copies", 1, 0, 1), ("rotates", 1, 90, 0), ("flips", 1, 180, 1), ("forgets", 0, 0, 0)],
)
def test_networks_made_by_hand(name, modulus, degrees, own):
    found = step_spectrum(handmade(name), two_signs(), n_blank=3, n_leading=2)
    np.testing.assert_allclose(found.modulus, modulus, atol=1e-5)
    np.testing.assert_allclose(found.phase_degrees, degrees, atol=1e-3)
    np.testing.assert_allclose(found.cosine, np.cos(np.radians(degrees)), atol=1e-5)
    np.testing.assert_allclose(found.self_correlation, own, atol=1e-5)
    assert found.time.values.tolist() == [3, 4, 5]
    assert found.phase_degrees.attrs["units"] == "degree per step"


def test_of_a_complex_pair_one_is_returned():
    turning = np.array([[0.0, -2.0, 0], [2.0, 0, 0], [0, 0, 1.5]])
    values = leading_eigenvalues(turning, 2)
    np.testing.assert_allclose(values, [2j, 1.5], atol=1e-12)


def test_nodes_of_an_lstm_are_its_cells_or_its_hidden_states():
    ensemble, trials = untrained("LSTM", n_nodes=6), MemoryTask().population()
    found = {
        state: step_spectrum(ensemble, trials, n_blank=1, lstm_state=state)
        for state in ("cell", "hidden")
    }
    state = ensemble.start(8)
    for x in torch.from_numpy(trials.inputs.transpose(1, 2, 0).copy()).double():
        state = ensemble.step(x, state)
    matrices = jacobian(ensemble, state).numpy()
    for first, which in ((0, "hidden"), (6, "cell")):
        own = [abs(matrices[..., k, k]) / np.linalg.norm(matrices[..., k, :], axis=-1)
               for k in range(first, first + 6)]  # fmt: skip
        expected = np.mean(own, axis=(0, 2))
        np.testing.assert_allclose(found[which].self_correlation[:, 0], expected)
    np.testing.assert_array_equal(found["cell"].modulus, found["hidden"].modulus)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (None, "state must be a tuple of 1 tensors"),
        ((1,), "state must hold tensors of shape"),
        ((torch.zeros(2, 5, 4),), "type torch.float64"),
        ((torch.zeros(2, 4, 4).double(),), r"state must hold tensors of shape \(2, 5, 4\)"),
    ],
)
def test_a_state_of_another_kind_is_named(state, message):
    with pytest.raises(TypeError, match=message):
        jacobian(untrained("RNN"), state)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n_blank": 0}, "n_blank must be in 1"),
        ({"n_leading": 4}, r"n_leading must be in 1\.\.3"),
        ({"lstm_state": "both"}, "lstm_state must be one of"),
    ],
)
def test_bad_numbers_are_named(given, message):
    with pytest.raises(ValueError, match=message):
        step_spectrum(untrained("RNN"), MemoryTask().population(), **given)


def test_matrices_must_be_square():
    with pytest.raises(ValueError, match="matrices must be square"):
        leading_eigenvalues(np.ones((2, 3)), 1)
