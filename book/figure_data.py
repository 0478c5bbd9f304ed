"""What a figure shows, as a table: every plotted value, panel by panel."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

COLUMNS = ("panel", "title", "x_label", "y_label", "kind", "series", "colour", "x", "y", "value")


def figure_data(figure: Figure) -> pd.DataFrame:
    """Return the plotted values of a figure, one row each, for use outside of matplotlib.

    Parameters
    ----------
    figure
        Lines, points, bands (their edge), bars (their ends) and images are read; text, arrows and
        lines that span an axis are not.

    Returns
    -------
    Table with the columns `COLUMNS`: the panel (from 1) with its title and axis labels; kind
    (line, points, band, bar, image); the label and colour of the series; x and y in the units of
    the axes; the value of an image's cell, whose x and y count columns and rows from 1.

    Raises
    ------
    TypeError
        If ``figure`` is not a matplotlib Figure.
    """
    if not isinstance(figure, Figure):
        raise TypeError(f"figure must be a matplotlib Figure, got {type(figure).__name__}")
    panels = [ax for ax in figure.axes if not hasattr(ax, "_colorbar")]
    tables = [_panel(number, ax) for number, ax in enumerate(panels, start=1)]
    tables = [table for table in tables if len(table)]
    empty = pd.DataFrame(columns=COLUMNS)
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)] if tables else empty


def _panel(number: int, ax: Axes) -> pd.DataFrame:
    readers = (_lines, _bands_and_points, _bars, _images)
    series = [pd.DataFrame(columns) for read in readers for columns in read(ax)]
    if not series:
        return pd.DataFrame()
    table = pd.concat(series, ignore_index=True).reindex(columns=list(COLUMNS))
    title = " ".join(ax.get_title(loc) for loc in ("left", "center", "right")).strip()
    return table.assign(panel=number, title=title, x_label=ax.get_xlabel(), y_label=ax.get_ylabel())


def _lines(ax: Axes) -> Iterator[dict[str, Any]]:
    for line in ax.lines:
        if all(line.get_transform().contains_branch_seperately(ax.transData)):
            values = {"x": np.asarray(line.get_xdata()), "y": np.asarray(line.get_ydata())}
            yield _series("line", line, to_hex(line.get_color())) | values


def _bands_and_points(ax: Axes) -> Iterator[dict[str, Any]]:
    for drawn in ax.collections:
        colours = [to_hex(colour) for colour in np.atleast_2d(drawn.get_facecolor()) if len(colour)]
        if isinstance(drawn, PathCollection):
            x, y = np.ma.filled(np.ma.asarray(drawn.get_offsets()).astype(float), np.nan).T
            each = colours if len(colours) == len(x) else (colours or [""])[0]
            yield _series("points", drawn, each) | {"x": x, "y": y}
        elif isinstance(drawn, PolyCollection):
            for path in drawn.get_paths():
                x, y = np.asarray(path.vertices).T
                yield _series("band", drawn, colours[0] if colours else "") | {"x": x, "y": y}


def _bars(ax: Axes) -> Iterator[dict[str, Any]]:
    for bar in ax.patches:
        if isinstance(bar, Rectangle):
            x, y, width, height = *bar.get_xy(), bar.get_width(), bar.get_height()
            ends = {"x": [x, x + width], "y": [y, y + height]}
            yield _series("bar", bar, to_hex(bar.get_facecolor())) | ends


def _images(ax: Axes) -> Iterator[dict[str, Any]]:
    for image in (*ax.images, *ax.collections):
        if isinstance(image, AxesImage | QuadMesh):
            cells = np.ma.filled(np.ma.masked_array(image.get_array(), dtype=float), np.nan)
            row, column = np.indices(cells.shape[:2]) + 1
            if cells.ndim == 2:  # a picture in colours has no values
                found = {"x": column.ravel(), "y": row.ravel(), "value": cells.ravel()}
                yield _series("image", image, "") | found


def _series(kind: str, artist: Artist, colour: str | list[str]) -> dict[str, Any]:
    label = str(artist.get_label() or "")
    return {"kind": kind, "series": "" if label.startswith("_") else label, "colour": colour}
