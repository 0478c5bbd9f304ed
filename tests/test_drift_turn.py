"""The widget in which codes turn: what its controls show, in a page without a kernel."""

import re

import numpy as np
import pytest
import xarray as xr
from browsing import needs_browser
from widget_page import write_page, write_static

from relaylib.widgets.drift_turn import DriftTurn

STEPS = [10, 11, 12]


@pytest.fixture(scope="module")
def turning():
    """Return made-up networks: states that turn by 90 degrees a step, and matrices of numbers."""
    angle = np.radians(90) * np.arange(3)[:, None] + np.radians([0, 180, 0, 180])
    place = np.stack([np.cos(angle), np.sin(angle)], -1)
    rng = np.random.default_rng(0)
    pairs = {"decoding": ("trained_at", "tested_at"), "loss": ("ranked_at", "knocked_at")}
    data = {name: (("first_weights", *dims), rng.random((2, 3, 3))) for name, dims in pairs.items()}
    data |= {
        "place": (("first_weights", "time", "sequence", "axis"), np.stack([place, place / 2])),
        "correlation": ("first_weights", [0.25, 0.9]),
        "phase_degrees": (("first_weights", "leading"), [[90, 90, 90], [180, 180, 180]]),
        "concepts": (("concept", "sequence"), [[1, -1, 1, -1], [1, 1, -1, -1]]),
    }
    coords = {"first_weights": ["a = 0", "minus identity"], "time": STEPS, "concept": ["A", "B"]}
    coords |= {dim: STEPS for dims in pairs.values() for dim in dims}
    return xr.Dataset(data, coords)


@pytest.fixture(scope="module")
def address(turning, tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    write_static(site)
    return write_page(site / "turn.html", "", [DriftTurn(turning)]).as_uri()


@needs_browser
@pytest.mark.parametrize(("k", "i", "j"), [(0, 10, 11), (1, 12, 10), (1, 11, 11)])
def test_sliders_lead_to_the_numbers_of_these_steps(visit, address, turning, k, i, j):
    page = visit(address)
    page.wait_for_selector(".drift-turn[data-ready]")
    for name, value in (("First weights", k), ("Step i", i), ("Step j", j)):
        page.get_by_role("slider", name=name, exact=True).fill(str(value))
    text = page.locator(".drift-turn .readout").text_content()
    assert turning.first_weights.values[k] in text
    chosen = turning.isel(first_weights=k)
    decoded = 100 * chosen.decoding.sel(trained_at=i, tested_at=j).item()
    lost = 100 * chosen.loss.sel(ranked_at=i, knocked_at=j).item()
    found = [float(n) for n in re.findall(r"(\d+) %", text)]
    np.testing.assert_allclose(found, [decoded, lost], atol=0.51)
    assert f"{int(chosen.phase_degrees[0])}\u00b0" in text
    circles = page.locator(".drift-turn .plane circle[fill^=rgb]")
    assert circles.count() == 2  # two sequences with A = +1, at step j
    x, y = (float(circles.first.get_attribute(name)) for name in ("cx", "cy"))
    np.testing.assert_allclose([x, -y], chosen.place.sel(time=j)[0], atol=1e-3)


@needs_browser
def test_a_click_on_a_cell_chooses_its_steps_and_a_phone_is_wide_enough(visit, address):
    page = visit(address)
    page.wait_for_selector(".drift-turn[data-ready]")
    box = page.locator(".drift-turn .steps").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 5 / 6, box["y"] + box["height"] * 5 / 6)
    text = page.locator(".drift-turn .readout").text_content()
    assert "A decoder of step 10" in text
    assert "at step 12" in text
    phone = visit(address, width=360, scheme="dark")
    phone.wait_for_selector(".drift-turn[data-ready]")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
