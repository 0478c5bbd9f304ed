"""A page like those of the book around a few widgets, without a kernel: for the browser tests."""

import json
import shutil
from html import escape
from pathlib import Path
from typing import Any

from ipywidgets import Widget
from ipywidgets.embed import dependency_state, embed_data

BOOK = Path(__file__).parent.parent / "book"


def write_static(site: Path) -> Path:
    """Lay the widgets' scripts into ``site/_static`` as the book does; return that folder."""
    static = site / "_static"
    shutil.copytree(BOOK / "style" / "widgets", static / "widgets", dirs_exist_ok=True)
    return static


def write_page(path: Path, root: str, widgets: list[Widget], **html: str) -> Path:
    """Write a page with the given widgets; ``root`` leads from it to the site's root."""
    # all of the state, as a notebook keeps it: the script of a widget is a default, too
    data: dict[str, Any] = embed_data(widgets, state=dependency_state(widgets, drop_defaults=False))
    views = "\n".join(
        f'<div class="cell"><script type="application/vnd.jupyter.widget-view+json">'
        f"{json.dumps(view)}</script></div>"
        for view in data["view_specs"]
    )
    state = _in_script(data["manager_state"])
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in html.items())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"""<!DOCTYPE html>
<html lang="en" data-content_root="{root}"{attributes}>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Widgets</title><link rel="icon" href="data:,">
<style>
  body {{ margin: 0; font-family: sans-serif; }}
  main {{ max-width: 52rem; margin: 0 auto; padding: 1rem; }}
  html[data-theme=dark] {{ background: #121417; color: #e6e9ec; }}
</style>
<main><h1>Widgets</h1>
{views}
</main>
<script src="{root}_static/widgets/runtime.js"></script>
<script type="application/vnd.jupyter.widget-state+json">{state}</script>
</html>
""",
        encoding="utf-8",
    )
    return path


def _in_script(value: Any) -> str:
    """Return JSON that cannot end the script element it stands in."""
    return json.dumps(value).replace("</", "<\\/")
