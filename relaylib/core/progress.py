"""Progress bars on long work, in terminal and notebook; silent under CI."""

import os
from collections.abc import Iterable
from typing import Any

from tqdm.auto import tqdm


def progress(iterable: Iterable | None = None, **settings: Any) -> tqdm:
    """Return a tqdm bar that appears after two seconds; none where CI or TQDM_DISABLE is set."""
    silent = any(os.environ.get(name, "") in ("1", "true") for name in ("CI", "TQDM_DISABLE"))
    return tqdm(iterable, **({"disable": silent, "delay": 2, "leave": False} | settings))
