from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

import numpy as np
from numpy.typing import NDArray

from lsl_runtime import Model
from lsl_trainer.data.batch import Labelled
from lsl_trainer.reporting.answers import ask


class Graph:
    """Answers with the mean of each image."""

    def classify(self, images: Iterable[NDArray[np.uint8]]) -> Iterator[dict[str, NDArray[np.float32]]]:
        for image in images:
            logits = np.array([[image.mean() - 99, 1.0]], np.float32)
            yield {"logits": logits, "probabilities": np.exp(logits) / np.exp(logits).sum()}


def test_the_test_images_are_asked_for_in_their_order() -> None:
    images = np.stack([np.full((2, 2, 3), level, np.uint8) for level in (98, 101, 99)])
    test = Labelled(images, np.array([2, 1]), np.array([0, 1]), np.arange(2), np.array(["a", "b"], dtype=object))
    answers = ask(cast(Model, Graph()), test)
    assert answers.logits[:, 0].tolist() == [0, 2]
    assert answers.predicted.tolist() == [1, 0]
    np.testing.assert_allclose(answers.confidence, [1 / (1 + np.exp(-1))] * 2, rtol=1e-4)
