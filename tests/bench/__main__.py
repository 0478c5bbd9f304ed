"""Run all benchmarks: print the table, and store it in results/ and for the page of the book."""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import bench_jax
import bench_layers
import bench_mmphate
import bench_relay
import bench_scaling
import bench_training

from book.benchmark import FOLDER, as_table, first_calls, load_bench
from relaylib.core.store import Store
from relaylib.studies.config import StudyConfig

LIBRARIES = ("relaylib", "numpy", "numba", "torch", "scikit-learn", "scipy", "dit")
PEERS = ("jax", "m-phate")  # measured where they are installed
QUICK_STUDY = StudyConfig(regimes=("1",), n_replicates=1)


def measure(quick: bool) -> dict[str, list[dict]]:
    """Return rows, scaling and first calls; quick: once each, fewer networks, smaller layers."""
    if quick:
        benches = {
            "training": lambda: bench_training.rows(1, study=QUICK_STUDY),
            "JAX": lambda: bench_jax.rows(1, n_epochs=10),
            "relay information": lambda: bench_relay.rows(1, n_nodes=256),
            "large layers": lambda: bench_layers.rows(1, n_nodes=256, n_sequences=1024),
        }
    else:
        benches = {
            "training": lambda: bench_training.rows(3),
            "JAX": lambda: bench_jax.rows(5),
            "relay information": lambda: bench_relay.rows(5),
            "large layers": lambda: bench_layers.rows(3),
            "MM-PHATE": lambda: bench_mmphate.rows(1),
        }
    rows = [line for name, bench in benches.items() for line in timed(name, bench)]
    growth = partial(bench_scaling.scaling, 1, n_sizes=2) if quick else bench_scaling.scaling
    first = timed("first calls", bench_scaling.first_calls)
    return {"rows": rows, "scaling": timed("scaling", growth), "first_calls": first}


def timed(name: str, bench: Callable[[], list[dict]]) -> list[dict]:
    """Return the lines of a benchmark, and say how long it took."""
    start = time.perf_counter()
    print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
    lines = bench()
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
    return lines


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


def versions() -> dict[str, str]:
    """Return the versions of the libraries that are installed."""
    return {name: version(name) for name in LIBRARIES} | {
        name: version(name) for name in PEERS if find_spec(name.replace("-", "_"))
    }


def store(measured: dict[str, list[dict]], quick: bool) -> Path:
    """Write the run with date, machine and versions: quick ones to results/, else to the book."""
    about = {"date": datetime.now(UTC).date().isoformat(), "quick": quick}
    about |= {"machine": machine(), "versions": versions()}
    path = Store().root / "bench-quick.json" if quick else FOLDER / "bench.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(about | measured, indent=1) + "\n")
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
    print(first_calls(path.name, folder=path.parent).to_string(index=False))
    print("\n" + "\n".join(f"{name}: {value}" for name, value in bench.attrs.items()))
    print(f"\npeak memory of all: {float(bench.peak_rss_mb.max()):,.0f} MB\nstored as {path}")


if __name__ == "__main__":
    main()
