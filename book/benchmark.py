"""The stored benchmark run: what was timed, against which baseline, on which machine."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from relaylib.figures.style import three_digits

FOLDER = Path(__file__).parent / "data"
_LAYER = re.compile(r"(\w+) layer, ([\d,]+) nodes x [\d,]+ sequences \(baseline: the goal")


def load_bench(run: str = "bench.json", *, folder: Path = FOLDER) -> xr.Dataset:
    """Return the results of a run of ``make bench``, one row per comparison.

    Parameters
    ----------
    run
        Name of the file.
    folder
        Folder of the file; the book's own by default.

    Returns
    -------
    Dataset over ``name``, ``"what (baseline: which; n repetitions)"``: ``value`` and ``baseline``
    in ``unit``, ``ratio`` (baseline / value), ``peak_rss_mb`` (peak memory of the process, MB),
    ``what`` and ``against`` (the two parts of the name). ``attrs`` hold the date, whether it was a
    quick run, the machine and the library versions.

    Raises
    ------
    FileNotFoundError
        If there is no such file; the message says how to create it.
    """
    path = folder / run
    if not path.exists():
        raise FileNotFoundError(f"no benchmark run at {path}; create one with: make bench")
    stored = json.loads(path.read_text(encoding="utf-8"))
    bench = pd.DataFrame(stored.pop("rows")).set_index("name").to_xarray()
    parts = [str(name).removesuffix(")").split(" (baseline: ") for name in bench.name.values]
    what, against = zip(*parts, strict=True)
    about = stored.pop("machine") | {f"version_{k}": v for k, v in stored.pop("versions").items()}
    return bench.assign(what=("name", list(what)), against=("name", list(against))).assign_attrs(
        stored | about
    )


def one_row(bench: xr.Dataset, what: str, against: str) -> xr.Dataset:
    """Return the only row whose ``what`` and ``against`` contain the given texts.

    Raises
    ------
    ValueError
        If no row or several rows match; the message lists all rows.
    """
    pairs = zip(bench.what.values, bench.against.values, strict=True)
    fits = [what in found and against in other for found, other in pairs]
    if sum(fits) != 1:
        names = "\n".join(map(str, bench.name.values))
        raise ValueError(
            f"what and against must match one row, got {what!r} and {against!r}, which match "
            f"{sum(fits)}; the rows are:\n{names}"
        )
    return bench.isel(name=fits.index(True))


def layer_growth(bench: xr.Dataset) -> xr.Dataset:
    """Return the times of large layers, and the exponent with which they grow.

    Returns
    -------
    Dataset with ``seconds`` and ``goal_seconds`` (kind, nodes) and ``exponent`` (kind,): the slope
    of the least-squares line through log seconds against log nodes. The goals are 1 s for 1,024
    nodes and 60 s for 4,096; the goals of other sizes lie on the line through these two.

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
        raise ValueError("bench has no large layers; create a run that has with: make bench")
    columns = ["kind", "nodes", "seconds", "goal_seconds"]
    growth = pd.DataFrame(layers, columns=columns).set_index(columns[:2]).to_xarray()
    log_seconds = np.log(growth.seconds).assign_coords(nodes=np.log(growth.nodes))
    fit = log_seconds.polyfit("nodes", 1).polyfit_coefficients
    return growth.assign(exponent=fit.sel(degree=1, drop=True))


def as_table(bench: xr.Dataset) -> pd.DataFrame:
    """Return the run as a table of text, numbers with three significant digits."""
    units = ["" if unit == "1" else f"\N{NO-BREAK SPACE}{unit}" for unit in bench.unit.values]
    columns = {"what": bench.what.values, "against": bench.against.values}
    for name in ("value", "baseline"):
        pairs = zip(bench[name].values, units, strict=True)
        columns[name] = [f"{three_digits(number)}{unit}" for number, unit in pairs]
    columns["ratio"] = [three_digits(ratio) for ratio in bench.ratio.values]
    columns["peak memory (MB)"] = [three_digits(peak) for peak in bench.peak_rss_mb.values]
    return pd.DataFrame(columns)
