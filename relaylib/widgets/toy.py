"""Three nodes to play with: what each set of them relays about a fact."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import anywidget
import numpy as np
import traitlets

from relaylib.core.checks import check_choice
from relaylib.widgets import source

KINDS = ("copy", "cipher", "key", "noise")
"""What a node may hold: the fact, the fact encrypted with a key, that key, or a coin."""


class RelayToy(anywidget.AnyWidget):
    """Choose what three nodes hold, and read how many bits each set of them relays.

    A fact is a fair coin and the answer always right, so 1 bit is relayed in all. The page itself
    computes the relay information of every set from all cases; no kernel is needed.

    Parameters
    ----------
    nodes
        What each node holds first, three of `KINDS`; can be set later.

    Raises
    ------
    ValueError
        If ``nodes`` are not three of these.
    """

    _esm = source("common.js", "toy.js")
    _css = source("common.css", "toy.css")
    nodes = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, nodes: Sequence[str] = ("copy", "copy", "noise"), **more: Any) -> None:
        super().__init__(nodes=list(nodes), **more)

    @traitlets.validate("nodes")
    def _check(self, proposal: Any) -> Any:
        if len(proposal.value) != 3:
            raise ValueError(f"nodes must hold three words, got {proposal.value}")
        return [check_choice("nodes", kind, KINDS) for kind in proposal.value]


def toy_states(nodes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the fact in each case, and the states of the nodes, (case, node): all cases once."""
    cases = np.array(list(product((0, 1), repeat=2 + len(nodes))))
    fact, key, *coins = cases.T
    held = {"copy": fact, "cipher": fact ^ key, "key": key}
    states = [held.get(kind, coin) for kind, coin in zip(nodes, coins, strict=True)]
    return fact, np.column_stack(states)
