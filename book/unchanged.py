"""Say in a second whether anything has changed since the last `make book` that ended well.

Compares checksums of all that the book is made from, and of all that was made, with those of that
run. Only the standard library is used: importing the programs that make the book takes longer than
the comparison. Exits with 0 if nothing has changed. If something has, exits with 1 and prints what
the book is about to be made from, for ``--built-from`` after the build.
"""

import argparse
import hashlib
import json
import os
import re
import sys
import sysconfig
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXPORTS = ("claims.json",)
"""Files that a page with default parameters leaves beside the store's results, if it names them."""
BUILT = ("html", ".doctrees", "jupyter_execute")
"""What Sphinx writes in _build."""
MADE = ("book/executed", "book/assets", "book/vendor", *(f"_build/{name}" for name in BUILT))
LAST = "_build/runs/last.json"
IGNORED = {"__pycache__", ".ipynb_checkpoints"}


def made_from(root: Path, profile: str) -> str:
    """Return the hash of all that the book depends on: files, libraries and settings."""
    made = [root / folder for folder in MADE]
    folders = [root / name for name in ("book", "notebooks", "relaylib")]
    files = [path for path in _files(folders) if not any(path.is_relative_to(m) for m in made)]
    files += [path for path in root.iterdir() if path.is_file()]
    for record in _files([root / "book" / "executed" / "records"]):
        # files that a parameter of a reader's own page names
        found = re.findall(r'"(/[^"]+)"', record.read_text("utf-8", errors="replace"))
        files += [Path(path) for path in found]
    installed = Path(sysconfig.get_path("purelib")).glob("*.dist-info")  # the names hold versions
    about = [profile, sys.version, str(_results(root)), *sorted(path.name for path in installed)]
    return _hash(files, json.dumps(about))


def made(root: Path) -> str:
    """Return the hash of all that was made: pages, their files, the site, and the exports."""
    files = _files(root / folder for folder in MADE)
    return _hash([*files, *(_results(root) / name for name in EXPORTS)])


def _results(root: Path) -> Path:
    return Path(os.environ.get("RELAY_RESULTS") or root / "results").expanduser()


def _files(folders: Iterable[Path]) -> list[Path]:
    found = (path for folder in folders for path in folder.rglob("*"))
    return [path for path in found if path.is_file() and not IGNORED & set(path.parts)]


def _hash(files: Iterable[Path], text: str = "") -> str:
    digest = hashlib.sha256(text.encode())
    for path in sorted(set(files)):
        content = path.read_bytes() if path.is_file() else b"missing"
        digest.update(f"\0{path}\0{hashlib.sha256(content).hexdigest()}".encode())
    return digest.hexdigest()


def unchanged(root: Path, start: str) -> bool:
    """Return whether all is as the last run left it; ``start`` is what `made_from` says now."""
    with suppress(OSError, ValueError):
        last = json.loads((root / LAST).read_text("utf-8"))
        return bool(last == {"from": start, "made": made(root)})
    return False


def keep(root: Path, profile: str, start: str) -> None:
    """Keep what was made, unless what it is made from has changed since the start."""
    now, partial = made_from(root, profile), root / f"{LAST}.{os.getpid()}"
    if now == start:
        partial.write_text(json.dumps({"from": now, "made": made(root)}), "utf-8")
        partial.replace(root / LAST)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="paper", help="parameters of the run")
    parser.add_argument("--built-from", metavar="HASH", help="what the book was built from")
    options = parser.parse_args()
    if options.built_from is not None:
        keep(ROOT, options.profile, options.built_from)
    elif not unchanged(ROOT, start := made_from(ROOT, options.profile)):
        print(start)
        sys.exit(1)
