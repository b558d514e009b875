from __future__ import annotations

from pathlib import Path

import pytest

from lsl_shared.errors import DataFileError
from lsl_tools.importing.listing import Listing
from lsl_tools.importing.table import list_table
from lsl_tools.importing.tasks import TaskSpec, parse_tasks
from lsl_tools.tables.table import read_table


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "labels.csv"


def listed(path: Path, *tasks: str) -> Listing:
    return list_table(read_table(path), path.parent, parse_tasks(tasks))


def test_all_columns(table: Path) -> None:
    table.write_text(
        "id,file,gene,view,split,Species,note\nx1,a/1.png,Dl,Lateral,train,areca,hello\n,b\\2.png,,,,,\n\n"
    )
    found = listed(table, "species")
    first, second = found.samples
    assert (first.path, first.source, first.id, first.place) == (
        table.parent / "a/1.png", "a/1.png", "x1", "labels.csv: line 2",
    )  # fmt: skip
    assert (first.gene, first.view, first.split, dict(first.labels)) == ("Dl", "lateral", "train", {"species": "areca"})
    assert (second.source, second.id, second.gene, dict(second.labels)) == ("b/2.png", "b/2.png", "", {"species": ""})
    assert found.notes == ()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\n\r\n"])
def test_separators_and_line_ends(table: Path, separator: str, end: str) -> None:
    rows = [["family", "file"], [f'"oak{separator} or ""beech"""', "1.png"], ["moss", "2.png"]]
    table.write_bytes(end.join(separator.join(row) for row in rows).encode())
    labels = [sample.labels["family"] for sample in listed(table, "family").samples]
    assert labels == [f'oak{separator} or "beech"', "moss"]


@pytest.mark.parametrize(("encoding", "told"), [("utf-8", []), ("utf-8-sig", []), ("cp1252", ["was read as cp1252"])])
def test_encodings(table: Path, encoding: str, told: list[str]) -> None:
    table.write_bytes("file,family\n1.png,Köcherblümchen – süß\n".encode(encoding))
    found = listed(table, "family")
    assert found.samples[0].labels["family"] == "Köcherblümchen – süß"
    assert all(text in note for text, note in zip(told, found.notes, strict=True))


def test_latin_1_where_windows_has_no_such_character(table: Path) -> None:
    table.write_bytes(b"file,family\n1.png,\x81\xe4\n")
    found = listed(table, "family")
    assert found.samples[0].labels["family"] == "\x81ä"
    assert "latin-1" in found.notes[0]


def test_the_fly_is_recognized_without_tasks(table: Path) -> None:
    table.write_text("file,stage,Stage range\n1.png,9,9-10\n")
    assert listed(table).tasks == (TaskSpec("stage_range"), TaskSpec("stage", "stage_range"))
    table.write_text("file,stage\n1.png,9\n")
    assert listed(table, "stage:stage_range").tasks[0] == TaskSpec("stage_range")


def test_without_tasks_the_columns_are_named(table: Path) -> None:
    table.write_text("file,gene,family,species\n1.png,,oak,robur\n")
    found = listed(table)
    assert found.tasks == ()
    assert found.notes == ("no labels were taken; --task COLUMN takes one of family, species",)


@pytest.mark.parametrize(
    ("text", "tasks", "told"),
    [
        ("", [], "is empty; expected a CSV with a column `file`"),
        ("\n\n", [], "is empty"),
        ("file,family\n", [], "has a header but no rows"),
        ("path,family\n1.png,oak\n", [], "needs a column `file` with the images' paths; it has: path, family"),
        ("1.png;oak\n", [], "needs a column `file`"),
        ("file,File\n1.png,2.png\n", [], "has columns of the same name: file"),
        ("file,family\n1.png,oak\n", ["genus"], "has no column 'genus' for a task; its columns: file, family"),
        ("file,species\n1.png,x\n", ["species:family"], "has no column 'family' for a task"),
        ("file,family\n1.png,oak,beech\n", [], "line 2: has 3 cells, the header 2"),
        ("file,family\n\n,oak\n", [], "line 3: column `file` is empty"),
        ("file\n1.png\n2.png\n1.png\n", [], "line 4: id '1.png' was given in line 2 before: remove one row"),
        ("file,id\n1.png,x\n2.png,x\n", [], "line 3: id 'x' was given in line 2 before: give every row its own id"),
        ("file,id\n1.png,2.png\n2.png,\n", [], "line 3: id '2.png' was given in line 2"),
        ("file,split\n1.png,val\n", [], "line 2: split 'val': expected train, calibration, test or nothing"),
        ("file\n../1.png\n", [], "line 2: file '../1.png' must be a relative path below"),
        ("file\na/../../1.png\n", [], "must be a relative path below"),
        ("file\na\\..\\..\\1.png\n", [], "must be a relative path below"),
        ("file\n/etc/passwd\n", [], "must be a relative path below"),
        ("file\nC:\\a.png\n", [], "must be a relative path below"),
        ("file\n\\\\host\\share\\a.png\n", [], "must be a relative path below"),
        ('file\n"1.png\n', [], "line 2: is not a readable CSV"),
    ],
)
def test_unusable_tables(table: Path, text: str, tasks: list[str], told: str) -> None:
    table.write_text(text)
    with pytest.raises(DataFileError) as caught:
        listed(table, *tasks)
    assert told in str(caught.value)
    assert str(caught.value).startswith(str(table))


@pytest.mark.parametrize(
    "data", ["file\n1.png\n".encode("utf-16-le"), b"\xff\xfef", b"file\n1\0.png\n", b"\x89HDF\r\n\x1a\n\0\0"]
)
def test_no_text_in_utf8(table: Path, data: bytes) -> None:
    table.write_bytes(data)
    with pytest.raises(DataFileError, match="save it as CSV UTF-8"):
        read_table(table)


def test_a_cell_over_two_lines_keeps_line_numbers_right(table: Path) -> None:
    table.write_text('file,note,split\n1.png,"two\nlines",\n2.png,,val\n')
    with pytest.raises(DataFileError, match="line 4: split 'val'"):
        listed(table)


def test_a_table_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="No such file"):
        read_table(tmp_path / "absent.csv")
    with pytest.raises(DataFileError, match="Is a directory"):
        read_table(tmp_path)
