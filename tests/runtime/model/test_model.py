from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from lsl_runtime import Model
from lsl_shared import BundleError, ImageError
from lsl_shared.files.manifest import model_digest


@pytest.fixture
def model(make_bundle: Callable[..., Path]) -> Model:
    return Model.load(make_bundle(), device="cpu")


@pytest.fixture
def images() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (37, 16, 40, 3), dtype=np.uint8)


def test_predictions_equal_the_formula(model: Model, images: NDArray[np.uint8], truth: Any) -> None:
    found, expected = model.predict(images, batch_size=8), truth().probabilities(images)
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-6)
    np.testing.assert_array_equal(found.class_index, expected.argmax(1))
    np.testing.assert_allclose(found.probability, expected.max(1), atol=1e-6)
    np.testing.assert_allclose(found.features, truth().features(images), atol=1e-6)
    assert found.names == [model.task.classes[k] for k in expected.argmax(1)]


def test_prediction_sets_hold_the_likely_classes_and_always_the_best(
    model: Model, images: NDArray[np.uint8], truth: Any
) -> None:
    chance = truth().probabilities(images)
    sets = model.predict(images).prediction_set
    for row, given in zip(chance, sets, strict=True):
        assert set(np.flatnonzero(given)) == {k for k in range(4) if 1 - row[k] <= 0.7} | {int(row.argmax())}


def test_saliency_is_the_gradient_of_the_predicted_class(model: Model, images: NDArray[np.uint8], truth: Any) -> None:
    network = truth()
    expected = network.saliency(images, network.logits(images).argmax(1))
    np.testing.assert_allclose(model.saliency(images), expected, atol=1e-7)
    np.testing.assert_array_equal(model.saliency(images), model.saliency(images, np.full(37, -1)))


def test_saliency_of_a_class_asked_for_agrees_with_finite_differences(
    model: Model, images: NDArray[np.uint8], truth: Any
) -> None:
    image, network = images[:1], truth()
    saliency = model.saliency(image, [2])[0]
    for y, x in ((3, 22), (9, 27), (4, 1)):
        slopes = []
        for channel in range(3):
            up, down = image.astype(np.float64), image.astype(np.float64)
            up[0, y, x, channel] += 1
            down[0, y, x, channel] -= 1
            slopes.append(abs(network.logits(up)[0, 2] - network.logits(down)[0, 2]) * 255 / 2)
        assert saliency[y, x] == pytest.approx(max(slopes), abs=1e-7)


@pytest.mark.parametrize("batch_size", [1, 5, 64])
def test_batch_size_changes_nothing(model: Model, images: NDArray[np.uint8], batch_size: int) -> None:
    np.testing.assert_allclose(
        model.saliency(images, batch_size=batch_size), model.saliency(images, batch_size=37), rtol=1e-6
    )


def test_no_images_give_empty_answers(model: Model, images: NDArray[np.uint8]) -> None:
    assert model.predict(images[:0]).probabilities.shape == (0, 4)
    assert model.saliency(images[:0]).shape == (0, 16, 40)


def test_several_threads_may_call_one_model(model: Model, images: NDArray[np.uint8]) -> None:
    alone = model.saliency(images)
    with ThreadPoolExecutor(4) as pool:
        for maps in pool.map(model.saliency, [images] * 8):
            np.testing.assert_array_equal(maps, alone)


class Wrapped:
    """Something of another library that knows how to become an array."""

    def __init__(self, images: NDArray[np.uint8]) -> None:
        self._images = images

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.uint8]:
        return self._images


@pytest.mark.parametrize("kind", [list, tuple, iter, Wrapped, lambda images: (image for image in images)])
def test_sequences_iterators_and_array_likes(model: Model, images: NDArray[np.uint8], kind: Any) -> None:
    whole = model.predict(images, batch_size=8)
    np.testing.assert_array_equal(model.predict(kind(images), batch_size=8).probabilities, whole.probabilities)
    maps = model.saliency(kind(images), np.arange(37) % 4, batch_size=8)
    np.testing.assert_array_equal(maps, model.saliency(images, np.arange(37) % 4, batch_size=8))


def test_dataset_is_read_batch_by_batch(model: Model, images: NDArray[np.uint8], tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"] = images
        np.testing.assert_array_equal(
            model.predict(file["images"], batch_size=8).probabilities, model.predict(images, batch_size=8).probabilities
        )


@pytest.mark.parametrize(
    ("images", "told"),
    [
        (iter([np.zeros((16, 40, 3), np.uint8), np.zeros((16, 41, 3), np.uint8)]), "received shapes"),
        (iter([np.zeros((16, 40, 3))]), "received float64"),
        (3, "received int"),
    ],
)
def test_wrong_images_of_a_sequence_are_refused(model: Model, images: Any, told: str) -> None:
    with pytest.raises(ImageError, match=told):
        model.predict(images)


@pytest.mark.parametrize("count", [36, 38])
def test_class_indices_must_be_as_many_as_an_iterator_gives(
    model: Model, images: NDArray[np.uint8], count: int
) -> None:
    with pytest.raises(ImageError, match="class_index"):
        model.saliency(iter(images), np.zeros(count, int))


def test_empty_iterator_gives_empty_answers(model: Model) -> None:
    assert model.predict(iter([])).probabilities.shape == (0, 4)


def test_nothing_is_printed(model: Model, images: NDArray[np.uint8], capfd: pytest.CaptureFixture[str]) -> None:
    model.predict(images), model.saliency(images)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("shape", "dtype"), [((2, 16, 41, 3), np.uint8), ((16, 40, 3), np.uint8), ((2, 16, 40, 3), np.float32)]
)
def test_images_of_another_shape_or_type_are_refused(model: Model, shape: tuple[int, ...], dtype: type) -> None:
    with pytest.raises(ImageError, match=r"expected images uint8 \(N, 16, 40, 3\), received"):
        model.predict(np.zeros(shape, dtype))


@pytest.mark.parametrize("wanted", [[4] * 37, [-2] * 37, [0] * 36, [0.5] * 37])
def test_class_indices_out_of_range_are_refused(model: Model, images: NDArray[np.uint8], wanted: list[Any]) -> None:
    with pytest.raises(ImageError, match="class_index"):
        model.saliency(images, wanted)


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
