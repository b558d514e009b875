from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import Model, annotate, build_gems
from lsl_runtime.gem.build.landmarks import Landmark
from lsl_runtime.gem.files.csv_tables import write_gene_table, write_landmarks


def test_genes_by_stage(make_store: Callable[..., Path], make_bundle: Callable[..., Path], tmp_path: Path) -> None:
    store = make_store(60)
    annotate(store, Model.load(make_bundle()))
    gems = build_gems(store, ["9", "4"], masked=False, per_gene=True)
    count = write_gene_table(tmp_path / "genes.csv", gems)
    rows = list(csv.DictReader((tmp_path / "genes.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == count == sum(len(gem.genes) for gem in gems)
    assert [row["gene"] for row in rows] == sorted(row["gene"] for row in rows)
    assert sum(int(row["n_images"]) for row in rows if row["stage"] == "9") <= gems[0].n_images
    one = gems[1].genes[0]
    row = next(row for row in rows if (row["gene"], row["stage"]) == (one.gene, "4"))
    assert float(row["mean"]) == pytest.approx(one.mean, abs=1e-5) and row["peak_region"] == one.region
    assert float(row["peak_egg_length"]) == pytest.approx(one.peak_egg_length, abs=0.05)


def test_landmarks(tmp_path: Path) -> None:
    one = Landmark("9", 1, 0.5, 12.346, 33.3, 66.6, 0.61, np.zeros((4, 2), np.int32))
    write_landmarks(tmp_path / "landmarks.csv", [one])
    rows = list(csv.reader((tmp_path / "landmarks.csv").read_text(encoding="utf-8").splitlines()))
    assert rows[0][:7] == ["stage", "landmark", "threshold", "area_percent", "egg_length", "dorsoventral", "mean"]
    assert rows[0][7:] == ["egg_length_from", "egg_length_to", "p"]
    assert rows[1:] == [["9", "1", "0.50000", "12.35", "33.3", "66.6", "0.61000", "", "", ""]]
