from __future__ import annotations

from pathlib import Path

import pytest

from lsl_runtime.gem.build.gene_list import read_gene_list
from lsl_shared import ConfigError


def test_typed() -> None:
    assert read_gene_list("eve, ftz,hb,eve,") == ("eve", "ftz", "hb")
    assert read_gene_list("l(1)sc") == ("l(1)sc",)


def test_file(tmp_path: Path) -> None:
    (tmp_path / "genes.txt").write_bytes(b'\xef\xbb\xbfeve\r\n# gap\r\n\r\n ftz ,6 images\r\n"hb"\tgap\r\neve\r\n')
    assert read_gene_list(str(tmp_path / "genes.txt")) == ("eve", "ftz", "hb")


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
