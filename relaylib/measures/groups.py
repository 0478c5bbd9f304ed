"""Groups of nodes as the units of an analysis: parts of a module, clusters, or sets by name."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from relaylib.core.checks import check_all, check_dims, check_floats, check_integer
from relaylib.information.entropy import row_labels


def group_nodes(activations: xr.DataArray, groups: Any) -> dict[Any, list[int]]:
    """Return the nodes of each group, as positions from 0.

    Parameters
    ----------
    activations
        With dimensions ``node``, ``sequence`` and any others.
    groups
        Name of each group -> labels of its nodes; or "parts", the parts of a module that nodes are
        named after (``gru[3]`` is of ``gru``); or how many clusters of nodes whose activations are
        alike; or None: each node is a group of its own, under its own label.

    Returns
    -------
    dict
        Clusters are named "cluster 1", ..., by their first node.

    Raises
    ------
    ValueError, TypeError
        If a group is empty, a node is in two of them, or there is no such node (the message lists
        the nodes).

    Notes
    -----
    Clusters are agglomerative, with average linkage of ``1 - abs(r)``, r the correlation of two
    nodes over all sequences and other dimensions. Mirror images are alike: they hold the same.
    """
    check_dims("activations", activations, ("node", "sequence"))
    labels = activations.node.values.tolist() if "node" in activations.coords else []
    labels = labels or list(range(1, activations.sizes["node"] + 1))
    if groups is None:
        return {label: [position] for position, label in enumerate(labels)}
    if groups == "parts" if isinstance(groups, str) else False:
        return _collected(str(label).rpartition("[")[0] or str(label) for label in labels)
    if isinstance(groups, Mapping):
        return _by_label(groups, labels)
    if isinstance(groups, str | bool) or not isinstance(groups, int | np.integer):
        raise TypeError(
            'groups must be a dictionary of labels of nodes, "parts", a number of clusters or '
            f"None, got {groups!r}"
        )
    return _clusters(activations, check_integer("groups", groups, 1, len(labels)))


def joint_states(states: xr.DataArray, groups: Mapping[Any, list[int]]) -> xr.DataArray:
    """Return the joint state of each group as symbols 0, 1, ... (..., node, sequence).

    Parameters
    ----------
    states
        With dimensions ``node``, ``sequence`` and any others.
    groups
        From `group_nodes`; they are the nodes of the result.
    """
    check_dims("states", states, ("node", "sequence"))
    values = states.transpose(..., "node", "sequence")
    if all(len(positions) == 1 for positions in groups.values()):
        chosen = values.isel(node=[positions[0] for positions in groups.values()])
        return chosen.assign_coords(node=list(groups))

    def joint(rows: np.ndarray) -> np.ndarray:
        return np.unique(row_labels(rows.T), return_inverse=True)[1]

    shape = values.shape[:-2]
    joined = np.empty((*shape, len(groups), values.shape[-1]), np.int64)
    for at in np.ndindex(shape):
        joined[at] = [joint(values.values[at][positions]) for positions in groups.values()]
    coords = {name: c for name, c in values.coords.items() if "node" not in c.dims}
    return xr.DataArray(joined, coords | {"node": list(groups)}, values.dims)


def _by_label(groups: Mapping[Any, Any], labels: list[Any]) -> dict[Any, list[int]]:
    found: dict[Any, list[int]] = {}
    for name, members in groups.items():
        chosen = check_all("groups", members, object)
        unknown = [label for label in chosen if getattr(label, "ndim", 0) or label not in labels]
        if not isinstance(name, str) or unknown or not members:
            raise ValueError(
                f"groups must give names to labels of nodes ({', '.join(map(str, labels))}), "
                f"got {name!r}: {members!r}"
            )
        found[name] = [labels.index(label) for label in members]
    positions = [position for members in found.values() for position in members]
    if not found or len(set(positions)) < len(positions):
        raise ValueError(f"groups must hold nodes, each in one of them, got {groups!r}")
    return found


def _collected(names: Any) -> dict[Any, list[int]]:
    found: dict[Any, list[int]] = {}
    for position, name in enumerate(names):
        found.setdefault(name, []).append(position)
    return found


def _clusters(activations: xr.DataArray, n_clusters: int) -> dict[Any, list[int]]:
    from sklearn.cluster import AgglomerativeClustering

    values = activations.transpose("node", ...).values.reshape(activations.sizes["node"], -1)
    values = check_floats("activations", values, (None, None))
    centred = values - values.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)
    apart = (1 - np.abs(unit @ unit.T)).clip(0)
    if len(values) == n_clusters:
        found = np.arange(n_clusters)
    else:
        method = AgglomerativeClustering(n_clusters, metric="precomputed", linkage="average")
        found = method.fit_predict(apart)
    members = _collected(found.tolist()).values()
    return {f"cluster {number}": nodes for number, nodes in enumerate(members, start=1)}
