"""Where classes differ and networks know it, and how often own relays cost most, by hand."""

import numpy as np
import xarray as xr
from real_findings import Course, course, own_relays_cost_most

NAN = np.nan


def test_the_course_of_two_classes_and_of_the_bits_about_them():
    # class 0 minus class 1: -1, 1, 1, -4, and no fifth step
    curves = np.array([[0, 2, 3, 0, NAN], [1, 1, 2, 4, NAN], [NAN] * 5])[None, ..., None]
    # two networks, mean 0.1, 0.2, 0.1, 0.9 during the series; a blank step after it is ignored
    bits = np.array([[0.0, 0.3, 0.1, 1.0, 9.0], [0.2, 0.1, 0.1, 0.8, 9.0]])
    bits = np.stack([bits, np.full_like(bits, NAN)], axis=-1)[None, None, None]
    series = xr.Dataset(
        {
            "mean_series": (("data", "class", "step", "channel"), curves),
            "total_bits": (
                ("data", "n_nodes", "architecture", "replicate", "time", "concept"), bits
            ),
        },
        coords={"data": ["a"], "architecture": ["GRU"], "time": np.arange(1, 6), "n_nodes": [12]},
    )  # fmt: skip
    found = course(series, "a", "GRU")
    assert np.allclose(found, Course(crossings=2, apart=4, rises=4, before=0.2, left=0.1))


def test_a_panel_counts_if_networks_learned_and_no_other_nodes_cost_more():
    dims = ("data", "n_nodes", "architecture", "replicate")
    values = {  # data a: own costs most; b: one question, random nodes cost more; c: none learned
        "own": [0.4, 0.1, NAN],
        "others": [0.3, NAN, NAN],
        "at_random": [0.2, 0.2, NAN],
        "least_relaying": [0.1, 0.0, NAN],
    }
    shaped = {name: (dims, np.array(v)[:, None, None, None]) for name, v in values.items()}
    assert own_relays_cost_most(xr.Dataset(shaped)) == (1, 2)
