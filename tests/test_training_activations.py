"""Stored activations equal those of the checkpoints, epoch by epoch."""

from dataclasses import replace

import numpy as np
import pytest

from relaylib.core.store import Store
from relaylib.mmphate.estimator import MMPHATE
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.training import train
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
def test_activations_equal_a_new_run_of_the_checkpoints(state, store):
    config = ActivationsConfig(CONDITION, replicate=1, lstm_state=state)
    activations = training_activations(config, store=store).activations
    trained = train(replace(CONDITION, checkpoints=checkpoint_epochs(CONDITION.max_epochs)))
    inputs = MemoryTask().population().inputs
    for epoch in (0, 7, 20, int(trained.epochs[1])):
        ensemble = trained.checkpoints.get(epoch, trained.ensemble)
        again = getattr(ensemble[1].run(inputs, config.n_blank), state)[0]
        np.testing.assert_allclose(activations.sel(epoch=epoch), again, atol=1e-6)


def test_activations_are_labelled_from_the_untrained_network_to_the_last_epoch(recorded):
    stopped = int(train(CONDITION).epochs[1])
    assert recorded.activations.dims == ("epoch", "time", "node", "sequence")
    assert recorded.activations.dtype == np.float32
    before = [epoch for epoch in checkpoint_epochs(CONDITION.max_epochs) if epoch < stopped]
    assert recorded.epoch.values.tolist() == [*before, stopped]
    assert recorded.sizes["sequence"] == len(MemoryTask().population().inputs)
    assert recorded.time.values.tolist() == list(range(1, 16))
    assert recorded.node.values.tolist() == list(range(1, 13))
    assert int(recorded.input_end) == 10


def test_blank_steps_are_a_setting(store):
    config = ActivationsConfig(CONDITION, replicate=1, n_blank=2)
    assert training_activations(config, store=store).time.values.tolist() == list(range(1, 13))


def test_the_stored_file_is_smaller_than_the_activations_in_memory(recorded, store):
    again = training_activations(ActivationsConfig(CONDITION, replicate=1), store=store)
    assert again.identical(recorded)
    kept = [path.stat().st_size for path in store.root.glob("activations-memory-LSTM-5-*.nc")]
    assert 0 < max(kept) < recorded.activations.nbytes


def test_checkpoints_of_the_condition_are_recorded_and_can_be_embedded(store):
    condition = replace(CONDITION, checkpoints=(8, 0, 4))
    recorded = training_activations(ActivationsConfig(condition), store=store)
    assert recorded.epoch.values.tolist() == [0, 4, 8]
    embedding = MMPHATE(progress=False, n_landmarks=None).fit_transform(recorded.activations)
    assert embedding.epoch.values.tolist() == [0, 4, 8]


def test_unknown_replicate_or_state_raises_an_error_that_names_it():
    with pytest.raises(ValueError, match="replicate"):
        ActivationsConfig(CONDITION, replicate=2)
    with pytest.raises(ValueError, match="lstm_state"):
        ActivationsConfig(CONDITION, lstm_state="gate")
    with pytest.raises(ValueError, match=r"n_blank must be in 0\.\.10000, got 1000000000"):
        ActivationsConfig(CONDITION, n_blank=10**9)
    with pytest.raises(TypeError, match="condition must be a TrainingConfig, got 'RNN'"):
        ActivationsConfig("RNN")
    assert type(ActivationsConfig(CONDITION, replicate=np.int64(1)).replicate) is int
