"""Figures of the multiverse show the verdicts, effects and estimates they are given."""

import numpy as np
import pytest
import xarray as xr

from relaylib.figures import fig_multiverse
from relaylib.figures.table import table_of
from relaylib.studies.verdicts import VERDICTS

CLAIMS, VERDICTS_OF_SHARES = ["C1", "C9"], ["not reproduced", "partly", "reproduced"]
COLOURS = fig_multiverse.VERDICT_COLOURS


@pytest.fixture
def universes():
    rng = np.random.default_rng(0)
    estimate = rng.standard_normal((30, 2))
    estimate[0, 1] = np.nan
    verdict = np.where(estimate > 0, 3, 1).astype(np.int8)
    lag = ("universe", rng.integers(0, 2, 30).astype(np.int8), {"levels": ["1", "2"]})
    return xr.Dataset(
        {
            "estimate": (("universe", "claim"), estimate),
            "verdict": (("universe", "claim"), verdict),
            "lag": lag,
        },
        {"claim": CLAIMS},
    )


def test_bars_are_shares_and_the_claim_that_holds_most_is_on_top():
    share = np.array([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]])
    coords = {"claim": CLAIMS, "verdict": VERDICTS_OF_SHARES}
    dims = ("claim", "verdict")
    shares = xr.Dataset(
        {"share": (dims, share), "low": (dims, share - 0.1), "high": (dims, share + 0.1)}, coords
    )
    figure = fig_multiverse.draw_shares(shares)
    (ax,) = figure.axes
    widths = [[bar.get_width() for bar in bars] for bars in ax.containers[:3]]
    np.testing.assert_allclose(widths, [[0.25, 0.8], [0.25, 0.1], [0.5, 0.1]])
    assert [text.get_text() for text in ax.get_yticklabels()] == CLAIMS
    assert len(table_of(figure)) == 6


def test_each_deviation_has_a_row_and_each_seed_a_panel():
    verdict = np.array([[[3, 3], [1, 2]], [[3, 3], [0, 2]]], np.int8)
    coords = {"seed": [2025, 1], "deviation": ["default", "lag: 2"], "claim": CLAIMS}
    found = xr.Dataset({"single_verdict": (("seed", "deviation", "claim"), verdict)}, coords)
    figure = fig_multiverse.draw_deviations(found)
    for ax, expected in zip(figure.axes, verdict, strict=True):
        (image,) = ax.get_images()
        np.testing.assert_array_equal(image.get_array(), expected)
        blue = image.cmap(image.norm(3))
        assert blue == pytest.approx([0, 0x72 / 255, 0xB2 / 255, 1])
    assert [ax.get_title() for ax in figure.axes] == ["seed 2025", "seed 1"]
    assert table_of(figure).verdict.tolist().count("reproduced") == 4


def test_effects_are_sorted_by_what_they_explain():
    values = [[0.1, 0.7], [0.0, np.nan]]
    coords = {"claim": CLAIMS, "choice": ["lag", "batch"]}
    effects = xr.Dataset({"total": (("claim", "choice"), values)}, coords)
    ax = fig_multiverse.draw_effects(effects).axes[0]
    (image,) = ax.get_images()
    np.testing.assert_allclose(image.get_array().filled(np.nan), [[0.7, np.nan], [0.1, 0.0]])
    assert [text.get_text() for text in ax.get_yticklabels()] == ["batch", "lag"]
    assert [text.get_text() for text in ax.texts] == ["0.70", "0.10"]


def test_the_curve_is_sorted_and_says_the_level_of_each_universe(universes):
    null = xr.DataArray(np.zeros((5, 29)), dims=("draw", "rank"))
    figure = fig_multiverse.draw_specification_curve(universes, "C9", ["lag"], null=null)
    curve, levels = figure.axes
    known = universes.sel(claim="C9").dropna("universe", subset=["estimate"]).sortby("estimate")
    drawn = {line.get_label(): line.get_ydata() for line in curve.lines}
    above = known.estimate.values[known.estimate.values > 0]
    np.testing.assert_allclose(drawn["reproduced"], above)
    assert "partly" not in drawn
    np.testing.assert_array_equal(levels.lines[0].get_ydata(), known.lag.values)
    assert [text.get_text() for text in levels.get_yticklabels()] == ["1", "2"]
    table = table_of(figure)
    assert set(table.columns) == {"estimate", "verdict", "lag"}
    assert len(table) == 29
    assert set(COLOURS) == set(VERDICTS)


def test_columns_of_a_curves_table_are_plain_names(universes):
    renamed = universes.rename(lag="LSTM state")
    figure = fig_multiverse.draw_specification_curve(renamed, "C9", ["LSTM state"])
    assert list(table_of(figure).columns) == ["estimate", "verdict", "lstm_state"]
