"""The numbers that the page on smearing states about one task."""

import xarray as xr

from relaylib.measures.smearing import smearing


def smearing_numbers(information_bits: xr.DataArray) -> dict[str, str]:
    """Return what the page states about the information matrices of one task, as text by name.

    Parameters
    ----------
    information_bits
        As for `relaylib.measures.smearing.smearing`, with all architectures.
    """
    counted = smearing(information_bits)
    several = (counted.concepts_per_node >= 2).mean(["replicate", "node"])
    nodes = counted.nodes_per_concept.mean(["replicate", "concept"])
    found = {}
    for kind in map(str, information_bits.architecture.values):
        found[f"several_{kind.lower()}"] = f"{several.sel(architecture=kind):.0%}"
        found[f"nodes_{kind.lower()}"] = f"{nodes.sel(architecture=kind):.1f}"
    return found | {
        "nodes": " | ".join(f"{value:.1f}" for value in nodes.values),
        "idle": f"{(counted.concepts_per_node == 0).mean():.0%}",
        "lonely": f"{(counted.nodes_per_concept == 1).mean():.0%}",
        "lost": f"{(counted.nodes_per_concept == 0).mean():.0%}",
        "nodes_low": str(int(counted.nodes_per_concept.min())),
        "nodes_high": str(int(counted.nodes_per_concept.max())),
    }
