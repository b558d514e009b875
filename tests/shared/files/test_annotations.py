from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_shared.errors import AnnotationsError
from lsl_shared.files.annotations import Annotations, Status, annotations_path

MakeFile = Callable[..., Path]


def test_a_file_of_another_program(annotations_file: MakeFile) -> None:
    with Annotations(annotations_file()) as found:
        assert len(found) == 3
        assert found.ids.tolist() == ["a", "b", "c"]
        assert found.status.tolist() == [Status.ANNOTATED, Status.FAILED, Status.OUTSIDE]
        assert found.errors.tolist() == ["", "cannot be read", ""]
        assert found.tasks == {"species": ("robur", "ilex")}
        assert (found.model_digest, found.store_fingerprint) == ("d" * 64, "")
        assert found.class_index("species").tolist() == [1, -1, -1]
        np.testing.assert_array_equal(found.probability("species"), np.array([0.75, np.nan, np.nan], np.float32))
        np.testing.assert_array_equal(found.probabilities("species")[0], np.array([0.25, 0.75], np.float32))
        assert found.prediction_set("species").tolist() == [[True, True], [False, False], [False, False]]


def test_saliency_is_scaled(annotations_file: MakeFile) -> None:
    with Annotations(annotations_file()) as found:
        assert found.has_saliency
        maps = found.saliency(0, 2)
        assert maps.dtype == np.float32
        np.testing.assert_allclose(maps, [[[0, 2.0]], [[0.1, 0]]], rtol=1e-6)


def test_without_saliency(annotations_file: MakeFile) -> None:
    with Annotations(annotations_file(lambda file: file.pop("saliency"))) as found:
        assert not found.has_saliency
        with pytest.raises(AnnotationsError, match="saliency: expected a dataset, found nothing"):
            found.saliency(0, 1)


def _with_maps(file: h5py.File, maps: np.ndarray, **layout: object) -> None:
    del file["saliency"]
    file.create_dataset("saliency", data=maps, **layout)


@pytest.mark.parametrize(
    "layout",
    [
        {"chunks": (2, 5, 7), "compression": "gzip"},
        {"chunks": (2, 5, 7)},
        {"chunks": (1, 5, 3), "compression": "gzip"},
        {},
    ],
    ids=str,
)
def test_saliency_of_any_layout_and_range(annotations_file: MakeFile, layout: dict[str, object]) -> None:
    maps = np.random.default_rng(0).integers(0, 256, (3, 5, 7), dtype=np.uint8)
    with Annotations(annotations_file(lambda file: _with_maps(file, maps, **layout))) as found:
        scale = found._file["saliency_scale"][...]
        for start, stop in ((0, 3), (1, 2), (1, 3), (2, 9), (1, 1)):
            expected = maps[start:stop] * (scale[start:stop] / 255)[:, None, None]
            np.testing.assert_allclose(found.saliency(start, stop), expected, rtol=1e-6)


@pytest.mark.parametrize("kind", ["<f4", "<f2", ">f4"])
@pytest.mark.parametrize(
    "layout",
    [{"chunks": (2, 5), "shuffle": True, "compression": "gzip"}, {"chunks": (2, 5), "shuffle": True},
     {"chunks": (2, 5), "compression": "gzip", "fletcher32": True}, {"chunks": (1, 5)}, {"chunks": (2, 3)}, {}],
    ids=str,
)  # fmt: skip
def test_features_of_any_layout_and_range(annotations_file: MakeFile, layout: dict[str, object], kind: str) -> None:
    values = np.random.default_rng(0).standard_normal((3, 5)).astype(kind)
    add = functools.partial(h5py.File.create_dataset, name="features", data=values, **layout)
    with Annotations(annotations_file(add)) as found:
        for start, stop in ((0, 3), (1, 2), (1, 3), (2, 9), (1, 1)):
            expected = values[start:stop].astype(np.float32)
            np.testing.assert_array_equal(found.features(start, stop), expected, strict=True)


def test_damaged_map_is_named(annotations_file: MakeFile) -> None:
    maps = np.random.default_rng(0).integers(0, 256, (3, 5, 7), dtype=np.uint8)
    path = annotations_file(lambda file: _with_maps(file, maps, chunks=(2, 5, 7), compression="gzip"))
    with h5py.File(path) as file:
        place = file["saliency"].id.get_chunk_info_by_coord((2, 0, 0)).byte_offset
    with path.open("r+b") as stream:
        stream.seek(place)
        stream.write(b"\xff" * 20)
    with Annotations(path) as found:
        assert found.saliency(0, 2).any()
        with pytest.raises(AnnotationsError, match=r"saliency\[0:3\]: cannot be read \(damaged deflate stream"):
            found.saliency(0, 3)


@pytest.mark.parametrize("target", ["store.h5", "absent.h5"])
def test_the_link_to_the_store_is_not_followed(annotations_file: MakeFile, store_file: MakeFile, target: str) -> None:
    store_file()
    with Annotations(annotations_file(lambda file: file.__setitem__("store", h5py.ExternalLink(target, "/")))) as found:
        assert list(found.tasks) == ["species"]


def test_unknown_task_lists_the_tasks(annotations_file: MakeFile) -> None:
    with Annotations(annotations_file()) as found, pytest.raises(AnnotationsError, match="annotated are: species"):
        found.class_index("stage")


def test_a_store_is_not_taken_for_annotations(store_file: MakeFile) -> None:
    with pytest.raises(AnnotationsError, match="expected 'lsl-annotations', found 'lsl-store'"):
        Annotations(store_file())


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda file: file.pop("status"), "status: expected a dataset, found nothing"),
        (lambda file: file.pop("id"), "id: expected a dataset, found nothing"),
        (lambda file: file["species"].attrs.pop("classes"), "damaged annotations"),
        (lambda file: file["species"].attrs.__setitem__("classes", 5), "expected a list of names"),
        (lambda file: file.attrs.__setitem__("version", 3), "newer than this program reads"),
    ],
)
def test_unusable_annotations(annotations_file: MakeFile, edit: Callable[[h5py.File], None], told: str) -> None:
    path = annotations_file(edit)
    with pytest.raises(AnnotationsError, match=told) as caught:
        Annotations(path)
    assert str(path) in str(caught.value)


def test_columns_of_another_length(annotations_file: MakeFile) -> None:
    def shorten(file: h5py.File) -> None:
        del file["species/class"]
        file["species/class"] = np.zeros(2, np.int16)

    with Annotations(annotations_file(shorten)) as found, pytest.raises(AnnotationsError, match="species/class"):
        found.class_index("species")


@pytest.mark.parametrize(
    ("store", "expected"), [("a/store.h5", "a/store.annotations.h5"), ("my.store.h5", "my.store.annotations.h5")]
)
def test_where_annotations_lie(store: str, expected: str) -> None:
    assert annotations_path(store) == Path(expected)
