"""Corrected labels: the same file as annotating anew gives, without inference."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_runtime import Model, annotate, annotate_shard, join_shards
from lsl_runtime.annotation.labels_digest import labels_digest
from lsl_runtime.model.graphs import Graphs
from lsl_shared import Annotations, AnnotationsError, Status, Store

Make = Callable[..., Path]


def _relabel(store: Path) -> None:
    """Some images outside come inside, and others go out; 0 is range 1-3, which has no stages."""
    with h5py.File(store, "r+") as file:
        labels = file["labels/stage_range"]
        values = labels[...]
        values[[10, 32]] = 2
        values[[0, 5, 6]] = 0
        labels[...] = values


def _damage(store: Path) -> None:
    with h5py.File(store) as file:
        info = file["images"].id.get_chunk_info(1)
    with store.open("r+b") as stream:
        stream.seek(info.byte_offset + info.size // 2)
        stream.write(b"\xff" * 200)


def _contents(path: Path) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}

    def keep(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = np.asarray(item[...]).astype(str).tolist()

    with h5py.File(path) as file:
        file.visititems(keep)
        found["labels_digest"] = [file.attrs["labels_digest"]]
    return found


@pytest.mark.parametrize("constrain", [None, "stage_range"])
def test_corrected_labels_give_what_a_new_run_gives(
    make_store: Make, make_bundle: Make, tmp_path: Path, constrain: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, model = make_store(60, chunk=20), Model.load(make_bundle())
    _damage(store)  # images 20 … 39 fail
    path = annotate(store, model, saliency=True, constrain=constrain).path
    before = _contents(path)
    _relabel(store)
    new = annotate(store, model, saliency=True, constrain=constrain, out=tmp_path / "new.h5")
    monkeypatch.setattr(Graphs, "explain", None)
    again = annotate(store, model, saliency=True, constrain=constrain)
    assert _contents(again.path) == _contents(new.path) != before
    assert again.resumed == 60 and again.outside == new.outside != 0
    with Annotations(path) as given:
        assert given.status[[10, 32, 0, 5]].tolist() == [
            Status.ANNOTATED, Status.FAILED, Status.OUTSIDE, Status.OUTSIDE,
        ]  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.h5", "runs", "store.annotations.h5", "store.h5"]


def test_unchanged_labels_leave_the_file_alone(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(60), Model.load(make_bundle())
    path = annotate(store, model).path
    before = path.stat().st_mtime_ns
    with h5py.File(store, "r+") as file:  # fine labels decide nothing
        file["labels/stage"][...] = -1
    annotate(store, model)
    assert path.stat().st_mtime_ns == before


def test_shards_notice_corrected_labels(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    store, model = make_store(60), Model.load(make_bundle())
    path = annotate(store, model).path
    _relabel(store)
    assert annotate_shard(store, model, 1, 1) == 60
    join_shards(store, model)
    assert _contents(path) == _contents(annotate(store, model, out=tmp_path / "new.h5").path)


def test_digest_depends_on_coarse_labels_alone(make_store: Make, make_bundle: Make) -> None:
    path, model = make_store(60), Model.load(make_bundle())

    def digest() -> str:
        with Store(path) as store:
            return labels_digest(store, model.manifest.tasks)

    first = digest()
    with h5py.File(path, "r+") as file:
        file["labels/stage"][...] = -1
    assert digest() == first
    _relabel(path)
    assert digest() != first


def test_files_of_an_early_version_are_kept_as_they_are(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(60), Model.load(make_bundle())
    path = annotate(store, model).path
    with h5py.File(path, "r+") as file:
        del file.attrs["labels_digest"]
    _relabel(store)
    before = path.stat().st_mtime_ns
    annotate(store, model)
    assert path.stat().st_mtime_ns == before


def test_file_that_lacks_probabilities_asks_for_restart(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(60), Model.load(make_bundle())
    path = annotate(store, model).path
    with h5py.File(path, "r+") as file:
        del file["stage/withheld"]
        file["stage/withheld"] = np.zeros((1, 4), np.float32)
    _relabel(store)
    with pytest.raises(AnnotationsError, match="lacks the probabilities of some images; add --restart"):
        annotate(store, model)
    assert annotate(store, model, restart=True).resumed == 0
