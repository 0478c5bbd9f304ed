"""Networks and decoders asked for the memory contents of noisy sequences."""

from dataclasses import replace

import numpy as np
import pytest

from relaylib.core.store import Store
from relaylib.studies.config import StudyConfig
from relaylib.studies.latent import LatentConfig, noisy_trials, run_latent
from relaylib.studies.noise_levels import NoiseConfig, noise_levels
from relaylib.studies.study import load_ensemble
from relaylib.tasks.memory import MemoryTask

STUDY = StudyConfig((MemoryTask(),), ("RNN",), ("2", "random"), n_replicates=2)
LATENT = LatentConfig(STUDY, n_random=1, sequences_per_state=4)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("noise"))


def test_at_the_noise_of_run_latent_the_scores_are_those_of_run_latent(store: Store) -> None:
    latent = run_latent(LATENT, store=store)
    for regime in STUDY.regimes:
        found = noise_levels(NoiseConfig(LATENT, regime, (0.0, 0.1)), store=store)
        assert dict(found.sizes) == {"noise_sd": 2, "replicate": 2}
        chosen, at_noise = latent.sel(regime=regime), found.sel(noise_sd=0.1)
        np.testing.assert_allclose(at_noise.plane_decoding, chosen.decoding_accuracy)
        np.testing.assert_allclose(at_noise.silhouette, chosen.silhouette, rtol=1e-5)
        assert (at_noise.answered <= chosen.noisy_accuracy).all()  # all concepts right, or each


def test_answered_counts_sequences_whose_signs_are_all_right(store: Store) -> None:
    found = noise_levels(NoiseConfig(LATENT, "random", (0.3,)), store=store).answered
    shown = noisy_trials(replace(LATENT, noise_sd=0.3)).trials
    ensemble = load_ensemble(STUDY, "memory", "RNN", "random", store=store)
    outputs = ensemble.run(shown.inputs, 5).outputs  # (network, time, concept, sequence)
    right = np.sign(outputs[:, 14]) == shown.targets.T
    np.testing.assert_array_equal(found.values[0], right.all(axis=1).mean(axis=1))
    assert 0 < found.mean() < 1


def test_without_noise_each_content_is_one_point_that_every_decoder_finds(store: Store) -> None:
    found = noise_levels(NoiseConfig(LATENT, "2", (0.0,)), store=store)
    assert found.answered.min() == 1  # a delay of 2 is learned without an error
    assert found.plane_decoding.min() == found.node_decoding.min() == 1


def test_noise_is_the_same_but_for_its_size() -> None:
    clean, small, large = (noisy_trials(replace(LATENT, noise_sd=sd)) for sd in (0, 0.1, 0.2))
    noise = small.trials.inputs - clean.trials.inputs
    np.testing.assert_allclose(large.trials.inputs - clean.trials.inputs, 2 * noise, atol=1e-6)
    assert noise.std() == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"regime": "3"}, "regime must be one of"),
        ({"noise_sds": ()}, "noise_sds must not be empty"),
        ({"noise_sds": (0.1, 0.1)}, "noise_sds must be different numbers >= 0"),
        ({"noise_sds": (-0.1,)}, "noise_sds must be different numbers >= 0"),
    ],
)
def test_bad_configurations_are_named(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NoiseConfig(LATENT, **change)


def test_the_configuration_must_hold_one_of_latent_space() -> None:
    with pytest.raises(TypeError, match="latent must be"):
        NoiseConfig(STUDY)
