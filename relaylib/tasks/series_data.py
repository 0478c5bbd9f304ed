"""Real time series from the packages scikit-learn and sktime: what they are, and how they are read.

Nothing is downloaded: the files are inside the two packages.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from relaylib.core.checks import check_choice

SPLITS = ("train", "test")


class SeriesKind(NamedTuple):
    """One data set: its classes, and the questions that are asked about them.

    Attributes
    ----------
    classes
        Name of each class by its label in the file.
    questions
        Name of each question, and the labels of which the answer is yes. Two classes need but one.
    channels
        Names of what is measured, one or one per input.
    """

    classes: dict[str, str]
    questions: dict[str, tuple[str, ...]]
    channels: tuple[str, ...]


SERIES: dict[str, SeriesKind] = {
    "digits": SeriesKind(
        {str(digit): str(digit) for digit in range(10)},
        {
            "odd": ("1", "3", "5", "7", "9"),
            "below five": ("0", "1", "2", "3", "4"),
            "has a loop": ("0", "6", "8", "9"),
        },
        tuple(f"column {column}" for column in range(1, 9)),
    ),
    "ItalyPowerDemand": SeriesKind(
        {"1": "October to March", "2": "April to September"},
        {"April to September": ("2",)},
        ("electrical power",),
    ),
    "GunPoint": SeriesKind(
        {"1": "draws a gun", "2": "points a finger"},
        {"points a finger": ("2",)},
        ("hand, horizontally",),
    ),
    "ArrowHead": SeriesKind(
        {"0": "Avonlea", "1": "Clovis", "2": "mixed"},
        {"is Avonlea": ("0",), "is Clovis": ("1",)},
        ("outline",),
    ),
    "BasicMotions": SeriesKind(
        {name: name for name in ("badminton", "running", "standing", "walking")},
        {"moves on": ("running", "walking"), "is sport": ("running", "badminton")},
        tuple(f"{kind} {axis}" for kind in ("acceleration", "rotation") for axis in "xyz"),
    ),
    "JapaneseVowels": SeriesKind(
        {str(speaker): f"speaker {speaker}" for speaker in range(1, 10)},
        {"speaker 1, 2 or 3": ("1", "2", "3"), "speaker 4, 5 or 6": ("4", "5", "6")},
        tuple(f"coefficient {number}" for number in range(1, 13)),
    ),
    "OSULeaf": SeriesKind(
        {
            "1": "vine maple",
            "2": "Rocky Mountain maple",
            "3": "bigleaf maple",
            "4": "box elder",
            "5": "Garry oak",
            "6": "black oak",
        },
        {"is an oak": ("5", "6"), "is a box elder": ("4",)},
        ("outline",),
    ),
}
"""The data sets by name."""


class RawSeries(NamedTuple):
    """Series as in the package: each float (length, channel), and the label of each."""

    series: tuple[np.ndarray, ...]
    labels: tuple[str, ...]


@lru_cache(maxsize=32)
def raw_series(data: str, split: str) -> RawSeries:
    """Return the series of one split of a data set, as they are in the package.

    Parameters
    ----------
    data
        Name of the data set, one of `SERIES`.
    split
        "train" or "test": the official split. The digits have none; as in scikit-learn's own
        example the first half is for training, and no series is moved.

    Raises
    ------
    ValueError
        If a name is unknown.
    ModuleNotFoundError
        If sktime is needed and not installed.
    """
    check_choice("data", data, tuple(SERIES))
    check_choice("split", split, SPLITS)
    series, labels = _digits(split) if data == "digits" else _from_sktime(data, split)
    for values in series:
        values.setflags(write=False)
    return RawSeries(tuple(series), tuple(map(str, labels)))


def _digits(split: str) -> tuple[list[np.ndarray], Sequence[str]]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    half = len(digits.images) // 2
    part = slice(None, half) if split == "train" else slice(half, None)
    return [image.astype(float) for image in digits.images[part]], digits.target[part]


def _from_sktime(data: str, split: str) -> tuple[list[np.ndarray], Sequence[str]]:
    try:
        import sktime
        from sktime.datasets import load_from_tsfile
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"data={data!r} is in the package sktime, which is not installed ({error}): "
            "pip install 'relaylib[real]'",
            name=error.name,
        ) from error
    folder = Path(str(sktime.__file__)).parent / "datasets" / "data" / data
    file = folder / f"{data}_{split.upper()}.ts"
    table, labels = load_from_tsfile(str(file), return_data_type="nested_univ")
    series = [np.column_stack([channel.to_numpy(float) for channel in row]) for row in table.values]
    return series, labels
