from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from lsl_shared.files.content_hash import content_hash, image_digests
from lsl_shared.files.store import Store
from lsl_shared.files.store_writer import StoreWriter
from lsl_shared.labels import LabelSpace

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 8, 10, 3), dtype=np.uint8)


def hashed(
    path: Path,
    *,
    labels: tuple[int, ...] = (0, 1, -1),
    gene: str = "",
    truth: int = 0,
    name: str = "oak",
    level: int = 4,
    term: int = 0,
) -> str:
    with StoreWriter(path, 8, 10, compression=level) as writer:
        for place, image in enumerate(IMAGES):
            writer.append(image, id=str(place), gene=gene, truth={"landmarks": np.full((8, 10), truth, np.uint8)})
        writer.add_task(LabelSpace("family", (name, "palm")), labels)
        writer.add_terms(LabelSpace("cv_terms", ("gut",)), [[term], [0], [255]])
    with Store(path) as store:
        return content_hash(store, image_digests(store.read(0, 3)))


def test_digest_of_an_image() -> None:
    assert image_digests(IMAGES[:, :, ::-1])[1] == hashlib.sha256(IMAGES[1, :, ::-1].tobytes()).digest()


def test_compression_does_not_count_but_everything_said_does(tmp_path: Path) -> None:
    first = hashed(tmp_path / "a.h5")
    assert hashed(tmp_path / "b.h5", level=9) == first
    others = [
        hashed(tmp_path / "c.h5", labels=(0, 1, 1)),
        hashed(tmp_path / "d.h5", gene="Dl"),
        hashed(tmp_path / "e.h5", truth=1),
        hashed(tmp_path / "f.h5", name="oaks"),
        hashed(tmp_path / "g.h5", term=1),
    ]
    assert len({first, *others}) == 6
