"""Stored activations are those of the networks that training kept, epoch by epoch."""

from dataclasses import replace

import numpy as np
import pytest

from relaylib.core.store import Store
from relaylib.mmphate.estimator import MMPHATE
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.training import train
from relaylib.studies.study import N_BLANK
from relaylib.studies.training_activations import ActivationsConfig, training_activations
from relaylib.studies.training_history import checkpoint_epochs
from relaylib.tasks.memory import MemoryTask

CONDITION = TrainingConfig(architecture="LSTM", regime="5", n_replicates=2)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("activations"))


@pytest.fixture(scope="module")
def recorded(store):
    return training_activations(ActivationsConfig(CONDITION, replicate=1), store=store)


@pytest.mark.parametrize("state", ["cell", "hidden"])
def test_activations_are_those_of_the_checkpoints_run_again(state, store):
    config = ActivationsConfig(CONDITION, replicate=1, lstm_state=state)
    activations = training_activations(config, store=store).activations
    trained = train(replace(CONDITION, checkpoints=checkpoint_epochs(CONDITION.max_epochs)))
    inputs = MemoryTask().population().inputs
    for epoch in (0, 7, 20, int(trained.epochs[1])):
        ensemble = trained.checkpoints.get(epoch, trained.ensemble)
        again = getattr(ensemble[1].run(inputs, N_BLANK), state)[0]
        np.testing.assert_allclose(activations.sel(epoch=epoch), again, atol=1e-6)


def test_they_are_labelled_from_untrained_to_stopped(recorded):
    stopped = int(train(CONDITION).epochs[1])
    assert recorded.activations.dims == ("epoch", "time", "node", "sequence")
    assert recorded.activations.dtype == np.float32
    before = [epoch for epoch in checkpoint_epochs(CONDITION.max_epochs) if epoch < stopped]
    assert recorded.epoch.values.tolist() == [*before, stopped]
    assert recorded.sizes["sequence"] == len(MemoryTask().population().inputs)
    assert recorded.time.values.tolist() == list(range(1, 16))
    assert recorded.node.values.tolist() == list(range(1, 13))


def test_they_come_back_from_the_store_smaller_than_in_memory(recorded, store):
    again = training_activations(ActivationsConfig(CONDITION, replicate=1), store=store)
    assert again.identical(recorded)
    kept = [path.stat().st_size for path in store.root.glob("activations-memory-LSTM-5-*.nc")]
    assert 0 < max(kept) < recorded.activations.nbytes


def test_a_condition_with_checkpoints_of_its_own_is_recorded_there_and_can_be_mapped(store):
    condition = replace(CONDITION, checkpoints=(8, 0, 4))
    recorded = training_activations(ActivationsConfig(condition), store=store)
    assert recorded.epoch.values.tolist() == [0, 4, 8]
    embedding = MMPHATE(progress=False, n_landmarks=None).fit_transform(recorded.activations)
    assert embedding.epoch.values.tolist() == [0, 4, 8]


def test_a_replicate_or_state_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="replicate"):
        ActivationsConfig(CONDITION, replicate=2)
    with pytest.raises(ValueError, match="lstm_state"):
        ActivationsConfig(CONDITION, lstm_state="gate")
