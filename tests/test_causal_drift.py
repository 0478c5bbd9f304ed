"""Causal drift: networks made by hand, and noise against a loop over torch steps."""

import numpy as np
import pytest
import torch
import xarray as xr
from handmade import handmade, two_signs

from relaylib.measures.causal_drift import causal_drift
from relaylib.measures.noise import noise_accuracy
from relaylib.networks.ensemble import ARCHITECTURES, Ensemble, weight_shapes
from relaylib.tasks.memory import MemoryTask

# The node that holds A and the one that holds B, step by step from 3, in each network.
HOLDERS = {"copies": [(1, 3)] * 3, "flips": [(1, 3)] * 3, "rotates": [(1, 3), (2, 4), (1, 3)]}


def orders(holders):
    """Removal orders whose last node holds the concept: (network, time, concept, removal_step)."""
    rows = [
        [[*(n for n in (1, 2, 3, 4) if n != holder), holder] for holder in at_step]
        for at_step in holders
    ]
    coords = {"time": [3, 4, 5], "concept": ["A", "B"], "removal_step": [1, 2, 3, 4]}
    return xr.DataArray([rows], coords, ("network", "time", "concept", "removal_step"))


def measured(name, holders):
    how = {"delay": 2, "n_removed": 1, "n_random": 40, "rng": np.random.default_rng(0)}
    return causal_drift(handmade(name), two_signs(), orders(holders), **how)


@pytest.mark.parametrize("name", ["copies", "flips"])
def test_what_stays_in_its_nodes_gives_a_flat_matrix(name):
    """A network that flips its sign keeps information in place; two flips give the right answer."""
    found = measured(name, HOLDERS[name])
    np.testing.assert_allclose(found.loss, 0.5)
    assert found.contrast.item() == 0
    assert found.loss.dims == ("network", "ranked_at", "knocked_at")
    assert found.ranked_at.values.tolist() == [3, 4, 5]


def test_what_moves_gives_a_diagonal():
    """After 180 degrees the answer is reversed: losses are negative, and largest off the relays."""
    turned = handmade("rotates")
    turned.weights["readout_weight"].mul_(-1)
    how = {"delay": 2, "n_removed": 1, "n_random": 40, "rng": np.random.default_rng(0)}
    found = causal_drift(turned, two_signs(), orders(HOLDERS["rotates"]), **how)
    expected = np.array([[0.5, 0, 0.5], [0, 0.5, 0], [0.5, 0, 0.5]])
    np.testing.assert_allclose(found.loss[0], expected)
    assert found.diagonal.item() == 0.5
    assert found.off_diagonal.item() == pytest.approx(1 / 6)
    assert found.contrast.item() == pytest.approx(1 / 3)


def test_random_nodes_are_the_floor():
    """One of four nodes holds a concept: every fourth random node costs half of the answers."""
    found = measured("copies", HOLDERS["copies"])
    np.testing.assert_allclose(found.loss_at_random, 0.125, atol=0.06)


def test_a_forgotten_answer_cannot_be_lost():
    assert (measured("forgets", HOLDERS["copies"]).loss == 0).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"delay": 3}, r"removal_order must hold the times of i and j, missing: \[6\]"),
        ({"first_time": 2}, r"missing: \[2\]"),
        ({"n_removed": 5}, r"n_removed must be in 1\.\.4"),
        ({"removal_order": orders(HOLDERS["copies"])[0]}, "must have the dimensions network or"),
    ],
)
def test_bad_input_is_named(change, message):
    given = {"removal_order": orders(HOLDERS["copies"]), "delay": 2, "n_removed": 1}
    with pytest.raises(ValueError, match=message):
        causal_drift(
            handmade("copies"), two_signs(), rng=np.random.default_rng(0), **given | change
        )


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@torch.no_grad()
def test_noise_equals_a_loop_over_steps(architecture):
    rng, trials = np.random.default_rng(7), MemoryTask().population()
    shapes = weight_shapes(architecture, 3, 12, 3)
    weights = {k: torch.from_numpy(rng.normal(0, 0.8, (2, *s))) for k, s in shapes.items()}
    ensemble = Ensemble(architecture, weights)
    sets = np.zeros((2, 3, 12), bool)
    sets[:, 1, 4] = sets[:, 2, [0, 7, 9]] = True
    how = {"delays": (2,), "step": 9, "size": 1.5, "n_draws": 2}
    found = noise_accuracy(ensemble, trials, sets, **how, rng=np.random.default_rng(5))
    noise, expected = np.random.default_rng(5), np.zeros((2, 3, 3))
    for _ in range(2):
        z = torch.from_numpy(noise.standard_normal((2, 12, 8)))
        for k in range(3):
            state = ensemble.start(8)
            for step, x in enumerate(
                [*torch.from_numpy(trials.inputs).permute(1, 2, 0), None, None]
            ):
                state = ensemble.step(None if x is None else x.double(), state)
                if step == 8:
                    chosen = torch.from_numpy(sets[:, k, :, None])
                    state = tuple(
                        p + 1.5 * chosen * z * p.std(dim=2, keepdim=True, correction=0)
                        for p in state
                    )
            answers = ensemble.readout(state).numpy() > 0
            expected[:, k] += (answers == (trials.targets.T > 0)).mean(axis=2) / 2
    np.testing.assert_allclose(found[:, :, 0], expected, atol=1e-12)


def test_noise_on_no_node_or_of_no_size_changes_nothing():
    trials, sets = two_signs(), np.zeros((1, 1, 4), bool)
    how = {"delays": (1,), "rng": np.random.default_rng(0)}
    assert (noise_accuracy(handmade("copies"), trials, sets, **how) == 1).all()
    assert (noise_accuracy(handmade("copies"), trials, ~sets, size=0.0, **how) == 1).all()
    labelled = xr.DataArray(~sets[0], {"node": [1, 2, 3, 4]}, ("set", "node"))
    found = noise_accuracy(handmade("copies"), trials, labelled, n_draws=300, **how)
    assert found.dims == ("network", "set", "delay", "concept")
    # |z| > 1 on the wrong side reverses a sign of size 1 and standard deviation 1
    np.testing.assert_allclose(found, 1 - 0.1587, atol=0.02)


@pytest.mark.parametrize("given", [{"size": -1.0}, {"n_draws": 0}, {"step": 5}])
def test_bad_noise_is_named(given):
    with pytest.raises(ValueError, match=next(iter(given))):
        noise_accuracy(
            handmade("copies"),
            two_signs(),
            np.zeros((1, 1, 4), bool),
            delays=(1,),
            rng=np.random.default_rng(0),
            **given,
        )
