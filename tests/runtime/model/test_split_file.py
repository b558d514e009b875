from __future__ import annotations

from pathlib import Path

import pytest

from lsl_runtime.model.split_file import KnownImage, read_known_images, read_split
from lsl_shared import BundleError


def test_parts_by_id(tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_text('id,part\n"a,b",train\nc,test\nd,calibration\n')
    assert read_split(tmp_path) == {"a,b": "train", "c": "test", "d": "calibration"}


def test_genes_and_contents(tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_text("id,part,gene,content\na,train,eve,00ff\nb,test,,\n")
    assert read_known_images(tmp_path) == [KnownImage("a", "train", "eve", "00ff"), KnownImage("b", "test")]
    assert read_split(tmp_path) == {"a": "train", "b": "test"}
    (tmp_path / "split.csv").write_text("id,part\na,train\n")
    assert read_known_images(tmp_path) == [KnownImage("a", "train")]


def test_bundle_without_a_split_offers_all(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"split\.csv: no such file.*--all"):
        read_split(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"id,part\n", b"id,part\na,validation\n", b"name,part\na,test\n", b"id,part\n,test\n", b"id,part\na\n"],
)
def test_other_tables_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "split.csv").write_bytes(content)
    with pytest.raises(BundleError, match=r"split\.csv: expected columns id, part"):
        read_split(tmp_path)


def test_bytes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BundleError, match="cannot be read as a table"):
        read_split(tmp_path)
