"""The stored benchmark run: what was timed, against which baseline, on which machine."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from relaylib.figures.style import three_digits

FOLDER = Path(__file__).parent / "data"


def _stored(run: str, folder: Path) -> dict:
    path = folder / run
    if not path.exists():
        raise FileNotFoundError(f"no benchmark run at {path}; create one with: make bench")
    return json.loads(path.read_text(encoding="utf-8"))


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
    stored = _stored(run, folder)
    for other in ("scaling", "first_calls"):
        stored.pop(other)
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


def load_scaling(run: str = "bench.json", *, folder: Path = FOLDER) -> xr.Dataset:
    """Return how time grows with nodes, sequences, networks and cores.

    Parameters
    ----------
    run, folder
        As in `load_bench`.

    Returns
    -------
    Dataset over ``series`` (``"training, by nodes"``) and ``point``: ``size`` and ``seconds``,
    NaN past a series' last point; ``what``, ``over``, ``peak_rss_mb`` and ``exponent`` (series,),
    the slope of the least-squares line through log seconds against log size.

    Raises
    ------
    FileNotFoundError
        If there is no such file; the message says how to create it.
    """
    lines = _stored(run, folder)["scaling"]
    names = [f"{line['what']}, by {line['over']}" for line in lines]
    longest = max(len(line["sizes"]) for line in lines)
    columns: dict[str, Any] = {
        name: ("series", [line[name] for line in lines])
        for name in ("what", "over", "exponent", "peak_rss_mb")
    }
    for name, key in (("size", "sizes"), ("seconds", "seconds")):
        padded = np.full((len(lines), longest), np.nan)
        for row, line in zip(padded, lines, strict=True):
            row[: len(line[key])] = line[key]
        columns[name] = (("series", "point"), padded)
    return xr.Dataset(columns, coords={"series": names})


def first_call_seconds(run: str = "bench.json", *, folder: Path = FOLDER) -> pd.DataFrame:
    """Return the seconds of first calls, compilation included, and of second ones, by function."""
    return pd.DataFrame(_stored(run, folder)["first_calls"]).set_index("what")


def first_calls(run: str = "bench.json", *, folder: Path = FOLDER) -> pd.DataFrame:
    """Return the seconds of first calls, compilation included, and of second ones, as text."""
    columns = {"first_s": "first call ever (s)", "second_s": "second call (s)"}
    seconds = first_call_seconds(run, folder=folder)[list(columns)]
    return seconds.map(three_digits).reset_index().rename(columns=columns)


def compare(ratios: dict[str, float], peer: str) -> str:
    """Return a sentence that says for which of the named cases relaylib is the faster one."""
    ahead = [name for name, ratio in ratios.items() if ratio > 1]
    behind = [name for name in ratios if name not in ahead]
    if not behind:
        return f"relaylib is ahead of {peer} in all of them."
    if not ahead:
        return f"{peer} is ahead in all of them."
    return f"relaylib is ahead of {peer} for {', '.join(ahead)} and behind for {', '.join(behind)}."


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
