"""Small results on real time series: two data sets, one of two classes and one of four."""

from functools import cache
from tempfile import mkdtemp

import xarray as xr

from relaylib.studies.real_config import RealConfig
from relaylib.studies.real_series import run_real_series

SMALL = RealConfig(
    data=("ItalyPowerDemand", "BasicMotions"),
    n_nodes=(12, 16),
    n_replicates=3,
    n_updates=120,
    n_sequences=400,
    n_decoded=100,
    n_knocked=40,
    n_random=2,
)


@cache
def small() -> xr.Dataset:
    return run_real_series(SMALL, store=mkdtemp())
