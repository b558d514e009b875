from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_shared.files.store_writer import StoreWriter
from lsl_tools.labelling.label_sheet import draw_label_sheet
from lsl_tools.labelling.suggest import Suggestion
from tests.support.pictures import decoded, texts_of

COLOURS = np.array([(200, 30, 30), (30, 160, 30), (30, 30, 200), (230, 160, 20), (120, 20, 120), (20, 160, 160)])


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Six images, each of one colour."""
    with StoreWriter(tmp_path / "store.h5", 16, 40) as writer:
        for place, colour in enumerate(COLOURS):
            writer.append(np.full((16, 40, 3), colour, np.uint8), id=f"image{place}", gene=f"gene{place}")
    return tmp_path / "store.h5"


def suggested(*rows: int) -> list[Suggestion]:
    return [
        Suggestion(row=row, id=f"image{row}", gene=f"gene{row}", coarse="4-6", guess="5", probability=0.4, task="stage")
        for row in rows
    ]


def place_of(picture: NDArray[np.uint8], colour: NDArray[np.int64]) -> tuple[float, float]:
    """Where the colour lies: the means of its rows and columns."""
    rows, columns = np.nonzero((np.abs(picture.astype(int) - colour) < 12).all(axis=2))
    assert len(rows) > 1000, "the image is not on the sheet"
    return float(rows.mean()), float(columns.mean())


def test_images_lie_on_the_sheet_in_the_order_of_the_rows(store: Path, tmp_path: Path) -> None:
    order = [3, 0, 5, 1, 4, 2]
    draw_label_sheet(suggested(*order), store, tmp_path / "sheet.png")
    picture = decoded(tmp_path / "sheet.png")
    places = [place_of(picture, COLOURS[row]) for row in order]
    first, second = places[:5], places[5]
    assert np.ptp([y for y, _ in first]) < 3  # five in a row
    assert [x for _, x in first] == sorted(x for _, x in first)
    assert second[0] > first[0][0] + 30 and abs(second[1] - first[0][1]) < 3


def test_captions_tell_number_id_gene_and_guess(store: Path, tmp_path: Path) -> None:
    draw_label_sheet(suggested(2, 1), store, tmp_path / "sheet.svg")
    texts = texts_of(tmp_path / "sheet.svg")
    for told in ("2 images to label: stage", "1  image2", "2  image1", "gene2 · 4-6", "5? 40%"):
        assert told in texts, texts
