"""What the findings hang on: claims by deviation, effects of choices, specification curves."""

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from relaylib.figures.style import DOTS, INFORMATION_CMAP, PAGE, legend, panels
from relaylib.figures.table import keep_table, tidy
from relaylib.studies.verdicts import VERDICTS

VERDICT_COLOURS = {
    "not judged": "#dddddd",
    "not reproduced": "#d55e00",
    "partly": "#f0c674",
    "reproduced": "#0072b2",
}
_MOST = 400  # universes of a specification curve whose choices are drawn as dots


def draw_shares(shares: xr.Dataset) -> Figure:
    """Draw the share of universes with each verdict, one bar per claim, reproduced first.

    Parameters
    ----------
    shares
        From `relaylib.studies.multiverse_summary.holding_shares`.
    """
    order = shares.sortby(shares.share.sel(verdict="reproduced"))
    y = np.arange(order.sizes["claim"])
    with panels(1, 1, 0.19 * len(y) + 0.8, width=5.2) as (figure, axes):
        ax, left = axes[0, 0], np.zeros(len(y))
        for verdict in ("reproduced", "partly", "not reproduced"):
            share = order.share.sel(verdict=verdict).values
            ax.barh(y, share, left=left, color=VERDICT_COLOURS[verdict], label=verdict, height=0.75)
            left = left + np.nan_to_num(share)
        sure = order.sel(verdict="reproduced")
        wide = [np.maximum(sure.share - sure.low, 0), np.maximum(sure.high - sure.share, 0)]
        ax.errorbar(sure.share, y, xerr=wide, fmt="none", ecolor="0.1", elinewidth=0.9, capsize=2)
        ax.set_yticks(y, order.claim.values)
        ax.set_xlim(0, 1)
        ax.set_xlabel("fraction of universes")
        legend(figure, ax)
    keep_table(figure, tidy(fraction=shares.share, low=shares.low, high=shares.high))
    return figure


def draw_deviations(found: xr.Dataset) -> Figure:
    """Draw the verdict of each claim under every single deviation, one panel per seed.

    Parameters
    ----------
    found
        From `relaylib.studies.multiverse_run.run_multiverse`, with single deviations.
    """
    names, claims = found.deviation.values, found.claim.values
    colours = ListedColormap([VERDICT_COLOURS[name] for name in VERDICTS])
    norm = BoundaryNorm(np.arange(len(VERDICTS) + 1) - 0.5, len(VERDICTS))
    n_seeds = found.sizes["seed"]
    height = 0.145 * len(names) + 0.9
    with panels(1, n_seeds, height, width=PAGE, sharey=True) as (figure, axes):
        for ax, seed in zip(axes[0], found.seed.values, strict=True):
            verdict = found.single_verdict.sel(seed=seed).transpose("deviation", "claim")
            ax.imshow(verdict, cmap=colours, norm=norm, aspect="auto")
            ax.set_xticks(range(len(claims)), claims, rotation=90, fontsize=6)
            ax.set_yticks(range(len(names)), names, fontsize=6)
            ax.set_xticks(np.arange(1, len(claims)) - 0.5, minor=True)
            ax.set_yticks(np.arange(1, len(names)) - 0.5, minor=True)
            ax.grid(which="minor", color="white", linewidth=0.6)
            ax.tick_params(which="both", length=0)
            ax.set_title(f"seed {seed}")
        patches = [Patch(color=VERDICT_COLOURS[name], label=name) for name in VERDICTS]
        figure.legend(handles=patches, ncols=len(patches), loc="outside upper center")
    table = tidy(verdict=found.single_verdict)
    keep_table(figure, table.assign(verdict=[VERDICTS[number] for number in table.verdict]))
    return figure


def draw_effects(effects: xr.Dataset, *, kind: str = "total") -> Figure:
    """Draw how much of each claim's estimates each choice explains: claims x choices.

    Parameters
    ----------
    effects
        From `relaylib.studies.multiverse_summary.effects`.
    kind
        "total" or "main".
    """
    values = effects[kind].transpose("choice", "claim")
    order = np.argsort(-np.nan_to_num(values.mean("claim").values))
    values = values.isel(choice=order)
    with panels(1, 1, 0.2 * len(order) + 1.0, width=5.6) as (figure, axes):
        ax = axes[0, 0]
        image = ax.imshow(values, cmap=INFORMATION_CMAP, vmin=0, vmax=1, aspect="auto")
        for (row, column), value in np.ndenumerate(values.values):
            if np.isfinite(value) and value >= 0.05:
                tint = "white" if value > 0.6 else "0.1"
                ax.text(
                    column, row, f"{value:.2f}", ha="center", va="center", fontsize=5.5, color=tint
                )
        ax.set_xticks(range(values.sizes["claim"]), values.claim.values, fontsize=7)
        ax.set_yticks(range(len(order)), values.choice.values, fontsize=7)
        ax.tick_params(length=0)
        figure.colorbar(image, ax=ax, label="fraction of variance explained", shrink=0.6)
    keep_table(figure, tidy(**{f"{kind}_effect_fraction": effects[kind]}))
    return figure


def draw_specification_curve(
    found: xr.Dataset, claim: str, choices: list[str], *, null: xr.DataArray | None = None
) -> Figure:
    """Draw the estimates of one claim, sorted, over the universes, and the choices behind them.

    Parameters
    ----------
    found
        From `relaylib.studies.multiverse_run.run_multiverse`, with universes that fill the space.
    claim
        Its name.
    choices
        Whose levels are drawn as dots below the curve, of at most 400 universes, evenly spaced.
    null
        Sorted estimates (draw, rank) of curves under the null; their 95 % band is drawn.
    """
    one = found.sel(claim=claim).dropna("universe", subset=["estimate"])
    one = one.sortby("estimate")
    rank = np.linspace(0, 1, one.sizes["universe"])
    heights = [5.0, *(0.45 * len(found[choice].attrs["levels"]) for choice in choices)]
    how = {"height_ratios": heights, "sharex": True}
    with panels(len(heights), 1, 0.36 * sum(heights) + 0.4, width=5.6, **how) as (figure, axes):
        ax = axes[0, 0]
        if null is not None:
            low, high = np.nanquantile(null, (0.025, 0.975), axis=0)
            ax.fill_between(np.linspace(0, 1, len(low)), low, high, color="0.85", linewidth=0)
        ax.axhline(0, color="0.5", linewidth=0.7, linestyle="--")
        for number, verdict in enumerate(VERDICTS):
            is_it = one.verdict.values == number
            look = {
                "color": VERDICT_COLOURS[verdict],
                "linestyle": "",
                "marker": ".",
                "markersize": 3,
            }
            if is_it.any():
                ax.plot(rank[is_it], one.estimate.values[is_it], label=verdict, **look)
        ax.set_ylabel(f"{claim}: estimate - null")
        legend(figure, ax)
        shown = np.unique(np.linspace(0, len(rank) - 1, min(_MOST, len(rank))).astype(int))
        for ax, choice in zip(axes[1:, 0], choices, strict=True):
            levels = found[choice].attrs["levels"]
            ax.plot(rank[shown], one[choice].values[shown], marker="|", color="0.2", **_TICKS)
            ax.set_yticks(range(len(levels)), levels, fontsize=5.5)
            ax.set_ylim(len(levels) - 0.5, -0.5)
            ax.set_ylabel(choice, fontsize=6, rotation=0, ha="right", va="center")
            ax.tick_params(length=0)
        axes[-1, 0].set_xlabel("universes, sorted by estimate")
    named = {
        choice.lower().replace(" ", "_"): np.take(found[choice].attrs["levels"], one[choice])
        for choice in choices
    }
    verdicts = [VERDICTS[number] for number in one.verdict.values]
    keep_table(figure, pd.DataFrame({"estimate": one.estimate, "verdict": verdicts} | named))
    return figure


_TICKS = DOTS | {"markersize": 3, "markeredgewidth": 0.5, "alpha": 0.7}
