from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lsl_shared.errors import StoreError
from lsl_shared.files.store import Store
from lsl_shared.labels import LabelSpace

MakeFile = Callable[..., Path]
PICTURES = np.zeros((5, 8, 9, 3), np.uint8)


def test_a_file_of_another_program(store_file: MakeFile, pixels: np.ndarray) -> None:
    with Store(store_file()) as store:
        assert (len(store), store.shape, store.chunk_images) == (5, (5, 8, 9), 2)
        assert store.ids.tolist() == ["a", "b", "c", "d", "e"]
        assert store.genes.tolist() == ["dhd", "", "Dl", "dhd", ""]
        assert store.views.tolist() == store.sources.tolist() == store.splits.tolist() == [""] * 5
        assert list(store.tasks) == ["family", "a_species"]  # coarse first, whatever the alphabet says
        assert store.task("a_species") == LabelSpace("a_species", ("robur", "ilex", "areca"), "family", (0, 0, 1))
        assert store.labels("family").tolist() == [0, 2, 1, -1, 1]
        assert store.labels("family").dtype == np.int16
        np.testing.assert_array_equal(store.read(1, 4), pixels[1:4])


def test_blocks_are_whole_chunks(store_file: MakeFile, pixels: np.ndarray) -> None:
    with Store(store_file()) as store:
        for asked, starts in [(1, [0, 2, 4]), (2, [0, 2, 4]), (3, [0, 2, 4]), (4, [0, 4]), (256, [0])]:
            blocks = list(store.blocks(asked))
            assert [start for start, _ in blocks] == starts
            np.testing.assert_array_equal(np.concatenate([block for _, block in blocks]), pixels)


def test_select_in_any_order(store_file: MakeFile, pixels: np.ndarray) -> None:
    wanted = np.array([4, 0, 3, 3, 1])
    with Store(store_file()) as store:
        np.testing.assert_array_equal(store.select(wanted), pixels[wanted])
        assert store.select(np.array([], dtype=np.int64)).shape == (0, 8, 9, 3)


def test_groups(store_file: MakeFile) -> None:
    with Store(store_file()) as store:
        groups = store.groups().tolist()
    assert groups[0] == groups[3]
    assert len(set(groups)) == 4


def test_a_gene_named_like_an_id_is_not_that_image(store_file: MakeFile) -> None:
    def rename(file: h5py.File) -> None:
        file["samples/gene"][...] = ["b", "", "", "", ""]

    with Store(store_file(rename)) as store:
        assert len(set(store.groups().tolist())) == 5


def test_unknown_task_lists_the_tasks(store_file: MakeFile) -> None:
    with Store(store_file()) as store, pytest.raises(StoreError, match=r"no such task; .* family, a_species"):
        store.labels("stage")


def test_a_closed_store_keeps_its_table(store_file: MakeFile) -> None:
    store = Store(store_file())
    store.close()
    assert store.ids[0] == "a"
    assert len(store.tasks["family"]) == 3


def replaced(key: str, data: object, **options: object) -> Callable[[h5py.File], None]:
    def edit(file: h5py.File) -> None:
        del file[key]
        file.create_dataset(key, data=data, **options)

    return edit


def attribute(key: str, name: str, value: object) -> Callable[[h5py.File], None]:
    return lambda file: file[key].attrs.__setitem__(name, value)


def chained(file: h5py.File) -> None:
    file["labels/family"].attrs["parent"] = "a_species"
    file["labels/family"].attrs["parent_index"] = [0, 0, 0]


IDS = {"dtype": h5py.string_dtype()}


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda file: file.pop("images"), "images: expected a dataset, found nothing"),
        (replaced("images", np.zeros((5, 8, 9), np.uint8)), r"images: expected kind 'u' and shape"),
        (replaced("images", np.zeros((5, 8, 9, 3), np.float32)), "images: expected kind 'u'"),
        (replaced("images", np.zeros((5, 8, 9, 3), np.uint16), chunks=(1, 8, 9, 3)), "images: expected at least one"),
        (replaced("images", np.zeros((5, 8, 9, 3), np.uint8)), "whole images per chunk, found chunks None"),
        (replaced("images", np.zeros((5, 8, 9, 3), np.uint8), chunks=(1, 4, 9, 3)), "whole images per chunk"),
        (replaced("images", np.zeros((0, 8, 9, 3), np.uint8), maxshape=(None, 8, 9, 3)), "at least one uint8 image"),
        (replaced("samples/id", ["a", "b", "c", "d"], **IDS), r"samples/id: expected .* found object \(4,\)"),
        (replaced("samples/id", ["a", "b", "c", "d", "a"], **IDS), "samples/id: image ids must be unique"),
        (replaced("samples/id", ["a", "b", "c", "d", ""], **IDS), "samples/id: image ids must be unique and not empty"),
        (replaced("samples/id", np.arange(5)), "samples/id: expected kind"),
        (replaced("samples/gene", ["x"], **IDS), "samples/gene"),
        (attribute("labels/family", "classes", ["oak", "oak", "moss"]), "labels/family: classes cannot be used"),
        (attribute("labels/family", "classes", "oak"), "labels/family: classes cannot be used"),
        (attribute("labels/family", "classes", 3), "labels/family: classes cannot be used"),
        (lambda file: file["labels/family"].attrs.pop("classes"), "labels/family: classes cannot be used"),
        (attribute("labels/a_species", "parent", "genus"), "labels/a_species: parent task 'genus' is not in the store"),
        (attribute("labels/a_species", "parent_index", 0), "labels/a_species: classes cannot be used"),
        (attribute("labels/a_species", "parent_index", [0, np.inf, 1]), "labels/a_species: classes cannot be used"),
        (chained, "is its own ancestor"),
        (replaced("labels", np.zeros(3)), "labels: expected a group"),
    ],
)
def test_unusable_stores(store_file: MakeFile, edit: Callable[[h5py.File], None], told: str) -> None:
    path = store_file(edit)
    with pytest.raises(StoreError, match=told) as caught:
        Store(path)
    assert str(path) in str(caught.value)


def test_parent_index_out_of_range(store_file: MakeFile) -> None:
    path = store_file(attribute("labels/a_species", "parent_index", [0, 0, 3]))
    with pytest.raises(StoreError, match="parent index 3") as caught:
        Store(path)
    assert caught.value.key == "labels/a_species"


@pytest.mark.parametrize("values", [[0, 1, 2, 3, 0], [0, 0, 0, 0, -2], [0, 65536, 0, 0, 0]])
def test_labels_outside_the_classes(store_file: MakeFile, values: list[int]) -> None:
    def edit(file: h5py.File) -> None:
        kept = dict(file["labels/family"].attrs)
        del file["labels/family"]
        file["labels/family"] = np.array(values, np.int32)
        file["labels/family"].attrs.update(kept)

    with Store(store_file(edit)) as store, pytest.raises(StoreError, match=r"labels/family: labels must lie in -1 … 2"):
        store.labels("family")


@pytest.mark.parametrize("at", ["labels", "labels/other"])
def test_labels_of_another_file_are_refused(store_file: MakeFile, at: str) -> None:
    store_file(name="other.h5")

    def edit(file: h5py.File) -> None:
        if at in file:
            del file[at]
        file[at] = h5py.ExternalLink("other.h5", "labels" if at == "labels" else "labels/family")

    with pytest.raises(StoreError, match=f"{at}: is a link to another place"):
        Store(store_file(edit))


def terms(values: np.ndarray) -> Callable[[h5py.File], None]:
    def edit(file: h5py.File) -> None:
        file["labels/cv_terms"] = values
        file["labels/cv_terms"].attrs.update({"kind": "terms", "classes": ["x", "y"]})

    return edit


def test_tasks_of_terms_lie_apart(store_file: MakeFile) -> None:
    carried = np.array([[0, 1], [1, 1], [0, 0], [255, 255], [1, 0]], np.uint8)
    with Store(store_file(terms(carried))) as store:
        assert list(store.tasks) == ["family", "a_species"]
        assert store.term_tasks == {"cv_terms": LabelSpace("cv_terms", ("x", "y"))}
        np.testing.assert_array_equal(store.terms("cv_terms"), carried)
        with pytest.raises(StoreError, match="no such task of kind terms; the store has: cv_terms"):
            store.terms("family")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.full((5, 2), 7, np.uint8), "terms are 0, 1 or 255, found 7"),
        (np.zeros((5, 3), np.uint8), "labels/cv_terms"),
        (np.zeros(5, np.uint8), "labels/cv_terms"),
    ],
)
def test_unusable_terms(store_file: MakeFile, values: np.ndarray, told: str) -> None:
    with Store(store_file(terms(values))) as store, pytest.raises(StoreError, match=told):
        store.terms("cv_terms")


def test_three_levels_come_in_order(store_file: MakeFile) -> None:
    def edit(file: h5py.File) -> None:
        file["labels/a_form"] = np.zeros(5, np.int16)
        file["labels/a_form"].attrs.update({"classes": ["x"], "parent": "a_species", "parent_index": [2]})

    with Store(store_file(edit)) as store:
        assert list(store.tasks) == ["family", "a_species", "a_form"]


def test_a_damaged_chunk_is_named_and_the_others_are_read(store_file: MakeFile, pixels: np.ndarray) -> None:
    path = store_file()
    with h5py.File(path) as file:
        place = file["images"].id.get_chunk_info(1)
    data = bytearray(path.read_bytes())
    data[place.byte_offset + 10 : place.byte_offset + 30] = bytes(20)
    path.write_bytes(data)
    with Store(path) as store:
        np.testing.assert_array_equal(store.read(0, 2), pixels[:2])
        with pytest.raises(StoreError, match=r"images\[2:4\]: cannot be read"):
            store.read(2, 4)


def test_truth(store_file: MakeFile) -> None:
    def edit(file: h5py.File) -> None:
        file["truth/stage"] = np.array([-1, 0, 1, 2, 3], np.int16)
        file["truth/landmarks"] = np.ones((5, 8, 9), np.uint8)
        file["truth/expression"] = np.ones((5, 8), np.uint8)

    with Store(store_file(edit)) as store:
        assert store.truth("stage").tolist() == [-1, 0, 1, 2, 3]
        assert store.truth_dataset("landmarks").shape == (5, 8, 9)
        with pytest.raises(StoreError, match="truth/expression: expected"):
            store.truth("expression")
    with (
        Store(store_file()) as store,
        pytest.raises(StoreError, match=r"truth/stage: .* nothing"),
    ):
        store.truth("stage")


def test_fingerprint_leaves_labels_out(store_file: MakeFile) -> None:
    with Store(store_file()) as store:
        first = store.fingerprint()
    with Store(store_file(lambda file: file["labels/family"].__setitem__(0, 1), name="b.h5")) as store:
        assert store.fingerprint() == first
    with Store(store_file(lambda file: file["images"].__setitem__((0, 0, 0, 0), 7), name="c.h5")) as store:
        assert store.fingerprint() != first


def family(values: Any, **attributes: object) -> Callable[[h5py.File], None]:
    """An edit that writes the labels of the task family with other values, and other attributes beside the classes."""

    def edit(file: h5py.File) -> None:
        kept = dict(file["labels/family"].attrs) | attributes
        del file["labels/family"]
        file["labels/family"] = np.asarray(values)
        file["labels/family"].attrs.update(kept)

    return edit


@pytest.mark.parametrize(
    "values",
    [
        np.array([0, 2, 1, -1, 1], "f8"),
        np.array([0, 2, 1, np.nan, 1], "f8"),
        np.array([0, 2, 1, np.nan, 1], "f4"),
        np.array([0, 2, 1, -(2**31), 1], "i4"),  # the NA of R
        np.array([[0, 2, 1, -1, 1]], "f8"),  # a column of MATLAB
        np.array([[0], [2], [1], [-1], [1]], "i1"),
        np.array([0, 2, 1, -1, 1], "i8"),
        np.array([0, 2, 1, -1, 1], ">i2"),
    ],
)
def test_labels_as_other_programs_write_them(store_file: MakeFile, values: np.ndarray) -> None:
    with Store(store_file(family(values))) as store:
        labels = store.labels("family")
    assert labels.dtype == np.int16
    assert labels.tolist() == [0, 2, 1, -1, 1]


def test_labels_without_a_sign(store_file: MakeFile) -> None:
    with Store(store_file(family(np.array([0, 2, 1, 0, 1], "u1")))) as store:
        assert store.labels("family").tolist() == [0, 2, 1, 0, 1]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([0.5, 1, 1, 1, 1], "labels must be whole numbers, found 0.5"),
        ([np.inf, 1, 1, 1, 1], "labels must be whole numbers, found inf"),
        ([1.0, 3, 2, 3, 2], r"found 1 … 3: classes count from 0, and R and MATLAB count from 1"),
        (np.array([0, 2, 1, 255, 1], "u1"), r"found 0 … 255: unsigned numbers have no -1 .* write int16"),
        (["a", "b", "c", "d", "e"], "labels/family: expected kind"),
    ],
)
def test_labels_of_other_programs_that_cannot_be_meant(store_file: MakeFile, values: Any, told: str) -> None:
    if isinstance(values, list) and isinstance(values[0], str):
        values = np.array(values, "S1")
    with Store(store_file(family(values))) as store, pytest.raises(StoreError, match=told):
        store.labels("family")


@pytest.mark.parametrize("parent", [np.bytes_("family"), np.array([b"family"]), np.array(["family"], object)])
@pytest.mark.parametrize("index", [np.array([0.0, 0, 1]), np.array([0, 0, 1], "u1"), np.array([0, 0, 1], "i4")])
def test_parents_as_other_programs_write_them(store_file: MakeFile, parent: object, index: np.ndarray) -> None:
    def edit(file: h5py.File) -> None:
        file["labels/a_species"].attrs.update({"parent": parent, "parent_index": index})
        file["labels/a_species"].attrs["classes"] = np.array([b"robur", b"ilex", b"areca"], "S8")

    with Store(store_file(edit)) as store:
        assert store.task("a_species") == LabelSpace("a_species", ("robur", "ilex", "areca"), "family", (0, 0, 1))


@pytest.mark.parametrize("kind", ["terms", np.bytes_("terms"), np.array([b"terms"])])
@pytest.mark.parametrize("unknown", [255, -1, np.nan])
def test_terms_as_other_programs_write_them(store_file: MakeFile, kind: object, unknown: float) -> None:
    def edit(file: h5py.File) -> None:
        file["labels/cv_terms"] = np.array([[0, 1], [1, 1], [0, 0], [unknown, unknown], [1, 0]], "f8")
        file["labels/cv_terms"].attrs.update({"kind": kind, "classes": ["x", "y"]})

    with Store(store_file(edit)) as store:
        assert store.terms("cv_terms").tolist() == [[0, 1], [1, 1], [0, 0], [255, 255], [1, 0]]


@pytest.mark.parametrize(
    ("images", "told"),
    [
        (PICTURES.transpose(3, 2, 1, 0), "--images images"),  # the axes of R and MATLAB
        (PICTURES.astype(np.int32), "--images images"),
        (PICTURES[..., 0], "--images images"),
        (PICTURES, r"`h5repack -l images:CHUNK=5x8x9x3 -f images:GZIP=4 .*store.h5 .*store.chunks.h5` of the HDF5"),
    ],
)
def test_images_of_another_layout_are_told_with_the_cure(store_file: MakeFile, images: np.ndarray, told: str) -> None:
    with pytest.raises(StoreError, match=told):
        Store(store_file(replaced("images", images)))
