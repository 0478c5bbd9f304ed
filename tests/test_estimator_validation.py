"""Samples have the relay information they should have, and estimates carry their labels."""

import numpy as np
import pytest

from relaylib.core.store import Store
from relaylib.figures import fig_samples
from relaylib.information.relay import relay_information
from relaylib.information.significance import OCCUPIED_LIMIT
from relaylib.studies.estimator_validation import (
    TRUE_BITS,
    ValidationConfig,
    draw_sample,
    validate_estimators,
)

CONFIG = ValidationConfig(n_sequences=(60, 4_000), n_nodes=4, n_replicates=2)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return validate_estimators(CONFIG, store=Store(tmp_path_factory.mktemp("validation")))


@pytest.mark.parametrize("distribution", TRUE_BITS)
def test_a_large_sample_has_the_known_relay_information(distribution):
    sample = draw_sample(distribution, 40_000, rng=np.random.default_rng(0), n_nodes=3)
    x_in, x_out, states = sample
    bits = relay_information(x_in, x_out, states, states[:, :0])
    assert bits == pytest.approx(TRUE_BITS[distribution], abs=0.01)
    assert x_in.mean() == pytest.approx(0.5, abs=0.01)


def test_no_single_node_of_a_cipher_relays():
    x_in, x_out, states = draw_sample("cipher", 40_000, rng=np.random.default_rng(0), n_nodes=3)
    for alone in (0, 2):
        bits = relay_information(x_in, x_out, states[:, alone], states[:, :0])
        assert bits == pytest.approx(0, abs=0.01)


def test_the_noisy_answer_has_the_given_agreement():
    rng = np.random.default_rng(0)
    x_in, x_out, _ = draw_sample("noisy answer", 40_000, rng=rng, agreement=0.8)
    assert np.mean(x_in == x_out) == pytest.approx(0.8, abs=0.01)


def test_unknown_distribution_raises_an_error_that_lists_the_known():
    with pytest.raises(ValueError, match=r"distribution must be one of .*irrelevant.*got 'coins'"):
        draw_sample("coins", 10, rng=np.random.default_rng(0))


def test_estimates_from_many_sequences_are_near_the_truth(samples):
    enough = samples.sel(n_sequences=4_000)
    for name in ("plug_in_bits", "corrected_bits"):
        assert abs(enough[name] - samples.true_bits).max() < 0.03
    assert (enough.p_value.sel(distribution=["copy", "cipher"]) == 1 / 20).all()
    assert (
        (enough.excess_bits <= enough.plug_in_bits + 1e-9).where(samples.true_bits > 0, True).all()
    )
    assert (samples.occupied_fraction * samples.n_sequences <= 2**4).all()


def test_a_sample_depends_only_on_seed_size_and_replicate(samples, tmp_path):
    alone = ValidationConfig(n_sequences=(60,), n_nodes=4, n_replicates=1)
    again = validate_estimators(alone, store=Store(tmp_path))
    np.testing.assert_array_equal(
        again.plug_in_bits, samples.plug_in_bits.sel(n_sequences=[60], replicate=[0])
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_sequences": (10, 10)}, "n_sequences must be a tuple of distinct sizes"),
        ({"n_nodes": 1}, "n_nodes must be"),
        ({"agreement": 0.2}, r"agreement must be in \[0.5, 1\], got 0.2"),
        ({"n_shuffles": 1}, "n_shuffles must be in 2..10000000"),
        ({"n_sequences": (10**12,)}, "n_sequences must be in 2"),
        ({"seed": 2**64}, "seed must be in 0"),
    ],
)
def test_out_of_range_settings_raise_an_error_that_names_them(change, message):
    with pytest.raises(ValueError, match=message):
        ValidationConfig(**change)


def test_numbers_of_numpy_become_those_of_python():
    config = ValidationConfig(n_sequences=(np.int64(60),), seed=np.int64(1))
    assert [type(config.n_sequences[0]), type(config.seed)] == [int, int]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_nodes": 1}, "n_nodes must be in 2..62, got 1"),
        ({"agreement": 1.5}, r"agreement must be in \[0, 1\], got 1.5"),
        ({"n_sequences": 0}, "n_sequences must be in 1"),
        ({"rng": 42}, "rng must be a numpy.random.Generator, got 42"),
    ],
)
def test_arguments_of_draw_sample_that_are_out_of_range_are_named(change, message):
    arguments = {"distribution": "copy", "n_sequences": 10, "rng": np.random.default_rng(0)}
    with pytest.raises((TypeError, ValueError), match=message):
        draw_sample(**(arguments | change))


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


def test_the_undersampled_range_is_shaded_only_where_there_is_a_warning(samples):
    enough = samples.sel(n_sequences=[4_000])
    assert (enough.occupied_fraction < OCCUPIED_LIMIT).all()
    assert not fig_samples.draw(enough).axes[0].patches
