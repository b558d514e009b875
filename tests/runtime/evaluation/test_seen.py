from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime.evaluation.seen import told_apart
from lsl_runtime.model.split_file import KnownImage
from lsl_shared import Store, StoreWriter
from lsl_shared.files.content_hash import image_digests

Write = Callable[..., Path]
PIXELS = np.random.default_rng(0).integers(0, 256, (8, 16, 40, 3), dtype=np.uint8)
PARTS = ("train", "train", "calibration", "calibration", "test", "test", "test", "test")
GENES = ("eve", "eve", "ftz", "ftz", "hb", "hb", "kni", "kni")
CONTENTS = [digest.hex() for digest in image_digests(PIXELS)]
SPLIT = [KnownImage(f"i{k}", PARTS[k], GENES[k], CONTENTS[k]) for k in range(8)]
BY_ID = [KnownImage(image.id, image.part) for image in SPLIT]
WITHOUT_GENES = [KnownImage(image.id, image.part, "", image.content) for image in SPLIT]
IDS = [image.id for image in SPLIT]
OTHERS = [str(k) for k in range(8)]
OWN, SEEN, TEST, NEW, UNKNOWN = ["seen"] * 4 + ["test"] * 4, ["seen"] * 8, ["test"] * 8, ["new"] * 8, ["unknown"] * 8


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(ids: Sequence[str], genes: Sequence[str] = GENES, pixels: np.ndarray = PIXELS) -> Path:
        with StoreWriter(tmp_path / "s.h5", 16, 40, overwrite=True) as writer:
            for name, gene, image in zip(ids, genes, pixels, strict=True):
                writer.append(image, id=name, gene=gene)
        return tmp_path / "s.h5"

    return make


def told(path: Path, images: Sequence[KnownImage], same: bool = False) -> list[str]:
    with Store(path) as store:
        return [str(one) for one in told_apart(store, images, store.fingerprint() if same else "other")]


@pytest.mark.parametrize("images", [SPLIT, BY_ID, WITHOUT_GENES])
def test_the_store_of_the_training(write: Write, images: Sequence[KnownImage]) -> None:
    assert told(write(IDS), images, same=True) == OWN


@pytest.mark.parametrize("genes", [GENES, [""] * 8, ["x"] * 8])
@pytest.mark.parametrize("images", [SPLIT, WITHOUT_GENES])
@pytest.mark.parametrize("ids", [IDS, OTHERS, IDS[::-1]])
def test_its_pictures_under_any_ids_and_genes(
    write: Write, ids: Sequence[str], images: Sequence[KnownImage], genes: Sequence[str]
) -> None:
    assert told(write(ids, genes), images) == OWN


def test_its_genes_in_other_pictures(write: Write) -> None:
    assert told(write(OTHERS, pixels=PIXELS ^ 1), SPLIT) == ["seen"] * 4 + ["new"] * 4


def test_its_ids_and_genes_in_pictures_that_were_made_again(write: Write) -> None:
    assert told(write(IDS, pixels=PIXELS ^ 1), SPLIT) == OWN


def test_other_genes_under_ids_that_are_taken(write: Write) -> None:
    assert told(write(IDS, ["a", "b", "c", "d"] * 2, PIXELS ^ 1), SPLIT) == NEW


def test_a_trained_gene_under_the_id_of_a_test_image(write: Write) -> None:
    assert told(write(IDS, ["eve"] * 8, PIXELS ^ 1), SPLIT) == SEEN


def test_ids_alone_make_no_test_image_of_other_pictures_without_a_gene(write: Write) -> None:
    assert told(write(IDS, [""] * 8, PIXELS ^ 1), SPLIT) == ["seen"] * 4 + ["unknown"] * 4
    assert told(write(OTHERS, [""] * 8, PIXELS ^ 1), SPLIT) == UNKNOWN


def test_where_no_image_has_a_gene_other_pictures_are_new(write: Write) -> None:
    assert told(write(OTHERS, [""] * 8, PIXELS ^ 1), WITHOUT_GENES) == NEW


def test_a_bundle_of_version_0_1_0_knows_ids_alone(write: Write) -> None:
    assert told(write(IDS, pixels=PIXELS ^ 1), BY_ID) == OWN
    assert told(write(OTHERS), BY_ID) == UNKNOWN


def test_a_picture_that_is_there_twice_was_seen(write: Write) -> None:
    split = [*SPLIT[:4], KnownImage("again", "test", "hb", CONTENTS[0])]
    assert told(write(["a"], ["x"], PIXELS[:1]), split) == ["seen"]


def test_names_of_genes_are_compared_in_one_form(write: Write) -> None:
    split = [KnownImage("a", "train", "Krüppel", ""), KnownImage("b", "test", "hb", CONTENTS[1])]
    assert told(write(["x", "y"], ["Kru\u0308ppel", " hb"], PIXELS[2:4]), split) == ["seen", "new"]
