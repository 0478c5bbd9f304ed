"""Fig. 9: overlap of successive information matrices, regime by regime."""

import xarray as xr
from matplotlib.figure import Figure

from relaylib.figures.fig08_drift import by_regime


def draw(drift: xr.Dataset) -> Figure:
    """Draw each network's mean overlap, and mean and 95 % confidence band per regime.

    Parameters
    ----------
    drift
        As from `relaylib.measures.drift.drift`; uses ``overlap``, ``overlap_unrelated`` and
        ``n_pairs``.
    """
    return by_regime(drift, "overlap", "overlap")
