"""Real time series: accuracy beside standard classifiers, information, drift and knockouts."""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.core.checks import check_all, check_choice
from relaylib.figures.style import (
    CONTROL,
    DOTS,
    architecture_look,
    band,
    concept_look,
    confidence95,
    legend,
    panels,
    side_by_side,
    spread,
)
from relaylib.figures.table import keep_table, tidy

_BASELINES = {"1-NN DTW": (0, (1, 1)), "MiniRocket": (0, (4, 1.5))}
_CURVES = {
    "own_curve": ("its own relays", concept_look(0)),
    "others_curve": ("relays of other questions", concept_look(1)),
    "random_curve": ("random nodes", {"color": CONTROL, "marker": "x"}),
    "least_curve": ("least relaying nodes", {"color": CONTROL, "marker": "v"}),
}


def draw_accuracy(series: xr.Dataset) -> Figure:
    """Draw accuracy about the class against the test delay, one panel per data set.

    Networks trained with random delays, all of them: mean and 95 % band; the first size solid with
    its networks as thin lines, others dashed. Grey: standard classifiers, and the largest class.

    Parameters
    ----------
    series
        From `relaylib.studies.real_series.run_real_series`.
    """
    names, n_columns = series.data.values, min(4, series.sizes["data"])
    n_rows = -(-len(names) // n_columns)
    random = series.class_accuracy.sel(regime="random")
    x = random.test_delay.values
    with panels(n_rows, n_columns, 2.0 * n_rows + 0.4, sharey=True) as (figure, axes):
        for ax, name in zip(axes.flat, names, strict=False):
            chosen = series.sel(data=name)
            ax.axvspan(0.5, 5.5, color="0.95", zorder=0)
            ax.axhline(float(chosen.chance), color="0.8", label="largest class", zorder=1)
            for baseline, dashes in _BASELINES.items():
                height = float(chosen.baseline_accuracy.sel(baseline=baseline))
                ax.axhline(height, color="0.45", linestyle=dashes, linewidth=1, label=baseline)
            for size, n in enumerate(series.n_nodes.values):
                for _, architecture, cell in side_by_side(random.sel(data=name, n_nodes=n), 0):
                    values = _rows(cell, "test_delay")
                    look = architecture_look(architecture) | {"markersize": 2.2}
                    if size:
                        look |= {"linestyle": "--", "marker": "", "linewidth": 1}
                    else:
                        ax.plot(x, values.T, linewidth=0.3, alpha=0.25, color=look["color"])
                    label = f"{architecture}, {n}"
                    band(ax, x, values, confidence95(values), label=label, **look)
            ax.set(title=name, xlabel="test delay (steps)", ylim=(-0.02, 1.02), xticks=x[::3])
        for ax in axes[:, 0]:
            ax.set_ylabel("accuracy, class (fraction)")
        _hide(axes, len(names))
        legend(figure, axes[0, 0], "lower center", ncols=5)
    baselines = {"accuracy_fraction": series.baseline_accuracy, "largest_class": series.chance}
    keep_table(figure, tidy(accuracy_fraction=random), tidy(**baselines))
    return figure


def draw_information(series: xr.Dataset, names: Sequence[str]) -> Figure:
    """Draw the series of each class, and under them when networks relay the class.

    Above: mean of the test series of each class; of several channels, root mean square over them of
    the distance from the mean of all classes. Below: bits about the class (of two classes, the
    question) relayed by all nodes, mean of the networks that learned with 95 % band; grey: shuffled
    states. White: the series; shaded: blank steps.

    Parameters
    ----------
    series
        From `relaylib.studies.real_series.run_real_series`.
    names
        Data sets, one per column.
    """
    for name in check_all("names", names, str):
        check_choice("names", name, tuple(map(str, series.data.values)))
    tables = []
    with panels(2, len(names), 3.4, sharex="col") as (figure, axes):
        for column, name in enumerate(names):
            chosen = series.sel(data=name).isel(n_nodes=0)
            classes = json.loads(series.attrs["classes"])[name]
            drawn = _series(axes[0, column], chosen, classes), _bits(axes[1, column], chosen)
            tables += [table.assign(data=name) for table in drawn]
            axes[0, column].set_title(name)
        axes[0, 0].set_ylabel("series (training sd)")
        axes[1, 0].set_ylabel("relayed (bits)")
        legend(figure, axes[1, 0], "lower center")
    keep_table(figure, *tables)
    return figure


def draw_drift(series: xr.Dataset) -> Figure:
    """Draw how alike successive matrices are, and decoding one step away, by training regime.

    Dots: networks of the first size that learned; larger: mean. Grey lines: r with the matrix of
    another network, and chance. One column per data set.

    Parameters
    ----------
    series
        From `relaylib.studies.real_series.run_real_series`.
    """
    names, first = series.data.values, series.isel(n_nodes=0)
    shown = {
        "correlation": (first.correlation, "Pearson r", (-1.05, 1.05)),
        "decoding": (first.decoding_at_lag.sel(lag=1), "decoded, lag 1", (-0.02, 1.02)),
    }
    with panels(2, len(names), 3.2, sharex=True, sharey="row") as (figure, axes):
        for row, (values, label, limits) in zip(axes, shown.values(), strict=True):
            for ax, name in zip(row, names, strict=True):
                _by_regime(ax, values.sel(data=name))
                ax.set_ylim(*limits)
            row[0].set_ylabel(label)
        null = first.correlation_unrelated.mean(["architecture", "replicate"])
        for ax, name in zip(axes[0], names, strict=True):
            ax.plot(null.sel(data=name).values, color=CONTROL, linewidth=0.8, zorder=0)
            ax.set_title(name, fontsize=7)
        for ax in axes[1]:
            ax.axhline(0.5, color=CONTROL, linewidth=0.8, zorder=0)
            ax.set_xticks(range(first.sizes["regime"]), [str(r)[:1] for r in first.regime.values])
            ax.set_xlabel("delay", fontsize=7)
        legend(figure, axes[0, 0], "lower center")
    keep_table(
        figure,
        tidy(
            pearson_r=first.correlation,
            pearson_r_unrelated=first.correlation_unrelated,
            decoded_fraction=first.decoding_at_lag.sel(lag=1, drop=True),
        ),
    )
    return figure


def draw_knockouts(series: xr.Dataset) -> Figure:
    """Draw accuracy about the questions against the number of nodes knocked out.

    Architectures in rows, data sets in columns: mean of the networks trained with random delays
    that learned, with 95 % band.

    Parameters
    ----------
    series
        From `relaylib.studies.real_series.run_real_series`.
    """
    first = series.isel(n_nodes=0)
    names, architectures = series.data.values, series.architecture.values
    x = first.n_knocked_out.values
    grid = panels(len(architectures), len(names), 4.2, sharex=True, sharey=True)
    with grid as (figure, axes):
        for row, architecture in zip(axes, architectures, strict=True):
            for ax, name in zip(row, names, strict=True):
                chosen = first.sel(data=name, architecture=architecture)
                for curve, (label, look) in _CURVES.items():
                    values = _rows(chosen[curve], "n_knocked_out")
                    if len(values):
                        small = look | {"markersize": 1.8, "linewidth": 0.9, "label": label}
                        band(ax, x, values, confidence95(values), **small)
            row[0].set_ylabel(f"{architecture}\naccuracy (fraction)", fontsize=7)
        for ax, name in zip(axes[0], names, strict=True):
            ax.set_title(name, fontsize=7)
        for ax in axes[-1]:
            ax.set_xticks([0, 6, 12])
        figure.supxlabel("nodes knocked out at the end of the series", fontsize=8)
        most = max(axes.flat, key=lambda ax: len(ax.get_legend_handles_labels()[0]))
        legend(figure, most, "upper center")
    names_of = {curve: f"accuracy_without_{curve.removesuffix('_curve')}" for curve in _CURVES}
    keep_table(figure, tidy(**{name: first[curve] for curve, name in names_of.items()}))
    return figure


def _rows(values: xr.DataArray, along: str) -> np.ndarray:
    """Return (replicate, along) of the networks that have values."""
    rows = values.transpose("replicate", along).values
    return rows[~np.isnan(rows).any(axis=1)]


def _hide(axes: np.ndarray, n_used: int) -> None:
    for ax in axes.flat[n_used:]:
        ax.set_visible(False)


def _series(ax: Axes, chosen: xr.Dataset, classes: list[str]) -> pd.DataFrame:
    means = chosen.mean_series.dropna("class", how="all").dropna("step", how="all")
    means = means.dropna("channel", how="all").transpose("class", "step", "channel")
    values = means.values[..., 0]
    if means.sizes["channel"] > 1:
        apart = means - means.mean("class")
        values = np.sqrt((apart**2).mean("channel")).values
    for number, (row, name) in enumerate(zip(values, classes, strict=True)):
        look = concept_look(number) | {"marker": "", "linewidth": 1}
        ax.plot(np.arange(1, len(row) + 1), row, label=name, **look)
    if len(classes) <= 4:
        ax.legend(fontsize=5.5, handlelength=1, labelspacing=0.2)
    coords = {"class": classes, "step": np.arange(1, values.shape[1] + 1)}
    return tidy(series_sd=xr.DataArray(values, coords, dims=("class", "step")))


def _bits(ax: Axes, chosen: xr.Dataset) -> pd.DataFrame:
    bits = chosen.total_bits.dropna("concept", how="all").isel(concept=-1).dropna("time", how="all")
    null = chosen.null_bits.dropna("concept", how="all").isel(concept=-1).sel(time=bits.time)
    end, x = int(chosen.n_steps), bits.time.values
    ax.axvspan(end + 0.5, x[-1] + 0.5, color="0.93", zorder=0)
    ax.plot(x, null.mean(["architecture", "replicate"]), color=CONTROL, label="shuffled")
    for _, architecture, cell in side_by_side(bits, 0):
        values = _rows(cell, "time")
        if len(values):
            look = architecture_look(architecture) | {"markersize": 2.2}
            band(ax, x, values, confidence95(values), label=architecture, **look)
    ax.set_xlabel("step")
    bits, null = (values.drop_vars("concept") for values in (bits, null))
    return tidy(relay_bits=bits, relay_bits_shuffled=null)


def _by_regime(ax: Axes, values: xr.DataArray) -> None:
    for place, architecture, cell in side_by_side(values, 0.26):
        rows, look = cell.transpose("replicate", "regime"), architecture_look(architecture)
        x = np.arange(rows.sizes["regime"]) + place
        dots = look | DOTS
        ax.plot(spread(x, rows.sizes["replicate"], 0.12).ravel(), rows.values.ravel(), **dots)
        mean = rows.mean("replicate").values
        ax.plot(x, mean, linestyle="", label=architecture, **(look | {"markersize": 2.8}))
