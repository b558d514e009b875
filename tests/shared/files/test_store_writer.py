from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_shared.errors import ImageError, LabelError, StoreError
from lsl_shared.files.store import Store
from lsl_shared.files.store_writer import StoreWriter, refuse_existing
from lsl_shared.labels import MAX_CLASSES, LabelSpace

IMAGES = np.random.default_rng(1).integers(0, 256, (5, 300, 300, 3), dtype=np.uint8)


def write(path: Path, count: int = 5, **options: bool) -> None:
    with StoreWriter(path, 300, 300, **options) as writer:
        for place, image in enumerate(IMAGES[:count]):
            writer.append(image, id=f"i{place}", gene="Dl", view="lateral", source=f"{place}.bmp", split="test")


def test_what_plain_h5py_finds(tmp_path: Path) -> None:
    path = tmp_path / "store.h5"
    write(path)
    with h5py.File(path) as file:
        assert {name: file.attrs[name] for name in ("format", "version")} == {"format": "lsl-store", "version": 1}
        assert file.attrs["readme"].startswith("This file: images") and "docs/reading.md" in file.attrs["readme"]
        np.testing.assert_array_equal(file["images"][...], IMAGES)
        assert file["images"].chunks == (3, 300, 300, 3)  # 3 × 270,000 bytes fit 1 MiB
        assert (file["images"].compression, file["images"].shuffle) == ("gzip", False)
        columns = {name: column.asstr()[...].tolist() for name, column in file["samples"].items()}
    assert columns == {
        "id": ["i0", "i1", "i2", "i3", "i4"],
        "gene": ["Dl"] * 5,
        "view": ["lateral"] * 5,
        "source": ["0.bmp", "1.bmp", "2.bmp", "3.bmp", "4.bmp"],
        "split": ["test"] * 5,
    }


def test_a_large_image_is_one_chunk(tmp_path: Path) -> None:
    with StoreWriter(tmp_path / "store.h5", 700, 700) as writer:
        writer.append(np.zeros((700, 700, 3), np.uint8), id="a")
    with Store(tmp_path / "store.h5") as store:
        assert store.chunk_images == 1


def test_an_image_is_copied_when_it_is_appended(tmp_path: Path) -> None:
    with StoreWriter(tmp_path / "store.h5", 300, 300) as writer:
        image = IMAGES[0].copy()
        writer.append(image, id="a")
        image[:] = 0
    with Store(tmp_path / "store.h5") as store:
        np.testing.assert_array_equal(store.read(0, 1)[0], IMAGES[0])


def test_tasks_and_truth_come_back(tmp_path: Path) -> None:
    family = LabelSpace("family", ("oak", "palm"))
    species = LabelSpace("species", ("areca", "robur"), "family", (1, 0))
    with StoreWriter(tmp_path / "store.h5", 300, 300) as writer:
        for place in range(2):
            plane = np.full((300, 300), place, np.uint8)
            writer.append(IMAGES[place], id=str(place), truth={"landmarks": plane})
        writer.add_task(family, [1, -1])
        writer.add_task(species, [0, 1])
        writer.add_truth("stage", [-1, 3])
    with Store(tmp_path / "store.h5") as store:
        assert store.tasks == {"family": family, "species": species}
        assert store.labels("family").tolist() == [1, -1]
        assert store.truth("stage").tolist() == [-1, 3]
        assert store.truth("landmarks").max(axis=(1, 2)).tolist() == [0, 1]


def test_terms_come_back(tmp_path: Path) -> None:
    space, carried = LabelSpace("cv_terms", ("gut", "brain", "muscle")), [[0, 1, 1], [255, 255, 255]]
    with StoreWriter(tmp_path / "store.h5", 300, 300) as writer:
        for place in range(2):
            writer.append(IMAGES[place], id=str(place))
        writer.add_terms(space, carried)
        for labels, told in [([[0, 1, 1]], "expected labels of shape"), ([[0, 1, 2], [0, 0, 0]], "terms are 0, 1")]:
            with pytest.raises(LabelError, match=told):
                writer.add_terms(LabelSpace("others", space.classes), labels)
        with pytest.raises(LabelError, match="no parent"):
            writer.add_terms(LabelSpace("species", ("robur",), "family", (0,)), [[1], [0]])
    with Store(tmp_path / "store.h5") as store:
        assert store.tasks == {}
        assert store.term_tasks == {"cv_terms": space}
        assert store.terms("cv_terms").tolist() == carried


def test_the_most_classes_fit_a_file(tmp_path: Path) -> None:
    names = tuple(f"class {k}" for k in range(MAX_CLASSES))
    coarse, fine = LabelSpace("coarse", names), LabelSpace("fine", names, "coarse", tuple(range(MAX_CLASSES)))
    with StoreWriter(tmp_path / "store.h5", 300, 300) as writer:
        writer.append(IMAGES[0], id="a")
        writer.add_task(coarse, [MAX_CLASSES - 1])
        writer.add_task(fine, [0])
    with Store(tmp_path / "store.h5") as store:
        assert store.tasks == {"coarse": coarse, "fine": fine}


def test_refused_images(tmp_path: Path) -> None:
    with StoreWriter(tmp_path / "store.h5", 300, 300) as writer:
        writer.append(IMAGES[0], id="a")
        with pytest.raises(ImageError, match=r"b: expected uint8 \(300, 300, 3\), received uint8 \(300, 300\)"):
            writer.append(IMAGES[0, ..., 0], id="b")
        with pytest.raises(ImageError, match="received float32"):
            writer.append(IMAGES[0].astype(np.float32), id="b")
        for name in ("a", ""):
            with pytest.raises(StoreError, match="samples/id: image ids must be unique and not empty"):
                writer.append(IMAGES[1], id=name)
        with pytest.raises(StoreError, match="samples/split: expected one of"):
            writer.append(IMAGES[1], id="b", split="val")
    with Store(tmp_path / "store.h5") as store:
        assert store.ids.tolist() == ["a"]


def test_refused_labels(tmp_path: Path) -> None:
    space = LabelSpace("family", ("oak",))
    with StoreWriter(tmp_path / "store.h5", 300, 300) as writer:
        writer.append(IMAGES[0], id="a")
        for labels, told in [([0, 0], "1 images but labels of shape"), ([1], "must lie in"), ([-2], "must lie in")]:
            with pytest.raises(LabelError, match=told):
                writer.add_task(space, labels)
        with pytest.raises(LabelError, match="add its parent 'family' first"):
            writer.add_task(LabelSpace("species", ("robur",), "family", (0,)), [0])


def test_nothing_appears_without_images_or_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no image to write"), StoreWriter(tmp_path / "store.h5", 300, 300):
        pass
    with pytest.raises(ZeroDivisionError), StoreWriter(tmp_path / "store.h5", 300, 300) as writer:
        writer.append(IMAGES[0], id="a")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_an_existing_store_is_kept_or_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "store.h5"
    write(path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="exists already; choose another name or add --overwrite"):
        write(path, 2)
    with pytest.raises(ZeroDivisionError), StoreWriter(path, 300, 300, overwrite=True) as writer:
        writer.append(IMAGES[0], id="a")
        raise ZeroDivisionError
    assert path.read_bytes() == before
    write(path, 2, overwrite=True)
    with Store(path) as store:
        assert len(store) == 2


def test_overwrite_replaces_only_hdf5_files(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG and more")
    with pytest.raises(StoreError, match="is no HDF5 file"):
        refuse_existing(picture, overwrite=True)
    with pytest.raises(StoreError, match="is a folder"):
        refuse_existing(tmp_path, overwrite=True)
    (tmp_path / "empty.h5").touch()
    refuse_existing(tmp_path / "empty.h5", overwrite=True)
    refuse_existing(tmp_path / "new.h5", overwrite=False)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc of Linux, where no file can be made")
def test_a_place_that_cannot_be_written_is_named() -> None:
    with pytest.raises(StoreError, match=r"^/proc/store.h5: cannot be written \(No such file"):
        write(Path("/proc/store.h5"))
