from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from lsl_runtime import Model
from lsl_runtime.annotation.join import join_parts
from lsl_runtime.annotation.outputs import Outputs
from lsl_runtime.annotation.parts import Part, PartFiles
from lsl_runtime.annotation.plan import Plan
from lsl_runtime.annotation.run_record import RunRecord
from lsl_runtime.coarse_labels import outside_task
from lsl_shared import Annotations, Status, Store
from lsl_shared.files.partitions import partitions


def test_joined_file_holds_the_parts_in_order(
    make_store: Callable[..., Path], make_bundle: Callable[..., Path], tmp_path: Path
) -> None:
    model, generator = Model.load(make_bundle()), np.random.default_rng(3)
    with Store(make_store(605, chunk=100)) as store:
        cut = partitions(605, 100)
        files = PartFiles(tmp_path / "a.h5", ("key",), 100)
        files.folder.mkdir()
        probabilities = generator.dirichlet(np.ones(4), 605).astype(np.float32)
        maps = generator.random((605, 16, 40), dtype=np.float32)
        features = generator.random((605, 3)).astype(np.float16)
        errors = ["broken" if row in (7, 444) else "" for row in range(605)]
        for part in cut:
            rows = slice(part.start, part.stop)
            files.write(
                part, Part({"stage": probabilities[rows]}, errors[rows], maps[rows], features[rows].astype(np.float32))
            )
        record = RunRecord("store.h5", "f", "model", model.digest, Outputs())
        join_parts(Plan(store, model, tmp_path / "a.h5", record, files, cut))
        outside = outside_task(store, model.task)
    with Annotations(tmp_path / "a.h5") as given, h5py.File(tmp_path / "a.h5") as raw:
        answered = np.setdiff1d(np.flatnonzero(~outside), [7, 444])
        np.testing.assert_array_equal(given.probabilities("stage")[answered], probabilities[answered])
        np.testing.assert_array_equal(given.class_index("stage")[answered], probabilities[answered].argmax(1))
        np.testing.assert_allclose(given.saliency(0, 605), maps, atol=0.51 / 255)
        np.testing.assert_array_equal(raw["features"][...], features)
        assert np.flatnonzero(given.status == Status.FAILED).tolist() == [7, 444]
        assert given.errors[444] == "broken" and given.errors[443] == ""
        assert (given.store_fingerprint, given.model_digest, given.precision) == ("f", model.digest, "fp32")
        assert raw["saliency"].chunks == (100, 16, 40)


def test_outside_is_known_by_the_names_of_coarse_classes(
    make_store: Callable[..., Path], make_bundle: Callable[..., Path]
) -> None:
    model = Model.load(make_bundle())
    with Store(make_store(60)) as store:
        # 1-3, 11-12 and 13-17 are childless for this model; the store only holds the first of them.
        np.testing.assert_array_equal(outside_task(store, model.task), store.labels("stage_range") == 0)


def test_without_coarse_labels_nothing_is_outside(
    make_store: Callable[..., Path], make_bundle: Callable[..., Path], tmp_path: Path
) -> None:
    alone = Model.load(make_bundle(parent=""))
    other = Model.load(make_bundle(tmp_path / "b", parent="kind"))
    with Store(make_store(60)) as store:
        assert not outside_task(store, alone.task).any()
        assert not outside_task(store, other.task).any()
