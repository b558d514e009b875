from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsl_shared.files.store import Store
from lsl_shared.labels import LabelSpace
from lsl_tools.importing.listing import Sample
from lsl_tools.importing.sample_store import SampleStore

IMAGE = np.full((8, 12, 3), 7, np.uint8)


def sample(name: str, **told: object) -> Sample:
    return Sample(Path(name), name, name, name, **told)  # type: ignore[arg-type]


def test_without_an_image_nothing_is_made(tmp_path: Path) -> None:
    with SampleStore(tmp_path / "new" / "store.h5", (8, 12), overwrite=False) as written:
        assert written.samples == []
    assert list(tmp_path.iterdir()) == []


def test_images_come_with_all_that_is_known_of_them(tmp_path: Path) -> None:
    path, space = tmp_path / "store.h5", LabelSpace("family", ("oak", "palm"))
    with SampleStore(path, (8, 12), overwrite=False) as written:
        written.add(sample("a.png", gene="eve", view="lateral", split="test", labels={"family": "palm"}), IMAGE)
        written.add(sample("b.png", terms=("brain",)), IMAGE)
        assert written.add_labels({"family": space})["family"].tolist() == [1, -1]
    with Store(path) as store:
        assert store.shape == (2, 8, 12)
        assert (store.ids[0], store.sources[0], store.genes[0]) == ("a.png", "a.png", "eve")
        assert (store.views[0], store.splits[0]) == ("lateral", "test")
        assert store.labels("family").tolist() == [1, -1]
        assert store.terms("cv_terms").tolist() == [[255], [1]]


def test_what_fails_leaves_the_store_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "store.h5"
    with SampleStore(path, (8, 12), overwrite=False) as written:
        written.add(sample("a.png"), IMAGE)
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError), SampleStore(path, (8, 12), overwrite=True) as written:
        written.add(sample("b.png"), IMAGE)
        1 / 0  # noqa: B018
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["store.h5"]
