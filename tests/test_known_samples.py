"""Known distributions are what they say, and estimates of them carry their labels."""

import numpy as np
import pytest

from relaylib.core.store import Store
from relaylib.figures import fig_samples
from relaylib.information.relay import relay_information
from relaylib.information.significance import OCCUPIED_LIMIT
from relaylib.studies.estimator_validation import (
    TRUE_BITS,
    SamplesConfig,
    draw_sample,
    estimate_known,
)

CONFIG = SamplesConfig(n_sequences=(60, 4_000), n_nodes=4, n_replicates=2)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return estimate_known(CONFIG, store=Store(tmp_path_factory.mktemp("samples")))


@pytest.mark.parametrize("distribution", TRUE_BITS)
def test_a_large_sample_has_the_known_relay_information(distribution):
    sample = draw_sample(distribution, 40_000, rng=np.random.default_rng(0), n_nodes=3)
    x_in, x_out, states = sample
    bits = relay_information(x_in, x_out, states, states[:, :0])
    assert bits == pytest.approx(TRUE_BITS[distribution], abs=0.01)
    assert x_in.mean() == pytest.approx(0.5, abs=0.01)


def test_a_cipher_needs_two_nodes():
    x_in, x_out, states = draw_sample("cipher", 40_000, rng=np.random.default_rng(0), n_nodes=3)
    for alone in (0, 2):
        bits = relay_information(x_in, x_out, states[:, alone], states[:, :0])
        assert bits == pytest.approx(0, abs=0.01)


def test_the_noisy_answer_agrees_as_often_as_asked():
    rng = np.random.default_rng(0)
    x_in, x_out, _ = draw_sample("noisy answer", 40_000, rng=rng, agreement=0.8)
    assert np.mean(x_in == x_out) == pytest.approx(0.8, abs=0.01)


def test_an_unknown_distribution_is_named():
    with pytest.raises(ValueError, match=r"distribution must be one of .*irrelevant.*got 'coins'"):
        draw_sample("coins", 10, rng=np.random.default_rng(0))


def test_estimates_of_enough_sequences_are_near_the_truth(samples):
    enough = samples.sel(n_sequences=4_000)
    for name in ("plug_in_bits", "corrected_bits"):
        assert abs(enough[name] - samples.true_bits).max() < 0.03
    assert (enough.p_value.sel(distribution=["copy", "cipher"]) == 1 / 20).all()
    assert (
        (enough.excess_bits <= enough.plug_in_bits + 1e-9).where(samples.true_bits > 0, True).all()
    )
    assert (samples.occupied_fraction * samples.n_sequences <= 2**4).all()


def test_a_sample_depends_on_seed_and_place_alone(samples, tmp_path):
    alone = SamplesConfig(n_sequences=(60,), n_nodes=4, n_replicates=1)
    again = estimate_known(alone, store=Store(tmp_path))
    np.testing.assert_array_equal(
        again.plug_in_bits, samples.plug_in_bits.sel(n_sequences=[60], replicate=[0])
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_sequences": (10, 10)}, "n_sequences must be a tuple of distinct sizes"),
        ({"n_nodes": 1}, "n_nodes must be"),
        ({"agreement": 0.2}, r"agreement must be in \[0.5, 1\], got 0.2"),
        ({"n_shuffles": 1}, "n_shuffles must be >= 2"),
    ],
)
def test_bad_settings_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        SamplesConfig(**change)


def test_the_figure_shows_every_estimate_and_the_truth(samples):
    figure = fig_samples.draw(samples)
    for ax, name in zip(figure.axes, TRUE_BITS, strict=False):
        assert ax.get_title() == name
        one = samples.sel(distribution=name)
        lines = {line.get_label(): line for line in ax.lines}
        np.testing.assert_allclose(lines["plug-in"].get_ydata(), one.plug_in_bits.mean("replicate"))
        np.testing.assert_allclose(
            lines["corrected"].get_ydata(), one.corrected_bits.mean("replicate")
        )
        assert set(lines["truth"].get_ydata()) == {TRUE_BITS[name]}
        assert lines["truth"].get_xdata().tolist() == [60, 4_000]
        (warned,) = ax.patches
        assert 60 < warned.get_x() + warned.get_width() < 4_000
        assert ax.get_xscale() == "log"
    assert figure.axes[0].get_ylabel() == "relay information (bits)"
    assert figure.axes[-1].get_xlabel() == "sequences in the sample"


def test_the_last_panel_counts_small_p_values(samples):
    ax = fig_samples.draw(samples).axes[-1]
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    found = (samples.p_value <= 0.05 + 1e-12).mean("replicate")
    np.testing.assert_array_equal(lines["copy"], found.sel(distribution="copy"))
    assert ax.get_ylabel() == "fraction of samples"


def test_the_guard_is_drawn_only_where_it_warns(samples):
    enough = samples.sel(n_sequences=[4_000])
    assert (enough.occupied_fraction < OCCUPIED_LIMIT).all()
    assert not fig_samples.draw(enough).axes[0].patches
