"""The code on the page about sweeps runs as written, on a local cluster of processes."""

import os
import re
import subprocess
import sys

from conftest import ROOT

(BLOCK,) = re.findall(
    r"```python\n(.*?)```", (ROOT / "book" / "sweep.md").read_text(encoding="utf-8"), re.DOTALL
)


def test_the_page_computes_thirty_studies_in_fifteen_lines(tmp_path):
    assert len([line for line in BLOCK.splitlines() if line.strip()]) <= 15
    (tmp_path / "mine.py").write_text(BLOCK)
    surroundings = {"PYTHONPATH": str(ROOT), "RELAY_RESULTS": str(tmp_path / "results"), "CI": "1"}
    command = [sys.executable, "-W", "error", "mine.py"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | surroundings,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split(") ") for line in done.stdout.splitlines()]
    assert len(rows) == 30
    accuracies = [float(row[1].split()[0]) for row in rows]
    assert min(accuracies) < max(accuracies)
    assert max(accuracies) > 0.98
    assert len(list((tmp_path / "results").glob("sweep-*.nc"))) == 30
