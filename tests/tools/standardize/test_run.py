from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from lsl_shared.errors import LslError, StoreError
from lsl_shared.files.store import Store
from lsl_shared.measures.embryo_mask import embryo_mask
from lsl_tools.demo.scene import Scene
from lsl_tools.standardize.orientation import Turns
from lsl_tools.standardize.run import standardize_images
from lsl_tools.standardize.transform import QUALITY, read_pose

MakeScene = Callable[..., Scene]


class Told:
    """A chooser that mirrors every image as it is told, with the given certainty."""

    def __init__(self, flip_x: bool = False, flip_y: bool = False, certain: bool = True) -> None:
        self.flip_x, self.flip_y, self.certain = flip_x, flip_y, certain
        self.seen: list[np.ndarray] = []

    def choose(self, images: np.ndarray) -> Turns:
        self.seen.append(images)
        count, probability = len(images), np.float32(0.99 if self.certain else 0.6)
        sure, likely = np.full(count, self.certain), np.full(count, probability)
        return Turns(np.full(count, self.flip_x), np.full(count, self.flip_y), likely, likely, sure, sure)


def rejects(store: Path) -> list[dict[str, str]]:
    with store.with_name("store.rejects.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_becomes_a_store_with_its_transform(photographs: Path, scene: MakeScene, tmp_path: Path) -> None:
    store = tmp_path / "store.h5"
    chooser, done = Told(flip_x=True), list[int]()
    report = standardize_images(photographs, store, chooser=chooser, workers=1, on_progress=done.append)
    assert (report.photographs, report.images, report.unreadable, sum(done)) == (5, 3, 1, 5)
    assert [reject.source for reject in report.rejects] == ["bad/empty.png", "bad/text.png"]
    assert sum(map(len, chooser.seen)) == 3
    with Store(store) as opened:
        assert opened.shape == (3, 128, 320)
        assert opened.sources.tolist() == ["good/0.png", "good/1.png", "good/2.png"]
        assert opened.tasks["label"].classes == ("bad", "good")
        assert opened.transform("flips").tolist() == [[True, False]] * 3
        assert opened.transform_columns("quality") == QUALITY
        assert opened.transform("flags").tolist() == [""] * 3
        assert opened.transform("quality").shape == (3, len(QUALITY))
        for place in range(2):
            made, pose = scene(place), read_pose(opened, place)
            inside = embryo_mask(opened.read(place, place + 1)[0]).astype(np.uint8)
            back = cv2.warpAffine(inside, cv2.invertAffineTransform(pose.matrix), made.mask.shape[::-1]) > 0
            assert (back & made.mask).sum() / (back | made.mask).sum() > 0.93
            assert opened.transform("photograph")[place] == str(photographs / "good" / f"{place}.png")


def test_flagged_photographs_are_left_out_or_kept_and_always_listed(photographs: Path, tmp_path: Path) -> None:
    store, doubtful = tmp_path / "store.h5", Told(certain=False)
    with pytest.raises(StoreError, match=r"none of 5 photographs passed.*--keep-flagged"):
        standardize_images(photographs, store, chooser=doubtful, workers=1)
    assert not store.exists()
    assert [row["kept"] for row in rejects(store)] == ["no"] * 5
    report = standardize_images(photographs, store, chooser=doubtful, workers=1, keep_flagged=True)
    assert report.images == 3
    rows = rejects(store)
    assert [row["reasons"] for row in rows] == [
        "no embryo",
        "is not a PNG, JPEG, BMP or TIFF file (it begins with b'no pictu')",
        *["anterior uncertain; dorsal uncertain"] * 3,
    ]
    assert [row["kept"] for row in rows] == ["no", "no", "yes", "yes", "yes"]
    page = store.with_name("store.rejects.html").read_text()
    assert page.count("<figure") == 5
    assert "anterior uncertain; dorsal uncertain" in page
    assert "data:image/jpeg;base64," in page
    with Store(store) as opened:
        assert opened.transform("flags").tolist() == ["anterior uncertain; dorsal uncertain"] * 3


def test_top_and_bottom_are_not_told_apart_in_dorsal_views(photographs: Path, tmp_path: Path) -> None:
    table = "file,view,gene,stage_range\n0.png,dorsal,Dl,4-6\n1.png,lateral,Dl,7-8\n2.png,,Dif,7-8\n"
    root = photographs / "good"
    (tmp_path / "labels.csv").write_text(table)
    store = tmp_path / "store.h5"
    standardize_images(
        root, store, labels=tmp_path / "labels.csv", chooser=Told(flip_y=True, certain=False), workers=1,
        keep_flagged=True,
    )  # fmt: skip
    with Store(store) as opened:
        assert opened.views.tolist() == ["dorsal", "lateral", ""]
        assert opened.genes.tolist() == ["Dl", "Dl", "Dif"]
        assert opened.tasks["stage_range"].classes[opened.labels("stage_range")[0]] == "4-6"
        assert opened.transform("flips")[:, 1].tolist() == [False, True, True]
        assert opened.transform("flags")[0] == "anterior uncertain"
        likely = opened.transform("quality")[:, QUALITY.index("probability_y")]
        assert np.isnan(likely).tolist() == [True, False, False]


def test_standardized_images_stay_as_they_are(embryos: list[np.ndarray], tmp_path: Path) -> None:
    root, chooser = tmp_path / "images", Told(True, True, certain=False)
    root.mkdir()
    for place, image in enumerate(embryos[:4]):
        (root / f"{place}.png").write_bytes(cv2.imencode(".png", image[..., ::-1])[1].tobytes())
    report = standardize_images(root, tmp_path / "store.h5", chooser=chooser, workers=1)
    assert (report.images, report.rejects, chooser.seen) == (4, (), [])
    with Store(tmp_path / "store.h5") as opened:
        np.testing.assert_array_equal(opened.read(0, 4), np.stack(embryos[:4]))


def test_another_size_is_shown_to_the_chooser_as_it_was_trained(photographs: Path, tmp_path: Path) -> None:
    chooser = Told()
    standardize_images(photographs, tmp_path / "store.h5", size=(64, 96), chooser=chooser, workers=1)
    assert chooser.seen[0].shape == (3, 128, 320, 3)
    with Store(tmp_path / "store.h5") as opened:
        assert opened.shape == (3, 64, 96)


def test_several_workers_make_the_same_store(photographs: Path, tmp_path: Path) -> None:
    table = tmp_path / "all.csv"
    lines = [f"good/{k % 3}.png,{k}" for k in range(9)]
    table.write_text("\n".join(["file,id", *lines]))
    fingerprints = set()
    for workers in (1, 2):
        store = tmp_path / f"{workers}.h5"
        standardize_images(photographs, store, labels=table, workers=workers)
        with Store(store) as opened:
            fingerprints.add(opened.fingerprint())
    assert len(fingerprints) == 1


def test_flyexpress_folders_with_a_photograph_in_two(embryos: list[np.ndarray], tmp_path: Path) -> None:
    root = tmp_path / "fly"
    for folder, name, place in (("Dl/4-6", "insitu1", 0), ("Dl/7-8", "insitu1", 0), ("Dif/7-8", "insitu2", 1)):
        (root / folder).mkdir(parents=True)
        cv2.imwrite(str(root / folder / f"{name}.bmp"), embryos[place][..., ::-1])
    (root / "labels.csv").write_text("file,view,cv_terms\ninsitu1.bmp,lateral,brain|ventral nerve cord\n")
    report = standardize_images(root, tmp_path / "store.h5", workers=1)
    assert (report.photographs, report.images, report.unreadable) == (3, 2, 0)
    assert [reject.reasons for reject in report.rejects] == [("is the same photograph as Dl/4-6/insitu1.bmp",)]
    with Store(tmp_path / "store.h5") as opened:
        assert opened.ids.tolist() == ["insitu2", "insitu1"]
        assert opened.genes.tolist() == ["Dif", "Dl"]
    with h5py.File(tmp_path / "store.h5") as file:
        assert file["labels/cv_terms"][...].tolist() == [[255, 255], [1, 1]]


def test_an_existing_store_and_its_rejects_stay(photographs: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.h5"
    standardize_images(photographs, store, workers=1)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(StoreError, match="exists already"):
        standardize_images(photographs, store, workers=1)
    with pytest.raises(LslError):
        standardize_images(tmp_path / "absent", store, overwrite=True)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_store_that_was_not_standardized_says_so(photographs: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.h5"
    standardize_images(photographs, store, workers=1)
    with h5py.File(store, "a") as file:
        file["transform/box"][0] = np.nan
        del file["transform/rotation"]
    with Store(store) as opened:
        assert not opened.has_transform("rotation")
        with pytest.raises(StoreError, match="transform/rotation"):
            read_pose(opened, 0)
