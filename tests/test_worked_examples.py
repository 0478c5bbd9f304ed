"""The worked examples: their code runs as written, and finds what is said."""

import re

import pytest
from conftest import ROOT

PAGES = {p.stem: p.read_text(encoding="utf-8") for p in (ROOT / "book/examples").glob("*.md")}
pytestmark = pytest.mark.filterwarnings(
    "ignore::relaylib.information.significance.UndersampledWarning"
)  # the text says that they come


@pytest.fixture(scope="module", params=sorted(PAGES))
def page(request, tmp_path_factory) -> tuple[str, dict]:
    """Name of a page, and all names after its blocks ran in their order."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp(request.param))
        space: dict = {"__name__": "page"}
        for block in re.findall(r"```python\n(.*?)```", PAGES[request.param], re.DOTALL):
            exec(compile(block, f"{request.param}.md", "exec"), space)
        return request.param, space


def test_there_are_four_and_the_book_has_them():
    assert sorted(PAGES) == ["arrays", "feed_forward", "gru_digits", "own_cell"]
    contents = (ROOT / "book/_toc.yml").read_text()
    assert all(f"examples/{name}\n" in contents for name in PAGES)


def test_an_example_finds_what_its_text_says(page):
    name, names = page
    {
        "gru_digits": _gru_digits,
        "feed_forward": _feed_forward,
        "own_cell": _own_cell,
        "arrays": _arrays,
    }[name](names)


def _gru_digits(names):
    assert names["accuracy"] > 0.7
    nulls = {k: float(a.null_bits.sum()) for k, a in names["analyses"].items()}
    assert nulls["decoder"] < 0.1 < nulls["plugin"]
    lost = names["losses"]
    assert lost["decoder"]["relaying"] > 1.3 * lost["decoder"]["random"]
    assert lost["decoder"]["relaying"] > lost["plugin"]["relaying"]
    assert lost["decoder"]["least relaying"] < 1.3 * lost["decoder"]["random"]


def _feed_forward(names):
    for (layer, estimator), one in names["found"].items():
        assert float(one.total_bits) > 1, (layer, estimator)
        assert (float(one.null_bits.sum()) < 0.2) == (estimator == "decoder")
    accuracy = names["accuracy"]
    for layer in ("1", "3"):
        for estimator in ("plugin", "decoder"):
            assert accuracy[layer, estimator, "least"] > accuracy[layer, estimator, "most"]


def _own_cell(names):
    bits = names["analysis"].total_bits
    for name, step in zip(names["names"], (1, 3, 5), strict=True):
        course = bits.sel(concept=name)
        assert step == 1 or abs(course.sel(time=slice(None, step - 1))).max() < 1e-9
        assert (course.sel(time=slice(step, None)) > 0.99).all()
    assert (names["by_decoder"].total_bits > 0.9).all()
    right = names["knocked"].sel(n_knocked_out=0)
    assert (right.at_random == 1).all()


def _arrays(names):
    plugin, decoder = (names["analyses"][k].sel(concept="stimulus") for k in ("plugin", "decoder"))
    assert float(plugin.total_bits.sel(time=-100)) > 0.9 * float(plugin.total_bits.sel(time=300))
    assert abs(float(decoder.total_bits.sel(time=-100))) < 0.05
    assert float(decoder.total_bits.sel(time=300)) > 0.3
    most = {int(unit.split()[1]) for unit in decoder.removal_order.sel(time=300).values[-6:]}
    assert len(most & set(range(1, 7))) >= 4
