"""Dask workers: processes of this machine, or those of a scheduler that somebody started on a network.

A Dask scheduler and its workers execute whatever code a client sends them, as the user who started them. Trust the
network, or use TLS: an address tls://… takes its certificates from Dask's own configuration (distributed.comm.tls, in
~/.config/dask or as DASK_DISTRIBUTED__COMM__TLS__CA_FILE and so on), as scheduler and workers do. Processes of this
machine listen on loopback alone, and only to who holds certificates made for this one run.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from lsl_runtime.model.cores import cores
from lsl_shared.errors import ConfigError, DeviceError

__all__ = ["Cluster", "Machines", "open_cluster"]

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
        where they keep dying, or where the scheduler is lost.
        """
        futures = [self._client.submit(work, *task, pure=False) for task in tasks]
        with self._ending(futures):
            for future in import_module("distributed").as_completed(futures, loop=self._client.loop):
                yield future.result()

    def in_order(self, work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Generator[Any, None, None]:
        """As `unordered`, in the order of the tasks; two for each processor at a time, so that no result waits long."""
        waiting: deque[Any] = deque()
        with self._ending(waiting):
            for task in tasks:
                waiting.append(self._client.submit(work, *task, pure=False))
                if len(waiting) >= 2 * sum(self._client.nthreads().values()):
                    yield waiting[0].result()
                    waiting.popleft()
            while waiting:
                yield waiting[0].result()
                waiting.popleft()

    @contextmanager
    def _ending(self, futures: Sequence[Any]) -> Iterator[None]:
        distributed = import_module("distributed")
        try:
            yield
        except distributed.KilledWorker:
            told = f"{_DEATHS} workers died at the same piece of work, for want of memory perhaps"
            raise DeviceError(f"{told}; take fewer --workers, or a smaller --batch-size") from None
        except distributed.CancelledError:
            raise DeviceError("the Dask scheduler was lost; run the same command again: it goes on") from None
        finally:
            self._client.cancel(list(futures))


@contextmanager
def open_cluster(workers: int | None, scheduler: str | None) -> Iterator[Cluster]:
    """`workers` processes of this machine, or the workers of the scheduler at an address such as tls://host:8786.

    Each process of this machine has its share of the cores. A scheduler's workers do as many tasks at once as they have
    threads (`dask worker --nthreads`), each on one core. Raises ConfigError where both or neither are asked for, dask
    is not installed, or the scheduler does not answer or has no workers.
    """
    if not Machines(workers, scheduler).shared:
        raise ConfigError(_EITHER)
    try:
        distributed, _ = import_module("distributed"), import_module("cryptography")
    except ImportError:
        raise ConfigError("--workers and --scheduler need Dask: pip install 'lsl-toolkit[cluster]'") from None
    if scheduler is not None:
        with _connected(distributed, scheduler) as client:
            yield Cluster(client, 1)
    elif workers is not None:
        with _local(distributed, workers) as client:
            yield Cluster(client, max(1, cores() // workers))


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
