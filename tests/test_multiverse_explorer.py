"""The multiverse explorer: it holds what the multiverse says, and shows it for any choices."""

import re

import numpy as np
import pytest
import xarray as xr
from browsing import needs_browser
from multiverse_cases import CLAIMS, made_up_multiverse
from widget_page import write_page, write_static

from relaylib.studies.choices import ANALYSIS, TRAINING
from relaylib.studies.multiverse_reading import single_estimates
from relaylib.studies.multiverse_summary import CHOICES
from relaylib.studies.verdicts import VERDICTS
from relaylib.widgets.multiverse import FEWEST, MultiverseExplorer, pack_multiverse

LEVELS = TRAINING | ANALYSIS


@pytest.fixture(scope="module")
def found():
    return made_up_multiverse(32, 8)


@pytest.fixture(scope="module")
def effects():
    rng = np.random.default_rng(3)
    total = rng.random((len(CLAIMS), len(CHOICES)))
    total[2] = np.nan  # of a claim whose estimates do not vary
    dims = ("claim", "choice")
    return xr.Dataset({"total": (dims, total)}, {"claim": CLAIMS, "choice": list(CHOICES)})


def test_the_payload_is_what_the_multiverse_says(found, effects):
    contents, levels, verdicts, estimates = pack_multiverse(found, effects)
    n = found.sizes["universe"]
    by_choice = np.frombuffer(levels, np.uint8).reshape(n, len(CHOICES))
    for index, choice in enumerate(contents["choices"]):
        np.testing.assert_array_equal(by_choice[:, index], found[choice["name"]])
        assert choice["levels"] == list(LEVELS[choice["name"]])
    by_claim = np.frombuffer(verdicts, np.uint8).reshape(n, len(CLAIMS))
    np.testing.assert_array_equal(by_claim, found.verdict)
    values = np.frombuffer(estimates, "<f2").reshape(n, len(CLAIMS))
    np.testing.assert_allclose(values, found.estimate, rtol=1e-3)
    assert contents["verdicts"] == list(VERDICTS)
    wanted = single_estimates(found)
    for name, single in contents["singles"].items():
        one = found.single_verdict.sel(deviation=name)
        np.testing.assert_array_equal(single["verdict"], one)
        np.testing.assert_allclose(single["estimate"], wanted.sel(deviation=name), atol=1e-4)
    for claim in contents["claims"]:
        total = effects.total.sel(claim=claim["id"])
        weights = np.where(total.isnull(), 1, total + 0.01)
        np.testing.assert_allclose(claim["weights"], weights, atol=1e-4)


def test_a_full_multiverse_takes_less_than_a_megabyte():
    per_universe = len(CHOICES) + 3 * len(CLAIMS)
    assert 4 / 3 * 4096 * per_universe + 100_000 < 1_000_000  # bytes travel as base64


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"loss": "hinge"}, "chosen['loss'] must be one of 'squared error', 'cross-entropy'"),
        ({"losses": "hinge"}, "choices in chosen must be one of 'onsets', 'sensor noise'"),
    ],
)
def test_a_choice_or_level_that_does_not_exist_is_named(found, effects, chosen, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        MultiverseExplorer(found, effects, chosen)
    widget = MultiverseExplorer(found, effects)
    with pytest.raises(ValueError, match=re.escape(message)):
        widget.chosen = chosen


def test_levels_without_names_are_refused(found, effects):
    nameless = found.copy()
    nameless["lag"] = nameless.lag.drop_attrs()
    with pytest.raises(ValueError, match=r"found must name the levels .* not of \['lag'\]"):
        pack_multiverse(nameless, effects)
    with pytest.raises(ValueError, match="claims of effects must be one of"):
        pack_multiverse(found, effects.isel(claim=slice(1, None)))


def expected(found, effects, claim, chosen):
    """Which universes are shown for a claim, by another way: differences from labels, in pandas."""
    weights = np.round((effects.total.sel(claim=claim) + 0.01).fillna(1.0), 4)
    one = found.sel(claim=claim)
    table = one[[*chosen, "verdict", "estimate"]].reset_coords(drop=True).to_dataframe()
    table["distance"] = 0.0
    table["differ"] = 0
    for choice, level in chosen.items():
        differs = table[choice] != list(LEVELS[choice]).index(level)
        table["distance"] += differs * float(weights.sel(choice=choice))
        table["differ"] += differs
    judged = table[table.verdict > 0]
    exact = judged[judged.distance == 0]
    if len(exact) >= FEWEST:
        return exact
    return judged[judged.distance <= judged.distance.nsmallest(FEWEST).max() + 1e-9]


@pytest.fixture(scope="module")
def address(found, effects, tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    write_static(site)
    widget = MultiverseExplorer(found, effects)
    return write_page(site / "multiverse.html", "", [widget]).as_uri()


def opened(visit, address, **how):
    page = visit(address, **how)
    page.wait_for_selector(".multiverse[data-ready]")
    return page


def numbers(text):
    return [float(n) for n in re.findall(r"-?\d+\.?\d*", text.replace("\u2212", "-"))]


@needs_browser
@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"optimiser": "SGD"},
        {"optimiser": "Adam", "lag": "2"},
        {choice: list(known)[-1] for choice, known in LEVELS.items()},
    ],
    ids=["any", "one", "two", "all"],
)
def test_lists_lead_to_the_verdicts_and_estimates_of_these_universes(
    visit, address, found, effects, chosen
):
    page = opened(visit, address)
    for choice, level in chosen.items():
        page.get_by_label(choice, exact=True).select_option(level)
    have = np.all([found[c] == list(LEVELS[c]).index(v) for c, v in chosen.items()] or [[True]])
    summary = page.locator(".multiverse .summary").text_content()
    assert summary.startswith("All 256" if not chosen else f"{int(np.sum(have))} of 256") or chosen
    for claim in ("C1", "C3", "C9", "C16"):
        used = expected(found, effects, claim, chosen)
        line = page.locator(f'.multiverse [data-claim="{claim}"]')
        shares = line.locator(".shares").text_content()
        wanted = [100 * (used.verdict == VERDICTS.index(v)).mean() for v in VERDICTS[:0:-1]]
        np.testing.assert_allclose(numbers(shares)[:3], wanted, atol=0.51)
        assert numbers(shares)[3] == len(used)
        assert ("nearest" in shares) == (used.distance.max() > 0)
        if used.distance.max() > 0:
            assert numbers(shares)[4] == pytest.approx(used.differ.mean(), abs=0.051)
        size = numbers(line.locator(".size").text_content())
        quantiles = used.estimate.astype(np.float16).astype(float).quantile([0.5, 0.1, 0.9])
        np.testing.assert_allclose(size, quantiles, atol=0.006)
        widths = line.locator(".bar span").evaluate_all("all => all.map((s) => s.style.width)")
        np.testing.assert_allclose([numbers(w)[0] for w in widths], wanted, atol=0.01)


@needs_browser
def test_the_default_and_a_single_deviation_show_the_universe_itself(visit, address):
    page = opened(visit, address)
    here = page.locator('.multiverse [data-claim="C5"] .here')
    assert here.text_content() == ""
    page.get_by_role("button", name="All defaults").click()
    said = "This universe itself: reproduced, 0.50 (seed 2025); reproduced, 0.50 (seed 1)."
    assert here.text_content() == said
    page.get_by_label("optimiser", exact=True).select_option("SGD")
    assert here.text_content() == said.replace("reproduced", "partly")
    page.get_by_label("lag", exact=True).select_option("2")
    assert here.text_content() == ""
    page.get_by_role("button", name="Any level everywhere").click()
    assert page.locator(".multiverse .summary").text_content() == "All 256 computed universes."
    assert page.get_by_label("optimiser", exact=True).input_value() == ""


@needs_browser
def test_it_works_by_keyboard_on_a_phone_and_in_the_dark(visit, address):
    page = opened(visit, address, width=360, scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_label("onsets", exact=True).focus()
    page.keyboard.press("ArrowDown")
    assert page.get_by_label("onsets", exact=True).input_value() == "4, 7, 10"
    assert "have the 1 chosen levels" in page.locator(".multiverse .summary").text_content()
    for _ in range(len(CHOICES)):
        page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.textContent")
    assert focused == "Any level everywhere"
    page.keyboard.press("Enter")
    assert page.get_by_label("onsets", exact=True).input_value() == ""
    colours = page.locator(".multiverse").evaluate("e => getComputedStyle(e).color")
    assert min(numbers(colours)) > 200  # light ink in the dark


@needs_browser
def test_what_is_shown_can_be_saved(visit, address):
    page = opened(visit, address)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save values (CSV)").click()
    lines = saved.value.path().read_text().splitlines()
    assert lines[0].startswith("claim,universes,nearest,reproduced")
    assert [line.split(",")[0] for line in lines[1:]] == CLAIMS
