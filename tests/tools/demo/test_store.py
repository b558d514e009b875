from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_shared.errors import ConfigError, StoreError
from lsl_tools.demo.dataset import demo_images
from lsl_tools.demo.store import write_demo_store


def test_a_demo_store_holds_images_labels_and_truth(tmp_path: Path) -> None:
    path, calls = tmp_path / "store.h5", list[int]()
    write_demo_store(path, images=12, fine_fraction=0.5, seed=3, on_progress=calls.append)
    embryos = list(demo_images(12, seed=3, fine_fraction=0.5))
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["images"][7], embryos[7].image)
        np.testing.assert_array_equal(file["truth/landmarks"][7], embryos[7].landmarks)
        np.testing.assert_array_equal(file["truth/expression"][7], embryos[7].expression)
        assert file["truth/stage"][:].tolist() == [embryo.stage for embryo in embryos]
        np.testing.assert_allclose(file["truth/time"][:], [embryo.time for embryo in embryos], rtol=1e-6)
        assert file["labels/stage"][:].tolist() == [embryo.fine_label for embryo in embryos]
        assert file["labels/stage_range"][:].tolist() == [embryo.stage_range_label for embryo in embryos]
        assert file["samples/gene"].asstr()[:].tolist() == [embryo.gene for embryo in embryos]
        assert set(file["samples/view"].asstr()[:]) == {"lateral"}
    assert calls == [1] * 12


def test_an_existing_file_is_kept_and_bad_numbers_write_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store.h5"
    path.write_text("precious")
    with pytest.raises(StoreError, match="exists already"):
        write_demo_store(path, images=2)
    assert path.read_text() == "precious"
    with pytest.raises(ConfigError):
        write_demo_store(tmp_path / "other.h5", images=0)
    assert not (tmp_path / "other.h5").exists()
