"""Turning codes: the states of networks from other first weights, step by step, in the page."""

from typing import Any

import anywidget
import numpy as np
import traitlets
import xarray as xr

from relaylib.core.checks import check_choice, check_dataset, check_integer
from relaylib.widgets import source


class DriftTurn(anywidget.AnyWidget):
    """Choose first weights and two steps: see the states turn, and what knockouts and decoders say.

    On the left are the network's states at both steps, in one plane and coloured by a concept; on
    the right the matrices of decoders and knockouts with the cell of these steps. No kernel is
    needed.

    Parameters
    ----------
    turning
        From `relaylib.studies.intervention.turning_states`.
    shown
        What is shown first, all of which can be set later: ``first`` (number of the first weights,
        from 0), ``trained`` and ``tested`` (steps i and j), ``concept`` (its name).

    Raises
    ------
    ValueError, TypeError
        If ``turning`` lacks a variable, or what to show is out of range.
    """

    _esm = source("common.js", "drift_turn.js")
    _css = source("common.css", "drift_turn.css")
    turning = traitlets.Dict().tag(sync=True)
    first = traitlets.Int(0).tag(sync=True)
    trained = traitlets.Int(1).tag(sync=True)
    tested = traitlets.Int(1).tag(sync=True)
    concept = traitlets.Unicode().tag(sync=True)

    def __init__(self, turning: xr.Dataset, **shown: Any) -> None:
        packed = pack_turning(turning)
        start, names = packed["times"][0], packed["concepts"]
        last = min(start + 1, packed["times"][-1])
        first = {"trained": start, "tested": last, "concept": names[0]}
        super().__init__(turning=packed, **first | shown)

    @traitlets.validate("concept")
    def _check_concept(self, proposal: Any) -> Any:
        return check_choice("concept", proposal.value, self.turning["concepts"])

    @traitlets.validate("first", "trained", "tested")
    def _check_number(self, proposal: Any) -> Any:
        name, times = proposal.trait.name, self.turning["times"]
        low, high = (
            (0, len(self.turning["names"]) - 1) if name == "first" else (times[0], times[-1])
        )
        return check_integer(name, proposal.value, low, high)


def pack_turning(turning: xr.Dataset) -> dict[str, Any]:
    """Return the numbers of `turning_states` as plain lists, rounded to three digits.

    Raises
    ------
    ValueError, TypeError
        If ``turning`` lacks a variable or dimension.
    """
    first = ("first_weights",)
    check_dataset(
        "turning",
        turning,
        place=(*first, "time", "sequence", "axis"),
        decoding=(*first, "trained_at", "tested_at"),
        loss=(*first, "ranked_at", "knocked_at"),
        correlation=first,
        phase_degrees=(*first, "leading"),
        concepts=("concept", "sequence"),
    )

    def rounded(name: str, *dims: str) -> list:
        values = turning[name].transpose(*first, *dims).values.astype(float)
        return np.round(values, 3).tolist()

    return {
        "names": [str(name) for name in turning.first_weights.values],
        "times": turning.time.values.tolist(),
        "concepts": [str(name) for name in turning.concept.values],
        "signs": turning.concepts.transpose("concept", "sequence").values.astype(int).tolist(),
        "place": rounded("place", "time", "sequence", "axis"),
        "decoding": rounded("decoding", "trained_at", "tested_at"),
        "loss": rounded("loss", "ranked_at", "knocked_at"),
        "correlation": rounded("correlation"),
        "degrees": rounded("phase_degrees", "leading"),
    }
