from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from lsl_tools.importing.file_column import read_files
from lsl_tools.importing.file_names import FileNames

NFC, NFD = (unicodedata.normalize(form, "Köcher/Äpfel é.png") for form in ("NFC", "NFD"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Files in both Unicode forms and cases, and two that differ in case alone."""
    for name in (NFD, "plates/A1.PNG", "plates/b1.png", "twins/x.png", "twins/X.png", "Mixed/Case.Jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (NFD, NFD),
        (NFC, NFD),
        (NFC.upper(), NFD),
        ("plates/A1.PNG", "plates/A1.PNG"),
        ("plates/a1.png", "plates/A1.PNG"),
        ("PLATES/B1.png", "plates/b1.png"),
        ("mixed/case.jpg", "Mixed/Case.Jpg"),
        ("twins/x.png", "twins/x.png"),
        ("twins/X.PNG", "twins/X.PNG"),  # two could be meant
        ("plates/c1.png", "plates/c1.png"),  # not there
        ("none/a1.png", "none/a1.png"),
    ],
)
def test_the_only_file_that_can_be_meant(written: str, found: str, root: Path) -> None:
    assert FileNames(root).find(written) == found


def test_names_written_otherwise_are_told(root: Path) -> None:
    column = read_files([NFC, "plates\\A1.png", "plates/b1.png", "../x.png", "NA"], range(2, 7), root)
    assert column.sources[:3] == (NFD, "plates/A1.PNG", "plates/b1.png")
    assert column.written[:3] == (NFC, "plates/A1.png", "plates/b1.png")
    assert "2 file(s) are named in another case or Unicode form" in column.notes[0]
    assert column.notes[0].endswith("(lines 2, 3)")
    assert [(fault.line, fault.text.split(" must")[0]) for fault in column.faults] == [
        (5, "file '../x.png'"), (6, "column `file` is empty"),
    ]  # fmt: skip


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert FileNames(tmp_path / "none").find("a/b.png") == "a/b.png"
