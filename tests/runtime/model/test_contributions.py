"""Contributions against a naive loop over the model whose answers are known by hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper
from scipy.special import roots_legendre

from lsl_runtime import Model, annotate, build_gem
from lsl_runtime.model.contributions import Integration
from lsl_runtime.model.saliency_methods import Saliency
from lsl_shared import Annotations, BundleError, ConfigError, ImageError, Store
from lsl_shared.files.manifest import CONTRIBUTIONS, model_digest
from tests.support.bands import BandModel

INDEX, AGAINST = np.array([0, 3, -1, 2, 1]), np.array([1, -1, 2, 3, 0])


@pytest.fixture
def images() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (5, 16, 40, 3), dtype=np.uint8)


def blurred(plane: NDArray[Any], sigma: float, mode: Any) -> NDArray[np.float64]:
    """A Gaussian of four standard deviations as plain sums; `mode` says how the frame is mirrored."""
    radius = round(4 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(plane.astype(np.float64), radius, mode=mode)
    rows = sum(w * padded[k : k + plane.shape[0]] for k, w in enumerate(kernel))
    return np.asarray(sum(w * rows[:, k : k + plane.shape[1]] for k, w in enumerate(kernel)))


def references(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The images without details: σ = 16 / 16 = 1 pixel."""
    planes = [[blurred(image[..., channel], 1.0, "reflect") for channel in range(3)] for image in images]
    return np.array(planes).transpose(0, 2, 3, 1)


def naive(
    network: BandModel, images: NDArray[np.uint8], index: NDArray[np.integer], against: NDArray[np.integer], steps: int
) -> NDArray[np.float64]:
    """Equation 1 of Sundararajan et al. by Gauss and Legendre's rule, one picture after the other."""
    places, weights = roots_legendre(steps)
    chosen = np.where(index < 0, network.logits(images).argmax(1), index)
    maps = np.zeros(images.shape[:3])
    for place, (image, reference) in enumerate(zip(images, references(images), strict=True)):
        for at, weight in zip(places, weights, strict=True):
            picture = reference + (at + 1) / 2 * (image - reference)
            gradient = network.contributions(
                picture[None], (image - reference)[None] / 255, chosen[[place]], against[[place]]
            )
            maps[place] += gradient[0] * weight / 2
    return maps


@pytest.mark.parametrize("steps", [1, 3, 8, 21])
def test_contributions_equal_a_naive_loop(
    model: Model, images: NDArray[np.uint8], truth: Callable[[], BandModel], steps: int
) -> None:
    found = model.contributions(images, INDEX, AGAINST, steps=steps)
    expected = naive(truth(), images, INDEX, AGAINST, steps)
    assert found.dtype == np.float32 and found.shape == (5, 16, 40)
    assert (expected > 0).any() and (expected < 0).any()
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())


def test_the_default_is_the_predicted_class_against_none(
    model: Model, images: NDArray[np.uint8], truth: Callable[[], BandModel]
) -> None:
    predicted = truth().logits(images).argmax(1)
    expected = model.contributions(images, predicted, np.full(5, -1))
    np.testing.assert_array_equal(model.contributions(images), expected)


def test_one_class_against_another_is_the_difference_of_two_runs(model: Model, images: NDArray[np.uint8]) -> None:
    index, against = np.array([0, 3, 2, 2, 1]), np.array([1, 2, 0, 3, 0])
    both = model.contributions(images, index) - model.contributions(images, against)
    np.testing.assert_allclose(model.contributions(images, index, against), both, atol=1e-6 * np.abs(both).max())
    np.testing.assert_allclose(model.contributions(images, index, index), 0, atol=1e-9)


def test_contributions_sum_to_the_difference_of_the_logits(
    model: Model, images: NDArray[np.uint8], truth: Callable[[], BandModel]
) -> None:
    """Exactly so in this model, whose gradient is linear in the pixels."""
    total, network = model.contributions_sum(images, INDEX, AGAINST), truth()
    rows, chosen = np.arange(5), np.where(INDEX < 0, network.logits(images).argmax(1), INDEX)
    ends = [
        logits[rows, chosen] - np.where(AGAINST < 0, 0, logits[rows, AGAINST])
        for logits in (network.logits(images), network.logits(references(images)))  # type: ignore[arg-type]
    ]
    np.testing.assert_allclose(total, ends[0] - ends[1], atol=1e-4)
    for smooth in (0.0, 2.0):
        sums = model.contributions(images, INDEX, AGAINST, smooth=smooth).sum((1, 2))
        np.testing.assert_allclose(sums, total, rtol=1e-3, atol=1e-4)


def test_smoothing_keeps_the_sign(model: Model, images: NDArray[np.uint8]) -> None:
    plain, smooth = (model.contributions(images, INDEX, smooth=sigma) for sigma in (0.0, 2.0))
    expected = np.array([blurred(one, 2.0, "symmetric") for one in plain])
    np.testing.assert_allclose(smooth, expected, atol=2e-3 * np.abs(expected).max())
    assert (smooth < 0).any()


def test_the_saliency_method_is_the_positive_part_of_the_smoothed_ones(model: Model, images: NDArray[np.uint8]) -> None:
    expected = np.maximum(model.contributions(images, INDEX, smooth=2.0), 0)
    np.testing.assert_array_equal(model.saliency(images, INDEX, method="contributions"), expected)
    answers = next(model.explain(images, INDEX, method="contributions"))
    np.testing.assert_array_equal(answers["probabilities"], next(model.classify(images))["probabilities"])


def test_no_image_at_all(model: Model) -> None:
    none = np.zeros((0, 16, 40, 3), np.uint8)
    assert model.contributions(none).shape == (0, 16, 40)
    assert model.contributions_sum(none).shape == (0,)


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_an_image_alone_equals_itself_in_a_batch(model: Model, images: NDArray[np.uint8], batch_size: int) -> None:
    whole = model.contributions(iter(images), INDEX, AGAINST, batch_size=batch_size)
    for place, image in enumerate(images):
        alone = model.contributions(image[None], INDEX[[place]], AGAINST[[place]])
        np.testing.assert_array_equal(alone[0], whole[place])


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ({"steps": 0}, ConfigError, "steps of contributions must be at least 1, received 0"),
        ({"smooth": -1.0}, ConfigError, "smooth is a number of pixels, at least 0, received -1.0"),
        ({"smooth": float("nan")}, ConfigError, "smooth is a number of pixels"),
        ({"class_index": [4] * 5}, ImageError, r"class_index must lie in -1 … 3"),
        ({"against": [0, 1]}, ImageError, r"against: expected integers \(5,\), received int64 \(2,\)"),
        ({"against": [0.5] * 5}, ImageError, "against: expected integers"),
        ({"against": [-2] * 5}, ImageError, r"against must lie in -1 … 3"),
    ],
)
def test_bad_arguments_are_named(
    model: Model, images: NDArray[np.uint8], arguments: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        model.contributions(images, **arguments)


def test_as_many_against_as_an_iterator_gives(model: Model, images: NDArray[np.uint8]) -> None:
    with pytest.raises(ImageError, match="against: received 4 of them for more images"):
        model.contributions(iter(images), against=np.zeros(4, int))
    with pytest.raises(ImageError, match="against: received 6 of them for 5 images"):
        model.contributions(iter(images), against=np.zeros(6, int))


def test_one_picture_is_the_middle_of_the_way(model: Model, images: NDArray[np.uint8]) -> None:
    once = model.saliency(images, INDEX, method="contributions-once")
    expected = np.maximum(model.contributions(images, INDEX, steps=1, smooth=2.0), 0)
    np.testing.assert_array_equal(once, expected)


def test_numbers_that_the_maps_depend_on_are_noted() -> None:
    assert Saliency("contributions-once", steps=5).key == "saliency:contributions-once:2.0"
    assert Saliency("contributions").key == "saliency:contributions:gauss:8:2.0"
    assert Saliency("contributions", steps=16).noted == {
        "method": "contributions", "rule": "gauss", "steps": 16, "smooth": 2.0,
    }  # fmt: skip
    assert Saliency("integrated", steps=16, smooth=1.0).key == Saliency("integrated").key
    with pytest.raises(ConfigError, match="smooth"):
        Integration(8, -0.5)


def test_an_earlier_bundle_does_all_else(
    make_bundle: Callable[..., Path], make_store: Callable[..., Path], images: NDArray[np.uint8]
) -> None:
    bundle = make_bundle()
    (bundle / CONTRIBUTIONS).unlink()
    model = Model.load(bundle, "cpu", verify=True)
    assert model.saliency(images, method="integrated").shape == (5, 16, 40)
    told = r"contributions\.onnx: no such file: an earlier version made this bundle\. Train again with `lsl-train`"
    for ask in (model.contributions, model.contributions_sum, lambda x: model.saliency(x, method="contributions")):
        with pytest.raises(BundleError, match=told):
            ask(images)
    store = make_store(20)
    with pytest.raises(BundleError, match=told):
        annotate(store, model, saliency=True, saliency_method="contributions")
    assert sorted(path.name for path in store.parent.iterdir()) == ["runs", "store.h5"], "nothing was begun"


def test_the_digest_is_that_of_an_earlier_bundle(make_bundle: Callable[..., Path]) -> None:
    bundle = make_bundle()
    before = Model.load(bundle, "cpu").digest
    (bundle / CONTRIBUTIONS).unlink()
    assert Model.load(bundle, "cpu").digest == before == model_digest(bundle)


def test_a_contributions_graph_of_another_network_is_refused(make_bundle: Callable[..., Path], tmp_path: Path) -> None:
    bundle, other = make_bundle(), make_bundle(tmp_path / "other", gain=4.0)
    shutil.copyfile(other / CONTRIBUTIONS, bundle / CONTRIBUTIONS)
    with pytest.raises(
        BundleError, match=r"contributions\.onnx: differs from the saliency graph by .* another network"
    ):
        Model.load(bundle, "cpu", verify=True)


def test_a_damaged_contributions_graph_is_named(make_bundle: Callable[..., Path], images: NDArray[np.uint8]) -> None:
    bundle = make_bundle()
    graph = bundle / CONTRIBUTIONS
    graph.write_bytes(graph.read_bytes()[:300])
    with pytest.raises(BundleError, match=r"contributions\.onnx: damaged graph"):
        Model.load(bundle, "cpu").contributions(images)
    made = onnx.load(make_bundle(bundle.with_name("whole")) / CONTRIBUTIONS)
    made.graph.initializer.append(numpy_helper.from_array(np.zeros(2000, np.float32), "spare"))
    onnx.save_model(made, graph, save_as_external_data=True, location="weights.bin", size_threshold=0)
    with pytest.raises(BundleError, match="external data"):
        Model.load(bundle, "cpu").contributions(images)


def test_annotations_and_maps_hold_them(make_bundle: Callable[..., Path], make_store: Callable[..., Path]) -> None:
    store, model = make_store(60), Model.load(make_bundle(), "cpu")
    path = annotate(store, model, saliency=True, saliency_method="contributions").path
    assert annotate(store, model, saliency=True, saliency_method="contributions").resumed == 60
    with Annotations(path) as given:
        assert given.saliency_method == "contributions"
        assert dict(given._maps.attrs) == {"method": "contributions", "rule": "gauss", "steps": 8, "smooth": 2.0}
        stored = given.saliency(0, 60)
    with Store(store) as opened:
        expected = model.saliency(opened.read(0, 60), method="contributions")
        signed = model.contributions(opened.read(0, 60), smooth=2.0)
    np.testing.assert_allclose(stored, expected, atol=expected.max() / 255)
    with Annotations(path) as given:
        assert given.has_contributions
        np.testing.assert_allclose(given.contributions(7, 41), signed[7:41], atol=np.abs(signed).max() / 255)
    assert "masked by the landmark map" in build_gem(store, "4").selection
    assert annotate(store, model, saliency=True, saliency_method="integrated", restart=True).resumed == 0
    with Annotations(path) as given:
        assert given.has_saliency and not given.has_contributions
