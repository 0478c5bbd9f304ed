"""The block task as a player: each picture shows the inputs of the networks at that step."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

from relaylib.tasks.block import BlockTask
from relaylib.widgets.block import _draw_frame, block_player


@pytest.mark.parametrize("step", [1, 2, 10])
def test_the_rings_show_the_pixels_of_that_step(step):
    figure = _draw_frame(step)
    inks = np.array([to_rgb(patch.get_facecolor()) for patch in figure.axes[0].patches])
    pixels = 1 - inks[:, 0].reshape(8, 16)
    shown = BlockTask().population().inputs[::16, step - 1]
    assert ((pixels > 0.1) == (shown > 0)).all()
    assert pixels[shown == 1].min() > pixels[shown == 0.5].max() > pixels[shown == 0].max()


def test_the_player_has_a_picture_for_every_step_and_leaves_no_figure_open():
    before = plt.get_fignums()
    player = block_player()
    texts = [f"at step {step} of 10" for step in range(1, 11)]
    assert player.start == 1
    assert all(t in shown["text"] for t, shown in zip(texts, player.pictures, strict=True))
    assert len({shown["png"] for shown in player.pictures}) == 10
    assert max(len(shown["png"]) for shown in player.pictures) < 60_000  # bytes in the page
    assert plt.get_fignums() == before
