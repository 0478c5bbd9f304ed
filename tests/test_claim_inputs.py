"""What the rules of the ledger are given: from a made-up study to one number per network."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from claim_cases import BITS, CONDITION, unread

from relaylib.core.store import Store
from relaylib.studies.claims.inputs import claim_inputs
from relaylib.studies.config import StudyConfig
from relaylib.studies.knockouts import KnockoutConfig
from relaylib.studies.latent import LatentConfig
from relaylib.studies.node_noise import NodeNoiseConfig
from relaylib.studies.witnesses import WitnessConfig
from relaylib.tasks.memory import MemoryTask


def made_up_study() -> xr.Dataset:
    """Return a study whose networks reverse their information from step 10 to step 11."""
    bits = unread(*BITS)
    bits[:, :, 0, :, 10] = 1 - bits[:, :, 0, :, 9]
    bits.loc[{"regime": "random", "time": 10}] = [[1, 1, 0], [1, 0, 1], [0, 0, 0]]
    delay = ("regime", [1, 2, 3, 4, 5, 5])
    return xr.Dataset({"information_bits": bits}, {"answer_delay": delay, "input_end": 10})


def made_up_knockouts(config: KnockoutConfig) -> xr.Dataset:
    """Return accuracy 1 of whole networks, less in those without 1 or 2, or all 3, of the nodes."""
    assert (config.regime, config.step) == ("random", 10)
    own = 0.5 if config.task == "memory" else 0.25
    coords = {"relays_of": list("ABC"), "n_knocked_out": range(4), "concept": list("ABC")}
    accuracy = xr.DataArray(np.ones((3, 4, 3)), coords, list(coords))
    accuracy[:, 1:3] = xr.where(accuracy.relays_of == accuracy.concept, own, 0.75)
    accuracy[:, 3] = own + 0.125
    accuracy = accuracy.expand_dims(architecture=["RNN"], replicate=[0])
    least = xr.where(accuracy.relays_of == accuracy.concept, 0.875, 0.75)
    least = xr.where(accuracy.n_knocked_out == 0, 1, least)
    at_random = accuracy.isel(relays_of=0, drop=True).expand_dims(draw=[0, 1])
    at_random = at_random.where(at_random.n_knocked_out == 0, 0.625)
    return xr.Dataset({"relaying": accuracy, "least_relaying": least, "at_random": at_random})


def made_up_lattices() -> xr.Dataset:
    """Return greedy sets that relay 0 and 3/4 of the best; nothing relays in the full set."""
    best = 0 * unread(*CONDITION, "replicate", "time", "concept", "set_size") + [0, 1, 2]
    return xr.Dataset({"best_bits": best, "greedy_bits": best.where(best > 1, 0) * 0.75})


def made_up_witnesses(config: WitnessConfig) -> xr.Dataset:
    assert (config.n_removed, config.n_leading) == (3, 2)  # of 3 nodes
    return unread(*CONDITION, "replicate", "lag").to_dataset(name="decoding_at_lag")


def made_up_noise(config: NodeNoiseConfig) -> xr.Dataset:
    """Return 0, 1/2 and 1 for the three concepts."""
    assert (config.regime, config.n_nodes) == ("random", 3)
    one = 0 * unread("task", "architecture", "replicate", "concept") + [0, 0.5, 1]
    return xr.Dataset({"one_node": one, "sets": -one, "loss": one})


def test_claim_inputs_hold_what_the_claims_are_about(monkeypatch, tmp_path) -> None:
    """Each is a number per network, of the random regime after step 10 where it has no regime."""
    made_up = {
        "run_study": lambda _, store: made_up_study(),
        "run_knockouts": lambda config, store: made_up_knockouts(config),
        "run_latent": lambda config, store: config,
        "run_lattices": lambda _, store: made_up_lattices(),
        "run_witnesses": lambda config, store: made_up_witnesses(config),
        "run_node_noise": lambda config, store: made_up_noise(config),
    }
    for name, function in made_up.items():
        monkeypatch.setattr(f"relaylib.studies.claims.inputs.{name}", function)
    config = StudyConfig(n_nodes=3, n_replicates=3)
    found = claim_inputs(config, store=Store(tmp_path))
    assert found.drift.correlation.sel(regime="1").values == pytest.approx(-1)
    assert (found.nodes_per_concept == pytest.approx(4 / 3)).all()
    assert (found.shared_fraction == pytest.approx(1 / 3)).all()
    assert found.nodes_per_concept.dims == ("task", "architecture", "replicate")
    assert (found.greedy_ratio == 3 / 8).all()
    assert found.greedy_ratio.dims == (*CONDITION, "replicate")
    for task, own in (("memory", 0.5), ("block", 0.75)):
        lost = {"own": own, "others": 0.25, "least_relaying": 0.125, "at_random": 0.375}
        assert {name: values.item() for name, values in found.losses[task].items()} == lost
        assert found.silenced[task].item() == 1 - own + 0.125
    assert found.decoding.dims == (*CONDITION, "replicate", "lag")
    assert (found.noise.one_node == 0.5).all()
    assert (found.noise.sets == -0.5).all()
    assert found.noise.sets.dims == ("task", "architecture", "replicate")
    rnns = replace(config, tasks=(MemoryTask(),), architectures=("RNN",))
    assert found.latent == LatentConfig(study=rnns)
