"""Dask workers: the same file as one process makes, whoever is killed; nothing open to the network; plain errors."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import numpy as np
import pytest

from lsl_runtime import Model, annotate, build_gems
from lsl_runtime.annotation.cluster_parts import _make_part, _Order
from lsl_runtime.annotation.outputs import Outputs
from lsl_runtime.annotation.plan import Plan, planned
from lsl_runtime.cluster import Cluster, Machines, open_cluster
from lsl_runtime.gem.build.mapped_task import MappedClasses
from lsl_runtime.gem.build.settings import MapSettings
from lsl_runtime.gem.build.source import Source
from lsl_runtime.gem.build.store_pass import Pass, _order, _sum_piece
from lsl_shared import Annotations, AnnotationsError, ConfigError, DeviceError, LslError, Store
from tests.support.places import ROOT

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
psutil = pytest.importorskip("psutil")

Make = Callable[..., Path]
_SPAWNED = "from multiprocessing.spawn"


@pytest.fixture(scope="module")
def kills() -> ModuleType:
    """The benchmark that compares annotations."""
    path = ROOT / "tools" / "bench" / "kills.py"
    spec = importlib.util.spec_from_file_location("kills", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["kills"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with two workers and certificates of its own, which Dask's configuration names."""
    security = distributed.Security.temporary()
    folder, named = tmp_path_factory.mktemp("tls"), {}
    for name, pem in (("ca-file", security.tls_ca_file), ("cert", security.tls_client_cert)):
        (folder / name).write_text(pem)
        named[name] = str(folder / name)
    (folder / "key").write_text(security.tls_client_key)
    settings = {
        "distributed.comm.tls.ca-file": named["ca-file"],
        "distributed.comm.tls.client": {"cert": named["cert"], "key": str(folder / "key")},
    }
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=False, protocol="tls://", security=security,
            dashboard_address="127.0.0.1:0", host="127.0.0.1",
        ) as cluster,
    ):  # fmt: skip
        yield cluster.scheduler_address


def _spawned() -> list[Any]:
    return [child for child in psutil.Process().children(recursive=True) if _SPAWNED in " ".join(child.cmdline())]


def test_workers_that_are_killed_are_replaced_and_the_file_is_the_same(
    make_store: Make, make_bundle: Make, tmp_path: Path, kills: ModuleType
) -> None:
    store, model = make_store(2600, chunk=50), Model.load(make_bundle(), threads=1)
    whole = annotate(store, model, saliency=True, features=True, out=tmp_path / "whole.h5")
    killed, heard, passed = list[int](), set[str](), list[int]()

    def kill_all(images: int) -> None:
        passed.append(images)
        if not killed:
            for process in [psutil.Process(), *_spawned()]:
                heard.update(one.laddr.ip for one in process.net_connections() if one.status == "LISTEN")
            for worker in _spawned():
                killed.append(worker.pid)
                worker.kill()

    done = annotate(store, model, saliency=True, features=True, workers=2, on_progress=kill_all)
    assert len(killed) == 2 and sum(passed) == 2600
    assert heard == {"127.0.0.1"}
    assert kills.difference(done.path, whole.path) == ""
    assert not list(tmp_path.glob("*.parts")) and not list(tmp_path.glob("*.lock")) and not _spawned()


def test_scheduler_over_tls(
    make_store: Make, make_bundle: Make, tmp_path: Path, kills: ModuleType, tls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store, model, passed = make_store(1100, chunk=50), Model.load(make_bundle(), threads=1), list[int]()
    whole = annotate(store, model, saliency=True, out=tmp_path / "whole.h5")

    def stop(images: int) -> None:
        passed.append(images)
        if sum(passed) >= 500:
            raise KeyboardInterrupt

    assert tls.startswith("tls://127.0.0.1:")
    with pytest.raises(KeyboardInterrupt):
        annotate("store.h5", model, saliency=True, scheduler=tls, on_progress=stop)
    done = annotate("store.h5", model, saliency=True, scheduler=tls)
    assert done.resumed >= 500
    assert kills.difference(done.path, whole.path) == ""


@pytest.mark.parametrize("stored", [True, False])
def test_maps_have_the_same_bits_however_the_pass_is_shared_out(
    make_store: Make, make_bundle: Make, tls: str, stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lsl_runtime.gem.build.sums._PIECES", 4)
    store, model, passed = make_store(1300, chunk=50), Model.load(make_bundle(), threads=1), list[int]()
    annotate(store, model, saliency=stored)
    alone = build_gems(store, ["5", "9"], model=model, per_gene=True)
    shared = build_gems(store, ["5", "9"], model=model, per_gene=True, scheduler=tls, on_progress=passed.append)
    assert sum(passed) == 1300 and len(passed) == 3
    for one, other in zip(alone, shared, strict=True):
        for name in ("gem", "masked_gem", "embryo", "band", "masked_band"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
        assert (one.genes, one.n_images, one.n_genes, one.n_empty) == (
            other.genes, other.n_images, other.n_genes, other.n_empty,
        )  # fmt: skip
        for sample, like in zip(one.samples, other.samples, strict=True):
            assert sample.id == like.id
            np.testing.assert_array_equal(sample.mask, like.mask)


def test_annotations_replaced_under_the_workers_are_noticed(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(60), Model.load(make_bundle())
    target = annotate(store, model, saliency=True).path
    with Store(store) as images, Annotations(target) as given:
        order = _order(Pass(Source(images, given), MappedClasses("stage"), MapSettings()), 1)
        with pytest.raises(AnnotationsError, match="are not those that the maps were asked of"):
            _sum_piece(replace(order, digest="another"), 0, [])


def test_what_a_worker_raises_is_told(make_store: Make, make_bundle: Make, tls: str, tmp_path: Path) -> None:
    store, model = make_store(60), Model.load(make_bundle())
    (model.path / "classifier.onnx").unlink()
    with pytest.raises(LslError, match=r"classifier\.onnx: no such file"):
        annotate(store, model, scheduler=tls)


def test_workers_that_keep_dying_and_a_scheduler_that_is_lost() -> None:
    class Client:
        def __init__(self, problem: Exception) -> None:
            self.problem, self.cancelled = problem, 0

        def submit(self, *arguments: object, pure: bool) -> Client:
            return self

        def nthreads(self) -> dict[str, int]:
            return {"one": 1}

        def result(self) -> None:
            raise self.problem

        def cancel(self) -> None:
            self.cancelled += 1

    for problem, told in (
        (distributed.KilledWorker("task", None, 10), "10 workers died at the same piece of work"),
        (distributed.CancelledError(), "the Dask scheduler was lost"),
    ):
        client = Client(problem)
        with pytest.raises(DeviceError, match=told):
            list(Cluster(client, 1).in_order(print, [(1,), (2,), (3,)]))
        assert client.cancelled == 2


@pytest.fixture
def begun(make_store: Make, make_bundle: Make) -> Iterator[tuple[Plan, _Order]]:
    """A run that was begun, and the order that workers get."""
    model = Model.load(make_bundle())
    with Store(make_store(60)) as store, planned(store, model, None, Outputs()) as plan:
        plan.begin(False)
        yield plan, _Order("run", store.path, model.path, plan.target, plan.record, "cpu", 1, None)


def test_file_names_what_ran_the_graphs_on_the_workers(begun: tuple[Plan, _Order]) -> None:
    plan, order = begun
    _make_part(order, 0, 60)
    with h5py.File(plan.files.path(range(60)), "r+") as part:
        part.attrs["provider"] = "CUDAExecutionProvider"
    assert annotate(plan.store.path, plan.model).resumed == 60
    with Annotations(plan.target) as given:
        assert given.providers == "CUDAExecutionProvider"


def test_part_that_is_there_is_not_made_again(begun: tuple[Plan, _Order]) -> None:
    plan, order = begun
    assert _make_part(order, 0, 60) == 60 and plan.files.is_valid(range(60))
    before = plan.files.path(range(60)).stat().st_mtime_ns
    assert _make_part(order, 0, 60) == 60
    assert plan.files.path(range(60)).stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"store_fingerprint": "f"}, "store.h5"),
        ({"model_digest": "d"}, "model"),
        ({"outputs": Outputs(features=True)}, r"\.parts"),
    ],
)
def test_worker_that_sees_other_files_says_so(
    begun: tuple[Plan, _Order], other: dict[str, Any], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lsl_runtime.annotation.cluster_parts._LAG", 0.0)
    plan, order = begun
    order = replace(order, record=replace(order.record, **other))
    with pytest.raises(AnnotationsError, match=f"{named}: is not the same on .* all machines must see the same files"):
        _make_part(order, 0, 60)
    assert not plan.files.is_valid(range(60))


def test_straggler_of_another_run_is_noticed_when_parts_are_joined(begun: tuple[Plan, _Order], tmp_path: Path) -> None:
    plan, order = begun
    _make_part(order, 0, 60)
    plan.files._keys = ("another",)
    with pytest.raises(AnnotationsError, match="is a part of another run; run the same command again"):
        plan.files.open(range(60))


def _refused(**settings: Any) -> str:
    with pytest.raises(ConfigError) as told, open_cluster(Machines(**settings)):
        pass
    return str(told.value)


def test_clusters_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for both_or_neither in ({"workers": 2, "scheduler": "tcp://a:1"}, {}):
        assert "give either --workers N or --scheduler ADDRESS" in _refused(**both_or_neither)
    assert "--workers must be at least 1, received 0" in _refused(workers=0)
    monkeypatch.setattr("lsl_runtime.cluster._WAIT", 0.3)
    assert "--scheduler tcp://127.0.0.1:1: cannot be reached" in _refused(scheduler="tcp://127.0.0.1:1")
    assert "cannot be reached" in _refused(scheduler="nonsense://a")
    with distributed.LocalCluster(n_workers=0, processes=False, protocol="tcp://", dashboard_address="127.0.0.1:0",
                                  host="127.0.0.1") as cluster:  # fmt: skip
        assert "has no workers; start some with `dask worker tcp://" in _refused(scheduler=cluster.scheduler_address)
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "need Dask: pip install 'lsl-toolkit[cluster]'" in _refused(workers=2)
