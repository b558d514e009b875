from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_runtime import Model


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
    probabilities = truth().probabilities(images)
    sets = model.predict(images).prediction_set
    for row, given in zip(probabilities, sets, strict=True):
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


def test_nothing_is_printed(model: Model, images: NDArray[np.uint8], capfd: pytest.CaptureFixture[str]) -> None:
    model.predict(images), model.saliency(images)
    assert capfd.readouterr() == ("", "")


def test_a_printed_answer_is_a_line(model: Model, images: NDArray[np.uint8]) -> None:
    answer, few = model.predict(images), model.predict(images[:2])
    first = f"{answer.names[0]} ({answer.probability[0]:.2f})"
    assert repr(answer).startswith(f"<Predictions of {len(images)} images: {first}, ") and repr(answer).endswith(", …>")
    assert repr(few).count("(") == 2 and "…" not in repr(few)
