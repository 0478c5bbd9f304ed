"""The code on the page about one's own network runs as written, and shows what the page says."""

import re
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.filterwarnings(
    "ignore::relaylib.information.significance.UndersampledWarning"
)  # the page says that it is given
PAGE = (Path(__file__).parents[1] / "book" / "your_network.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """All names after the blocks ran in their order."""
    space: dict = {"__name__": "page"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("page"))
        for block in BLOCKS:
            exec(compile(block, "your_network.md", "exec"), space)
    return space


def test_the_network_reads_digits_and_its_nodes_relay_them(names):
    recording, analysis = names["recording"], names["analysis"]
    assert (recording.x_in == recording.x_out).mean() > 0.8
    totals = analysis.total_bits.sel(concept="digit").values
    assert totals[-1] > 2 > totals[0]  # information comes in row by row
    assert (names["last"].p_value == 0.01).any()
    assert not names["model"].gru._forward_hooks


def test_decoders_groups_and_knockouts_give_what_the_page_says(names):
    assert (abs(names["by_decoder"].null_bits) < 0.05).all()
    assert list(names["in_groups"].node.values) == ["even", "odd"]
    whole, without = (names["knocked"].sel(n_knocked_out=k).relaying for k in (0, 4))
    assert (without < whole).all()


def test_arrays_and_files_give_the_same_recording(names):
    for other in (names["same"], names["again"]):
        np.testing.assert_array_equal(other.states, names["recording"].states)


def test_coins_are_told_from_relays(names):
    (warning,) = names["said"]
    assert "seem to relay" in str(warning.message)
    assert names["chance"].information_bits.max() > 2
    assert names["chance"].p_value.min() > 0.05
