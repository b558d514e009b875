from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_runtime import Model
from lsl_runtime.model.local_contrast import between, local_contrast
from lsl_runtime.model.saliency_methods import Saliency, SaliencyMethod, checked_method
from lsl_runtime.model.smoothgrad import noisy_copies
from lsl_shared import ConfigError


@pytest.fixture
def images() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (5, 16, 40, 3), dtype=np.uint8)


def test_smoothgrad_is_the_mean_of_the_copies_maps(model: Model, images: NDArray[np.uint8], truth: Any) -> None:
    network, index = truth(), np.array([0, 3, -1, 2, -1])
    found = model.saliency(images, index, method="smoothgrad", samples=21, noise=0.2)
    chosen = np.where(index < 0, network.logits(images).argmax(1), index)
    for image, k, one in zip(images, chosen, found, strict=True):
        copies = noisy_copies(image, 21, 0.2)
        np.testing.assert_allclose(one, network.saliency(copies, np.full(21, k)).mean(0), rtol=1e-5)


def test_smoothgrad_comes_near_the_expectation(model: Model, truth: Any) -> None:
    """Far from white and black the gradient of this model is linear: the largest of three Gaussians remains."""
    image = np.full((1, 16, 40, 3), 128, np.uint8)
    found = model.saliency(image, [1], method="smoothgrad", samples=200, noise=0.05)
    clean = truth().saliency(image, np.array([1]))
    largest = 0.8463 * 0.05  # mean of the largest of three standard Gaussians
    assert found.sum() / clean.sum() == pytest.approx(1 + largest / (1 - 128 / 255), rel=0.01)


def test_no_noise_is_the_plain_gradient(model: Model, images: NDArray[np.uint8]) -> None:
    found = model.saliency(images, method="smoothgrad", samples=3, noise=0.0)
    np.testing.assert_allclose(found, model.saliency(images), rtol=1e-6)


@pytest.mark.parametrize("method", get_args(SaliencyMethod))
@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_an_image_alone_equals_itself_in_a_batch(
    model: Model, images: NDArray[np.uint8], method: SaliencyMethod, batch_size: int
) -> None:
    whole = model.saliency(images, method=method, samples=5, batch_size=batch_size)
    for place, image in enumerate(images):
        np.testing.assert_array_equal(model.saliency(image[None], method=method, samples=5)[0], whole[place])
    np.testing.assert_array_equal(model.saliency(images, method=method, samples=5, batch_size=batch_size), whole)


def _without_details(plane: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """A Gaussian of four standard deviations, mirrored at the frame, as plain sums."""
    radius = round(4 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(plane, radius, mode="reflect")
    rows = sum(w * padded[k : k + plane.shape[0]] for k, w in enumerate(kernel))
    return np.asarray(sum(w * rows[:, k : k + plane.shape[1]] for k, w in enumerate(kernel)))


def test_gradient_times_input_equals_its_definition(model: Model, images: NDArray[np.uint8], truth: Any) -> None:
    network, index = truth(), np.zeros(5, int)
    details = [[channel - _without_details(channel, 1.0) for channel in image.T] for image in images / 255.0]
    expected = network.saliency(images, index) * np.abs(details).mean(1).transpose(0, 2, 1)
    found = model.saliency(images, index, method="gradient-input")
    np.testing.assert_allclose(found, expected, atol=1e-3 * expected.max())


def test_integrated_gradients_average_the_path(model: Model, images: NDArray[np.uint8], truth: Any) -> None:
    network, index = truth(), np.array([0, 3, 1, 2, 3])
    found = model.saliency(images, index, method="integrated", samples=5)
    for image, k, one in zip(images, index, found, strict=True):
        path = network.saliency(between(image, 5), np.full(5, k)).mean(0)
        np.testing.assert_allclose(one, path * local_contrast(image[None])[0], rtol=1e-5, atol=1e-9)


def test_answers_beside_the_map_are_those_of_the_clean_image(model: Model, images: NDArray[np.uint8]) -> None:
    plain, smooth = (next(model.explain(images, method=method)) for method in ("gradient", "smoothgrad"))
    for name in ("logits", "probabilities", "features"):
        np.testing.assert_array_equal(plain[name], smooth[name])
    assert (plain["saliency"] != smooth["saliency"]).any()


def test_unknown_method_lists_the_known_ones(model: Model, images: NDArray[np.uint8]) -> None:
    with pytest.raises(
        ConfigError,
        match=r"one of gradient, smoothgrad, .*, contributions, contributions-once, received 'lime'",
    ):
        model.saliency(images, method="lime")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="received ''"):
        checked_method("")


def test_keys_are_those_of_earlier_runs_and_tell_the_numbers_apart() -> None:
    assert [Saliency(method).key for method in get_args(SaliencyMethod)] == [
        "saliency", "saliency:smoothgrad:16:0.2", "saliency:gradient-input", "saliency:integrated:16",
        "saliency:contributions:gauss:8:2.0", "saliency:contributions-once:2.0",
    ]  # fmt: skip
    assert Saliency("smoothgrad", 32, 0.1).key == "saliency:smoothgrad:32:0.1"
    assert Saliency("gradient", 32).key == Saliency().key, "a number that changes nothing is not named"


def test_noted_is_what_the_maps_depend_on() -> None:
    assert Saliency("integrated", 5, 0.1).noted == {"method": "integrated", "samples": 5}
    assert Saliency("smoothgrad", 5, 0.1).noted == {"method": "smoothgrad", "samples": 5, "noise": 0.1}


@pytest.mark.parametrize(("samples", "noise", "named"), [(0, 0.1, "samples"), (4, -0.1, "noise"), (4, 1.5, "noise")])
def test_numbers_out_of_range_are_named(
    model: Model, images: NDArray[np.uint8], samples: int, noise: float, named: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{named} of SmoothGrad"):
        Saliency("smoothgrad", samples, noise)
    with pytest.raises(ConfigError, match=f"^{named} of SmoothGrad"):
        model.saliency(images, method="smoothgrad", samples=samples, noise=noise)
