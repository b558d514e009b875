from __future__ import annotations

from pathlib import Path

import pytest

from lsl_tools.importing.flyexpress import is_flyexpress, list_flyexpress

PATHS = ["Dl/1-3/insitu1.bmp", "Dl/13-16/insitu22.bmp", "Dif/9-10/INSITU3.BMP"]


@pytest.mark.parametrize("prefix", ["", "data/", "a/b/"])
def test_the_layout_is_recognized(prefix: str) -> None:
    assert is_flyexpress([prefix + path for path in PATHS])


@pytest.mark.parametrize("path", ["1-3/insitu1.bmp", "Dl/4-7/insitu1.bmp", "Dl/4-6/1.bmp", "Dl/4-6/x/insitu1.bmp"])
def test_other_layouts_are_not(path: str) -> None:
    assert not is_flyexpress([path])


def test_genes_ranges_and_ids() -> None:
    found = list_flyexpress(Path("root"), [*PATHS, "readme/scale.png"])
    assert [(s.id, s.gene, s.labels["stage_range"], s.view) for s in found.samples] == [
        ("insitu1", "Dl", "1-3", ""),
        ("insitu22", "Dl", "13-16", ""),
        ("insitu3", "Dif", "9-10", ""),
    ]
    assert [skipped.source for skipped in found.skipped] == ["readme/scale.png"]
    assert (found.size, found.border, found.once) == ((128, 320), (255, 255, 255), True)
    assert "all views are unknown" in found.notes[0]


@pytest.mark.parametrize("root", [".", "data"])
def test_views_come_from_the_table_beside(tmp_path: Path, root: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "labels.csv").write_text("file,view\ndata/Dl/1-3/insitu1.bmp,Dorsal\n")
    found = list_flyexpress(tmp_path / root, PATHS)
    assert [sample.view for sample in found.samples] == ["dorsal", "", ""]
    assert found.notes == ("views are taken from labels.csv",)


def test_a_table_without_views(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,gene\nx.bmp,Dl\n")
    assert list_flyexpress(tmp_path, PATHS).notes == ("labels.csv has no column view: all views are unknown",)
