from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter

from lsl_runtime.gem.build.gene_list import read_gene_list, unknown_told
from lsl_shared import ConfigError


def test_typed() -> None:
    assert read_gene_list("eve, ftz,hb,eve,") == ("eve", "ftz", "hb")
    assert read_gene_list("l(1)sc") == ("l(1)sc",)


def test_file(tmp_path: Path) -> None:
    (tmp_path / "genes.txt").write_bytes(b'\xef\xbb\xbfeve\r\n# gap\r\n\r\n ftz ,6 images\r\n"hb"\tgap\r\neve\r\n')
    assert read_gene_list(str(tmp_path / "genes.txt")) == ("eve", "ftz", "hb")


@pytest.mark.parametrize(
    "data",
    [
        b"eve;6 images\nftz;3\n",
        b"gene\neve\nftz\n",
        b'"","symbol"\n"1","eve"\n"2","ftz"\n',
        b"My genes;\nfile;Gene\na.png;eve\nb.png;ftz\n",
        "gene\tn\r\neve\t6\r\nftz\t3\r\n".encode("utf-16"),
        b"sep=;\ngene;n\neve;6\nftz;3\n",
    ],
)
def test_lists_out_of_spreadsheets(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "genes.csv").write_bytes(data)
    assert read_gene_list(str(tmp_path / "genes.csv")) == ("eve", "ftz")


@pytest.mark.parametrize("rows", [["eve", "ftz"], ["Gene", "eve", "ftz"], ["my genes", "", "symbol", "eve", "ftz"]])
def test_workbooks(rows: list[str], tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "genes.xlsx") as book:
        book.add_worksheet().write_column(1, 1, rows)
    assert read_gene_list(str(tmp_path / "genes.xlsx")) == ("eve", "ftz")


@pytest.mark.parametrize("gene", ["eve", "ftz.d", "l(1)sc", "E(spl)m8-HLH", "14-3-3ε"])
def test_a_folder_is_a_gene(gene: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(gene).mkdir()
    assert read_gene_list(gene) == (gene,)
    with pytest.raises(ConfigError, match="no such file"):
        read_gene_list(f"{gene}/")


def test_genes_that_are_no_longer_genes_are_told() -> None:
    told = unknown_told(("eve", "1-Dec", "2-Sep", "46117", "NA", "nan"), {"eve", "nan"})
    assert told.startswith("4 of 6 listed genes are not in the store: 1-Dec, 2-Sep, 46117, NA")
    assert "1-Dec (dec-1), " in told and "2-Sep (Sep2)" in told and "46117" in told
    assert unknown_told(("31208", "42737", "xyz"), {"31208"}).endswith("42737, xyz"), "numbers of Entrez"


def test_long_lists_are_no_path() -> None:
    assert len(read_gene_list(",".join(f"CG{k}" for k in range(5000)))) == 5000


@pytest.mark.parametrize(
    ("given", "told"),
    [("none.txt", "no such file"), (" , ", "lists no gene"), (".", "no such file"), ("empty", "lists no gene"),
     ("picture", "cannot be read as text")],
)  # fmt: skip
def test_bad_lists(given: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").write_text("# none\n")
    Path("picture").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(ConfigError, match=told):
        read_gene_list(given)
