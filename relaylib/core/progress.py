"""Progress bars for long computations, in terminal and notebook; silent under CI."""

import os
from collections.abc import Iterable
from typing import Any

from tqdm.auto import tqdm


def progress(iterable: Iterable | None = None, *, show: bool = True, **settings: Any) -> tqdm:
    """Return a tqdm bar, shown after two seconds; never where CI or TQDM_DISABLE is set."""
    silent = not show or any(
        os.environ.get(name, "") in ("1", "true") for name in ("CI", "TQDM_DISABLE")
    )
    return tqdm(iterable, **({"disable": silent, "delay": 2, "leave": False} | settings))
