from __future__ import annotations

from pathlib import Path

import pytest

from lsl_shared import AnnotationsError, DataFileError
from lsl_shared.files.output_file import refuse_inputs


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
