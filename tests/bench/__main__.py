"""Run all benchmarks: print the table, and store it in results/ and for the page of the book."""

import argparse
import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import bench_layers
import bench_mmphate
import bench_relay
import bench_training
from measure import repeated

from book.benchmark import FOLDER, as_table, load_bench
from relaylib.core.store import Store
from relaylib.studies.config import StudyConfig

LIBRARIES = ("relaylib", "numpy", "numba", "torch", "scikit-learn", "scipy", "dit")
QUICK_STUDY = StudyConfig(regimes=("1",), n_replicates=1)
QUICK_SIZES = {256: 1, 512: 1, 1024: 1}


def measure(quick: bool) -> list[dict]:
    """Return the rows of every benchmark; quick: once each, fewer networks, smaller layers."""
    if quick:
        benches = {
            "training": lambda: bench_training.rows(1, study=QUICK_STUDY),
            "relay information": lambda: bench_relay.rows(1, sizes=QUICK_SIZES),
            "large layers": lambda: bench_layers.rows(1, n_nodes=256, n_sequences=1024),
        }
    else:
        benches = {
            "training": lambda: bench_training.rows(3),
            "relay information": lambda: bench_relay.rows(5),
            "large layers": lambda: bench_layers.rows(3),
            "MM-PHATE": lambda: repeated(bench_mmphate.rows(1), 1),
        }
    rows = []
    for name, bench in benches.items():
        start = time.perf_counter()
        print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
        rows += bench()
        print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
    return rows


def machine() -> dict:
    """Describe the machine without its name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory, 1),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def store(rows: list[dict], quick: bool) -> Path:
    """Write the rows to results/, and with date, machine and versions to the book's data.

    A quick run is written to results/ only.
    """
    about = {
        "date": datetime.now(UTC).date().isoformat(),
        "quick": quick,
        "machine": machine(),
        "versions": {library: version(library) for library in LIBRARIES},
    }
    results = Store().root
    results.mkdir(parents=True, exist_ok=True)
    if not quick:
        (results / "bench.json").write_text(json.dumps(rows, indent=1) + "\n")
    path = results / "bench-quick.json" if quick else FOLDER / "bench.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(about | {"rows": rows}, indent=1) + "\n")
    return path


def main() -> None:
    """Measure, store and print."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only to check that it runs: minutes")
    quick = parser.parse_args().quick
    os.environ["CI"] = "1"  # no progress bars
    path = store(measure(quick), quick)
    bench = load_bench(path.name, folder=path.parent)
    print(as_table(bench).to_string(index=False))
    print("\n" + "\n".join(f"{name}: {value}" for name, value in bench.attrs.items()))
    print(f"\npeak memory of all: {float(bench.peak_rss_mb.max()):,.0f} MB\nstored as {path}")


if __name__ == "__main__":
    main()
