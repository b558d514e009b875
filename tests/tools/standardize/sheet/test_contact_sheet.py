from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from lsl_shared.errors import ConfigError, StoreError
from lsl_shared.files.store_writer import StoreWriter
from lsl_tools.standardize.run import standardize_images
from lsl_tools.standardize.sheet.contact_sheet import contact_sheet
from tests.support.pictures import decoded


@pytest.fixture(scope="module")
def store(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sheet")
    shutil.copytree(photographs / "good", root / "photographs")
    standardize_images(root / "photographs", root / "store.h5", workers=1)
    return root / "store.h5"


def reddish(path: Path) -> int:
    picture = decoded(path)
    return int(((picture[..., 0] > 150) & (picture[..., 1] < 110) & (picture[..., 2] < 110)).sum())


def test_a_png_shows_each_photograph_with_its_outline(store: Path, tmp_path: Path) -> None:
    assert contact_sheet(store, tmp_path / "a.png") == 3
    assert contact_sheet(store, tmp_path / "one.png", images=1) == 1
    assert reddish(tmp_path / "a.png") > 2 * reddish(tmp_path / "one.png") > 200


def test_a_page_holds_its_pictures(store: Path, tmp_path: Path) -> None:
    contact_sheet(store, tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text()
    assert page.count("<figure") == 3
    assert page.count("data:image/jpeg;base64,") == 6
    assert "http" not in page


def test_photographs_that_moved(store: Path, photographs: Path, tmp_path: Path) -> None:
    moved = tmp_path / "store.h5"
    shutil.copy(store, moved)
    contact_sheet(moved, tmp_path / "a.html", photographs=tmp_path)
    assert (tmp_path / "a.html").read_text().count("photograph not found") == 3
    contact_sheet(moved, tmp_path / "b.html", photographs=photographs / "good")
    assert "photograph not found" not in (tmp_path / "b.html").read_text()


def test_any_store_shows_its_images(tmp_path: Path) -> None:
    with StoreWriter(tmp_path / "plain.h5", 30, 40) as writer:
        for place in range(5):
            writer.append(np.full((30, 40, 3), 40 * place, np.uint8), id=f"<b>{place}")
    contact_sheet(tmp_path / "plain.h5", tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 5
    assert "<b>" not in page
    contact_sheet(tmp_path / "plain.h5", tmp_path / "a.png")
    assert decoded(tmp_path / "a.png").shape[1] == 4 * 330


def test_what_cannot_be_written_or_read(store: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ends in \.html or \.png"):
        contact_sheet(store, tmp_path / "a.pdf")
    with pytest.raises(StoreError):
        contact_sheet(tmp_path / "absent.h5", tmp_path / "a.png")
    with StoreWriter(tmp_path / "many.h5", 8, 8) as writer:
        for place in range(401):
            writer.append(np.zeros((8, 8, 3), np.uint8), id=str(place))
    with pytest.raises(ConfigError, match="a PNG holds 400 images, not 401"):
        contact_sheet(tmp_path / "many.h5", tmp_path / "a.png")
    assert list(tmp_path.glob("a.*")) == []
