from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsl_shared.errors import StoreError
from lsl_shared.files.store_writer import StoreWriter
from lsl_shared.labels import LabelSpace
from lsl_tools import store_info

FAMILY = LabelSpace("family", ("oak", "palm", "moss"))
SPECIES = LabelSpace("species", ("robur", "areca"), "family", (0, 1))


def test_counts(tmp_path: Path) -> None:
    path = tmp_path / "store.h5"
    with StoreWriter(path, 8, 10) as writer:
        for place, (gene, view, split) in enumerate(
            [("Dl", "lateral", "train"), ("", "", ""), ("Dl", "lateral", "test")]
        ):
            writer.append(np.zeros((8, 10, 3), np.uint8), id=str(place), gene=gene, view=view, split=split)
        writer.add_task(FAMILY, [0, 1, 1])
        writer.add_task(SPECIES, [0, -1, 1])
        writer.add_truth("stage", [0, 0, 0])
    info = store_info(path)
    assert (info.images, info.size, info.pixel_bytes, info.file_bytes) == (3, (8, 10), 720, path.stat().st_size)
    assert (info.genes, info.without_gene) == ({"Dl": 2}, 1)
    assert info.views == {"lateral": 2, "": 1}
    assert info.splits == {"train": 1, "": 1, "test": 1}
    assert info.truth == ("stage",)
    family, species = info.tasks
    assert (family.counts, family.parents, family.unlabelled) == ((1, 2, 0), (), 0)
    assert (species.counts, species.parents, species.unlabelled) == ((1, 1), ("oak", "palm"), 1)


def test_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such file"):
        store_info(tmp_path / "store.h5")


def test_terms(tmp_path: Path) -> None:
    space = LabelSpace("cv_terms", ("gut", "brain"))
    with StoreWriter(tmp_path / "store.h5", 8, 10) as writer:
        for place in range(3):
            writer.append(np.zeros((8, 10, 3), np.uint8), id=str(place))
        writer.add_terms(space, [[1, 0], [255, 255], [1, 1]])
    (terms,) = store_info(tmp_path / "store.h5").terms
    assert (terms.space, terms.counts, terms.unlabelled) == (space, (2, 1), 1)
