"""Which estimators find the nodes that matter: on populations, known wirings and real networks."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.core.checks import check_dataset
from relaylib.figures.style import CONTROL, DOTS, Look, band, confidence95, legend, panels, spread
from relaylib.figures.table import keep_table, tidy

_LOOKS: dict[str, Look] = {
    "plug-in": {"color": "#1b1b1b", "marker": "o"},
    "decoder": {"color": "#d55e00", "marker": "s"},
    "one-node information": {"color": "#0072b2", "marker": "^", "linestyle": "--"},
    "correlation": {"color": "#009e73", "marker": "v", "linestyle": "--"},
    "variance": {"color": "#cc79a7", "marker": "D", "linestyle": "--"},
}
_RANDOM: Look = {"color": CONTROL, "marker": "x", "linestyle": ":"}
_NETWORK = ("task", "n_nodes", "replicate")


def draw_agreement(found: xr.Dataset) -> Figure:
    """Draw how far other orders agree with the plug-in's on whole populations.

    Parameters
    ----------
    found
        From `relaylib.studies.estimator_study.run_estimator_study`.

    Raises
    ------
    ValueError, TypeError
        If a variable is missing.
    """
    dims = ("task_of_paper", "architecture", "regime", "network", "order")
    check_dataset("found", found, kendall_tau=dims, relay_share=dims)
    names = [str(name) for name in found.order.values]
    labels = {"kendall_tau": "Kendall tau", "relay_share": "relayed (1: plug-in order)"}
    with panels(1, 2, 2.6) as (figure, (axes,)):
        for ax, (name, label) in zip(axes, labels.items(), strict=True):
            for place, task in ((-0.17, "memory"), (0.17, "block")):
                rows = found[name].sel(task_of_paper=task).stack(one=dims[1:4])
                values = rows.transpose("one", "order").values
                x = np.arange(len(names)) + place
                colour = {"memory": "#0072b2", "block": "#d55e00"}[task]
                look = DOTS | {"color": colour, "marker": "o"}
                ax.plot(spread(x, len(values), 0.24).ravel(), values.ravel(), **look)
                mean = np.nanmean(values, axis=0)
                ax.plot(x, mean, "_", color=colour, markersize=14, label=f"{task} task")
            ax.axhline({"kendall_tau": 0, "relay_share": 1}[name], color=CONTROL, linewidth=0.8)
            ax.set_xticks(range(len(names)), [_wrapped(one) for one in names], rotation=45)
            ax.set_ylabel(label)
        legend(figure, axes[0])
    shown = {"kendall_tau": found.kendall_tau, "relay_share": found.relay_share}
    keep_table(figure, tidy(**shown))
    return figure


def draw_wirings(found: xr.Dataset) -> Figure:
    """Draw estimates of the bits of a whole layer of known wiring against the size of the sample.

    Parameters
    ----------
    found
        From `relaylib.studies.estimator_study.run_estimator_study`.

    Raises
    ------
    ValueError, TypeError
        If a variable is missing.
    """
    dims = ("wiring", "n_sequences", "sample", "estimate")
    check_dataset("found", found, estimate_bits=dims, true_bits=("wiring",))
    x = found.n_sequences.values
    with panels(1, found.sizes["wiring"], 2.3, sharey=True) as (figure, (axes,)):
        for ax, wiring in zip(axes, found.wiring.values, strict=True):
            for name in map(str, found.estimate.values):
                estimator, _, shuffled = name.partition(" minus ")
                look = _LOOKS[estimator] | {"linestyle": ":" if shuffled else "-", "label": name}
                look |= {"markerfacecolor": "none"} if shuffled else {}
                values = found.estimate_bits.sel(wiring=wiring, estimate=name)
                rows = values.transpose("sample", "n_sequences").values
                band(ax, x, rows, confidence95(rows), **look)
            truth = float(found.true_bits.sel(wiring=wiring))
            ax.axhline(truth, color=CONTROL, linewidth=2.5, zorder=0, label="truth")
            ax.set(xscale="log", title=str(wiring), xlabel="sequences")
        axes[0].set_ylabel("bits of the whole layer")
        legend(figure, axes[0], ncols=3)
    truth = found.true_bits.broadcast_like(found.estimate_bits)
    keep_table(figure, tidy(estimate_bits=found.estimate_bits, true_bits=truth))
    return figure


def draw_sets(found: xr.Dataset, task: str = "digits") -> Figure:
    """Draw the loss of a concept against the share of nodes knocked out, by score and size.

    Parameters
    ----------
    found
        From `relaylib.studies.estimator_study.run_estimator_study`.
    task
        On which the networks were trained: "digits" or "block".

    Raises
    ------
    ValueError, TypeError
        If a variable is missing.
    """
    check_dataset("found", found, own_curve=(*_NETWORK, "score", "fraction"), random_curve=_NETWORK)
    curves = found[["own_curve", "random_curve"]].where(found.learned == 1)
    chosen = curves.sel(task=task)
    sizes = chosen.n_nodes.values
    with panels(1, len(sizes), 2.3, sharey=True) as (figure, (axes,)):
        for ax, n in zip(axes, sizes, strict=True):
            one = chosen.sel(n_nodes=n)
            for score in map(str, one.score.values):
                curve = one.own_curve.sel(score=score)
                _curve(ax, curve, _LOOKS[score] | {"label": score})
            _curve(ax, one.random_curve, _RANDOM | {"label": "random"})
            ax.set(title=f"{n} nodes", xlabel="share of nodes")
        axes[0].set_ylabel("loss of accuracy")
        legend(figure, axes[0], ncols=6)
    at_random = chosen.random_curve.broadcast_like(chosen.own_curve)
    columns = {"loss_fraction": chosen.own_curve, "loss_at_random_fraction": at_random}
    keep_table(figure, tidy(**columns).assign(task=task))
    return figure


def draw_sizes(found: xr.Dataset) -> Figure:
    """Draw C5's difference and the loss beyond that of random sets against the size of the layer.

    Parameters
    ----------
    found
        From `relaylib.studies.estimator_study.run_estimator_study`.

    Raises
    ------
    ValueError, TypeError
        If a variable is missing.
    """
    dims = (*_NETWORK, "score")
    check_dataset("found", found, own=dims, others=dims, at_random=_NETWORK)
    learned = found[["own", "others", "at_random"]].where(found.learned == 1)
    differences = {
        "own minus other concepts": learned.own - learned.others,
        "own, minus random sets": learned.own - learned.at_random,
    }
    x = np.arange(found.sizes["n_nodes"])
    with panels(2, 2, 4.2, sharex=True, sharey="row") as (figure, axes):
        for row, (label, values) in zip(axes, differences.items(), strict=True):
            for ax, task in zip(row, found.task.values, strict=True):
                for place, score in enumerate(map(str, found.score.values)):
                    rows = values.sel(task=task, score=score).transpose("replicate", "n_nodes")
                    look = _LOOKS[score] | {"label": score}
                    _points(ax, x + 0.14 * (place - 2), rows.values, look)
                ax.axhline(0, color=CONTROL, linewidth=0.8, zorder=0)
            row[0].set_ylabel(f"{label}\n(accuracy lost)")
        for ax, task in zip(axes[0], found.task.values, strict=True):
            ax.set_title(str(task))
        for ax in axes[1]:
            ax.set_xticks(x, [str(n) for n in found.n_nodes.values])
            ax.set_xlabel("nodes in the layer")
        legend(figure, axes[0, 1], ncols=5)
    columns = ("own_minus_others_fraction", "own_minus_random_fraction")
    keep_table(figure, tidy(**dict(zip(columns, differences.values(), strict=True))))
    return figure


def _curve(ax: Axes, curve: xr.DataArray, look: Look) -> None:
    """Draw the mean over networks with its 95 % band, if there is any."""
    rows = curve.dropna("replicate", how="any").transpose("replicate", "fraction")
    if rows.sizes["replicate"]:
        small = look | {"markersize": 2, "linewidth": 1}
        band(ax, rows.fraction.values, rows.values, confidence95(rows.values), **small)


def _points(ax: Axes, x: np.ndarray, rows: np.ndarray, look: Look) -> None:
    """Draw every network, and the mean of each size."""
    each = look | DOTS | {"label": None}
    ax.plot(np.tile(x, (len(rows), 1)).ravel(), rows.ravel(), **each)
    there = ~np.isnan(rows).all(axis=0)
    mean = np.nanmean(rows[:, there], axis=0)
    ax.plot(x[there], mean, **(look | {"linestyle": "", "markersize": 4}))


def _wrapped(name: str) -> str:
    return name.replace(", ", ",\n").replace("one-node ", "one-node\n")
