"""The scripts of the pages: only pinned files are used, and a refusal changes nothing."""

import io
import tarfile
from pathlib import Path

import pytest
import vendor

PACKAGE = "mathjax@3.2.2"


def packed(script: bytes) -> bytes:
    """Return an npm archive with one script."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        member = tarfile.TarInfo("package/require.js")
        member.size = len(script)
        tar.addfile(member, io.BytesIO(script))
    return data.getvalue()


@pytest.fixture
def registry(monkeypatch):
    """The archives that the registry returns, by package; npm fails for any other."""
    archives: dict[str, bytes] = {}

    def npm(arguments: list[str]) -> int:
        _, package, *_, folder = arguments
        if package not in archives:
            return 1
        (Path(folder) / "fetched.tgz").write_bytes(archives[package])
        return 0

    monkeypatch.setattr(vendor, "npm", npm)
    return archives


def test_an_archive_with_another_checksum_is_refused_and_not_kept(registry, tmp_path):
    registry[PACKAGE] = packed(b"forged()")
    with pytest.raises(SystemExit) as refusal:
        vendor.archive(PACKAGE, cache=tmp_path)
    for part in (
        f"{PACKAGE} is not what book/vendor.py pins",
        vendor.PACKAGES[PACKAGE][0],
        vendor.integrity(registry[PACKAGE]),
    ):
        assert part in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_archive_in_the_cache_is_fetched_again(registry, monkeypatch, tmp_path):
    good = registry[PACKAGE] = packed(b"require()")
    monkeypatch.setitem(vendor.PACKAGES, PACKAGE, (vendor.integrity(good), {}))
    path = vendor.archive(PACKAGE, cache=tmp_path)
    path.write_bytes(good[:-1])
    assert vendor.archive(PACKAGE, cache=tmp_path).read_bytes() == good
    registry.clear()
    assert vendor.archive(PACKAGE, cache=tmp_path) == path  # now without the registry


def test_the_error_without_a_registry_asks_for_the_network(registry, tmp_path):
    with pytest.raises(SystemExit, match="is the network up"):
        vendor.archive(PACKAGE, cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_one_refused_archive_leaves_the_folder_unchanged(registry, monkeypatch, tmp_path):
    registry["good@1.0.0"] = registry["bad@1.0.0"] = packed(b"run()")
    wanted = {"require.js": "widgets"}
    pinned = {
        "good@1.0.0": (vendor.integrity(registry["good@1.0.0"]), wanted),
        "bad@1.0.0": (vendor.integrity(b"something else"), wanted),
    }
    monkeypatch.setattr(vendor, "PACKAGES", pinned)
    folder = tmp_path / "vendor"
    folder.mkdir()
    (folder / "old.js").write_text("old()")
    with pytest.raises(SystemExit, match="bad@"):
        vendor.lay_out(folder, cache=tmp_path / "cache")
    assert [path.name for path in folder.iterdir()] == ["old.js"]
    assert {path.name for path in tmp_path.iterdir()} == {"cache", "vendor"}

    del pinned["bad@1.0.0"]
    vendor.lay_out(folder, cache=tmp_path / "cache")
    assert (folder / "widgets" / "require.js").read_text() == "run()"
    assert not (folder / "old.js").exists()
