from __future__ import annotations

from pathlib import Path

import numpy as np

from lsl_runtime.evaluation.seen import told_apart
from lsl_runtime.model.split_file import read_known_images
from lsl_shared import Store
from lsl_shared.files.content_hash import image_digests
from lsl_shared.files.store import PARTS
from lsl_trainer import TrainConfig
from lsl_trainer.bundle.split import write_split
from lsl_trainer.data.load import load_data


def test_every_image_is_known_by_id_and_gene_and_by_its_pixels_if_it_was_looked_at(
    store: Path, config: TrainConfig, tmp_path: Path
) -> None:
    with Store(store) as opened:
        data = load_data(opened, config)
        write_split(data, tmp_path / "split.csv")
        images = read_known_images(tmp_path)
        contents = [digest.hex() for digest in image_digests(opened.read(0, len(opened)))]
        told = told_apart(opened, images, opened.fingerprint())
        assert [image.id for image in images] == opened.ids.tolist()
        assert [image.gene for image in images] == opened.genes.tolist()
    assert [image.part for image in images] == [PARTS[part] for part in data.part]
    assert all(image.content in ("", content) for image, content in zip(images, contents, strict=True))
    known = {image.id for image in images if image.content}
    for used in (data.coarse, data.fine, data.calibration, data.test):
        assert set(used.ids) <= known
    np.testing.assert_array_equal(told == "test", data.part == PARTS.index("test"))
