"""Figures of what the drift is show the numbers of the datasets they are given."""

import numpy as np
import pytest
import xarray as xr

from relaylib.figures import fig_intervention, fig_witnesses
from relaylib.studies.drift_findings import measures
from relaylib.studies.drift_theory import predictors

STEPS = [10, 11, 12, 13, 14, 15]
FIRST = ["a = 0", "a = 1", "minus identity"]


def made_up(side: str, labels: list[str]) -> xr.Dataset:
    """Return witnesses with random numbers, all in [0, 1]."""
    rng = np.random.default_rng(0)
    coords = {
        "task": ["memory", "block"],
        side: labels,
        "regime": ["1", "5"],
        "replicate": range(3),
    }
    inner = {
        "loss": {"ranked_at": STEPS, "knocked_at": STEPS},
        "decoding": {"trained_at": STEPS, "tested_at": STEPS},
        "decoding_at_lag": {"lag": range(6)},
        "phase_degrees": {"leading": [1, 2, 3]},
        "cosine": {"leading": [1, 2, 3]},
        "accuracy": {"test_delay": range(10)},
        "correlation": {},
        "contrast": {},
        "self_correlation": {},
        "epochs": {},
    }
    data = {}
    for name, own in inner.items():
        levels = {k: list(v) for k, v in (coords | own).items()}
        shape = [len(v) for v in levels.values()]
        data[name] = xr.DataArray(rng.random(shape), levels, list(levels))
    return xr.Dataset(data, {"answer_delay": ("regime", [1, 5]), "input_end": 10})


@pytest.fixture
def witnesses():
    return made_up("architecture", ["RNN", "GRU", "LSTM"])


@pytest.fixture
def intervention():
    return made_up("first_weights", FIRST)


@pytest.mark.parametrize(("regime", "n_steps"), [("5", 6), ("1", 2)])
def test_matrices_are_means_up_to_the_answer(witnesses, regime, n_steps):
    shown = witnesses.sel(task="block", regime=regime)
    axes = fig_witnesses.draw_matrices(shown).axes[:6]
    for row, name in ((axes[:3], "loss"), (axes[3:], "decoding")):
        for ax, architecture in zip(row, shown.architecture.values, strict=True):
            (image,) = ax.get_images()
            expected = shown[name].sel(architecture=architecture).mean("replicate")
            np.testing.assert_allclose(image.get_array(), expected[:n_steps, :n_steps])
            assert image.get_extent() == [9.5, 9.5 + n_steps, 9.5, 9.5 + n_steps]
    assert [ax.get_title() for ax in axes[:3]] == ["RNN", "GRU", "LSTM"]
    assert axes[0].get_ylabel() == "ranked at step"
    assert axes[3].get_xlabel() == "tested at step"


def test_matrices_of_other_first_weights(intervention):
    shown = intervention.sel(task="memory", regime="5", first_weights=["minus identity"])
    knockouts, decoders, *_ = fig_witnesses.draw_matrices(shown).axes
    assert knockouts.get_title() == "minus identity"
    expected = shown.decoding.isel(first_weights=0).mean("replicate")
    np.testing.assert_allclose(decoders.get_images()[0].get_array(), expected)


def test_lags_show_every_network_and_the_mean(witnesses):
    for ax, task in zip(fig_witnesses.draw_lags(witnesses).axes, ("memory", "block"), strict=True):
        lines = {line.get_label(): line for line in ax.lines}
        values = witnesses.decoding_at_lag.sel(task=task, regime="5", architecture="GRU")
        np.testing.assert_allclose(lines["GRU"].get_ydata(), values.mean("replicate"))
        dots = [line.get_ydata() for line in ax.lines if len(line.get_ydata()) == 18]
        assert any(np.allclose(each, values.values.ravel()) for each in dots)
        assert ax.get_xlabel() == "lag (steps)"


def test_spectrum_shows_the_leading_angle(witnesses):
    witnesses["phase_degrees"] = 180 * witnesses.phase_degrees
    ax, _ = fig_witnesses.draw_spectrum(witnesses).axes
    lines = {line.get_label(): line for line in ax.lines}
    values = witnesses.phase_degrees.sel(task="memory", architecture="LSTM", leading=1)
    np.testing.assert_allclose(lines["LSTM"].get_ydata(), values.mean("replicate"))
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "5"]


def test_theory_has_one_dot_per_network(witnesses):
    networks = predictors(witnesses).assign(correlation=witnesses.correlation)
    _, ax = fig_witnesses.draw_theory(networks).axes
    (dots,) = (line for line in ax.lines if line.get_label() == "RNN")
    cell = networks.sel(task="block", architecture="RNN")
    np.testing.assert_allclose(sorted(dots.get_xdata()), sorted(cell.theory.values.ravel()))
    np.testing.assert_allclose(sorted(dots.get_ydata()), sorted(cell.correlation.values.ravel()))


def test_the_intervention_shows_four_measures(intervention):
    axes = fig_intervention.draw(intervention).axes
    values = measures(intervention).sel(task="memory").mean(["regime", "replicate"])
    for ax, name in zip(axes, fig_intervention.MEASURES, strict=True):
        (line,) = (line for line in ax.lines if line.get_label() == "memory task")
        np.testing.assert_allclose(line.get_ydata(), values[name][:2])  # doses are joined
    names = [text.get_text().replace("\n", " ") for text in axes[-1].get_xticklabels()]
    assert names == FIRST
    assert axes[-1].get_xlabel() == "first recurrent matrix"


def test_late_accuracy_leaves_out_the_delay_of_training(intervention):
    accuracy = intervention.accuracy.sel(task="block", first_weights="a = 1", replicate=2)
    by_hand = [np.delete(accuracy.sel(regime=r).values, int(r)).mean() for r in ("1", "5")]
    late = measures(intervention).late.sel(task="block", first_weights="a = 1", replicate=2)
    np.testing.assert_allclose(late, by_hand)
