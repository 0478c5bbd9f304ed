"""Many independent computations: here, on a cluster made for them, or on one that exists.

Workers need no shared disk: each computation is a function of its configuration, and its result is
sent back and stored by the client alone. So an interrupted run goes on where it stopped, and the
bits do not depend on the number of workers.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import xarray as xr

from relaylib.core.checks import check_integer, check_type
from relaylib.core.progress import progress
from relaylib.core.provenance import code_hash, library_versions
from relaylib.core.store import Store
from relaylib.core.threads import one_thread

if TYPE_CHECKING:
    from distributed import Client

Cluster = Any
"""None (no cluster), a number of processes, a scheduler's address, or a `distributed.Client`."""
MEMORY_PER_WORKER = "2GiB"
"""Limit of each process of a cluster that is made here: one that exceeds it is started anew."""
_KEEP_MEMORY = {"distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None}
"""Dask's workers return freed memory at once by default: training, which asks for it again in every
epoch, then takes twice as long."""
_PATIENCE_S = 20  # for a scheduler to answer, and for its first worker
Identity = tuple[tuple[str, str], ...]


def compute_all(
    function: Callable[..., xr.Dataset],
    configs: Sequence[Any],
    *,
    name: str,
    store: Store,
    cluster: Cluster = None,
    data: Callable[[Any], tuple[Any, ...]] | None = None,
    desc: str = "computing",
) -> Iterator[tuple[int, xr.Dataset]]:
    """Compute a dataset for each configuration, and store it as soon as it is there.

    Parameters
    ----------
    function
        Of a module of relaylib; called as ``function(config, *data(config))``. Its result must
        depend on nothing else.
    configs
        Frozen dataclasses.
    name
        Of the entries in the store.
    store
        What is in it is not computed again.
    cluster
        None: one after the other in this process. A whole number: a local cluster of so many
        processes with one thread each, for this call. Text: the address of a scheduler, e.g.
        ``"tcp://10.0.0.1:8786"``. Or a `distributed.Client`.
    data
        Further arguments, computed here; None: there are none.
    desc
        Of the progress bar.

    Yields
    ------
    position, dataset
        Of each configuration, in the order in which they are done; those in the store come first.

    Raises
    ------
    ConnectionError
        If no scheduler answers, or it has no worker.
    RuntimeError
        If a worker has another version of Python, relaylib or a library that decides numbers, or
        if computations fail: all others are finished and stored first.
    OSError
        If a result cannot be stored, e.g. on a full disk. What was stored before is kept.
    """
    check_cluster(cluster)
    check_type("store", store, Store)
    modules = [function.__module__]

    def keep(position: int, compute: Callable[[], xr.Dataset]) -> xr.Dataset:
        result = store.dataset(name, configs[position], compute, modules=modules)
        if not store.holds(name, configs[position], modules=modules):
            raise OSError(
                f"store: {name} {position + 1} of {len(configs)} could not be stored in "
                f"{store.root}; all before it are kept. The warning above says why; then run again"
            )
        return result

    def arguments(position: int) -> tuple[Any, ...]:
        config = configs[position]
        return (config, *(data(config) if data else ()))

    def no_data() -> xr.Dataset:
        raise RuntimeError("a stored result was damaged: run again to compute it")

    looked = progress(configs, desc="looking into the store", unit="part")
    there = [store.holds(name, config, modules=modules) for config in looked]
    with progress(total=len(configs), initial=sum(there), desc=desc, unit="part") as bar:
        for position in [p for p, is_there in enumerate(there) if is_there]:
            yield position, keep(position, no_data)

        missing = [p for p, is_there in enumerate(there) if not is_there]
        jobs: list[Job] = [(p, partial(arguments, p)) for p in missing]
        for position, result in _results(function, jobs, cluster, modules):
            yield position, keep(position, result)
            bar.update()


def check_cluster(cluster: Cluster) -> None:
    """Raise TypeError or ValueError unless it is one of the kinds of `compute_all`."""
    if cluster is None or isinstance(cluster, str):
        if cluster == "":
            raise ValueError("cluster must not be empty text: name a scheduler's address")
        return
    if isinstance(cluster, bool) or not isinstance(cluster, int):
        if hasattr(cluster, "submit") and hasattr(cluster, "scheduler_info"):
            return
        raise TypeError(
            "cluster must be None, a number of processes, a scheduler's address or a "
            f"distributed.Client, got {cluster!r}"
        )
    check_integer("cluster", cluster, 1, 10_000)


Job = tuple[int, Callable[[], tuple[Any, ...]]]
Result = tuple[int, Callable[[], xr.Dataset]]


def _results(
    function: Callable[..., xr.Dataset], jobs: list[Job], cluster: Cluster, modules: list[str]
) -> Iterator[Result]:
    if not jobs:
        return
    if cluster is None:
        for position, arguments in jobs:
            yield position, partial(_alone, function, arguments)
        return
    with connected(cluster) as client:
        wanted = identity(tuple(modules))
        check_workers(client, wanted, tuple(modules))
        yield from _from_workers(client, function, jobs, wanted, tuple(modules))


def _alone(
    function: Callable[..., xr.Dataset], arguments: Callable[[], tuple[Any, ...]]
) -> xr.Dataset:
    with one_thread():
        return function(*arguments())


def _on_worker(
    function: Callable[..., xr.Dataset],
    wanted: Identity,
    modules: tuple[str, ...],
    *arguments: Any,
) -> xr.Dataset:
    """Compute on a worker, which may have joined after the others were checked."""
    if other := differences(wanted, identity(modules)):
        raise RuntimeError(f"cluster: this worker has {other}")
    return _alone(function, lambda: arguments)


def _from_workers(
    client: Client,
    function: Callable[..., xr.Dataset],
    jobs: list[Job],
    wanted: Identity,
    modules: tuple[str, ...],
) -> Iterator[Result]:
    from distributed import as_completed

    futures = {
        client.submit(_on_worker, function, wanted, modules, *arguments(), pure=False): position
        for position, arguments in jobs
    }
    failed: dict[int, BaseException] = {}
    finished = as_completed(futures)
    for future in finished:
        if future.status in ("lost", "pending"):  # its worker died: another computes it again
            finished.add(future)
            continue
        position = futures.pop(future)
        if future.status == "finished":
            result = future.result()
            yield position, partial(_given, result)
        else:
            failed[position] = future.exception() if future.status == "error" else _DISCONNECTED
        future.release()
    if failed:
        first = min(failed)
        raise RuntimeError(
            f"{len(failed)} of {len(jobs)} computations failed, and the others are stored; number "
            f"{first + 1}: {type(failed[first]).__name__}: {failed[first]}"
        ) from failed[first]


def _given(result: xr.Dataset) -> xr.Dataset:
    return result


_DISCONNECTED = ConnectionError("the connection to the scheduler was lost")


@contextmanager
def connected(cluster: Cluster) -> Iterator[Client]:
    """Connect to a cluster for a ``with`` block; what is made here is closed after it.

    Parameters
    ----------
    cluster
        As in `compute_all`, but not None.

    Raises
    ------
    ImportError
        If dask is not installed.
    ConnectionError
        If no scheduler answers, or it has no worker.
    """
    check_cluster(cluster)
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ImportError("cluster needs dask: pip install 'relaylib[cluster]'") from error
    if not isinstance(cluster, int | str):
        yield cluster
    elif isinstance(cluster, str):
        with _client_at(cluster) as client:
            yield client
    else:
        with (
            dask.config.set(_KEEP_MEMORY),
            LocalCluster(
                n_workers=cluster,
                threads_per_worker=1,
                processes=True,
                memory_limit=MEMORY_PER_WORKER,
                dashboard_address=None,
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # else port 8787, once
                env={"OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"},  # one bar: that of the client
            ) as made,
            Client(made) as client,
        ):
            yield client


@contextmanager
def _client_at(address: str) -> Iterator[Client]:
    from distributed import Client

    try:
        client = Client(address, timeout=_PATIENCE_S)
    except (OSError, TimeoutError, ValueError) as error:
        raise ConnectionError(f"cluster: no scheduler answers at {address} ({error})") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE_S)
        except TimeoutError as error:
            raise ConnectionError(f"cluster: the scheduler at {address} has no worker") from error
        yield client


@cache
def identity(modules: tuple[str, ...]) -> Identity:
    """Return what decides the bits of a result: code and versions of this process, by name."""
    code = code_hash(modules, as_imported=True)
    versions = library_versions() | {"python": platform.python_version(), "relaylib code": code}
    return tuple(sorted(versions.items()))


def differences(wanted: Identity, found: Identity) -> str:
    """Return in words what a worker has that the client has not; empty if both agree."""
    here, there = dict(wanted), dict(found)
    return "; ".join(
        f"{name} {there.get(name, 'missing')[:12]} where the client has {here[name][:12]}"
        for name in here
        if there.get(name) != here[name]
    )


def check_workers(client: Client, wanted: Identity, modules: tuple[str, ...]) -> None:
    """Raise RuntimeError, naming them, if workers compute with other versions than the client."""
    versions: Any = client.get_versions()
    hosts = versions["workers"]
    other_python = {
        address: differences(
            (("python", platform.python_version()),),
            (("python", ".".join(map(str, each["host"]["python"].split(".")[:3]))),),
        )
        for address, each in hosts.items()
    }
    found = {address: text for address, text in other_python.items() if text}
    if not found:  # otherwise they may not be able to run the next question
        answers = client.run(identity, modules, on_error="return")
        for address, answer in answers.items():
            text = differences(wanted, answer) if isinstance(answer, tuple) else str(answer)
            found |= {address: text} if text else {}
    if found:
        listed = "; ".join(f"worker {address}: {text}" for address, text in found.items())
        raise RuntimeError(f"cluster: workers must have the versions of the client. {listed}")


def processes() -> int:
    """Return how many processes a local cluster has by default: one for each processor."""
    return os.cpu_count() or 1
