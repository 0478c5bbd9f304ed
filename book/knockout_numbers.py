"""The numbers that the page on knockouts states about one task."""

import xarray as xr

from relaylib.studies.knockouts import leads, mean_losses

_ROWS = (("own", "own"), ("others", "others"), ("at_random", "random"), ("least_relaying", "least"))


def knockout_numbers(knockouts: xr.Dataset) -> dict[str, str]:
    """Return what the page states about the knockouts of one task, as text by name.

    Parameters
    ----------
    knockouts
        As from `relaylib.studies.knockouts.run_knockouts`.
    """
    return _losses(knockouts) | _strictly(knockouts) | _half(knockouts)


def _losses(knockouts: xr.Dataset) -> dict[str, str]:
    """Accuracy lost, as cells by architecture, and how often the own concept loses more."""
    losses = mean_losses(knockouts)
    mean, hurts = losses.mean("replicate"), losses.own > losses.others
    found = {
        f"lost_{name}": " | ".join(f"{value:.2f}" for value in mean[variable].values)
        for variable, name in _ROWS
    }
    return found | {"hurts": str(int(hurts.sum())), "all": str(hurts.size)}


def _strictly(knockouts: xr.Dataset) -> dict[str, str]:
    """In how many networks each concept loses most without its relays, and the closest case."""
    lead = leads(knockouts)
    every = ((lead > 0) | (lead.relays_of == lead.concept)).all(["relays_of", "concept"])
    pairs = lead.mean("replicate").stack(pair=["architecture", "relays_of", "concept"])
    architecture, relays_of, other = pairs.idxmin("pair").item()
    curve = knockouts.relaying.mean("replicate").sel(architecture=architecture, relays_of=relays_of)
    lost = (curve.isel(n_knocked_out=0) - curve).isel(n_knocked_out=slice(1, -1))
    of_own, of_other = lost.sel(concept=relays_of), lost.sel(concept=other)
    return {
        "every": str(int(every.sum())),
        "close_kind": architecture,
        "close_own": relays_of,
        "close_other": other,
        "close_own_loss": f"{of_own.mean():.2f}",
        "close_other_loss": f"{of_other.mean():.2f}",
        "close_sizes": str(int((of_other > of_own).sum())),
    }


def _half(knockouts: xr.Dataset) -> dict[str, str]:
    """Accuracy with none, half and all of the nodes knocked out."""
    n_half = knockouts.sizes["n_knocked_out"] // 2
    half = knockouts.isel(n_knocked_out=n_half).mean("replicate")
    own = half.relays_of == half.concept
    everything = knockouts.relaying.isel(n_knocked_out=-1)
    start = knockouts.relaying.isel(n_knocked_out=0).mean("replicate")
    below = (knockouts.relaying < 0.5 - 1e-9).any(["relays_of", "n_knocked_out", "concept"])
    exact = abs(everything - 0.5).max() < 1e-9
    ends = f"{everything.min():.2f} to {everything.max():.2f}"
    return {
        "half": str(n_half),
        "own_half": f"{half.relaying.where(own).mean():.2f}",
        "others_half": f"{half.relaying.where(~own).mean():.2f}",
        "random_half": f"{half.at_random.mean():.2f}",
        "least_half": f"{half.least_relaying.where(own).mean():.2f}",
        "below": str(int(below.sum())),
        "start_low": f"{start.min():.2f}",
        "start_high": f"{start.max():.2f}",
        "none_left": "exactly 0.50" if exact else ends,
    }
