"""Progress bars for long computations, in terminal and notebook; silent under CI."""

import os
import warnings
from collections.abc import Iterable
from typing import Any

from tqdm.auto import tqdm

_LONG_SECONDS = 600


class LongRunWarning(UserWarning):
    """What was asked for is expected to take more than ten minutes."""


def progress(iterable: Iterable | None = None, *, show: bool = True, **settings: Any) -> tqdm:
    """Return a tqdm bar, shown after two seconds; never where CI or TQDM_DISABLE is set."""
    silent = not show or any(
        os.environ.get(name, "") in ("1", "true") for name in ("CI", "TQDM_DISABLE")
    )
    return tqdm(iterable, **({"disable": silent, "delay": 2, "leave": False} | settings))


def warn_if_long(what: str, seconds: float, hint: str = "") -> None:
    """Warn, before it starts, of a computation that is expected to take over ten minutes.

    Warns
    -----
    LongRunWarning
        With the expected time in minutes or hours; a machine may be several times faster or
        slower than the one on which the constant behind ``seconds`` was measured.
    """
    if seconds <= _LONG_SECONDS:
        return
    minutes = seconds / 60
    expected = f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:,.0f} hours"
    text = f"{what} will take about {expected}, give or take a factor of three"
    warnings.warn(f"{text}; {hint}" if hint else text, LongRunWarning, stacklevel=3)
