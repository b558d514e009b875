from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from lsl_shared.files.store import Store
from lsl_tools.importing.run import import_images
from lsl_tools.importing.terms import read_terms
from tests.support.places import DATA

FLYEXPRESS = DATA / "flyexpress"


def test_a_cell_holds_terms() -> None:
    assert read_terms("brain| nerve cord |brain|") == ("brain", "nerve cord")
    assert read_terms(" ") == ()


def test_a_table_s_terms_become_a_task(tmp_path: Path) -> None:
    for name in "abc":
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((8, 8, 3), ord(name), np.uint8))
    rows = ["file,gene,CV terms", "a.png,x,nerve cord|brain", "b.png,x,", "c.png,y,brain"]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    import_images(tmp_path / "labels.csv", tmp_path / "store.h5")
    with Store(tmp_path / "store.h5") as store:
        assert store.term_tasks["cv_terms"].classes == ("brain", "nerve cord")
        assert store.terms("cv_terms").tolist() == [[1, 1], [255, 255], [1, 0]]


@pytest.mark.skipif(not FLYEXPRESS.is_dir(), reason="the FlyExpress images are not here")
def test_the_flyexpress_layout_takes_them_from_its_table(tmp_path: Path) -> None:
    report = import_images(FLYEXPRESS, tmp_path / "store.h5")
    assert "views and terms are taken from labels.csv" in report.notes
    with Store(tmp_path / "store.h5") as store:
        terms, names = store.terms("cv_terms"), store.term_tasks["cv_terms"].classes
        assert (terms.shape[1], int((terms[:, 0] == 255).sum())) == (63, 14)
        carried = {gene for gene, row in zip(store.genes, terms, strict=True) if row[names.index("maternal")] == 1}
    assert carried == {"Dip-C", "Dl", "Dmn", "dhd"}
