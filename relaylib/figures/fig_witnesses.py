"""Three witnesses of drift: matrices of knockouts and decoders, lags, spectrum and theory."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaylib.figures.style import (
    DOTS,
    architecture_look,
    band,
    confidence95,
    legend,
    panels,
    side_by_side,
    spread,
)
from relaylib.figures.table import keep_table, tidy

_LOSS_CMAP, _DECODING_CMAP = "Blues", "RdBu"


def draw_matrices(regime: xr.Dataset) -> Figure:
    """Draw mean matrices of one task and regime: knockouts above, decoders below.

    Parameters
    ----------
    regime
        `relaylib.studies.witnesses.run_witnesses` at one task and regime; any networks side by
        side along ``architecture`` (or ``first_weights``).
    """
    side = "architecture" if "architecture" in regime.dims else "first_weights"
    names, last = regime[side].values, int(regime.answer_delay + regime.input_end)
    cut = {name: slice(None, last) for name in ("ranked_at", "knocked_at")}
    cut |= {name: slice(None, last) for name in ("trained_at", "tested_at")}
    mean = regime[["loss", "decoding"]].sel(cut).mean("replicate")
    top = max(0.05, float(mean.loss.max()))
    looks = (
        (mean.loss, "ranked_at", "knocked_at", {"cmap": _LOSS_CMAP, "vmin": 0, "vmax": top}),
        (mean.decoding, "trained_at", "tested_at", {"cmap": _DECODING_CMAP, "vmin": 0, "vmax": 1}),
    )
    labels = (("knocked out at step", "ranked at step"), ("tested at step", "trained at step"))
    bars = ("answers lost (fraction)", "decoded (fraction)")
    size = {"sharex": True, "sharey": True, "width": max(3.5, 1.75 * len(names) + 1)}
    with panels(2, len(names), 4.2, **size) as (figure, axes):
        for row, (values, i, j, look), (x_label, y_label), bar in zip(
            axes, looks, labels, bars, strict=True
        ):
            for ax, name in zip(row, names, strict=True):
                matrix = values.sel({side: name}).transpose(i, j)
                edges = (matrix[j].values[0] - 0.5, matrix[j].values[-1] + 0.5)
                drawn = ax.imshow(matrix, origin="lower", extent=(*edges, *edges), **look)
                ax.set_xlabel(x_label)
                ax.set_xticks(matrix[j].values)
                ax.set_yticks(matrix[i].values)
            row[0].set_ylabel(y_label)
            figure.colorbar(drawn, ax=row.tolist(), label=bar, aspect=12, shrink=0.9)
        for ax, name in zip(axes[0], names, strict=True):
            ax.set_title(str(name))
    tables = tidy(lost_fraction=mean.loss), tidy(decoded_fraction=mean.decoding)
    keep_table(figure, *tables)
    return figure


def draw_lags(witnesses: xr.Dataset, *, regime: str = "5") -> Figure:
    """Draw the accuracy of decoders against the lag between training and test, by task.

    Parameters
    ----------
    witnesses
        From `relaylib.studies.witnesses.run_witnesses`.
    regime
        Training regime of the networks.
    """
    chosen = witnesses.decoding_at_lag.sel(regime=regime)
    chosen = chosen.dropna("lag", how="all")
    with panels(1, chosen.sizes["task"], 2.6, sharey=True) as (figure, axes):
        for ax, task in zip(axes[0], chosen.task.values, strict=True):
            ax.axhline(0.5, color="0.6", linewidth=0.7)
            for _, name, cell in side_by_side(chosen.sel(task=task), 0.2):
                values, look = cell.transpose("replicate", "lag").values, architecture_look(name)
                ax.plot(np.tile(cell.lag, len(values)), values.ravel(), **(look | DOTS))
                band(ax, cell.lag.values, values, confidence95(values), label=name, **look)
            ax.set(title=f"{task} task", xlabel="lag (steps)", ylim=(-0.03, 1.03))
        axes[0, 0].set_ylabel("decoded (fraction)")
        legend(figure, axes[0, 0])
    keep_table(figure, tidy(decoded_fraction=chosen))
    return figure


def draw_spectrum(witnesses: xr.Dataset) -> Figure:
    """Draw how far a blank step turns the leading direction, by regime and task.

    Parameters
    ----------
    witnesses
        From `relaylib.studies.witnesses.run_witnesses`; uses ``phase_degrees`` of the first
        eigenvalue.
    """
    phase = witnesses.phase_degrees.sel(leading=1)
    with panels(1, phase.sizes["task"], 2.6, sharey=True) as (figure, axes):
        for ax, task in zip(axes[0], phase.task.values, strict=True):
            for place, name, cell in side_by_side(phase.sel(task=task), 0.24):
                values, look = cell.transpose("replicate", "regime").values, architecture_look(name)
                x = np.arange(values.shape[1]) + place
                ax.plot(spread(x, len(values), 0.14).ravel(), values.ravel(), **(look | DOTS))
                ax.plot(x, values.mean(axis=0), linestyle="", label=name, **look)
            ax.set_xticks(range(phase.sizes["regime"]), phase.regime.values)
            ax.set(title=f"{task} task", xlabel="delay in training (steps)", ylim=(-5, 185))
            ax.set_yticks([0, 45, 90, 135, 180])
        axes[0, 0].set_ylabel("turn per step (degrees)")
        legend(figure, axes[0, 0])
    keep_table(figure, tidy(turn_degrees=phase))
    return figure


def draw_theory(networks: xr.Dataset) -> Figure:
    """Draw each network's drift against what its Jacobian predicts, by task.

    Parameters
    ----------
    networks
        ``theory`` and ``correlation`` (task, architecture, ...), from
        `relaylib.studies.drift_theory.predictors` and `run_witnesses`.
    """
    with panels(1, networks.sizes["task"], 3.0, sharex=True, sharey=True) as (figure, axes):
        for ax, task in zip(axes[0], networks.task.values, strict=True):
            for _, name, cell in side_by_side(networks.sel(task=task).theory, 0.2):
                r = networks.correlation.sel(task=task, architecture=name)
                dots = architecture_look(name) | DOTS | {"alpha": 0.45, "markersize": 2.6}
                x, y = xr.broadcast(cell, r)
                _dots(ax, x.values.ravel(), y.values.ravel(), dots | {"label": name})
            ax.set(title=f"{task} task", xlabel="mean |cos θ| of the Jacobian")
        axes[0, 0].set_ylabel("Pearson r of successive matrices")
        legend(figure, axes[0, 0], markerscale=2)
    keep_table(figure, tidy(predicted_r=networks.theory, pearson_r=networks.correlation))
    return figure


def _dots(ax: Axes, x: np.ndarray, y: np.ndarray, look: dict) -> None:
    ax.axline((0, 0), slope=1, color="0.8", linewidth=0.7, zorder=0)
    ax.plot(x, y, **look)
