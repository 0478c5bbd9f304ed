"""Faults of the store: each battery yields, fault by fault, what was tried and if it was right.

Right means: the result is that of an undisturbed computation, bit by bit, and a later process finds
it or computes it again. `make faults` runs all of them, ``short`` only some of each.
"""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from stores import MODULES, Config, data_file, manifest_file, weights
from test_fingerprint import CHANGES, write
from test_jit import DAMAGES, make_kernel, run_kernel
from test_store_faults import COPIED, ODD, STUDY

import relaylib
from relaylib.core.store import Store, StoreWarning

Outcomes = Iterator[tuple[str, bool]]
N_ENTRIES = 4


def folder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="faults-")


def result(seed: int) -> dict[str, np.ndarray]:
    return weights() | {"random": np.random.default_rng(seed).normal(size=(seed + 1, 50))}


def request(store: Store, seed: int = 0) -> dict[str, np.ndarray]:
    return store.arrays("result", Config(seed), lambda: result(seed), modules=MODULES)


def is_right(store: Store) -> bool:
    """Return whether every entry is as computed, twice, and nothing half-written is left."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StoreWarning)
        for _ in range(2):
            for seed in range(N_ENTRIES):
                got, expected = request(store, seed), result(seed)
                if got.keys() != expected.keys():
                    return False
                if not all(np.array_equal(got[k], v) for k, v in expected.items()):
                    return False
    return not (os.path.isdir(store.root) and list(store.root.glob("*.partial")))


def in_child(work: Callable[[], Any], kill_after_s: float | None = None) -> int:
    """Run in a forked process, killed after a while; return its wait status."""
    child = os.fork()
    if child == 0:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
        work()
        os._exit(0)
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def fill(store: Store) -> None:
    for seed in range(N_ENTRIES):
        request(store, seed)


def kills_at_random_moments(short: bool) -> Outcomes:
    rng = random.Random(1)
    for _ in range(5 if short else 100):
        with folder() as place:
            after = rng.uniform(0, 0.08)
            in_child(lambda: fill(Store(place)), after)
            yield f"killed after {after:.3f} s", is_right(Store(place))


def kills_at_every_write(short: bool) -> Outcomes:
    for call in ("fsync", "replace", "unlink"):
        for number in range(2 if short else 2 * N_ENTRIES + 1):
            with folder() as place:
                in_child(partial(fill_and_die, Store(place), call, number))
                yield f"killed at {call} {number}", is_right(Store(place))


def fill_and_die(store: Store, call: str, number: int) -> None:
    """Kill this process at a call of a function of the operating system, the first being 0."""
    function, calls = getattr(os, call), []

    def counted(*arguments: Any, **settings: Any) -> Any:
        calls.append(call)
        if len(calls) > number:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **settings)

    setattr(os, call, counted)
    fill(store)


def damaged_bytes(short: bool) -> Outcomes:
    rng = random.Random(2)
    with folder() as place:
        store = Store(place)
        fill(store)
        paths = sorted(p for p in store.root.iterdir() if p.suffix in {".json", ".safetensors"})
        for number in range(10 if short else 400):
            path = rng.choice(paths)
            content = bytearray(path.read_bytes())
            position = rng.randrange(len(content))
            kind = rng.choice(("flip", "cut", "insert"))
            if kind == "flip":
                content[position] ^= 1 << rng.randrange(8)
            changed = content if kind == "flip" else content[:position]
            changed += content[position:] + b"x" if kind == "insert" else b""
            path.write_bytes(changed)
            yield f"{kind} {number} at {position} of {path.name}", is_right(store)


def odd_files(short: bool) -> Outcomes:
    for part in (data_file, manifest_file):
        for number, damage in enumerate(ODD[:2] if short else ODD):
            with folder() as place:
                store = Store(place)
                request(store)
                damage(part(store))
                yield f"{part.__name__} is odd in way {number}", is_right(store)


def places_without_space(short: bool) -> Outcomes:
    for size in (0, 300) if short else range(0, 4000, 50):
        with folder() as place:
            store = Store(place)

            def limited(size: int = size, store: Store = store) -> None:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
                os._exit(0 if is_right(store) else 1)

            yield f"at most {size} bytes a file", in_child(limited) == 0 and is_right(store)


def places_that_cannot_be_written(short: bool) -> Outcomes:
    with folder() as place:
        (Path(place) / "file").touch()
        (Path(place) / "nowhere").symlink_to("gone/away")
        (Path(place) / "loop").symlink_to("loop")
        names = ("file", "file/in/it", "nowhere", "loop", "x" * 300)
        for name in names[: 2 if short else None]:
            yield f"root {name[:12]}", is_right(Store(Path(place) / name))


def processes_at_once(short: bool) -> Outcomes:
    for number in range(1 if short else 10):
        with folder() as place, folder() as log:

            def work(place: str = place, log: str = log) -> None:
                def compute() -> dict[str, np.ndarray]:
                    Path(log, f"{os.getpid()}-{time.monotonic_ns()}").touch()
                    return result(0)

                Store(place).arrays("result", Config(0), compute, modules=MODULES)

            children = []
            for _ in range(8):
                child = os.fork()
                if child == 0:
                    work()
                    os._exit(0)
                children.append(child)
            ended = [os.waitpid(child, 0)[1] for child in children]
            once = len(list(Path(log).iterdir())) == 1
            yield f"8 processes, round {number}", not any(ended) and once and is_right(Store(place))


def tasks_that_changed(short: bool) -> Outcomes:
    script = (
        "import sys; from mine import Mine; from relaylib.core.key import entry_key\n"
        "print(entry_key('a', Mine(), ['relaylib.core.seeds']))"
    )

    def key(place: str) -> str:
        command = [sys.executable, "-B", "-c", script]
        return subprocess.run(command, cwd=place, capture_output=True, text=True, check=True).stdout

    with folder() as place:
        write(Path(place))
        before = key(place)
        yield "nothing changed", key(place) == before
        for name, old, new in CHANGES[: 1 if short else None]:
            write(Path(place), name, old, new)
            yield f"{name}: {new}", key(place) != before


def code_edited_while_it_computes(short: bool) -> Outcomes:
    edits = {"'CHANGED = 1'": "0", "'('": "0", "'# a comment'": "1"}
    for edit, n_kept in list(edits.items())[: 1 if short else None]:
        with folder() as place:
            package = Path(relaylib.__file__).parent
            leave_out = shutil.ignore_patterns("__pycache__")
            shutil.copytree(package, Path(place) / "relaylib", ignore=leave_out)
            code = COPIED.format(edit=f"path.read_text() + {edit}")
            command = [sys.executable, "-c", code, f"{place}/results"]
            done = subprocess.run(command, cwd=place, capture_output=True, text=True)
            yield f"code + {edit}", done.stdout == f"{n_kept}\n"


def studies_killed(short: bool) -> Outcomes:
    rng = random.Random(3)

    def run(place: str) -> subprocess.Popen:
        command = [sys.executable, "-c", STUDY, f"{place}/log", f"{place}/store", "1", "2", "3"]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def numbers(place: str) -> Any:
        (path,) = Path(place, "store").glob("study-*.nc")
        return relaylib.core.store.xr.load_dataset(path, engine="h5netcdf").drop_attrs()

    with folder() as undisturbed:
        if run(undisturbed).wait() != 0:
            yield "undisturbed", False
        expected = numbers(undisturbed)
    for _ in range(1 if short else 8):
        with folder() as place:
            process, after = run(place), rng.uniform(1, 12)
            time.sleep(after)
            process.kill()
            process.wait()
            right = run(place).wait() == 0 and numbers(place).identical(expected)
            yield f"study killed after {after:.1f} s", right


def damaged_machine_code(short: bool) -> Outcomes:
    with folder() as place:
        make_kernel(Path(place))
        run_kernel(Path(place))
        rng = random.Random(4)
        for number in range(1 if short else 20):
            suffix = rng.choice((".nbi", ".nbc"))
            (path,) = Path(place).rglob(f"kernel.one*{suffix}")
            rng.choice([d for d in DAMAGES if d.__name__ != "replace_by_a_folder"])(path)
            right = run_kernel(Path(place), timeout=60).stdout == "2 0\n"
            yield (
                f"damage {number} of {suffix}",
                right and run_kernel(Path(place)).stdout == "2 1\n",
            )


BATTERIES = (
    kills_at_random_moments,
    kills_at_every_write,
    damaged_bytes,
    odd_files,
    places_without_space,
    places_that_cannot_be_written,
    processes_at_once,
    tasks_that_changed,
    code_edited_while_it_computes,
    studies_killed,
    damaged_machine_code,
)
