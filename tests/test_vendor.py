"""The scripts of the pages: only what is pinned is used, and a refusal leaves all as it was."""

import io
import tarfile
from pathlib import Path

import pytest
import vendor

PACKAGE = "requirejs@2.3.8"


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
    """What the registry answers with: an archive per package; npm fails for any other."""
    archives: dict[str, bytes] = {}

    def npm(arguments: list[str]) -> int:
        _, package, *_, folder = arguments
        if package not in archives:
            return 1
        (Path(folder) / "fetched.tgz").write_bytes(archives[package])
        return 0

    monkeypatch.setattr(vendor, "npm", npm)
    return archives


def test_an_archive_with_another_sum_is_refused_and_not_kept(registry, tmp_path):
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
    assert vendor.archive(PACKAGE, cache=tmp_path) == path  # from now on without the registry


def test_without_the_registry_the_message_says_so(registry, tmp_path):
    with pytest.raises(SystemExit, match="is the network up"):
        vendor.archive(PACKAGE, cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_one_refused_archive_leaves_the_folder_as_it_was(registry, monkeypatch, tmp_path):
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


def test_another_anywidget_is_refused(registry, monkeypatch, tmp_path):
    monkeypatch.setattr(vendor, "ANYWIDGET", vendor.integrity(b"another"))
    with pytest.raises(SystemExit, match="anywidget"):
        vendor.lay_out(tmp_path / "vendor", cache=tmp_path)
    assert list(tmp_path.iterdir()) == []
