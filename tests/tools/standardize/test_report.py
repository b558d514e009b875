from __future__ import annotations

import csv
from pathlib import Path

from lsl_tools.standardize.report import Reject, rejects_path, write_rejects


def test_rejects_are_a_csv_beside_the_store(tmp_path: Path) -> None:
    path = rejects_path(tmp_path / "flies.h5")
    assert path == tmp_path / "flies.rejects.csv"
    write_rejects(path, (Reject('a, "b".png', "1", "Dl", ("no embryo",)), Reject("c.png", "2", "", ("x", "y"), True)))
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["file", "id", "gene", "reasons", "kept"],
        ['a, "b".png', "1", "Dl", "no embryo", "no"],
        ["c.png", "2", "", "x; y", "yes"],
    ]
