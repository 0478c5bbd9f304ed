"""Find the file of a module without importing it.

To see whether a module is newer than the page that shows its source, Sphinx's viewcode imports each
documented module, and torch with them.
"""

from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from sphinx.application import Sphinx
from sphinx.ext import viewcode


def setup(app: Sphinx) -> dict[str, Any]:
    """Let viewcode find files with `module_filename`."""
    viewcode.get_module_filename = module_filename
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def module_filename(app: Sphinx, modname: str) -> str | None:
    """Return the file of a module, or None where there is none."""
    with suppress(ImportError):
        spec = find_spec(modname)
        return spec.origin if spec else None
    return None
