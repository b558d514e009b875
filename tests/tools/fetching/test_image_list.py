from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from lsl_shared.errors import ConfigError, DataFileError
from lsl_shared.fly import STAGE_RANGES
from lsl_tools.fetching.image_list import read_image_list, select_images
from tests.support.picture_server import row

Write = Callable[..., Path]


def test_a_row_becomes_an_image(image_list: Write) -> None:
    (image,) = read_image_list(image_list(row("img_dir_3/insitu3811.jpe", view="Lateral", code="6"))).images
    assert (image.id, image.path) == ("insitu3811", "img_dir_3/insitu3811.jpe")
    assert (image.gene, image.cg, image.fbgn) == ("eve", "CG2328", "FBgn0000606")
    assert (image.stage_range, image.view) == ("13-17", "lateral")


def test_stage_codes_count_the_ranges(image_list: Write) -> None:
    images = read_image_list(image_list(*(row(f"{code}.jpe", code=str(code)) for code in range(1, 7)))).images
    assert tuple(image.stage_range for image in images) == STAGE_RANGES


def test_latin_1_nulls_tabs_and_odd_views_are_read(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("\t".join(row("a.jpe", gene="vé", view="\\N")).encode("latin-1") + b"\r\n\r\n")
    (image,) = read_image_list(path).images
    assert (image.gene, image.view) == ("vé", "")


def test_a_gene_has_one_name(image_list: Write) -> None:
    rows = (row("a.jpe", gene="eve"), row("b.jpe", gene="CG2328"), row("c.jpe", gene="", fbgn=""))
    assert [image.gene for image in read_image_list(image_list(*rows)).images] == ["eve", "eve", "CG2328"]


def test_a_photograph_counts_once_and_ids_are_unique(image_list: Write) -> None:
    listed = read_image_list(image_list(row("a/1.jpe"), row("a/1.jpe", gene="ftz", fbgn="F2"), row("b/1.jpe")))
    assert [image.id for image in listed.images] == ["a/1", "b/1"]
    assert listed.repeated == 1


def test_a_list_that_went_through_a_spreadsheet(tmp_path: Path) -> None:
    rows = [row("a.jpe", gene="1-Dec", code="6.0", view="L"), row("b.jpe", gene="NA", view="d", code="2,0")]
    path = tmp_path / "list.csv"
    with path.open("w", newline="", encoding="utf-16") as stream:
        stream.write("sep=;\r\n")
        csv.writer(stream, delimiter=";").writerows(rows)
    listed = read_image_list(path)
    assert [(image.gene, image.stage_range, image.view) for image in listed.images] == [
        ("1-Dec", "13-17", "lateral"), ("1-Dec", "4-6", "dorsal"),
    ]  # fmt: skip
    assert any("a spreadsheet has turned 1-Dec (dec-1) (line 2)" in note for note in listed.notes)


def test_a_workbook_and_quotes_out_of_order(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "list.xlsx") as book:
        book.add_worksheet().write_row(0, 0, row("a.jpe", code="6"))
    assert read_image_list(tmp_path / "list.xlsx").images[0].stage_range == "13-17"
    (tmp_path / "list.csv").write_text(",".join([*row("a.jpe")[:8], '5" end of clone', "hi"]) + "\n")
    (image,) = read_image_list(tmp_path / "list.csv").images
    assert image.id == "a"


def test_rows_of_no_use_are_told(image_list: Write) -> None:
    bad = (row("a.jpe", code="7"), row("../../etc/passwd"), row("a.jpe")[:9], row("http://elsewhere.org/a.jpe"))
    listed = read_image_list(image_list(row("good.jpe"), *bad))
    assert [image.id for image in listed.images] == ["good"]
    told = ("stage code '7'", "without ..", "9 cells", "must be relative")
    assert all(text in problem for text, problem in zip(told, listed.problems, strict=True))
    assert listed.problems[0].startswith("insitu_images.csv: line 2")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "names no image"),
        (b"file,id\na.jpg,1\n", "names no image.*2 cells"),
        (gzip.compress(b"x", mtime=0), "gunzip"),
    ],
)
def test_a_file_of_no_use_is_refused(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(data)
    with pytest.raises(DataFileError, match=told):
        read_image_list(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"none\.csv: cannot be read"):
        read_image_list(tmp_path / "none.csv")


def test_images_are_selected(image_list: Write) -> None:
    views = ("lateral", "dorsal", "lateral", "")
    rows = [row(f"{place}.jpe", view=view, code=str(place + 1)) for place, view in enumerate(views)]
    listed = read_image_list(image_list(*rows))
    assert [image.id for image in select_images(listed, views=["lateral"]).images] == ["0", "2"]
    assert [image.id for image in select_images(listed, stage_ranges=["4-6", "7-8"], limit=1).images] == ["1"]
    assert select_images(listed) == listed
    with pytest.raises(ConfigError, match=r"--stage-range must be one of 1-3, .*'13-16'"):
        select_images(listed, stage_ranges=["13-16"])
    with pytest.raises(ConfigError, match="no listed image"):
        select_images(listed, views=["ventral"])
