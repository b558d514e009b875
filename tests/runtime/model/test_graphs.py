from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from lsl_runtime import Model
from lsl_shared import BundleError
from lsl_shared.files.manifest import model_digest


def test_digest_is_that_of_the_graphs(model: Model, make_bundle: Callable[..., Path], tmp_path: Path) -> None:
    assert model.digest == model_digest(model.path)
    assert model.digest != Model.load(make_bundle(tmp_path / "other", gain=4.0)).digest
    assert model.provider == "CPUExecutionProvider" or model.provider.startswith("CUDA")


@pytest.mark.parametrize("name", ["manifest.json", "classifier.onnx", "saliency.onnx"])
def test_incomplete_bundle_names_the_missing_file(make_bundle: Callable[..., Path], name: str) -> None:
    bundle = make_bundle()
    (bundle / name).unlink()
    with pytest.raises(BundleError, match=rf"{name}: no such file. `lsl-train`"):
        Model.load(bundle)


def test_bundle_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("text")
    with pytest.raises(BundleError, match="cannot be read"):
        Model.load(tmp_path / "model")


def test_manifest_that_is_no_json_is_refused(make_bundle: Callable[..., Path]) -> None:
    bundle = make_bundle()
    (bundle / "manifest.json").write_bytes(b"\xff\x00")
    with pytest.raises(BundleError, match="is not JSON"):
        Model.load(bundle)


def test_truncated_graph_is_refused(make_bundle: Callable[..., Path]) -> None:
    bundle = make_bundle()
    graph = bundle / "classifier.onnx"
    graph.write_bytes(graph.read_bytes()[:300])
    with pytest.raises(BundleError, match=r"classifier\.onnx: damaged graph"):
        Model.load(bundle)


def test_weights_in_another_file_are_refused(make_bundle: Callable[..., Path], tmp_path: Path) -> None:
    bundle = make_bundle()
    graph = onnx.load(bundle / "classifier.onnx")
    onnx.save_model(
        graph, bundle / "classifier.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0
    )
    assert (bundle / "weights.bin").exists()
    with pytest.raises(BundleError, match="external data"):
        Model.load(bundle)


def test_bundle_can_be_moved(make_bundle: Callable[..., Path], tmp_path: Path, images: NDArray[np.uint8]) -> None:
    bundle = make_bundle()
    before = Model.load(bundle).predict(images).probabilities
    shutil.move(bundle, tmp_path / "elsewhere")
    np.testing.assert_array_equal(Model.load(tmp_path / "elsewhere").predict(images).probabilities, before)
