"""How much sensor noise networks endure, and what that allows a decoder of their memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from relaylib.core.checks import check_choice, check_floats, check_type, normalise
from relaylib.core.progress import progress
from relaylib.core.store import Store, StoreLike, as_store
from relaylib.measures.geometry import nearest_centroid_accuracy, pca, score_many
from relaylib.networks.recording import record
from relaylib.studies.config import configured
from relaylib.studies.latent import LatentConfig, noisy_trials
from relaylib.studies.study import load_ensemble


@dataclass(frozen=True)
class NoiseConfig:
    """Which networks are shown noisy sequences, and how noisy they are.

    Parameters
    ----------
    latent
        Networks and sequences as in `relaylib.studies.latent.run_latent`; ``noise_sds`` replaces
        its own noise.
    regime
        Training regime of the networks.
    noise_sds
        Standard deviations of the noise on the sensors: different numbers, not negative.

    Raises
    ------
    ValueError, TypeError
        If the regime is not in the study, or noise is not as above.
    """

    latent: LatentConfig = field(default_factory=LatentConfig)
    regime: str = "random"
    noise_sds: tuple[float, ...] = (0.0, 0.01, 0.03, 0.05, 0.1, 0.2)

    def __post_init__(self) -> None:
        check_type("latent", self.latent, LatentConfig)
        check_choice("regime", self.regime, self.latent.study.regimes)
        noise = check_floats("noise_sds", self.noise_sds, (None,))
        if noise.min() < 0 or len(np.unique(noise)) < len(noise):
            raise ValueError(f"noise_sds must be different numbers >= 0, got {self.noise_sds!r}")
        normalise(self, noise_sds=tuple(noise.tolist()))


def noise_levels(
    config: NoiseConfig | None = None, *, store: StoreLike | None = None
) -> xr.Dataset:
    """Ask networks and decoders for the memory contents of the same noisy sequences.

    How often the network itself has all concepts right says how much of the memory survives a
    noise, and with it how much a decoder that reads the network's state can be expected to find.

    Returns
    -------
    xarray.Dataset
        Fractions of sequences (noise_sd, replicate): ``answered``, those whose concepts the network
        answers all correctly; ``plane_decoding`` and ``node_decoding``, those whose content the
        nearest class centre tells at the answer step, cross-validated, in the plane of two
        principal components and in the space of all nodes. ``silhouette`` (noise_sd, replicate):
        of the contents in the plane of all steps from the last input on.
    """
    config, store = configured(config, NoiseConfig), as_store(store)
    return store.dataset(
        "noise-levels",
        config,
        lambda: _measure(config, store),
        modules=["relaylib.studies.noise_levels"],
    )


def _measure(config: NoiseConfig, store: Store) -> xr.Dataset:
    configs = [replace(config.latent, noise_sd=sd) for sd in config.noise_sds]
    levels = [_level(one, config.regime, store) for one in progress(configs, desc="noise levels")]
    return xr.concat(levels, xr.DataArray(list(config.noise_sds), dims="noise_sd", name="noise_sd"))


def _level(config: LatentConfig, regime: str, store: Store) -> xr.Dataset:
    """Return the measures of all networks of a regime at the noise of the configuration."""
    study, shown = config.study, noisy_trials(config)
    task, architecture = study.tasks[0].name, study.architectures[0]
    delay = study.read_delay(regime)
    ensemble = load_ensemble(study, task, architecture, regime, store=store)
    recording = record(
        ensemble, shown.trials, delay=delay, n_blank=study.n_blank, lstm_state=study.lstm_state
    )
    held = recording.activations.sel(time=slice(study.n_steps, None))
    held = held.transpose("network", "time", "sequence", "node")
    at_answer, n_nodes = held.sel(time=study.n_steps + delay).values, held.sizes["node"]
    scores = {
        "answered": (recording.x_out == recording.x_in).all("concept").mean("sequence").values,
        "plane_decoding": [nearest_centroid_accuracy(x, shown.state) for x in at_answer],
        "node_decoding": [
            nearest_centroid_accuracy(x, shown.state, n_components=n_nodes) for x in at_answer
        ],
        "silhouette": [_silhouette(points, shown.state) for points in held.values],
    }
    replicates = {"replicate": np.arange(study.n_replicates)}
    found = {name: ("replicate", values, {"units": "1"}) for name, values in scores.items()}
    return xr.Dataset(found, coords=replicates)


def _silhouette(activations: np.ndarray, state: np.ndarray) -> float:
    """Return the silhouette of contents in the plane of (time, sequence, node)."""
    n_times, _, n_nodes = activations.shape
    coordinates, _ = pca(activations.reshape(-1, n_nodes))
    labels, contents = np.tile(state, n_times), np.unique(state)[None]
    return float(score_many(coordinates.T[None], labels, contents)[0, 0, 0])
