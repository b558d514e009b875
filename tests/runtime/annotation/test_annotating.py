from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import onnxruntime as ort
import pytest

from lsl_runtime import Model, annotate, annotate_shard, join_shards
from lsl_shared import Annotations, AnnotationsError, ImageError, Status, Store, annotations_path, expression

Make = Callable[..., Path]


def _same(first: Path, second: Path) -> None:
    """Both files hold the same datasets, value by value."""
    with h5py.File(first) as one, h5py.File(second) as other:
        names: list[str] = []
        one.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        count: list[str] = []
        other.visititems(lambda name, item: count.append(name) if isinstance(item, h5py.Dataset) else None)
        assert names == count
        for name in names:
            np.testing.assert_array_equal(one[name][...], other[name][...], err_msg=name)


def _damage(store: Path, row: int) -> None:
    """Overwrites part of the compressed chunk that holds an image."""
    with h5py.File(store) as file:
        images = file["images"]
        info = images.id.get_chunk_info_by_coord((row // images.chunks[0] * images.chunks[0], 0, 0, 0))
    with store.open("r+b") as stream:
        stream.seek(info.byte_offset + info.size // 3)
        stream.write(b"\xff" * (info.size // 3))


def test_annotations_equal_direct_runs_of_the_graph(make_store: Make, make_bundle: Make) -> None:
    store, bundle = make_store(300, chunk=50), make_bundle()
    done = annotate(store, Model.load(bundle), saliency=True, features=True)
    session = ort.InferenceSession(bundle / "saliency.onnx", providers=["CPUExecutionProvider"])
    with Store(store) as opened, Annotations(done.path) as given:
        images, coarse = opened.read(0, 300), opened.labels("stage_range")
        outputs = [output.name for output in session.get_outputs()]
        direct = dict(zip(outputs, session.run(None, {"image": images, "class_index": np.full(300, -1)}), strict=True))
        assert list(given.ids) == list(opened.ids)
        assert given.tasks == {"stage": ("4", "5", "7", "9")}
        assert given.store_fingerprint == opened.fingerprint()
        maps, features = given.saliency(0, 300), given._file["features"][...]
        status, index, probabilities = given.status, given.class_index("stage"), given.probabilities("stage")
        best, sets = given.probability("stage"), given.prediction_set("stage")
    inside = coarse > 0
    np.testing.assert_array_equal(status, np.where(inside, Status.ANNOTATED, Status.OUTSIDE))
    np.testing.assert_array_equal(index[inside], direct["probabilities"].argmax(1)[inside])
    np.testing.assert_allclose(probabilities[inside], direct["probabilities"][inside], atol=1e-6)
    np.testing.assert_allclose(best[inside], direct["probabilities"].max(1)[inside], atol=1e-6)
    np.testing.assert_array_equal(
        sets[inside], (1 - probabilities[inside] <= 0.7) | (probabilities == best[:, None])[inside]
    )
    np.testing.assert_allclose(features, direct["features"], atol=1e-3)
    assert (np.abs(maps - direct["saliency"]) <= direct["saliency"].max((1, 2), keepdims=True) * 0.502 / 255).all()


def test_images_outside_the_task_get_no_class(make_store: Make, make_bundle: Make) -> None:
    store = make_store(60)
    done = annotate(store, Model.load(make_bundle()))
    with Annotations(done.path) as given:
        outside = given.status == Status.OUTSIDE
        np.testing.assert_array_equal(np.flatnonzero(outside), np.arange(10, 60, 11))
        assert (given.class_index("stage")[outside] == -1).all()
        assert np.isnan(given.probability("stage")[outside]).all()
        assert not given.prediction_set("stage")[outside].any()
    assert done.outside == outside.sum() and sum(done.counts.values()) == 60 - done.outside
    assert done.images == 60 and done.failed == () and done.resumed == 0


def test_store_is_not_changed(make_store: Make, make_bundle: Make) -> None:
    store = make_store(60)
    before = hashlib.sha256(store.read_bytes()).digest(), store.stat().st_mtime_ns
    annotate(store, Model.load(make_bundle()), saliency=True)
    assert (hashlib.sha256(store.read_bytes()).digest(), store.stat().st_mtime_ns) == before


def test_batch_size_and_progress(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    store, model, passed = make_store(300, chunk=50), Model.load(make_bundle()), list[int]()
    annotate(store, model, out=tmp_path / "a.h5", batch_size=1, on_progress=passed.append)
    annotate(store, model, out=tmp_path / "b.h5", batch_size=100)
    assert sum(passed) == 300 and max(passed) == 1
    with Annotations(tmp_path / "a.h5") as one, Annotations(tmp_path / "b.h5") as other:
        np.testing.assert_allclose(one.probabilities("stage"), other.probabilities("stage"), atol=1e-6)


_SLOW = """
import sys, time
from lsl_runtime import Model, annotate, annotate_shard, join_shards
def passed(count, done=[0]):
    done[0] += count
    if done[0] > 500:
        print(done[0], flush=True)
        time.sleep(60)
annotate(sys.argv[1], Model.load(sys.argv[2]), saliency=True, features=True, on_progress=passed)
"""


def test_killed_run_goes_on_and_ends_as_an_uninterrupted_one(
    make_store: Make, make_bundle: Make, tmp_path: Path
) -> None:
    store, bundle = make_store(700, chunk=50), make_bundle()
    with subprocess.Popen([sys.executable, "-c", _SLOW, store, bundle], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert int(run.stdout.readline()) > 500
        parts = annotations_path(store).with_suffix(".parts")
        first = parts / "part-000000000-000000250.h5"
        while not first.exists():
            time.sleep(0.01)
        run.send_signal(signal.SIGKILL)
    assert run.returncode == -signal.SIGKILL
    assert not annotations_path(store).exists()
    # What a kill in the middle of the second part leaves behind is passed over.
    (parts / "part-000000250-000000500.h5").write_bytes(b"\x89HDF\r\n\x1a\n half a part")
    model = Model.load(bundle)
    resumed = annotate(store, model, saliency=True, features=True)
    whole = annotate(store, model, saliency=True, features=True, out=tmp_path / "whole.h5")
    assert (resumed.resumed, whole.resumed) == (250, 0)
    assert not parts.exists()
    _same(resumed.path, whole.path)


def test_parts_of_other_outputs_are_made_anew(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(300, chunk=50), Model.load(make_bundle())

    def stop(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate(store, model, on_progress=stop)
    assert annotate(store, model, saliency=True).resumed == 0


def test_saliency_method_is_noted_and_its_maps_stored(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(60), Model.load(make_bundle())
    path = annotations_path(store)
    for method in ("gradient", "smoothgrad", "gradient-input", "integrated"):
        done = annotate(store, model, saliency=True, saliency_method=method)
        assert done.resumed == 0
        with Store(store) as opened, Annotations(path) as given:
            expected, maps = model.saliency(opened.read(0, 60), method=method), given.saliency(0, 60)
            assert given.saliency_method == method
            noted = {"smoothgrad": {"samples", "noise"}, "integrated": {"samples"}}.get(method, set())
            assert set(given._file["saliency"].attrs) == {"method", *noted}
        np.testing.assert_allclose(maps, expected, atol=0.51 / 255 * expected.max())
        assert annotate(store, model, saliency=True, saliency_method=method).resumed == 60
    assert annotate(store, model, saliency_method="smoothgrad").resumed == 60  # no maps asked for


def test_parts_of_another_method_are_made_anew(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(605, chunk=50), Model.load(make_bundle())
    annotate_shard(store, model, 1, 3, saliency=True)
    annotate_shard(store, model, 1, 3, saliency=True, saliency_method="gradient-input")
    done = annotate(store, model, saliency=True, saliency_method="gradient-input")
    assert done.resumed == 250
    with Annotations(done.path) as given:
        assert given.saliency_method == "gradient-input"


def test_shards_are_joined_with_their_method(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(605, chunk=50), Model.load(make_bundle())
    for shard in (1, 2):
        annotate_shard(store, model, shard, 2, saliency=True, saliency_method="gradient-input")
    with Annotations(join_shards(store, model).path) as given:
        assert given.saliency_method == "gradient-input"


def test_finished_annotations_are_kept(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(60), Model.load(make_bundle())
    first = annotate(store, model, saliency=True)
    before = first.path.stat().st_mtime_ns
    assert annotate(store, model).resumed == 60
    assert first.path.stat().st_mtime_ns == before
    assert annotate(store, model, features=True).resumed == 0


def test_annotations_of_another_model_need_restart(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    store = make_store(60)
    first, second = Model.load(make_bundle()), Model.load(make_bundle(tmp_path / "other", gain=4.0))
    path = annotate(store, first).path
    before = path.read_bytes()
    with pytest.raises(AnnotationsError, match=r"was made by another model \(.*\); add --restart, or choose --out"):
        annotate(store, second)
    assert path.read_bytes() == before
    annotate(store, second, restart=True)
    with Annotations(path) as given:
        assert given.model_digest == second.digest


def test_annotations_of_another_store_are_left_alone(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    model = Model.load(make_bundle())
    path = annotate(make_store(60), model).path
    other = make_store(60, path=tmp_path / "other.h5", seed=5)
    with pytest.raises(AnnotationsError, match="belongs to another store"):
        annotate(other, model, out=path, restart=True)


def test_out_refuses_the_store(make_store: Make, make_bundle: Make) -> None:
    store = make_store(60)
    before = store.read_bytes()
    with pytest.raises(AnnotationsError, match="is the image store itself"):
        annotate(store, Model.load(make_bundle()), out=store)
    assert store.read_bytes() == before


def test_images_of_another_size_are_refused_before_anything_is_written(
    make_store: Make, make_bundle: Make, tmp_path: Path
) -> None:
    store = make_store(20, size=(16, 48))
    with pytest.raises(ImageError, match=r"images are \(16, 48\), the model expects \(16, 40\).*--size 16x40"):
        annotate(store, Model.load(make_bundle()))
    assert not annotations_path(store).exists()


@pytest.mark.parametrize("saliency", [False, True])
def test_damaged_chunk_costs_only_its_images(
    make_store: Make, make_bundle: Make, tmp_path: Path, saliency: bool
) -> None:
    model = Model.load(make_bundle())
    whole = annotate(make_store(300, chunk=20, path=tmp_path / "whole.h5"), model, saliency=saliency)
    store = make_store(300, chunk=20)
    _damage(store, 45)
    done = annotate(store, model, saliency=saliency)
    broken = np.arange(40, 60)
    assert [line.split(":")[0] for line in done.failed] == [f"image{row:05d}" for row in broken]
    assert all("images[40:60]" in line for line in done.failed)
    with Annotations(done.path) as given, Annotations(whole.path) as expected:
        np.testing.assert_array_equal(np.flatnonzero(given.status == Status.FAILED), broken)
        assert (given.class_index("stage")[broken] == -1).all()
        sound = np.setdiff1d(np.arange(300), broken)
        np.testing.assert_allclose(
            given.probabilities("stage")[sound], expected.probabilities("stage")[sound], atol=1e-6
        )
        if saliency:
            assert not given.saliency(40, 60).any()
            assert given.saliency(60, 61).any()


def test_the_store_is_named_and_not_linked(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    done = annotate(make_store(20), Model.load(make_bundle()), out=tmp_path / "deep" / "a.h5")
    with h5py.File(done.path) as file:
        assert "store" not in file and file.attrs["store"] == "../store.h5"
        assert file.attrs["readme"].startswith("This file: what a model said")
        kinds = {file[name].dtype.kind for name in ("id", "error")}
        assert kinds == {"S"}, "of fixed length, which Octave gets past"
        assert file["stage/prediction_set"].dtype == np.uint8
    with Annotations(done.path) as given:
        assert given.store == "../store.h5"


def test_annotations_open_after_the_store_is_gone(make_store: Make, make_bundle: Make) -> None:
    store = make_store(20)
    done = annotate(store, Model.load(make_bundle()))
    store.unlink()
    with Annotations(done.path) as given:
        assert len(given) == 20 and list(given.tasks) == ["stage"]


def test_stain_density_is_stored_of_images_that_can_be_read(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(60, chunk=20), Model.load(make_bundle())
    _damage(store, 25)
    done = annotate(store, model, expression=True)
    with Store(store) as opened, Annotations(done.path) as given:
        images, kept = opened.read(0, 20), given.expression(0, 60)
    assert not kept[20:40].any() and kept[40:].any()
    for image, stored in zip(images, kept, strict=False):
        found = expression(image)
        np.testing.assert_array_equal(stored > 0, found.mask)
        assert np.abs((stored[found.mask] - 1.0) / 254 - found.density[found.mask]).max() <= 1 / 508 + 1e-6
    again = annotate(store, model, out=store.with_name("plain.h5"))
    with Annotations(again.path) as given:
        assert not given.has_expression
        with pytest.raises(AnnotationsError, match="expression"):
            given.expression(0, 1)
