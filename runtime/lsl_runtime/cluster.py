"""Dask workers: processes of this machine, or those of a scheduler that somebody started on a network.

A Dask scheduler and its workers execute whatever code a client sends them, as the user who started them. Trust the
network, or use TLS: an address tls://… takes its certificates from Dask's own configuration (distributed.comm.tls, in
~/.config/dask or as DASK_DISTRIBUTED__COMM__TLS__CA_FILE and so on), as scheduler and workers do. Processes of this
machine listen on loopback alone, and only to who holds certificates made for this one run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache, wraps
from importlib import import_module
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakSet

from lsl_runtime.model.cores import cores
from lsl_runtime.workers_left import watched
from lsl_shared.errors import ConfigError, DeviceError
from lsl_shared.process.in_order import Begun, in_order

__all__ = ["Cluster", "Machines", "open_cluster", "opened_once"]

Order = TypeVar("Order", bound=Hashable)
Opened = TypeVar("Opened")

_DEATHS = 10
"""A partition whose workers died so often is given up; one that was at work on it by chance may be killed."""
_WAIT = 60
"""Seconds that a scheduler may take to answer and to have a worker."""
_EITHER = "give either --workers N or --scheduler ADDRESS"
_LOCAL = {
    "distributed.scheduler.allowed-failures": _DEATHS,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # Ctrl-C reaches all processes of a terminal; it is the first one's to end the others.
    "distributed.worker.preload": ["import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"],
}


@dataclass(frozen=True)
class Machines:
    """Where work is done: in this process, or shared out. Raises ConfigError."""

    workers: int | None = None
    """Processes of this machine."""
    scheduler: str | None = None
    """The address of a Dask scheduler, such as tls://host:8786, whose workers share the work."""

    def __post_init__(self) -> None:
        if self.workers is not None and self.scheduler is not None:
            raise ConfigError(_EITHER)
        if self.workers is not None and self.workers < 1:
            raise ConfigError(f"--workers must be at least 1, received {self.workers}")

    @property
    def shared(self) -> bool:
        """Whether the work is shared out."""
        return self.workers is not None or self.scheduler is not None


class Cluster:
    """The workers. `threads` is what a task may use of its worker's processors."""

    def __init__(self, client: Any, threads: int) -> None:
        self._client, self.threads = client, threads

    def unordered(self, work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Generator[Any, None, None]:
        """Yields the results of `work(*task)` as they come; ends the others when one fails or the caller closes it.

        What `work` raises is raised here. A task whose worker died is done again by another one; raises DeviceError
        where they keep dying or none is left, or where the scheduler is lost.
        """
        futures = [self._client.submit(work, *task, pure=False) for task in tasks]
        with _plain_errors(self._client, lambda: self._client.cancel(futures)):
            try:
                for future in import_module("distributed").as_completed(futures, loop=self._client.loop):
                    yield future.result()
            finally:
                self._client.cancel(futures)

    def in_order(self, work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Generator[Any, None, None]:
        """As `unordered`, in the order of the tasks; two for each processor at a time, so that no result waits long."""

        waiting = WeakSet[Any]()

        def begin(task: tuple[Any, ...]) -> Begun[Any]:
            begun: Begun[Any] = self._client.submit(work, *task, pure=False)
            waiting.add(begun)
            return begun

        made = in_order(begin, tasks, lambda: max(1, 2 * sum(self._client.nthreads().values())))
        with _plain_errors(self._client, lambda: self._client.cancel(list(waiting))), closing(made):
            for _, result in made:
                yield result


@contextmanager
def _plain_errors(client: Any, give_up: Callable[[], object]) -> Iterator[None]:
    """Turns the errors of Dask into DeviceErrors that say what to do; `give_up` is called where no worker is left."""
    distributed, again = import_module("distributed"), "run the same command again: it goes on"
    lost: str | None = None
    try:
        with watched(client, give_up) as watch:
            try:
                yield
            finally:
                lost = watch.lost if watch.gave_up else None
    except distributed.KilledWorker:
        told = f"{_DEATHS} workers died at the same piece of work, for want of memory perhaps"
        raise DeviceError(f"{told}; take fewer --workers, or a smaller --batch-size") from None
    except distributed.CancelledError:
        start = f"{lost}; start some with `dask worker` and" if lost else "the Dask scheduler was lost;"
        raise DeviceError(f"{start} {again}") from None


@contextmanager
def open_cluster(machines: Machines) -> Iterator[Cluster]:
    """The processes of this machine, or the workers of the scheduler, that share the work.

    The processes of this machine share its cores evenly. A scheduler's workers do as many tasks at once as they have
    threads (`dask worker --nthreads`), each on one core. Raises ConfigError where nobody is to share the work, dask is
    not installed, or the scheduler does not answer or has no workers.
    """
    if not machines.shared:
        raise ConfigError(_EITHER)
    try:
        distributed, _ = import_module("distributed"), import_module("cryptography")
    except ImportError:
        raise ConfigError("--workers and --scheduler need Dask: pip install 'lsl-toolkit[cluster]'") from None
    if machines.scheduler is not None:
        with _connected(distributed, machines.scheduler) as client:
            yield Cluster(client, 1)
    elif machines.workers is not None:
        with _local(distributed, machines.workers) as client:
            yield Cluster(client, max(1, cores() // machines.workers))


def opened_once(opening: Callable[[Order], Opened]) -> Callable[[Order], Opened]:
    """On a worker: what an order names, opened for its first piece and kept for the rest; an earlier order's is let go.

    `opening` is called by one thread at a time.
    """
    kept, alone = lru_cache(maxsize=1)(opening), Lock()

    @wraps(opening)
    def opened(order: Order) -> Opened:
        with alone:
            return kept(order)

    return opened


@contextmanager
def _connected(distributed: Any, address: str) -> Iterator[Any]:
    try:
        client = distributed.Client(address, timeout=_WAIT, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as problem:
        raise ConfigError(f"--scheduler {address}: cannot be reached ({problem})") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=_WAIT)
        except TimeoutError:
            told = f"--scheduler {address}: has no workers"
            raise ConfigError(f"{told}; start some with `dask worker {address}`") from None
        yield client


@contextmanager
def _local(distributed: Any, workers: int) -> Iterator[Any]:
    with import_module("dask").config.set(_LOCAL), distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, memory_limit=0, host="127.0.0.1", security=True,
        dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL,
    ) as cluster, distributed.Client(cluster, set_as_default=False) as client:  # fmt: skip
        yield client
