"""The pipeline of the book under faults: pages that nobody can damage or leave half-made unseen.

The batteries of `faults` with the programs in processes of their own run in `make faults`.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import build
import execute
import faults
import kernels
import nbformat
import pytest
import records
from conftest import ROOT
from pages import Page


@pytest.fixture
def tiny(tmp_path) -> faults.TinyBook:
    return faults.TinyBook(tmp_path)


def outputs(path: Path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    return str([cell.get("outputs") for cell in cells])


def test_all_damage_is_noticed_and_mended():
    outcomes = list(faults.noticed_damage(short=True))
    assert len(outcomes) >= 20
    assert [name for name, right in outcomes if not right] == []


def test_warnings_stay_out_of_the_page_and_are_kept_and_shown(tiny):
    status, said = tiny.run()
    assert status == 0, said
    assert "stderr" not in outputs(tiny.executed / "line.ipynb")
    assert "shared-script" in outputs(tiny.executed / "line.ipynb"), "stdout is the page's"
    log = records.log_of("line", tiny.book)
    assert "a healed store" in log.read_text()
    assert "a healed store" in said
    assert str(log) in said
    assert not records.log_of("export", tiny.book).exists()


def test_leftovers_of_stopped_runs_are_removed_and_a_readers_own_page_is_kept(tiny):
    assert tiny.run("--notebook", "line", "-p", "level", "5")[0] == 0
    left = [
        tiny.executed / ".line.ipynb",
        tiny.executed / "line.ipynb.0a.partial",
        tiny.executed / "data" / "gone" / "fig.csv",
        tiny.executed / "records" / "gone.json",
        records.runs_folder(tiny.book) / "line-1" / "line.ipynb",
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{")
    records.sweep(tiny.book)
    assert not [path for path in left if path.exists()]
    (own,) = tiny.executed.glob("*.ipynb")
    with tiny.here():
        assert Page("line", {"level": 5}) in execute.wanted_pages(tiny.book)
        (tiny.executed / "records" / f"{own.stem}.json").unlink()
        assert Page("line", {"level": 5}) in execute.wanted_pages(tiny.book)
        own.write_text("{")
        assert execute.wanted_pages(tiny.book) == [Page("line"), Page("export")]
    assert not own.exists(), "it would fail every later build"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import sys\nsys.exit(0)", r"calls sys\.exit in the cell that begins with 'import sys'"),
        ("print('x' * 3_000_000)", r"exceed 2 MB in the cell that begins with \"print\('x'"),
        ("while True:\n    print('x' * 1000)", r"exceed 2 MB in .* 'while True:'"),
        ("import os\nos._exit(0)", "[Kk]ernel died"),
    ],
)
def test_a_notebook_that_leaves_early_or_outputs_too_much_is_refused(
    tmp_path, code, message, monkeypatch
):
    monkeypatch.setattr(kernels, "LIMIT_BYTES", 2_000_000)
    new = nbformat.v4
    kernel = {"name": "python3", "language": "python", "display_name": "Python"}
    cells = [new.new_code_cell(code), new.new_code_cell("1")]
    notebook = new.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    places = {"folder": tmp_path, "target": tmp_path / "x.ipynb", "log": tmp_path / "x.log"}
    with pytest.raises(RuntimeError, match=message):
        kernels.run_notebook(notebook, {}, **places)


def test_a_second_run_waits_and_says_for_whom(tmp_path):
    book = tmp_path / "book"
    with records.only_run(book):
        source = "import sys; from pathlib import Path; import records\n"
        source += "with records.only_run(Path(sys.argv[1])): print('done')"
        second = subprocess.Popen(
            [sys.executable, "-c", source, book],
            env=os.environ | {"PYTHONPATH": f"{ROOT / 'book'}:{ROOT}"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert f"(process {os.getpid()}), waiting" in second.stdout.readline()
    assert second.communicate()[0] == "done\n"


def test_an_interrupt_stops_kernels_at_once_and_says_what_was_kept(tmp_path, capfd):
    slow = "import pathlib, time\nwhile True:\n    try:\n        time.sleep(100)\n"
    slow += "    except KeyboardInterrupt:\n        pass"  # refuses to stop
    tiny = faults.TinyBook(tmp_path, slow=slow, later="1", latest="2")
    order = [Page(name) for name in ("export", "slow", "later", "latest")]

    def interrupt() -> None:
        heard = ""
        while "export: " not in heard:
            time.sleep(0.05)
            heard += capfd.readouterr().out
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)
        while not ended.wait(15):  # Python loses one that comes while an object is finalised
            os.kill(os.getpid(), signal.SIGINT)

    ended = threading.Event()
    killer = threading.Thread(target=interrupt)
    # the background job of a shell ignores interrupts, and so do its children
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    killer.start()
    with tiny.here(), pytest.raises(KeyboardInterrupt):
        execute.run_all(order, "paper", tiny.executed, 1)  # else it would not end
    ended.set()
    killer.join()
    signal.signal(signal.SIGINT, usual)
    assert [path.name for path in tiny.executed.glob("*.ipynb")] == ["export.ipynb"]
    said = capfd.readouterr().out
    assert "Stopped. Kept: export, " in said
    assert "3 pages are left to make" in said


def test_a_relative_store_is_the_one_of_the_folder_where_the_command_starts(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELAY_RESULTS", "kept")
    execute.use_one_store()
    assert os.environ["RELAY_RESULTS"] == str(tmp_path / "kept")
    assert f"kept in {tmp_path / 'kept'} (RELAY_RESULTS), not {ROOT / 'results'}" in (
        capsys.readouterr().out
    )
    monkeypatch.delenv("RELAY_RESULTS")
    execute.use_one_store()
    assert os.environ["RELAY_RESULTS"] == str(ROOT / "results")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("step", range(4))
def test_a_stop_between_any_two_steps_leaves_a_page_that_is_run_again(tmp_path, monkeypatch, step):
    book, data, page = tmp_path / "book", tmp_path / "data", Page("page")
    about = {"notebook": "page", "assets": []}
    for content in ("old", "new"):
        data.mkdir(exist_ok=True)
        (data / "fig-1.csv").write_text(content)
        (data / f"fig-{content}.csv").write_text(content)
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(content)])
        if content == "old":
            records.publish(page, book, notebook, data, about)
            (data / "fig-old.csv").unlink()
    written = []

    def stopped(path: Path, content: bytes) -> None:
        if len(written) == step:
            raise KeyboardInterrupt
        written.append(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    before = records.record_of("page", book)
    assert not records.damaged_files(before["files"], book)
    with monkeypatch.context() as patch:
        patch.setattr(records, "write_atomically", stopped)
        with pytest.raises(KeyboardInterrupt):
            records.publish(page, book, notebook, data, about)
    assert records.record_of("page", book) == before
    assert bool(records.damaged_files(before["files"], book)) == (step > 0)
    records.publish(page, book, notebook, data, about)
    after = records.record_of("page", book)["files"]
    assert not records.damaged_files(after, book)
    csvs = [path.name for path in sorted((book / "executed" / "data" / "page").iterdir())]
    assert csvs == ["fig-1.csv", "fig-new.csv"]


class TestBuilt:
    """Which built pages a damaged file of the site brings back to be built."""

    @pytest.fixture
    def files(self, tmp_path) -> dict[str, str]:
        contents = {
            "html/a.html": '<img src="_images/0a.png"><a href="_downloads/12/fig.csv">',
            "html/b.html": '<a href="_downloads/34/fig.csv">',
            "html/_images/0a.png": "picture",
            "html/_downloads/12/fig.csv": "1",
            "html/_downloads/34/fig.csv": "2",
            "html/_static/book.css": "p {}",
            "html/searchindex.js": "index",
            "jupyter_execute/0a.png": "picture",
            ".doctrees/a.doctree": "a",
            ".doctrees/b.doctree": "b",
        }
        for name, text in contents.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return build.built_files(tmp_path)

    @pytest.mark.parametrize(
        ("name", "gone"),
        [
            ("html/a.html", "a"),
            ("html/_images/0a.png", "a"),
            ("html/_downloads/34/fig.csv", "b"),
            ("jupyter_execute/0a.png", "a"),
            (".doctrees/b.doctree", "b"),
            ("html/_static/book.css", "a"),
        ],
    )
    @pytest.mark.parametrize("damage", [faults.empty, Path.unlink])
    def test_a_damaged_file_brings_its_page_alone(
        self, tmp_path, files, capsys, name, gone, damage
    ):
        damage(tmp_path / name)
        assert build.heal(files, tmp_path)
        for page in "ab":
            there = page != gone
            assert (tmp_path / "html" / f"{page}.html").exists() == there
            assert (tmp_path / ".doctrees" / f"{page}.doctree").exists() == there
        assert f"{gone} is built again: {name}" in capsys.readouterr().out

    def test_a_file_of_no_page_brings_all(self, tmp_path, files, capsys):
        assert build.heal(files, tmp_path)
        (tmp_path / "html" / "searchindex.js").write_text("inde")
        assert not build.heal(files, tmp_path)
        assert "html/searchindex.js was changed: the whole book" in capsys.readouterr().out

    def test_damaged_pages_are_not_built(self, tmp_path, capsys):
        book = tmp_path / "book"
        page = book / "executed" / "page.ipynb"
        about = {"notebook": "page", "assets": []}
        notebook = nbformat.v4.new_notebook(metadata={"relay": about})
        (tmp_path / "data").mkdir()
        records.publish(Page("page"), book, notebook, tmp_path / "data", about)
        assert build.whole(book)
        (book / "executed" / "records" / "page.json").unlink()
        assert not build.whole(book)
        records.publish(Page("page"), book, notebook, tmp_path / "data", about)
        page.write_text(page.read_text()[:-20])
        assert build.build(book, tmp_path) == 1
        assert f"{page} was changed; mend its page with: make book" in capsys.readouterr().err
