"""Stores that R, MATLAB's kin, PyTables, xarray and h5wasm wrote are annotated as any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import Model, annotate
from lsl_shared import Annotations, Status
from tests.support.bands import write_bundle

FOREIGN = Path(__file__).parents[2] / "shared" / "files" / "foreign"
STORES = sorted(path.name for path in FOREIGN.glob("*.h5"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Model.load(write_bundle(tmp_path_factory.mktemp("foreign") / "model", size=(8, 10)), "cpu")


@pytest.mark.parametrize("name", STORES)
def test_it_is_annotated(name: str, model: Model, tmp_path: Path) -> None:
    n, h, w, c = np.indices((6, 8, 10, 3))
    images = ((64 * n + 9 * h + 5 * w + 3 * c) % 251).astype(np.uint8)  # what all of these programs wrote
    done = annotate(FOREIGN / name, model, saliency=True, out=tmp_path / "a.h5")
    with Annotations(done.path) as given:
        annotated = given.status != Status.FAILED
        assert given.ids.tolist() == list("abcdef") and annotated.all()
        known = given.status == Status.ANNOTATED
        np.testing.assert_allclose(
            given.probabilities("stage")[known], model.predict(images).probabilities[known], rtol=1e-5
        )
        assert known.any() and given.saliency(0, 6).max() > 0


def test_there_are_six() -> None:
    assert len(STORES) == 6
