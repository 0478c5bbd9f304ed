"""Run one notebook in a kernel of its own: what it may output, and how it is stopped."""

import asyncio
import os
import signal
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import nbformat
import papermill
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellTimeoutError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.log import logger
from traitlets.config import Config

LIMIT_BYTES = 20_000_000
"""What the outputs of one page may hold."""
PATIENCE_S = 2.0
"""A kernel that is interrupted and runs on for longer is killed."""
_STOPPING = threading.Event()


class PageError(RuntimeError):
    """A notebook that ran, or was stopped, and cannot become a page."""


def run_notebook(
    notebook: nbformat.NotebookNode,
    parameters: dict[str, Any],
    *,
    folder: Path,
    target: Path,
    log: Path,
) -> nbformat.NotebookNode:
    """Run a notebook and return it with its outputs, without messages on stderr.

    Parameters
    ----------
    folder
        Where its kernel starts.
    target
        Where the notebook is written after each cell, so that its errors can be looked at.
    log
        Where the messages on stderr go; removed if there are none.

    Raises
    ------
    PageError
        If a cell leaves the notebook with ``sys.exit``, or the outputs are too large.
    papermill.PapermillExecutionError
        If a cell fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    # sockets instead of ports, which could collide
    with log.open("w", encoding="utf-8") as messages, tempfile.TemporaryDirectory() as sockets:
        papermill.execute_notebook(
            notebook,
            str(target),
            parameters,
            engine_name="page",
            cwd=str(folder),
            progress_bar=False,
            kernel_name="python3",
            start_timeout=300,
            stderr_file=messages,
            # a kernel that is shut down may log an error; errors of cells are reported otherwise
            config=Config(
                {
                    "KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"},
                    "NotebookClient": {"extra_arguments": ["--log-level=CRITICAL"]},
                }
            ),
        )
    if not log.stat().st_size:
        log.unlink()
    done = nbformat.read(target, as_version=4)
    for cell in done.cells:
        outputs = cell.get("outputs", [])
        if any(output.output_type == "error" for output in outputs):
            raise PageError(
                f"the notebook calls sys.exit in {_beginning(cell)}; the cells below it did not run"
            )
        if outputs:
            cell.outputs = [output for output in outputs if output.get("name") != "stderr"]
    return done


def stop_all() -> None:
    """Interrupt all kernels, kill those that run on, and start no other; return when all ended."""
    _STOPPING.set()
    for client in list(_Client.running):
        client.signal(signal.SIGINT)
    start = time.monotonic()
    while _Client.running:
        time.sleep(0.1)
        if time.monotonic() - start > PATIENCE_S:
            for client in list(_Client.running):
                client.signal(signal.SIGKILL)


def allow() -> None:
    """Let notebooks run again after `stop_all`."""
    _STOPPING.clear()


class _Client(PapermillNotebookClient):
    running: ClassVar[set["_Client"]] = set()
    n_bytes = 0
    too_much = ""

    def process_message(
        self, msg: dict[str, Any], cell: nbformat.NotebookNode, cell_index: int
    ) -> nbformat.NotebookNode | None:
        self.n_bytes += _size(msg)
        if self.n_bytes > LIMIT_BYTES and not self.too_much:
            self.too_much = (
                f"the outputs of the page exceed {LIMIT_BYTES / 1e6:g} MB in {_beginning(cell)}"
            )
            self.signal(signal.SIGKILL)  # an endless cell would never end
        return None if self.too_much else super().process_message(msg, cell, cell_index)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the kernel and its children, if it runs."""
        pid = getattr(getattr(self.km, "provisioner", None), "pid", None)
        if pid:  # the kernel leads a process group of its own
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, number)

    def run(self) -> None:
        """Run all cells; PageError if they output too much."""
        _Client.running.add(self)
        try:
            if _STOPPING.is_set():
                raise PageError("not started, the run was stopped")
            self.execute()
        except (RuntimeError, CellTimeoutError):  # a dead kernel, or messages that never came
            if not self.too_much:
                raise
        finally:
            _Client.running.discard(self)
            _close_loop()
        if self.too_much:
            raise PageError(self.too_much)


class _Engine(Engine):
    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        options.pop("input_path", None)
        options["startup_timeout"] = options.pop("start_timeout")
        client = _Client(nb_man, kernel_name=kernel_name, log=logger, **options)
        client.run()
        return client.nb


papermill_engines.register("page", _Engine)


def _close_loop() -> None:
    """Close this thread's event loop, with what a killed kernel left waiting in it."""
    loop = ensure_event_loop()
    if loop.is_running():  # the caller's own: the kernel's runs beside it
        return
    waiting = asyncio.all_tasks(loop)
    for task in waiting:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
    loop.close()


def _size(msg: dict[str, Any]) -> int:
    """Return about how many bytes a message adds to a page."""
    content = msg["content"]
    parts = [content.get("text", ""), *map(str, content.get("data", {}).values())]
    return sum(map(len, parts)) + sum(memoryview(part).nbytes for part in msg.get("buffers", []))


def _beginning(cell: nbformat.NotebookNode) -> str:
    return f"the cell that begins with {cell.source.strip().partition(chr(10))[0]!r}"
