"""The example is trained in seconds, answers well, and its nodes relay what it answers."""

import numpy as np
import pytest
import torch
from numpy.random import default_rng

from relaylib.measures.analysis import analyse
from relaylib.networks.examples import example_module, recording_named


@pytest.fixture(scope="module")
def example():
    return example_module()


def test_it_answers_images_that_it_has_not_seen_and_relays_them(example):
    recording = example.record()
    assert recording.activations.shape == (8, 8, 600)
    assert (recording.x_in == recording.x_out).mean() > 0.8
    analysis = analyse(
        recording,
        rng=default_rng(0),
        estimator="decoder",
        times=[1, 8],
        n_shuffles=9,
        n_permutations=0,
    )
    totals = analysis.total_bits.sel(concept="digit").values
    assert totals[-1] > 2 > 1 > totals[0]  # bits come in row by row
    assert (analysis.sel(time=8).p_value == 0.1).any()


def test_it_is_the_same_every_time_and_leaves_the_random_stream_alone(example):
    before = torch.get_rng_state()
    again, other = example_module(), example_module(seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    for name, values in example.model.state_dict().items():
        torch.testing.assert_close(again.model.state_dict()[name], values, atol=1e-4, rtol=0)
        assert not torch.equal(other.model.state_dict()[name], values)


def test_a_recording_is_named_by_a_file(example, tmp_path):
    path = tmp_path / "mine.nc"
    example.record().save(path)
    opened = recording_named(str(path))
    np.testing.assert_array_equal(opened.states, recording_named("example").states)
    with pytest.raises(FileNotFoundError, match=r"recording must be 'example' or a file; .*no\.nc"):
        recording_named("no.nc")


@pytest.mark.parametrize("seed", [-1, 0.5, "1", None])
def test_a_bad_seed_is_refused(seed):
    with pytest.raises((ValueError, TypeError), match="seed must be"):
        example_module(seed=seed)
