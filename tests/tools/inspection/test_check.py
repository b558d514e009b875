from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_shared.coarse import CoarseTask
from lsl_shared.errors import StoreError
from lsl_shared.files.store_writer import StoreWriter
from lsl_shared.labels import LabelSpace
from lsl_tools import CheckReport, check_store

FAMILY = LabelSpace("family", ("oak", "palm"))
SPECIES = LabelSpace("species", ("robur", "areca"), "family", (0, 1))


def made(
    path: Path,
    *,
    same: dict[int, int] | None = None,
    genes: str = "",
    splits: tuple[str, ...] = (),
    family: tuple[int, ...] = (0, 0, 1, 1),
    species: tuple[int, ...] = (0, 0, 1, 1),
) -> Path:
    """Four noise images; `same` gives {image: the one that it equals}, `genes` a letter for each."""
    with StoreWriter(path, 64, 64) as writer:
        for place in range(4):
            generator = np.random.default_rng((same or {}).get(place, place))
            writer.append(
                generator.integers(0, 256, (64, 64, 3), dtype=np.uint8), id=f"i{place}",
                gene=genes[place].strip() if genes else "", split=splits[place] if splits else "",
            )  # fmt: skip
        writer.add_task(FAMILY, family)
        writer.add_task(SPECIES, species)
    return path


def findings(report: CheckReport) -> tuple[list[str], list[str]]:
    return report.errors, report.warnings


def test_a_sound_store(tmp_path: Path) -> None:
    done: list[int] = []
    path = made(tmp_path / "a.h5", genes="AABB", splits=("train", "train", "test", "test"))
    report = check_store(path, on_progress=done.append)
    assert findings(report) == ([], [])
    assert (report.ok, report.images, sum(done), report.content_hash) == (True, 4, 4, "")


def test_duplicates_are_named(tmp_path: Path) -> None:
    report = check_store(made(tmp_path / "a.h5", same={1: 0}))
    assert findings(report) == ([], ["1 picture(s) are there more than once: i0 = i1"])


def test_duplicates_with_other_labels(tmp_path: Path) -> None:
    report = check_store(made(tmp_path / "a.h5", same={3: 0}))
    assert report.warnings[1:] == [
        "1 equal picture(s) differ in family: i0 = i3",
        "1 equal picture(s) differ in species: i0 = i3",
    ]


def test_duplicates_across_the_split(tmp_path: Path) -> None:
    splits = ("train", "test", "test", "train")
    report = check_store(made(tmp_path / "a.h5", same={1: 0}, splits=splits))
    assert report.errors == ["1 picture(s) lie on both sides of the stored split: i0 = i1"]
    assert not report.ok


def test_genes_across_the_split(tmp_path: Path) -> None:
    splits = ("train", "test", "test", "")
    report = check_store(made(tmp_path / "a.h5", genes="AAB ", splits=splits))
    assert report.errors == ["1 gene(s) straddle the stored split: A"]
    assert report.warnings == ["1 of 4 images are in no part of the stored split"]


def test_images_without_gene_do_not_straddle(tmp_path: Path) -> None:
    assert check_store(made(tmp_path / "a.h5", splits=("train", "test", "test", "train"))).ok


def test_contradictory_labels(tmp_path: Path) -> None:
    report = check_store(made(tmp_path / "a.h5", species=(0, 1, 1, -1), family=(0, 0, -1, 1)))
    assert "1 label(s) of species contradict family: i1" in report.warnings
    assert report.ok


def test_rare_classes(tmp_path: Path) -> None:
    report = check_store(made(tmp_path / "a.h5", family=(0, 0, 0, 1), species=(0, 0, -1, -1)))
    assert report.warnings == [
        "task family: a single image of 1 class(es): palm",
        "task species: no image of 1 class(es): areca",
    ]


def test_flat_images(tmp_path: Path) -> None:
    with StoreWriter(tmp_path / "a.h5", 8, 8) as writer:
        writer.append(np.full((8, 8, 3), 7, np.uint8), id="black")
    warnings = check_store(tmp_path / "a.h5").warnings
    assert warnings == [
        "1 image(s) of one single colour: black",
        "no labels: the store can be annotated, not trained on",
    ]


def test_long_lists_are_cut(tmp_path: Path) -> None:
    space = LabelSpace("family", tuple(f"f{k}" for k in range(9)))
    with StoreWriter(tmp_path / "a.h5", 8, 8) as writer:
        writer.append(np.arange(192, dtype=np.uint8).reshape(8, 8, 3), id="a")
        writer.add_task(space, [-1])
    assert check_store(tmp_path / "a.h5").warnings == [
        "task family: no image of 9 class(es): f0, f1, f2, f3, f4 and 4 more"
    ]


def test_a_broken_chunk_and_broken_labels(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with StoreWriter(path, 400, 400) as writer:  # two images a chunk
        for place in range(5):
            noise = np.random.default_rng(place).integers(0, 256, (400, 400, 3), dtype=np.uint8)
            writer.append(noise, id=f"i{place}")
        writer.add_task(FAMILY, [0, 1, 0, 1, 0])
    with h5py.File(path, "a") as file:
        place = file["images"].id.get_chunk_info(1)
        file["labels/family"][0] = 9
    data = bytearray(path.read_bytes())
    data[place.byte_offset + 100 : place.byte_offset + 200] = bytes(100)
    path.write_bytes(data)
    report = check_store(path, full=True)
    assert len(report.errors) == 2
    assert f"{path}: images[2:4]: cannot be read" in report.errors[0]
    assert "labels/family: labels must lie in" in report.errors[1]
    assert (report.warnings, report.content_hash) == ([], "")


def test_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a folder"):
        check_store(tmp_path)


def test_coarse_labels_that_contradict(tmp_path: Path) -> None:
    biome = CoarseTask("biome", ("wood", "shore"), ((0,), (1,)))
    with StoreWriter(tmp_path / "a.h5", 64, 64) as writer:
        for place in range(4):
            noise = np.random.default_rng(place).integers(0, 256, (64, 64, 3), dtype=np.uint8)
            writer.append(noise, id=f"i{place}")
        writer.add_task(FAMILY, (0, 0, 1, 1))
        writer.add_task(LabelSpace("biome", biome.classes), (0, 1, -1, 1))
        writer.add_task(SPECIES, (1, -1, 1, 1), [biome])
    _, warnings = findings(check_store(tmp_path / "a.h5"))
    assert "1 label(s) of species contradict family: i0" in warnings
    assert "1 label(s) of species contradict biome: i0" in warnings
    assert "1 image(s) have coarse labels that allow no species together: i1 (oak and shore)" in warnings
