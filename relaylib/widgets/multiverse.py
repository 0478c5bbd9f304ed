"""Multiverse explorer: set choices, and see in which universes each claim holds."""

from typing import Any

import anywidget
import numpy as np
import traitlets
import xarray as xr

from relaylib.core.checks import check_choice, check_dataset, check_type
from relaylib.studies.choices import ANALYSIS, TRAINING
from relaylib.studies.claims.texts import TEXTS
from relaylib.studies.multiverse_reading import single_estimates
from relaylib.studies.verdicts import VERDICTS
from relaylib.widgets import source

FEWEST = 32
"""Where fewer universes have the chosen levels, so many that are nearest are shown instead."""
_LEAST_WEIGHT = 0.01  # of a choice that explains nothing: it decides between equals


class MultiverseExplorer(anywidget.AnyWidget):
    """Set any of the choices, and see verdicts and estimates of each claim change.

    A choice that is not set may have any level. Shown are, for each claim, the computed universes
    with the chosen levels in which it was judged. Where they are fewer than 32, the 32 nearest are
    shown: those whose differing choices have the smallest sum of total effects on that claim.
    Where all choices are set, and at most one differs from its default, the verdicts of that very
    universe stand beside. Nothing is interpolated, and no kernel is needed.

    Parameters
    ----------
    found
        From `relaylib.studies.multiverse_run.run_multiverse`, with universes that fill the space;
        single deviations are used if it has them.
    effects
        From `relaylib.studies.multiverse_summary.effects`: ``total`` (claim, choice).
    chosen
        What is chosen first, choice -> name of its level; can be set later.

    Raises
    ------
    ValueError, TypeError
        If ``found`` or ``effects`` lacks a variable, or a choice or level does not exist.
    """

    _esm = source("common.js", "multiverse.js")
    _css = source("common.css", "multiverse.css")
    contents = traitlets.Dict().tag(sync=True)
    levels = traitlets.Bytes().tag(sync=True)
    verdicts = traitlets.Bytes().tag(sync=True)
    estimates = traitlets.Bytes().tag(sync=True)
    chosen = traitlets.Dict().tag(sync=True)

    def __init__(
        self, found: xr.Dataset, effects: xr.Dataset, chosen: dict[str, str] | None = None
    ) -> None:
        contents, levels, verdicts, estimates = pack_multiverse(found, effects)
        super().__init__(contents=contents, levels=levels, verdicts=verdicts, estimates=estimates)
        self.chosen = {} if chosen is None else chosen

    @traitlets.validate("chosen")
    def _check_chosen(self, proposal: Any) -> dict[str, str]:
        known = {choice["name"]: choice["levels"] for choice in self.contents["choices"]}
        for name, level in check_type("chosen", proposal.value, dict).items():
            of_choice = known[check_choice("choices in chosen", name, tuple(known))]
            check_choice(f"chosen[{name!r}]", level, tuple(of_choice))
        return proposal.value


def pack_multiverse(
    found: xr.Dataset, effects: xr.Dataset
) -> tuple[dict[str, Any], bytes, bytes, bytes]:
    """Return what the page needs of a multiverse: labels, levels, verdicts and estimates.

    Parameters
    ----------
    found, effects
        As of `MultiverseExplorer`.

    Returns
    -------
    contents
        Names of choices with their levels (the default first), claims with the weights of choices,
        names of verdicts, and the single deviations with their verdicts and estimates.
    levels, verdicts, estimates
        (universe, choice) and (universe, claim) as bytes in C order; estimates are little-endian
        half floats, NaN where there is none.

    Raises
    ------
    ValueError, TypeError
        If a variable, or the names of levels, are missing.
    """
    both = ("universe", "claim")
    choices = dict.fromkeys((*TRAINING, *ANALYSIS), ("universe",))
    check_dataset("found", found, verdict=both, estimate=both, **choices)
    check_dataset("effects", effects, total=("claim", "choice"))
    nameless = [name for name in choices if "levels" not in found[name].attrs]
    if nameless:
        raise ValueError(f"found must name the levels of each choice, it does not of {nameless}")
    claims = [str(claim) for claim in found.claim.values]
    for claim in claims:
        check_choice("claims of effects", claim, effects.claim.values.tolist())
    total = effects.total.sel(claim=claims, choice=list(choices)).transpose("claim", "choice")
    weights = np.where(total.notnull(), np.maximum(total, 0) + _LEAST_WEIGHT, 1.0)
    named = [
        {
            "name": name,
            "kind": "training" if name in TRAINING else "analysis",
            "levels": [str(level) for level in np.atleast_1d(found[name].attrs["levels"])],
        }
        for name in choices
    ]
    texts = [TEXTS[claim].claim if claim in TEXTS else claim for claim in claims]
    contents = {
        "choices": named,
        "claims": [
            {"id": claim, "text": text, "weights": np.round(row, 4).tolist()}
            for claim, text, row in zip(claims, texts, weights, strict=True)
        ],
        "verdicts": list(VERDICTS),
        "fewest": FEWEST,
        **_singles(found, claims),
    }
    levels = np.stack([found[name].values for name in choices], axis=1).astype(np.uint8)
    verdicts = found.verdict.transpose(*both).values.astype(np.uint8)
    estimates = found.estimate.transpose(*both).values.astype("<f2")
    return contents, levels.tobytes(), verdicts.tobytes(), estimates.tobytes()


def _singles(found: xr.Dataset, claims: list[str]) -> dict[str, Any]:
    """Verdicts and estimates of single deviations by name: one list per seed, over claims."""
    if "single_verdict" not in found:
        return {"seeds": [], "singles": {}}
    dims = ("seed", "deviation", "claim")
    verdict = found.single_verdict.sel(claim=claims).transpose(*dims)
    estimate = single_estimates(found).sel(claim=claims).transpose(*dims)
    singles = {
        str(name): {
            "verdict": verdict.values[:, at].astype(int).tolist(),
            "estimate": [[_rounded(v) for v in row] for row in estimate.values[:, at]],
        }
        for at, name in enumerate(found.deviation.values)
    }
    return {"seeds": [int(seed) for seed in found.seed.values], "singles": singles}


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
