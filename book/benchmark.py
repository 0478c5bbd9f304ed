"""The stored run of the benches: what was timed, against what, on which machine."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

FOLDER = Path(__file__).parent.parent / "book" / "data"
_LAYER = re.compile(r"(\w+) layer, ([\d,]+) nodes x [\d,]+ sequences \(baseline: the goal")


def load_bench(run: str = "bench.json", *, folder: Path = FOLDER) -> xr.Dataset:
    """Return a run of ``make bench``, one row per comparison.

    Parameters
    ----------
    run
        Name of the file.
    folder
        Where it is: by default that of the run that the book shows.

    Returns
    -------
    Dataset over ``name``, ``"what (baseline: which; n repetitions)"``: ``value`` and ``baseline``
    in ``unit``, ``ratio`` (baseline / value), ``peak_rss_mb`` (most memory of the process, MB),
    ``what`` and ``against`` (the two parts of the name). ``attrs`` hold the date, whether it was a
    quick run, the machine and the versions of libraries.

    Raises
    ------
    FileNotFoundError
        If there is no such run; the message says how to make one.
    """
    path = folder / run
    if not path.exists():
        raise FileNotFoundError(f"no run of the benches at {path}; make one: make bench")
    stored = json.loads(path.read_text(encoding="utf-8"))
    bench = pd.DataFrame(stored.pop("rows")).set_index("name").to_xarray()
    parts = [str(name).removesuffix(")").split(" (baseline: ") for name in bench.name.values]
    what, against = zip(*parts, strict=True)
    about = stored.pop("machine") | {f"version_{k}": v for k, v in stored.pop("versions").items()}
    return bench.assign(what=("name", list(what)), against=("name", list(against))).assign_attrs(
        stored | about
    )


def one_row(bench: xr.Dataset, what: str, against: str) -> xr.Dataset:
    """Return the one row whose ``what`` and ``against`` hold these words.

    Raises
    ------
    ValueError
        If none or several do; the message lists all rows.
    """
    pairs = zip(bench.what.values, bench.against.values, strict=True)
    fits = [what in found and against in other for found, other in pairs]
    if sum(fits) != 1:
        names = "\n".join(map(str, bench.name.values))
        raise ValueError(
            f"what and against must fit one row, got {what!r} and {against!r}, which fit "
            f"{sum(fits)}; there are:\n{names}"
        )
    return bench.isel(name=fits.index(True))


def layer_growth(bench: xr.Dataset) -> xr.Dataset:
    """Return ``seconds``, ``goal_seconds`` (kind, nodes) of large layers, and their ``exponent``.

    The exponent (kind,) is the slope of the least-squares line through log seconds against log
    nodes; goals lie on the line through the two that were set, 1 s for 1,024 nodes and 60 s for
    4,096.

    Raises
    ------
    ValueError
        If the run has no large layers.
    """
    rows = zip(bench.name.values, bench.value.values, bench.baseline.values, strict=True)
    layers = [
        (found[1], int(found[2].replace(",", "")), seconds, goal)
        for name, seconds, goal in rows
        if (found := _LAYER.match(str(name)))
    ]
    if not layers:
        raise ValueError("bench holds no large layers; make one that does: make bench")
    columns = ["kind", "nodes", "seconds", "goal_seconds"]
    growth = pd.DataFrame(layers, columns=columns).set_index(columns[:2]).to_xarray()
    log_seconds = np.log(growth.seconds).assign_coords(nodes=np.log(growth.nodes))
    fit = log_seconds.polyfit("nodes", 1).polyfit_coefficients
    return growth.assign(exponent=fit.sel(degree=1, drop=True))


def as_table(bench: xr.Dataset) -> pd.DataFrame:
    """Return the run as text for a page, numbers to three digits."""
    units = ["" if unit == "1" else f"\N{NO-BREAK SPACE}{unit}" for unit in bench.unit.values]
    columns = {"what": bench.what.values, "against": bench.against.values}
    for name in ("value", "baseline"):
        pairs = zip(bench[name].values, units, strict=True)
        columns[name] = [f"{digits(number)}{unit}" for number, unit in pairs]
    columns["ratio"] = [digits(ratio) for ratio in bench.ratio.values]
    columns["peak memory (MB)"] = [digits(peak) for peak in bench.peak_rss_mb.values]
    return pd.DataFrame(columns)


def digits(value: float) -> str:
    """Write a number to three digits, thousands apart, without an exponent.

    Raises
    ------
    ValueError
        If the number is not positive.
    """
    if not value > 0:
        raise ValueError(f"value must be positive, got {value}")
    places = 2 - int(np.floor(np.log10(value)))
    return f"{round(value, places):,.{max(places, 0)}f}"
