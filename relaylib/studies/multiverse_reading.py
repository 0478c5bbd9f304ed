"""How a multiverse is read: what single deviations undo, what survives, which choices decide."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.stats import t

from relaylib.core.checks import check_choice, check_dataset, check_integer
from relaylib.core.seeds import stream
from relaylib.studies.claims.multiverse import DEFAULT
from relaylib.studies.multiverse_summary import effects
from relaylib.studies.verdicts import VERDICTS

_REPRODUCED = VERDICTS.index("reproduced")
_JUDGED = VERDICTS.index("not judged") + 1  # the verdicts from here on


def single_estimates(found: xr.Dataset) -> xr.DataArray:
    """Return one estimate per claim of each single deviation, as for universes that fill the space.

    Parameters
    ----------
    found
        From `relaylib.studies.multiverse_run.run_multiverse`, with single deviations.

    Returns
    -------
    xarray.DataArray
        (seed, deviation, claim): the mean of the groups that count, minus their null; NaN where
        none counts.

    Raises
    ------
    ValueError, TypeError
        If ``found`` has no single deviations.
    """
    found = _with_singles(found)
    above = (found.single_estimate - found.row_null).where(found.single_holds >= 0)
    above = above.transpose("seed", "deviation", "row")
    rows = found.row_id.values
    by_claim = [above[..., rows == claim].mean("row") for claim in found.claim.values]
    laid = xr.concat(by_claim, "claim", coords="minimal", compat="override", join="exact")
    laid = laid.drop_vars([name for name in laid.coords if name not in laid.dims])
    return laid.assign_coords(claim=found.claim.values).transpose("seed", "deviation", "claim")


def survivors(found: xr.Dataset) -> xr.Dataset:
    """Return which claims survive every single deviation, and every universe.

    Only claims that the default reproduces with every seed can survive. A universe in which a claim
    cannot be judged says nothing about it.

    Parameters
    ----------
    found
        From `relaylib.studies.multiverse_run.run_multiverse`, with single deviations and universes
        that fill the space.

    Returns
    -------
    xarray.Dataset
        (claim): ``by_default``, reproduced by the default with every seed; ``survives_singles`` and
        ``survives_all``, reproduced wherever it is judged in every single deviation of every seed,
        and in every universe that fills the space as well; ``n_singles`` and ``n_universes`` in
        which it is judged, ``single_fraction`` and ``universe_fraction`` of these in which it is
        reproduced. (deviation, claim): ``is_undone``, judged and not reproduced with every seed
        although the default reproduces it; ``changes``, the same with at least one seed.

    Raises
    ------
    ValueError, TypeError
        If ``found`` lacks either kind of universes, or the default.
    """
    found = _with_singles(found)
    check_dataset("found", found, verdict=("universe", "claim"))
    single = found.single_verdict.transpose("seed", "deviation", "claim")
    default = (single.sel(deviation=DEFAULT) == _REPRODUCED).all("seed").drop_vars("deviation")
    others = single.drop_sel(deviation=DEFAULT)
    is_lost = (others >= _JUDGED) & (others != _REPRODUCED)
    changes = is_lost & default
    is_single, is_universe = others >= _JUDGED, found.verdict >= _JUDGED
    lost = ((found.verdict != _REPRODUCED) & is_universe).any("universe")
    survives = default & ~is_lost.any(["seed", "deviation"])
    by_name = {
        "by_default": default,
        "survives_singles": survives,
        "survives_all": survives & ~lost,
        "n_singles": is_single.sum(["seed", "deviation"]),
        "n_universes": is_universe.sum("universe"),
        "single_fraction": (others == _REPRODUCED).where(is_single).mean(["seed", "deviation"]),
        "universe_fraction": (found.verdict == _REPRODUCED).where(is_universe).mean("universe"),
        "is_undone": changes.all("seed"),
        "changes": changes.any("seed"),
    }
    kept = {"claim", "deviation"}
    plain = {k: v.drop_vars([c for c in v.coords if c not in kept]) for k, v in by_name.items()}
    return xr.Dataset(plain).transpose("deviation", "claim")


def deciding_choices(found: xr.Dataset, *, seed: int, n_parts: int = 10) -> xr.Dataset:
    """Return how much each choice decides: total effects with intervals, and means over claims.

    Intervals come from a delete-a-group jackknife: ways of training are dealt into groups, and the
    effects are computed anew without each group. A bootstrap would repeat ways of training, and a
    surrogate takes repeated universes for evidence.

    Parameters
    ----------
    found
        From `relaylib.studies.multiverse_run.run_multiverse`, with universes that fill the space.
    seed
        Of the groups and of the effects.
    n_parts
        Number of groups of the jackknife, at most that of ways of training.

    Returns
    -------
    xarray.Dataset
        As `relaylib.studies.multiverse_summary.effects`, with ``total_low``, ``total_high`` (claim,
        choice); ``mean_total``, ``mean_low``, ``mean_high`` (choice), the mean over claims that
        have an effect at all. All intervals of 95 % (Student's t).

    Raises
    ------
    ValueError, TypeError
        As `relaylib.studies.multiverse_summary.effects`, or if ``n_parts`` is out of range.

    References
    ----------
    Kott (2001), The delete-a-group jackknife, Journal of Official Statistics 17, 521-526.
    """
    check_dataset("found", found)
    if "training" not in found.coords:
        raise ValueError("found must say the way of training of each universe, in training")
    ways = found.training.values
    units = np.unique(ways)
    n_parts = check_integer("n_parts", n_parts, 2, len(units))
    whole = effects(found, seed=seed)
    dealt = stream(seed, "multiverse", "jackknife").permutation(len(units)) % n_parts
    without = []
    for part in range(n_parts):
        rows = np.flatnonzero(~np.isin(ways, units[dealt == part]))
        without.append(effects(found.isel(universe=rows), seed=seed, n_resamples=2).total)
    parts = xr.concat(without, "part", coords="minimal", compat="override", join="exact")

    def interval(value: xr.DataArray, again: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
        spread = ((again - value) ** 2).sum("part", skipna=False)
        half = t.ppf(0.975, n_parts - 1) * np.sqrt((n_parts - 1) / n_parts * spread)
        return value - half, value + half

    low, high = interval(whole.total, parts)
    mean = whole.total.mean("claim")
    mean_low, mean_high = interval(mean, parts.mean("claim"))
    return whole.assign(
        total_low=low, total_high=high, mean_total=mean, mean_low=mean_low, mean_high=mean_high
    )


def _with_singles(found: xr.Dataset) -> xr.Dataset:
    """Return ``found`` if it has single deviations with the default among them."""
    by_row, by_claim = ("seed", "deviation", "row"), ("seed", "deviation", "claim")
    names = {"single_estimate": by_row, "single_holds": by_row, "single_verdict": by_claim}
    check_dataset("found", found, **names)
    missing = {"row_id", "row_null", "deviation", "claim"} - set(found.coords)
    if missing:
        raise ValueError(f"found must name rows, deviations and claims; it lacks {sorted(missing)}")
    check_choice("deviation of found", DEFAULT, found.deviation.values.tolist())
    return found
