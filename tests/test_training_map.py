"""The widget of training maps: what it sends to the page, and what its controls show."""

import gzip
import re

import numpy as np
import pandas as pd
import pytest
from browsing import needs_browser, violations
from widget_page import write_page, write_static

from relaylib.core.store import Store
from relaylib.studies.study import StudyConfig
from relaylib.studies.training_maps import MapConfig, map_training
from relaylib.widgets.training_map import TrainingMap, pack_maps


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    study = StudyConfig(architectures=("RNN", "GRU"), regimes=("3",), n_replicates=1)
    config = MapConfig(study, n_epochs=4, n_landmarks=100)
    return map_training(config, store=Store(tmp_path_factory.mktemp("maps")))


@pytest.fixture(scope="module")
def others(maps, tmp_path_factory):
    """The networks that needed the most epochs of two, with fewer moments."""
    study = StudyConfig(architectures=("RNN", "GRU"), regimes=("3",), n_replicates=2)
    config = MapConfig(study, n_epochs=3, n_landmarks=100, quantile=1, with_null=False)
    found = map_training(config, store=Store(tmp_path_factory.mktemp("others")))
    assert (found.shown_replicate != maps.shown_replicate).any()
    return found


@pytest.fixture(scope="module")
def address(maps, others, tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    write_static(site)
    return write_page(site / "map.html", "", [TrainingMap(maps, others)]).as_uri()


@pytest.fixture
def page(address, visit):
    page = visit(address)
    page.wait_for_selector(".training-map[data-ready]")
    return page


def slide(page, name, value):
    page.get_by_role("slider", name=name, exact=True).fill(str(value))


def choose(page, group, name):
    strip = page.get_by_role("group", name=group, exact=True)
    strip.get_by_role("radio", name=name, exact=True).check()


def numbers(text):
    return [float(word) for word in re.findall(r"[+-]?\d+\.?\d*", text.replace("\u2212", "-"))]


def test_packed_maps_come_back_to_half_precision(maps):
    trained = maps.sel(weights="trained")
    labels, points, bits = pack_maps(trained.expand_dims("network"))
    back = np.frombuffer(bits, "<f2").reshape(2, 2, *labels["shape"])
    np.testing.assert_allclose(back, trained.information_bits, atol=5e-4)
    place = np.frombuffer(points, "<f2").astype(float).reshape(2, 2, 4, 15, 12, 2)
    assert abs(place).max(axis=(2, 3, 4, 5)) == pytest.approx(1)
    for one, embedding in zip(place[1], trained.embedding.values[1], strict=True):
        scale = np.ptp(one, axis=(0, 1, 2)) / np.ptp(embedding, axis=(0, 1, 2))
        assert scale[0] == pytest.approx(scale[1], rel=1e-2)  # no stretching
    (cell,) = labels["cells"]["block/GRU"]
    assert cell["epochs"][0] == 0
    assert cell["accuracy"][-1] >= 0.98


def test_the_untrained_null_is_left_out(maps):
    shown = TrainingMap(maps)
    assert len(gzip.decompress(shown.points)) == 2 * 2 * 4 * 15 * 12 * 2 * 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("task", "speech"), ("colour", "4"), ("moment", 4), ("time", 0), ("node", 13), ("network", 1)],
)
def test_a_value_that_the_maps_do_not_have_is_named(maps, name, value):
    with pytest.raises(ValueError, match=name):
        TrainingMap(maps, **{name: value})


def test_data_without_an_embedding_are_refused(maps):
    with pytest.raises(ValueError, match="two-dimensional embedding"):
        TrainingMap(maps.drop_vars("embedding"))
    with pytest.raises(ValueError, match="maps must be one or several"):
        TrainingMap()


def test_networks_of_other_conditions_are_refused(maps):
    with pytest.raises(ValueError, match="maps must have the same conditions"):
        TrainingMap(maps, maps.sel(architecture=["GRU"]))


@needs_browser
def test_another_network_is_shown_with_its_own_epochs_and_bits(page, others):
    choose(page, "Task", "block")
    page.get_by_role("group", name="Network", exact=True).get_by_role("radio").nth(1).check()
    slide(page, "Step", 12)
    slide(page, "Node", 7)
    cell = others.sel(task="block", architecture="RNN", weights="trained").isel(moment=-1)
    text = page.locator(".readout").text_content()
    assert f"network {int(cell.shown_replicate) + 1}, epoch {int(cell.epoch)}, step 12" in text
    wanted = cell.information_bits.isel(time=11, node=6)
    np.testing.assert_allclose(numbers(text.partition("Node 7: ")[2]), wanted, atol=0.0055)


@needs_browser
@pytest.mark.parametrize(
    ("task", "architecture", "moment", "time", "node"),
    [("memory", "RNN", 3, 12, 5), ("block", "GRU", 2, 15, 12), ("block", "RNN", 0, 7, 1)],
)
def test_sliders_lead_to_the_matrix_of_that_moment(
    page, maps, task, architecture, moment, time, node
):
    choose(page, "Task", task)
    choose(page, "Architecture", architecture)
    slide(page, "Epoch", moment)
    slide(page, "Step", time)
    slide(page, "Node", node)
    cell = maps.sel(task=task, architecture=architecture, weights="trained", moment=moment)
    matrix = cell.information_bits.isel(time=time - 1)
    text = page.locator(".readout").text_content()
    assert f"epoch {int(cell.epoch)}, step {time}: accuracy" in text
    shown = numbers(text.partition(f"Node {node}: ")[2])
    np.testing.assert_allclose(shown, matrix.isel(node=node - 1), atol=0.0055)
    flat = page.eval_on_selector(
        ".matrix canvas",
        "(c) => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]",
    )
    pixels = np.array(flat).reshape(3, 12, 4)
    blueness = pixels[..., 2] - pixels[..., 0]
    if float(matrix.std()) > 0.05:
        assert np.corrcoef(blueness.ravel(), matrix.values.ravel())[0, 1] > 0.95
    else:
        assert np.ptp(blueness) < 30


@needs_browser
def test_the_map_opens_at_the_end_of_training(page, maps):
    final = maps.epoch.sel(task="memory", architecture="RNN").max()
    assert f"epoch {int(final)}, step 10" in page.locator(".readout").text_content()


@needs_browser
def test_points_lie_where_the_embedding_has_them(page, maps):
    choose(page, "Colour", "node")
    slide(page, "Epoch", 3)
    slide(page, "Step", 15)
    slide(page, "Node", 4)
    chosen = maps.embedding.sel(task="memory", architecture="RNN", weights="trained")
    low, high = chosen.min(["moment", "time", "node"]), chosen.max(["moment", "time", "node"])
    reach = float((high - low).max() / 2)
    x, y = ((chosen.isel(moment=3, time=14, node=3) - (low + high) / 2) / reach).values
    colour = page.evaluate(
        """([x, y]) => {
          const c = document.querySelector(".cloud canvas"), scale = c.width / 2.16;
          const at = [c.width / 2 + x * scale, c.width / 2 - y * scale].map(Math.round);
          return [...c.getContext("2d").getImageData(...at, 1, 1).data];
        }""",
        [x, y],
    )
    assert colour[3] == 255
    assert max(colour[:3]) - min(colour[:3]) > 60  # the hue of a node, not ink


@needs_browser
def test_all_points_of_a_map_can_be_saved(page, maps):
    choose(page, "Task", "block")
    choose(page, "Architecture", "GRU")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save values (CSV)").click()
    assert saved.value.suggested_filename == "training-map.csv"
    table = pd.read_csv(saved.value.path())
    cell = maps.sel(task="block", architecture="GRU", weights="trained")
    assert set(table.task + table.architecture) == {"blockGRU"}
    assert set(table.network) == {int(cell.shown_replicate) + 1}
    points = [(e, t, n) for e in cell.epoch.values for t in range(1, 16) for n in range(1, 13)]
    assert list(zip(table.epoch, table.step, table.node, strict=True)) == points
    np.testing.assert_allclose(table.accuracy, np.repeat(cell.accuracy, 15 * 12), atol=6e-4)
    bits = cell.information_bits.transpose("concept", "moment", "time", "node")
    for name, wanted in zip(("direction", "size", "brightness"), bits.values, strict=True):
        np.testing.assert_allclose(table[f"bits_{name}"], wanted.ravel(), atol=5e-4)
    place = cell.embedding.transpose("component", "moment", "time", "node").values
    for name, wanted in zip("xy", place.reshape(2, -1), strict=True):
        assert np.corrcoef(table[name], wanted)[0, 1] > 0.999
    assert table[["x", "y"]].abs().to_numpy().max() == pytest.approx(1)


@needs_browser
def test_a_map_has_no_accessibility_violation(page):
    assert violations(page, ".relay") == []


@needs_browser
def test_play_ends_at_the_last_epoch_and_a_phone_is_wide_enough(page, address, visit):
    slide(page, "Epoch", 2)
    page.get_by_role("button", name="Play through the epochs").click()
    page.get_by_role("button", name="Play through the epochs").wait_for()
    assert page.get_by_role("slider", name="Epoch", exact=True).input_value() == "3"
    phone = visit(address, width=360, scheme="dark")
    phone.wait_for_selector(".training-map[data-ready]")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
