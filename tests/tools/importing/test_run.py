from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from lsl_shared.errors import ConfigError, DataFileError, LabelError, LslError, StoreError
from lsl_shared.files.store import Store
from lsl_shared.fly import stage_range_space
from lsl_shared.labels import LabelSpace
from lsl_tools import import_images
from lsl_tools.pictures.read_image import read_image

MakeFolder = Callable[..., Path]


def test_a_folder_byte_for_byte(folder: MakeFolder, tmp_path: Path) -> None:
    root = folder("oak/1.png", "oak/2.bmp", "palm/10.tif", "palm/9.png")
    report = import_images(root, tmp_path / "store.h5")
    assert (report.images, report.size, report.resized, report.skipped) == (4, (12, 16), 0, ())
    assert report.tasks == {"label": LabelSpace("label", ("oak", "palm"))}
    assert report.counts == {"label": (2, 2)}
    with Store(tmp_path / "store.h5") as store:
        assert store.sources.tolist() == store.ids.tolist() == ["oak/1.png", "oak/2.bmp", "palm/9.png", "palm/10.tif"]
        assert store.labels("label").tolist() == [0, 0, 1, 1]
        for place, source in enumerate(store.sources):
            np.testing.assert_array_equal(store.read(place, place + 1)[0], read_image(root / source))


def test_a_table_in_a_folder_or_beside_its_images(folder: MakeFolder, tmp_path: Path) -> None:
    root = folder("1.png", "2.png", "3.png")
    text = "file,id,gene,view,split,family,species\n1.png,a,Dl,lateral,train,oak,robur\n2.png,b,,,test,moss,\n"
    (root / "labels.csv").write_text(text)
    tasks = ["family", "species:family"]
    import_images(root, tmp_path / "a.h5", labels="labels.csv", tasks=tasks)
    import_images(root, tmp_path / "b.h5", labels=root / "labels.csv", tasks=tasks)
    report = import_images(root / "labels.csv", tmp_path / "c.h5", tasks=tasks)
    assert (report.genes, report.views, report.splits) == (1, {"lateral": 1, "": 1}, {"train": 1, "test": 1})
    for name in ("a.h5", "b.h5", "c.h5"):
        with Store(tmp_path / name) as store:
            assert store.ids.tolist() == ["a", "b"]
            assert store.tasks["species"] == LabelSpace("species", ("robur",), "family", (1,))
            assert store.labels("species").tolist() == [0, -1]
            assert store.labels("family").tolist() == [1, 0]
            assert store.splits.tolist() == ["train", "test"]


def test_unreadable_pictures_are_listed_and_skipped(folder: MakeFolder, tmp_path: Path) -> None:
    root = folder("oak/1.png", "oak/2.jpg", "palm/3.png")
    whole = (root / "oak/2.jpg").read_bytes()
    (root / "oak/2.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "palm/text.png").write_text("no picture")
    (root / "palm/empty.bmp").touch()
    done: list[int] = []
    report = import_images(root, tmp_path / "store.h5", on_progress=done.append)
    assert report.images == 2
    assert [skipped.source for skipped in report.skipped] == ["oak/2.jpg", "palm/empty.bmp", "palm/text.png"]
    assert "cut off" in report.skipped[0].reason
    assert report.skipped[1].reason == "is empty"
    assert sum(done) == 5


def test_files_that_a_table_names_but_are_not_there(folder: MakeFolder, tmp_path: Path) -> None:
    root = folder("1.png")
    (root / "labels.csv").write_text("file,family\n1.png,oak\n2.png,palm\n")
    report = import_images(root / "labels.csv", tmp_path / "store.h5", tasks=["family"])
    assert [(skipped.source, skipped.reason) for skipped in report.skipped] == [
        ("2.png", "cannot be read (No such file or directory)")
    ]
    assert report.counts == {"family": (1, 0)}


def test_nothing_readable_makes_nothing(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.png").write_text("no picture")
    with pytest.raises(StoreError, match=r"none of 1 images could be read, nothing was made; the first: a.png: is not"):
        import_images(tmp_path / "source", tmp_path / "new" / "store.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


@pytest.mark.parametrize(
    ("source", "options", "error", "told"),
    [
        ("absent", {}, DataFileError, "no such file or folder"),
        ("absent.csv", {}, DataFileError, "no such file or folder"),
        ("absent", {"labels": "a.csv"}, ConfigError, "does not exist"),
        ("source/1.png", {}, DataFileError, "expected a folder of images, or a CSV"),
        ("source/1.png", {"labels": "a.csv"}, ConfigError, "--labels goes with a folder"),
        ("source", {"labels": "absent.csv"}, DataFileError, "absent.csv: cannot be read"),
        ("source", {"tasks": ["Bad Name"]}, LabelError, "lower-case"),
        ("source", {"tasks": ["species"]}, ConfigError, "0 folders deep"),
        ("empty", {}, DataFileError, "holds no PNG"),
    ],
)
def test_sources_that_cannot_be_used(
    folder: MakeFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    options: dict[str, object],
    error: type[LslError],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    folder("1.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(error, match=told):
        import_images(source, "new/store.h5", **options)  # type: ignore[arg-type]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "source"]


def test_an_existing_store_stays(folder: MakeFolder, tmp_path: Path) -> None:
    root, target = folder("1.png"), tmp_path / "store.h5"
    import_images(root, target)
    before = target.read_bytes()
    with pytest.raises(StoreError, match="exists already"):
        import_images(root, target)
    with pytest.raises(DataFileError):
        import_images(tmp_path / "absent", target, overwrite=True)
    assert target.read_bytes() == before
    with pytest.raises(StoreError, match="is no HDF5 file"):
        import_images(root, root / "1.png", overwrite=True)
    import_images(root, target, overwrite=True)


def test_sizes(folder: MakeFolder, tmp_path: Path) -> None:
    root = folder("a.png", "b.png", size=(12, 16))
    cv2.imwrite(str(root / "small.png"), np.full((6, 4, 3), 9, np.uint8))
    report = import_images(root, tmp_path / "common.h5")
    assert (report.size, report.resized) == ((12, 16), 1)
    with Store(tmp_path / "common.h5") as store:
        assert (store.read(2, 3) == 9).all()  # padded with its own colour, not enlarged
    report = import_images(root, tmp_path / "asked.h5", size=(24, 20))
    assert (report.size, report.resized) == ((24, 20), 3)
    with Store(tmp_path / "asked.h5") as store:
        assert store.shape == (3, 24, 20)


def fly(root: Path, source: Path, path: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, root / path)


def test_a_photograph_in_two_folders_is_kept_once(folder: MakeFolder, tmp_path: Path) -> None:
    pictures, root = folder("a.bmp", "b.bmp", "c.bmp", size=(128, 320), name="pictures"), tmp_path / "fly"
    fly(root, pictures / "a.bmp", "Dl/7-8/insitu1.bmp")
    fly(root, pictures / "a.bmp", "Dl/13-16/insitu1.bmp")  # the same id and bytes
    fly(root, pictures / "b.bmp", "Dl/13-16/insitu2.bmp")
    fly(root, pictures / "b.bmp", "Dl/13-17/insitu9.bmp")  # the same bytes and, in the end, the same range
    fly(root, pictures / "c.bmp", "Dif/4-6/insitu3.bmp")
    report = import_images(root, tmp_path / "store.h5")
    assert report.images == 3
    assert report.repeated == ("Dl/13-16/insitu1.bmp", "Dl/13-17/insitu9.bmp")
    assert report.contradictory == ("Dl/7-8/insitu1.bmp (kept) and Dl/13-16/insitu1.bmp are the same photograph",)
    assert report.skipped == ()
    with Store(tmp_path / "store.h5") as store:
        assert store.tasks == {"stage_range": stage_range_space()}
        assert dict(zip(store.ids, store.labels("stage_range").tolist(), strict=True)) == {
            "insitu1": 2, "insitu2": 5, "insitu3": 1,
        }  # fmt: skip


def test_a_broken_copy_does_not_hide_the_good_one(folder: MakeFolder, tmp_path: Path) -> None:
    pictures, root = folder("a.bmp", size=(128, 320), name="pictures"), tmp_path / "fly"
    fly(root, pictures / "a.bmp", "Dl/7-8/insitu1.bmp")
    fly(root, pictures / "a.bmp", "Dl/9-10/insitu1.bmp")
    (root / "Dl/7-8/insitu1.bmp").write_bytes(b"BM")
    report = import_images(root, tmp_path / "store.h5")
    assert (report.images, report.repeated, len(report.skipped)) == (1, (), 1)


def test_flies_of_another_size_lie_on_white(folder: MakeFolder, tmp_path: Path) -> None:
    report = import_images(folder("Dl/4-6/insitu1.bmp", size=(100, 300)), tmp_path / "store.h5")
    assert (report.size, report.resized) == ((128, 320), 1)
    with Store(tmp_path / "store.h5") as store:
        image = store.read(0, 1)[0]
    assert (image[:14] == 255).all()
    assert (image[:, :10] == 255).all()


def test_the_same_source_makes_the_same_store(folder: MakeFolder, tmp_path: Path) -> None:
    root = folder("b/1.png", "a/2.png", "a/10.png")
    fingerprints = set()
    for name in ("x.h5", "y.h5"):
        import_images(root, tmp_path / name)
        with Store(tmp_path / name) as store:
            fingerprints.add(store.fingerprint())
    assert len(fingerprints) == 1


def test_real_flies(data: Path, tmp_path: Path) -> None:
    report = import_images(data / "flyexpress", tmp_path / "store.h5")
    assert (report.images, report.size, report.resized, report.genes) == (165, (128, 320), 0, 7)
    assert report.counts == {"stage_range": (12, 30, 26, 14, 39, 44)}
    assert report.views == {"lateral": 85, "dorsal": 34, "ventral": 21, "": 25}
    assert (report.skipped, report.repeated, report.contradictory) == ((), (), ())
    with Store(tmp_path / "store.h5") as store:
        place = store.ids.tolist().index("insitu53110")
        assert store.tasks["stage_range"].classes[store.labels("stage_range")[place]] == "7-8"
        original = cv2.imread(str(data / "flyexpress" / store.sources[place]))
        assert original is not None
        np.testing.assert_array_equal(store.read(place, place + 1)[0], original[..., ::-1])


def test_real_flies_by_their_table(data: Path, tmp_path: Path) -> None:
    report = import_images(data / "flyexpress", tmp_path / "store.h5", labels="labels.csv")
    assert report.images == 165
    assert report.tasks == {"stage_range": stage_range_space()}
    assert report.counts == {"stage_range": (12, 30, 26, 14, 39, 44)}


def test_real_pollen(data: Path, tmp_path: Path) -> None:
    table = tmp_path / "few.csv"
    lines = (data / "pollen73s" / "labels.csv").read_text().splitlines()
    table.write_text("\n".join([lines[0], *lines[1::40]]))
    report = import_images(data / "pollen73s", tmp_path / "store.h5", labels=table, tasks=["family", "species:family"])
    assert report.images == len(lines[1::40])
    assert report.size == (128, 128)
    fine = report.tasks["species"]
    assert fine.parent_index[fine.index("zea_mays")] == report.tasks["family"].index("Poaceae")
