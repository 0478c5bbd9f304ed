"""What the text of the page on real time series says beyond tables: where and how often."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr


class Course(NamedTuple):
    """Where two classes differ, and when networks know which it is; steps count from 1.

    ``crossings`` of the two mean curves; ``apart``, the step at which they are farthest apart;
    ``rises``, the step at which the mean bits rise most; ``before``, the most bits at any step
    before that, and ``left``, those at the step just before.
    """

    crossings: int
    apart: int
    rises: int
    before: float
    left: float


def course(series: xr.Dataset, name: str, architecture: str) -> Course:
    """Return how the bits of an architecture follow the mean curves of two classes.

    Parameters
    ----------
    series
        From `book.real_series.stored_results`.
    name
        A data set of two classes and one channel.
    architecture
        Its smallest networks that learned.
    """
    one = series.sel(data=name).isel(n_nodes=0)
    means = one.mean_series.isel(channel=0).dropna("class", how="all").dropna("step", how="all")
    apart = (means.isel({"class": 0}) - means.isel({"class": 1})).values
    bits = one.total_bits.sel(architecture=architecture).dropna("concept", how="all")
    mean = bits.isel(concept=-1).mean("replicate").sel(time=slice(1, len(apart))).values
    rises = 1 + int(np.argmax(np.diff(mean, prepend=0)))
    return Course(
        int(np.count_nonzero(np.diff(np.sign(apart)))),
        1 + int(np.argmax(abs(apart))),
        rises,
        float(mean[: rises - 1].max(initial=0)),
        float(mean[rises - 2]) if rises > 1 else 0.0,
    )


def own_relays_cost_most(series: xr.Dataset) -> tuple[int, int]:
    """Return in how many panels, and of how many, a question's own relays cost the most answers.

    A panel is an architecture on a data set, where networks of the smallest size have learned;
    losses are means over these networks and over set sizes.
    """
    losses = series.isel(n_nodes=0)[["own", "others", "at_random", "least_relaying"]]
    means = losses.mean("replicate").to_dataarray()
    judged = means.sel(variable="own").notnull()
    most = means.sel(variable="own") >= means.max("variable")
    return int((most & judged).sum()), int(judged.sum())
