"""The three nodes of the home page: the page computes what relaylib computes."""

import itertools

import numpy as np
import pytest
from browsing import needs_browser
from widget_page import write_page, write_static

from relaylib.information.exact import exact_subsets
from relaylib.widgets.toy import KINDS, RelayToy, toy_states


@pytest.fixture(scope="session")
def toy(tmp_path_factory):
    site = tmp_path_factory.mktemp("toy")
    write_static(site)
    return write_page(site / "toy.html", "", [RelayToy()]).as_uri()


def test_two_copies_relay_only_together_and_a_cipher_needs_its_key():
    fact, copies = toy_states(("copy", "copy", "noise"))
    bits = exact_subsets(fact, fact, copies, is_population=True).relay_bits
    np.testing.assert_allclose(bits, [0, 0, 0, 1, 0, 0, 0, 1], atol=1e-12)
    fact, cipher = toy_states(("cipher", "key", "noise"))
    bits = exact_subsets(fact, fact, cipher, is_population=True).relay_bits
    np.testing.assert_allclose(bits, [0, 1, 1, 1, 0, 1, 1, 1], atol=1e-12)


@pytest.mark.parametrize("nodes", [("copy", "copy"), ("copy", "copy", "other")])
def test_other_nodes_are_refused(nodes):
    with pytest.raises(ValueError, match="nodes must"):
        RelayToy(nodes)


@needs_browser
def test_the_page_computes_every_set_of_every_choice(toy, visit):
    page = visit(toy)
    page.wait_for_selector(".toy[data-ready]")
    names = page.locator(".toy tr th").all_text_contents()
    masks = [sum(1 << int(c) - 1 for c in name if c.isdigit()) for name in names]
    for nodes in itertools.combinations_with_replacement(KINDS, 3):
        for place, kind in enumerate(nodes, start=1):
            group = page.get_by_role("group", name=f"Node {place} holds")
            group.get_by_role("radio", name=kind, exact=True).check()
        fact, states = toy_states(nodes)
        expected = exact_subsets(fact, fact, states, is_population=True).relay_bits[masks]
        shown = [float(text) for text in page.locator(".toy td.number").all_text_contents()]
        np.testing.assert_allclose(shown, expected, atol=0.0051)
        readout = page.locator(".toy .readout").text_content()
        assert readout.startswith("No set") == (np.max(expected) < 0.5)
