"""Tables that people brought, and others of their kind: what comes of them, or the line that is told."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import cv2
import numpy as np
import pytest
import xlsxwriter
from typer.testing import CliRunner

from lsl_shared import LabelSpace, LslError, Store, StoreWriter
from lsl_shared.fly import stage_range_space, stage_space
from lsl_tools.cli import app
from lsl_tools.importing.listing import Listing
from lsl_tools.importing.source import list_source
from lsl_tools.importing.spaces import label_spaces
from lsl_tools.labelling.read import LabelsRead, read_labels

BDGP = ("1-3", "4-6", "7-8", "9-10", "11-12", "13-17")


def listed(tmp_path: Path, text: str | bytes, *tasks: str, name: str = "labels.csv") -> Listing:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list_source(path, tasks=tasks)


def labels(listing: Listing, task: str) -> list[str]:
    return [sample.labels.get(task, "") for sample in listing.samples]


def refused(tmp_path: Path, text: str, *tasks: str) -> str:
    with pytest.raises(LslError) as caught:
        listed(tmp_path, text, *tasks)
    return str(caught.value)


# 01: NA becomes a class


@pytest.mark.parametrize(
    "sign", ["NA", "N/A", "#N/A", "nan", "NaN", "None", "null", "NULL", "?", "-", "<NA>", "#NV", ""]
)
def test_missing_is_missing(sign: str, tmp_path: Path) -> None:
    rows = f"0.png,eve,4-6,5,oak\n1.png,ftz,{sign},{sign},{sign}\n2.png,{sign},9-10,{sign},moss\n"
    found = listed(tmp_path, f"file,gene,stage_range,stage,plant\n{rows}", "stage_range", "stage:stage_range", "plant")
    assert labels(found, "stage_range") == ["4-6", "", "9-10"]
    assert (labels(found, "stage"), labels(found, "plant")) == (["5", "", ""], ["oak", "", "moss"])
    assert found.samples[2].gene == ("nan" if sign == "nan" else "")
    assert any(note.startswith("stage: ") and "(lines 3, 4)" in note for note in found.notes) == (sign != "")


@pytest.mark.parametrize("column", ["view", "split", "id", "cv_terms"])
def test_missing_in_other_columns(column: str, tmp_path: Path) -> None:
    (sample,) = listed(tmp_path, f"file,{column}\n0.png,NA\n").samples
    assert (sample.view, sample.split, sample.id, sample.terms) == ("", "", "0.png", ())


# 02: ranges turned into dates


@pytest.mark.parametrize(
    "cells",
    [
        ("3-Jan", "6-Apr", "8-Jul", "10-Sep", "12-Nov"),
        ("01-Mar", "04-Jun", "07-Aug", "09-Oct", "11-Dec"),
        ("01. Mrz", "04. Jun", "07. Aug", "09. Okt", "11. Dez"),
        ("2026-01-03", "2026-04-06", "2026-07-08", "2026-09-10", "2026-11-12"),
        ("46025", "46118", "46211", "46275", "46338"),
        (
            "2026-01-03 00:00:00",
            "2026-04-06 00:00:00",
            "2026-07-08 00:00:00",
            "2026-09-10 00:00:00",
            "2026-11-12 00:00:00",
        ),
        ("2026/01/03", "2026/04/06", "2026/07/08", "2026/09/10", "2026/11/12"),
        ("03.01.2026", "06.04.2026", "08.07.2026", "10.09.2026", "12.11.2026"),
        ("01/03/26", "04/06/26", "07/08/26", "09/10/26", "11/12/26"),
        ("1-mars", "4-juin", "7-août", "9-oct.", "11-déc."),
        ("01-mar", "04-giu", "07-ago", "09-ott", "11-dic"),
        ("1月3日", "4月6日", "7月8日", "9月10日", "11月12日"),
        ("46025.0", "46118.0", "46211.0", "46275.0", "46338.0"),
        ("3-Jan", "4-6", "08. Jul", "46275", "2026-11-12"),
    ],
)
@pytest.mark.parametrize("last", ["13-16", "13-17", ""])
def test_ranges_come_back(cells: tuple[str, ...], last: str, tmp_path: Path) -> None:
    rows = "".join(f"{k}.png,eve,{cell}\n" for k, cell in enumerate((*cells, last)))
    found = listed(tmp_path, f"file,gene,stage_range\n{rows}")
    assert labels(found, "stage_range") == [*BDGP[:5], "13-17" if last else ""]
    assert label_spaces(found) == {"stage_range": stage_range_space()}
    whole = sum(cell in BDGP for cell in cells)
    assert any(f"{5 - whole} cell(s) that a program had turned were brought back" in note for note in found.notes)


def test_ranges_come_back_out_of_a_workbook(tmp_path: Path) -> None:
    from datetime import date

    with xlsxwriter.Workbook(tmp_path / "labels.xlsx") as book:
        sheet, dated = book.add_worksheet(), book.add_format({"num_format": "d-mmm"})
        sheet.write_row(0, 0, ["file", "stage_range", "stage"])
        for row, (month, day) in enumerate([(1, 3), (4, 6), (8, 7)], 1):
            sheet.write_string(row, 0, f"{row}.png")
            sheet.write_datetime(row, 1, date(2026, month, day), dated)
        sheet.write_number(2, 2, 5)
    found = list_source(tmp_path / "labels.xlsx")
    assert (labels(found, "stage_range"), labels(found, "stage")) == (["1-3", "4-6", "7-8"], ["", "5", ""])


@pytest.mark.parametrize(
    "cell", ["5-Apr", "2026-04-05", "46117", "7-Jun", "04/05/26", "10/11/12", "1-May", "#NAME?", "1.2E+10"]
)
def test_dates_that_are_no_range_name_their_line(cell: str, tmp_path: Path) -> None:
    told = refused(tmp_path, f"file,stage_range\n0.png,4-6\n1.png,{cell}\n")
    assert "labels.csv: line 3: stage_range" in told and "made by a spreadsheet" in told


@pytest.mark.parametrize(("column", "tasks"), [("stage", ()), ("period", ("period",)), ("instar", ("instar",))])
@pytest.mark.parametrize("others", ["", "9.png,L1\n8.png,L2\n"])
def test_dates_in_other_columns_name_their_lines(
    column: str, tasks: tuple[str, ...], others: str, tmp_path: Path
) -> None:
    told = refused(tmp_path, f"file,{column}\n0.png,6-Apr\n1.png,2026-07-08\n{others}", *tasks)
    assert "2 faults:" in told and "line 2: " in told and "line 3: " in told and "format the column as text" in told


# 03: two parents


@pytest.mark.parametrize(
    ("text", "tasks", "told"),
    [
        ("stage_range,stage\nblastula,30%\ngastrula,shield\ngastrula,30%", (),
         "line 4: stage '30%' lies under stage_range 'gastrula', but under 'blastula' in labels.csv: line 2"),
        ("period,phase\nblastula,30%\ngastrula,shield\ngastrula,30%", ("phase:period",),
         "line 4: phase '30%' lies under period 'gastrula'"),
        ("stage_range,stage\n6-7,6\n8-9,8\n4-6,6", (), "line 2: stage_range '6-7' is a range of Fly-FISH"),
        ("stage_range,stage\n4-5,5\n6-7,5", (), "line 3: stage '5' lies under stage_range '6-7', but under '4-5'"),
        ("stage_range\n4-5\n4-6", (), "line 2: stage_range '4-5' is a range of Fly-FISH, not one of 1-3"),
        ("stage_range,stage\negg,E1\nlarva,L1\nlarva,E1", (), "line 4: stage 'E1' lies under stage_range 'larva'"),
        ("stage_range,stage\n9-10,9\n4-6,9", (), "line 3: stage 9 lies in 9-10, but stage_range says 4-6"),
        ("stage_range,stage\n9-10,9\nold,9", (), "line 3: stage_range 'old' is not one of 1-3"),
        ("stage_range,stage\n,L1\nlarva,L2", (), "line 2: stage 'L1' has no stage_range in any row"),
    ],
)  # fmt: skip
def test_the_parent_of_a_class_is_checked(text: str, tasks: tuple[str, ...], told: str, tmp_path: Path) -> None:
    lines = text.split("\n")
    rows = "\n".join(f"{k}.png,{line}" for k, line in enumerate(lines[1:]))
    assert told in (found := refused(tmp_path, f"file,{lines[0]}\n{rows}\n", *tasks))
    assert "4-5" not in told or "spreadsheet" not in found


def test_ranges_of_fly_fish_alone_are_classes(tmp_path: Path) -> None:
    found = listed(tmp_path, "file,stage_range,stage\n0.png,1-3,2\n1.png,4-5,5\n2.png,6-7,6\n3.png,8-9,\n")
    assert label_spaces(found)["stage_range"].classes == ("1-3", "4-5", "6-7", "8-9")
    assert "stage_range: ranges of Fly-FISH are taken as classes of their own; the BDGP's are others" in found.notes


# 04: stages without a range


@pytest.mark.parametrize(
    "names", [("blastula", "gastrula"), ("L1", "L2"), ("30%", "50%"), ("early", "late"), ("NF12", "NF13"), ("x", "")]
)
def test_stages_of_other_animals_need_no_range(names: tuple[str, str], tmp_path: Path) -> None:
    found = listed(tmp_path, f"file,stage\n0.png,{names[0]}\n1.png,{names[1]}\n")
    assert label_spaces(found) == {"stage": LabelSpace("stage", tuple(name for name in names if name))}


@pytest.mark.parametrize(
    ("cell", "stage"),
    [("5,0", "5"), ("5.0", "5"), ("5.00", "5"), ("stage 5", "5"), ("Stage_5", "5"), ("5", "5"), ("NA", "")],
)
def test_stages_that_became_floats(cell: str, stage: str, tmp_path: Path) -> None:
    found = listed(tmp_path, f"file;stage\n0.png;{cell}\n1.png;6,0\n")
    assert labels(found, "stage") == [stage, "6"]
    assert labels(found, "stage_range") == ["4-6" if stage else "", "4-6"]


# 10: `label` reads what `import` reads


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Images 0000 … 0003, their ranges 4-6, 13-17, 1-3 and not known."""
    with StoreWriter(tmp_path / "store.h5", 8, 9) as writer:
        for number in range(4):
            writer.append(np.full((8, 9, 3), number, np.uint8), id=f"{number:04d}")
        writer.add_task(stage_range_space(), [1, 5, 0, -1])
        writer.add_task(stage_space(), [-1] * 4)
    return tmp_path / "store.h5"


def given(store: Path, text: str) -> LabelsRead:
    (store.parent / "given.csv").write_text(text)
    with Store(store) as opened:
        return read_labels(opened, store.parent / "given.csv")


@pytest.mark.parametrize("cell", ["14", "14.0", '"14,0"', "stage 14", "Stage_14", "14.00", '="14"', "'14"])
@pytest.mark.parametrize("name", ["0001", "1", "1.0", "01", " 0001 "])
def test_labels_however_they_are_written(cell: str, name: str, store: Path) -> None:
    for first in ("", "0000,\n"):
        (change,) = given(store, f"id,stage\n{first}{name},{cell}\n").changes
        assert (change.task, change.rows.tolist(), change.new.tolist()) == ("stage", [1], [10])


@pytest.mark.parametrize("cell", ["6-Apr", "04. Jun", "46118", "2026-04-06", "4–6", "stage 4-6", "4-6"])
def test_ranges_however_they_are_written(cell: str, store: Path) -> None:
    (change,) = given(store, f"id,stage_range\n0003,{cell}\n").changes
    assert (change.task, change.rows.tolist(), change.new.tolist()) == ("stage_range", [3], [1])
    assert given(store, "id,stage_range\n0001,13-16\n").changes == ()


def test_early_stages_have_a_range_alone(store: Path) -> None:
    assert given(store, "id,stage\n0002,2\n").changes == ()
    (change,) = given(store, "id,stage\n0003,2.0\n").changes
    assert (change.task, change.rows.tolist(), change.new.tolist()) == ("stage_range", [3], [0])
    with pytest.raises(LslError, match="line 2: the stage lies in 1-3, but the stage_range of '0000' is 4-6"):
        given(store, "id,stage\n0000,2\n")
    both = given(store, "id,stage,stage_range\n0000,2,1-3\n").changes
    assert [(change.task, change.new.tolist()) for change in both] == [("stage_range", [0])]


def test_all_faults_of_a_file_are_told_at_once(store: Path) -> None:
    with pytest.raises(LslError) as caught:
        given(store, "id,stage,stage_range\nx,5,\n0000,18,\n0001,,5-Apr\n0001,14,\n0001,15,\n9,5,4-6\n")
    told = str(caught.value).splitlines()
    assert told[0].endswith("5 faults:") and [line.split(":")[0].strip() for line in told[1:]] == [
        "line 2", "line 3", "line 4", "line 6", "line 7",
    ]  # fmt: skip


# 18: views


def test_unknown_views_are_told(tmp_path: Path) -> None:
    rows = "".join(
        f"{k}.png,{view}\n" for k, view in enumerate(("lat", "L", '"lateral, left"', "d", "dorsolateral", ""))
    )
    found = listed(tmp_path, f"file,view\n{rows}")
    assert [sample.view for sample in found.samples] == ["lateral", "lateral", "lateral", "dorsal", "dorsolateral", ""]
    assert "view: dorsolateral is not lateral, dorsal or ventral, and is kept as it is (line 6)" in found.notes


# 20: separators, titles, terms, encodings

PLAIN = "file,gene,stage_range\n0.png,eve,4-6\n"


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        b"sep=;\n" + PLAIN.replace(",", ";").encode(),
        b"sep=,\r\n" + PLAIN.encode(),
        b'"sep=;"\r\n' + PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode("utf-16"),
        PLAIN.encode("utf-8-sig"),
        b"My embryos,,\n,,\n" + PLAIN.encode(),
        b"My embryos; all\n" + PLAIN.replace(",", ";").encode(),
        ("\ufeffsep=;\n" + PLAIN.replace(",", ";")).encode("utf-16-le"),
        PLAIN.replace(",", '","').replace("\n", '"\r\n"').encode().join((b'"', b"")).removesuffix(b'"'),
        b'"","file","gene","stage_range"\n"1","0.png","eve","4-6"\n',
        b'"file","gene","stage_range"\n"1","0.png","eve","4-6"\n',
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.replace("4-6", '="4-6"').encode(),
    ],
)
def test_the_same_table_in_other_dress(data: bytes, tmp_path: Path) -> None:
    (sample,) = listed(tmp_path, data).samples
    assert (sample.source, sample.gene, sample.labels["stage_range"]) == ("0.png", "eve", "4-6")


@pytest.mark.parametrize(
    ("rows", "terms"),
    [
        (["0.png,eve,brain", "0.png,eve,gut", "1.png,eve,gut"], [("brain", "gut"), ("gut",)]),
        (["0.png,eve,brain", "1.png,eve,gut", "0.png,eve,gut|brain"], [("brain", "gut"), ("gut",)]),
        (["0.png,eve,", "0.png,eve,gut"], [("gut",)]),
        (["0.png,eve,NA", "0.png,eve,gut"], [("gut",)]),
        (["0.png,eve,gut", "0.png,eve,gut"], [("gut",)]),
    ],
)
def test_rows_of_terms_are_joined(rows: list[str], terms: list[tuple[str, ...]], tmp_path: Path) -> None:
    found = listed(tmp_path, "file,gene,cv_terms\n" + "\n".join(rows))
    assert [sample.terms for sample in found.samples] == terms
    assert any("joined with another of the same image" in note for note in found.notes)


@pytest.mark.parametrize("second", ["0.png,ftz,gut,4-6", "0.png,eve,gut,7-8"])
def test_rows_that_differ_in_more_are_refused(second: str, tmp_path: Path) -> None:
    told = refused(tmp_path, f"file,gene,cv_terms,stage_range\n0.png,eve,brain,4-6\n{second}\n")
    assert "line 3: id '0.png' was given in line 2 before" in told


def test_all_faults_of_a_table_are_told_at_once(tmp_path: Path) -> None:
    rows = [
        "../0.png,eve,4-6,train",
        "1.png,eve,6-Mai,train",
        ",eve,4-6,train",
        "3.png,eve,4-6,val",
        "3.png,eve,egg,train",
    ]
    told = refused(tmp_path, "file,gene,stage_range,split\n" + "\n".join(rows)).splitlines()
    assert told[0].endswith("6 faults:")
    assert [line.split(":")[0].strip() for line in told[1:]] == [
        "line 2",
        "line 3",
        "line 4",
        "line 5",
        "line 6",
        "line 6",
    ]
    many = refused(tmp_path, "file\n" + "\n".join(f"../{k}.png" for k in range(12))).splitlines()
    assert many[0].endswith("12 faults:") and many[-1] == "  and 2 more" and len(many) == 12


# 23: codes of the BDGP


@pytest.mark.parametrize(
    "cells", [("1", "2", "3", "4", "5", "6"), ("6", "6", "2"), ("1.0", "", "5.0"), ("2", "NA", "3"), ("2,0", "4", "4")]
)
def test_codes_become_ranges(cells: tuple[str, ...], tmp_path: Path) -> None:
    rows = "".join(f"{k}.png;{cell}\n" for k, cell in enumerate(cells))
    found = listed(tmp_path, f"file;stage_range\n{rows}")
    assert labels(found, "stage_range") == [BDGP[int(cell[0]) - 1] if cell[:1].isdigit() else "" for cell in cells]
    assert any("numbers are read as codes of the BDGP (1 = 1-3, 2 = 4-6, " in note for note in found.notes)


def test_codes_beside_ranges_or_stages_are_refused(tmp_path: Path) -> None:
    assert "line 3: stage_range '2' is not one of" in refused(tmp_path, "file,stage_range\n0.png,4-6\n1.png,2\n")
    told = refused(tmp_path, "file,stage_range,stage\n0.png,4,5\n1.png,2,5\n")
    assert "line 2: stage 5 lies in 4-6, but stage_range says 9-10" in told


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("eve,1\neve,2\nftz,6", True),
        ("eve,4\nftz,5", True),
        ("eve,1\neve,6", False),  # one gene
        ("eve,1\nftz,7", False),
        (",1\n,2", False),
    ],
)
def test_stages_that_never_exceed_6_are_told(rows: str, told: bool, tmp_path: Path) -> None:
    text = "".join(f"{k}.png,{row}\n" for k, row in enumerate(rows.split("\n")))
    found = listed(tmp_path, f"file,gene,stage\n{text}")
    assert any(note.startswith("stage: none exceeds 6. If these are codes of the BDGP") for note in found.notes) == told


# names


def test_classes_and_files_in_another_form_or_case(tmp_path: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))
    (tmp_path / f"{apart}.png").write_bytes(b"")
    found = listed(tmp_path, f"file,plant\n{composed}.PNG,{composed}\nb.png,{apart}\nc.png,É\n", "plant")
    assert found.samples[0].source == f"{apart}.png"
    assert labels(found, "plant") == [composed, composed, "É"]
    assert any("differ in case or blanks alone" in note for note in found.notes)


def test_the_commands_tell_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p").mkdir()
    for number in range(3):
        cv2.imwrite(f"p/{number}.png", np.full((16, 24, 3), 60 * number, np.uint8))
    Path("l.csv").write_text("file;gene;stage_range\n0.PNG;1-Dec;04. Jun\n1.png;NA;NA\n2.png;eve;13-16\n")
    done = CliRunner().invoke(app, ["import", "p", "s.h5", "--labels", "l.csv"])
    assert done.exit_code == 0, done.output
    for told in ("a spreadsheet has turned 1-Dec (dec-1) (line 2)", "NA is read as not known (line 3)",
                 "such as '04. Jun' to '4-6' (line 2)", "1 file(s) are named in another case"):  # fmt: skip
        assert told in done.output
    Path("g.csv").write_text("id,stage_range\n1.PNG,8-Jul\n")
    done = CliRunner().invoke(app, ["label", "s.h5", "g.csv"])
    assert done.exit_code == 0 and "stage_range: 1 new labels" in done.output, done.output
    assert (
        "note: stage_range: cells that a program had turned were brought back: 1, such as '8-Jul' for '7-8'"
        in done.output
    )
    assert "note: ids that the store writes otherwise: 1, such as '1.PNG' for '1.png' (line 2)" in done.output
