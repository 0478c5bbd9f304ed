import matplotlib.pyplot as plt
import numpy as np
import pytest

from book.figure_data import COLUMNS, figure_data


@pytest.fixture
def table():
    figure, (left, right) = plt.subplots(1, 2)
    left.plot([1, 2, 3], [0.5, np.nan, 0.75], color="#d55e00", label="GRU")
    left.fill_between([1, 2], [0.25, 0.5], [0.75, 1.0], color="#0072b2")
    left.axhline(0.5)
    left.axvline(2)
    left.annotate("", xy=(1, 1), xytext=(1, 0), arrowprops={"arrowstyle": "->"})
    left.set(title="memory", xlabel="delay (steps)", ylabel="accuracy")
    image = right.imshow([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    right.scatter([0.25, 0.5], [0.5, 1.5], c=["#000000", "#ffffff"])
    right.bar([1], [0.125], width=0.5)
    figure.colorbar(image)
    yield figure_data(figure)
    plt.close(figure)


def test_lines_keep_values_labels_and_panel(table):
    line = table[table.kind == "line"]
    assert list(line.x) == [1, 2, 3]
    np.testing.assert_array_equal(line.y, [0.5, np.nan, 0.75])
    assert set(line.series) == {"GRU"}
    assert set(line.colour) == {"#d55e00"}
    assert set(line.panel) == {1}
    assert set(line.title) == {"memory"}
    assert set(line.x_label) == {"delay (steps)"}
    assert set(line.y_label) == {"accuracy"}


def test_a_band_has_both_edges(table):
    band = table[table.kind == "band"]
    assert {(1, 0.25), (2, 0.5), (1, 0.75), (2, 1.0)} <= set(zip(band.x, band.y, strict=True))


def test_an_image_has_every_cell_once(table):
    image = table[table.kind == "image"].set_index(["y", "x"]).value
    assert len(image) == 6
    assert image.loc[2, 3] == 6
    assert image.loc[1, 2] == 2


def test_points_have_colours_and_bars_have_ends(table):
    points = table[table.kind == "points"]
    assert list(zip(points.x, points.y, points.colour, strict=True)) == [
        (0.25, 0.5, "#000000"),
        (0.5, 1.5, "#ffffff"),
    ]
    bars = table[table.kind == "bar"]
    assert list(zip(bars.x, bars.y, strict=True)) == [(0.75, 0), (1.25, 0.125)]


def test_colour_bars_spans_and_arrows_are_not_data(table):
    assert set(table.panel) == {1, 2}
    assert len(table) == 3 + len(table[table.kind == "band"]) + 6 + 2 + 2


def test_a_line_over_names_keeps_the_names():
    figure, ax = plt.subplots()
    ax.plot(["1", "random"], [0.5, 1.0])
    assert list(figure_data(figure).x) == ["1", "random"]
    plt.close(figure)


def test_an_empty_figure_has_an_empty_table():
    figure = plt.figure()
    assert list(figure_data(figure).columns) == list(COLUMNS)
    plt.close(figure)


def test_another_type_raises_an_error():
    with pytest.raises(TypeError, match="figure must be a matplotlib Figure, got list"):
        figure_data([])
