from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from lsl_shared import AnnotationsError, DataFileError
from lsl_shared.files.output_file import check_writable, refuse_inputs


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "store.h5").write_bytes(b"images")
    return tmp_path / "store.h5"


def test_another_file_will_do_whether_or_not_it_exists(source: Path) -> None:
    refuse_inputs("answers.csv", "--csv", [source, "none.h5"])
    Path("answers.csv").write_text("old")
    refuse_inputs("answers.csv", "--csv", [source, "none.h5"])


@pytest.mark.parametrize("named", ["store.h5", "./store.h5", "soft.h5", "hard.h5"])
def test_an_input_is_refused_by_whatever_name(source: Path, named: str) -> None:
    Path("soft.h5").symlink_to(source)
    Path("hard.h5").hardlink_to(source)
    with pytest.raises(DataFileError, match=r"h5: is one of the inputs; choose another file for --json"):
        refuse_inputs(named, "--json", ["other.h5", source])


def test_an_input_that_is_not_there_yet_is_one_too(source: Path) -> None:
    with pytest.raises(AnnotationsError, match="is one of the inputs"):
        refuse_inputs("new.h5", "--csv", [source.parent / "new.h5"], AnnotationsError)


def test_a_folder_is_refused(source: Path) -> None:
    with pytest.raises(AnnotationsError, match="is a folder; name a file for --csv"):
        refuse_inputs(source.parent, "--csv", [], AnnotationsError)


def test_a_place_is_tried_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("old")
    for path in (tmp_path / "new.csv", tmp_path / "old.csv", tmp_path / "a" / "b" / "new.csv"):
        check_writable(path)
    assert [path.name for path in tmp_path.iterdir()] == ["old.csv"]
    assert (tmp_path / "old.csv").read_text() == "old"


def test_a_relative_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_writable("new.csv")
    check_writable("a/new.csv")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("file/new.csv", "cannot be written (Not a directory); choose another place"),
        ("file/below/new.csv", "cannot be written (Not a directory)"),
        ("n" * 300 + ".csv", "cannot be written (File name too long)"),
        ("/proc/new.csv", "cannot be written ("),
        ("/sys/a/new.csv", "cannot be written ("),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="other places, in other words")
def test_places_where_nothing_can_be_written(tmp_path: Path, place: str, told: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AnnotationsError) as caught:
        check_writable(tmp_path / place, AnnotationsError)
    assert told in str(caught.value)
    assert caught.value.path == tmp_path / place


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EDQUOT])
def test_disks_that_refuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refused(*arguments: object, **settings: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("lsl_shared.files.output_file.TemporaryFile", refused)
    with pytest.raises(DataFileError) as caught:
        check_writable(tmp_path / "new.csv", remedy="make room")
    assert str(caught.value) == f"{tmp_path / 'new.csv'}: cannot be written ({os.strerror(number)}); make room"
    with pytest.raises(DataFileError, match="choose another file for --csv"):
        refuse_inputs(tmp_path / "new.csv", "--csv", [])
