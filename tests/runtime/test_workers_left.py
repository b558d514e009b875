from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Timer

import pytest

from lsl_runtime import workers_left
from lsl_runtime.cluster import Cluster
from lsl_runtime.workers_left import Watch
from lsl_shared.errors import DeviceError

distributed = pytest.importorskip("distributed")


def test_what_is_told_and_when(caplog: pytest.LogCaptureFixture) -> None:
    workers, given_up = [2], list[float]()
    watch = Watch(lambda: workers[0], lambda: given_up.append(now), "the scheduler")
    seen = {}
    for now, left in ((0, 2), (2, 0), (11, 0), (12, 0), (14, 0), (20, 1), (22, 0), (321, 0), (322, 0), (330, 0)):
        workers[0] = left
        watch.look(now)
        seen[now] = [record.message for record in caplog.records]
        caplog.clear()
    assert [now for now, told in seen.items() if told] == [12, 20, 321]
    assert seen[12] == [
        "the scheduler has no worker left: waiting 5 min 00 s for one, then the work is given up; Ctrl-C ends it now"
    ]
    assert seen[20] == ["the scheduler has workers again: the work goes on"]
    assert given_up == [322] and watch.gave_up, "once"


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[object, Cluster]]:
    """A scheduler with one worker, and the cluster as we see it; looks come quickly, and nothing is waited for long."""
    for name, seconds in (("_LOOK", 0.05), ("_TELL", 0.1), ("_GIVE_UP", 0.4)):
        monkeypatch.setattr(workers_left, name, seconds)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp://", dashboard_address="127.0.0.1:0"
    ) as cluster, distributed.Client(cluster, set_as_default=False) as client:  # fmt: skip
        yield cluster, Cluster(client, 1)


@pytest.mark.parametrize("way", ["unordered", "in_order"])
def test_work_is_given_up_where_no_worker_is_left(
    alone: tuple[object, Cluster], way: str, caplog: pytest.LogCaptureFixture
) -> None:
    cluster, shared = alone
    began = time.monotonic()
    timer = Timer(0.2, cluster.scale, [0])  # type: ignore[attr-defined]
    timer.start()
    with pytest.raises(DeviceError, match=r"has had no worker for .*; start some with `dask worker` and run the same"):
        list(getattr(shared, way)(time.sleep, [(0.3,)] * 50))
    assert time.monotonic() - began < 10
    assert any("has no worker left" in record.message for record in caplog.records)


@pytest.mark.parametrize("way", ["unordered", "in_order"])
def test_work_is_done_where_there_is_one(alone: tuple[object, Cluster], way: str) -> None:
    assert sorted(getattr(alone[1], way)(pow, [(2, 3), (3, 2)])) == [8, 9]
