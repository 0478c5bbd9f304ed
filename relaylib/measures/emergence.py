"""When in training a concept's relays appear, and whether they are already the final ones."""

import numpy as np
import xarray as xr

from relaylib.core.checks import check_finite
from relaylib.core.seeds import stream

N_BOOTSTRAP = 10_000
LEAST_BITS = 0.1
"""A concept of which a trained network relays less has no half to speak of."""


def emergence(seen: xr.Dataset, *, time: int = 10, level: float = 0.5) -> xr.Dataset:
    """Return when relay information appears in training, and how well its nodes then are the last.

    A concept's *half epoch* is the first epoch looked at in which I_R of all nodes is at least half
    of what it is when training stops. A node *relays* in the end if the final information matrix
    gives it at least ``level`` of the concept's total. The *AUC* is the chance that, at the half
    epoch, a node that will relay has more bits than one that will not (ties count half):
    0.5 is chance, 1 a perfect forecast.

    Parameters
    ----------
    seen
        As from `relaylib.studies.training_history.follow_training`.
    time
        Step at which the nodes are read, 1-based; 10 is the last step of the input.
    level
        Share of the concept's total, in (0, 1].

    Returns
    -------
    xarray.Dataset
        All (..., replicate, concept). ``half_epoch``; ``settled_epoch``: the first from which on
        it stays at half or more; ``half_fraction``, ``settled_fraction``: the same in units of the
        network's whole training; ``relaying_nodes``: their number in the end; ``forecast_auc``:
        of the bits at the half epoch; ``other_concept_auc``, its control: of the bits about the
        other concepts at that moment, averaged. NaN where the final total is below 0.1 bits; both
        AUC also where all nodes relay or none, or where half is reached only as training stops:
        then there is nothing to forecast.

    Raises
    ------
    ValueError
        If ``time`` is not in ``seen`` or ``level`` not in (0, 1].
    """
    if time not in seen.time:
        raise ValueError(f"time must be one of {seen.time.values.tolist()}, got {time}")
    if not 0 < check_finite("level", level, ()) <= 1:
        raise ValueError(f"level must be in (0, 1], got {level}")
    total, bits = seen.relay_bits.sel(time=time), seen.information_bits.sel(time=time)
    final = total.isel(epoch=-1)
    known = final >= LEAST_BITS
    above = (total >= final / 2) | ~known  # half of nothing is no threshold
    half = above.argmax("epoch")
    settled = above.sortby("epoch", ascending=False).cumprod("epoch").sum("epoch")
    settled = seen.sizes["epoch"] - settled
    stopped = seen.stopped_epoch
    half_epoch = np.minimum(seen.epoch[half], stopped).drop_vars("epoch")
    settled_epoch = np.minimum(seen.epoch[settled], stopped).drop_vars("epoch")
    relays = (bits.isel(epoch=-1) >= level * final).drop_vars("epoch")
    open_case = known & (half_epoch < stopped)
    others = bits.rename(concept="from").isel(epoch=half).drop_vars("epoch")
    unlike = others["from"] != relays.concept
    found = {
        "half_epoch": half_epoch.where(known),
        "settled_epoch": settled_epoch.where(known),
        "half_fraction": (half_epoch / stopped).where(known),
        "settled_fraction": (settled_epoch / stopped).where(known),
        "relaying_nodes": relays.sum("node").where(known),
        "forecast_auc": auc(bits.isel(epoch=half).drop_vars("epoch"), relays).where(open_case),
        "other_concept_auc": auc(others, relays).where(unlike).mean("from").where(open_case),
    }
    return xr.Dataset(found).drop_vars(["time", "epoch"], errors="ignore").assign_attrs(time=time)


def auc(score: xr.DataArray, positive: xr.DataArray) -> xr.DataArray:
    """Return P(score of a positive node > score of a negative one) + P(equal) / 2, over node.

    Both (..., node); ``positive`` is bool. NaN where all nodes are positive, or none.
    """
    other, no = score.rename(node="other"), ~positive.rename(node="other")
    pairs = positive & no
    wins = (score > other + 1e-6) + 0.5 * (abs(score - other) <= 1e-6)
    n_pairs = pairs.sum(["node", "other"])
    return wins.where(pairs, 0.0).sum(["node", "other"]) / n_pairs.where(n_pairs > 0)


def bootstrap_median(values: xr.DataArray, *, seed: int, name: str) -> xr.Dataset:
    """Return the median over replicates and its 95 % bootstrap percentile interval.

    Parameters
    ----------
    values
        With dimension replicate; NaN is left out.
    seed, name
        Root of the random stream, and what it is for.

    Returns
    -------
    xarray.Dataset
        ``median``, ``low``, ``high``, ``n`` (replicates that are not NaN), without replicate.
        10,000 resamples; no interval of fewer than two replicates.
    """
    rng = stream(seed, "bootstrap", name)

    def interval(column: np.ndarray) -> np.ndarray:
        known = column[np.isfinite(column)]
        if len(known) < 2:
            return np.full(2, np.nan)
        resampled = known[rng.integers(len(known), size=(N_BOOTSTRAP, len(known)))]
        return np.quantile(np.median(resampled, axis=1), [0.025, 0.975])

    limits = xr.apply_ufunc(
        interval,
        values,
        input_core_dims=[["replicate"]],
        output_core_dims=[["limit"]],
        vectorize=True,
    )
    return xr.Dataset(
        {
            "median": values.median("replicate"),
            "low": limits.isel(limit=0),
            "high": limits.isel(limit=1),
            "n": values.notnull().sum("replicate"),
        }
    )
