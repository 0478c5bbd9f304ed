"""Progress bars on long work, in terminal and notebook; silent under CI."""

import os
from collections.abc import Iterable
from typing import Any

from tqdm.auto import tqdm


def progress(iterable: Iterable | None = None, **settings: Any) -> tqdm:
    """Return a tqdm bar that appears after two seconds and is silent where CI is set."""
    silent = os.environ.get("CI", "").lower() in ("1", "true")
    return tqdm(iterable, **({"disable": silent, "delay": 2, "leave": False} | settings))
