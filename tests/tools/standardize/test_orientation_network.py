"""The networks behind the file of `lsl_tools.standardize.orientation`, and the script that trains them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime as ort
import orientation_composites as scenes
import orientation_network as network
import orientation_thresholds as thresholds
import pytest
import train_orientation as script
from numpy.typing import NDArray
from orientation_pooling import with_products

from lsl_tools.demo.dataset import demo_images


@pytest.fixture(scope="module")
def embryos() -> NDArray[np.uint8]:
    return np.stack([embryo.image for embryo in demo_images(6, seed=4)])


def _tapering(count: int) -> NDArray[np.uint8]:
    """Grey eggs (count, 64, 160, 3) whose left end is slim and whose upper side is flat."""
    images = np.full((count, 64, 160, 3), 255, np.uint8)
    for width, image in enumerate(images, start=20):
        corners = np.array([[4, 40], [60, 40 - width], [150, 40 - width], [150, 60], [60, 60]])
        cv2.fillPoly(image, [corners], (150, 150, 140))
    return images


def test_outlines_are_told_apart_and_mirrored_ones_get_the_negative() -> None:
    images = _tapering(10)
    learnt = network.outline_network(images[::2], np.ones(5, bool))
    said = network.evidence_of(learnt, images[1::2])
    assert (said < 0).all()  # as they should lie
    np.testing.assert_allclose(network.evidence_of(learnt, images[1::2, :, ::-1].copy()), said * [-1, 1], atol=1e-5)
    np.testing.assert_allclose(network.evidence_of(learnt, images[1::2, ::-1].copy()), said * [1, -1], atol=1e-5)


def test_dorsal_is_learnt_from_lateral_views_alone() -> None:
    images = _tapering(4)
    images[2:] = images[2:, ::-1]  # their upper side is down, but they are not said to be lateral
    learnt = network.outline_network(images, np.array([True, True, False, False]))
    assert (network.evidence_of(learnt, images[:2])[:, 1] < 0).all()
    assert (network.evidence_of(learnt, images[2:])[:, 1] > 0).all()


def test_the_joined_network_is_the_weighted_sum() -> None:
    images = _tapering(3)
    parts = [network.outline_network(images, np.ones(3, bool)), network.relief_network(0), network.relief_network(1)]
    weights = np.array([[2.0, 0.5], [0.3, 0.0], [0.7, 1.5]])
    whole = network.joined(parts[0], parts[1:], weights)
    large = images.repeat(2, axis=1).repeat(2, axis=2)
    expected = sum(w * network.evidence_of(part, images) for w, part in zip(weights, parts, strict=True))
    np.testing.assert_allclose(network.evidence_of(whole, large), expected, atol=1e-4)


def test_thresholds_flag_the_wrong_ones_up_to_the_share_allowed() -> None:
    odds = -np.linspace(0.01, 5, 100)
    odds[[2, 4, 6, 8, 10]] *= -1  # the wrong ones have up to 0.514
    everything = np.ones(100, bool)
    low = thresholds.threshold(odds, [(everything, 0.05)])
    assert (1 / (1 + np.exp(-np.abs(odds))) < low).sum() == 5
    high = thresholds.threshold(odds, [(everything, 0.5)])
    flagged = 1 / (1 + np.exp(-np.abs(odds))) < high
    assert flagged[odds > 0].sum() == 4
    assert flagged.sum() < 12


def test_genes_of_few_photographs_are_left_out_together() -> None:
    column = np.array(["a"] * 12 + ["b"] * 3 + ["c"] * 20 + ["d"] * 2 + ["held"] * 30, object)
    assert script.folds(column, {"a", "b", "c", "d"}) == [{"a"}, {"c"}, {"b", "d"}]
    assert script.folds(column, {"c", "a"}) == [{"a"}, {"c"}]


def test_weights_calibrate() -> None:
    generator = np.random.default_rng(3)
    truth = np.where(generator.random(4000) < 0.5, 1.0, -1.0)
    odds = 0.5 * truth[:, None] + generator.normal(0, 1, (4000, 2))  # log-likelihood ratio: the odds times 1
    evidence = np.stack([-odds * truth[:, None], generator.normal(0, 1, (4000, 2))])
    weights = thresholds.weighed(evidence, np.ones(4000, bool))
    np.testing.assert_allclose(weights[0], 1.0, atol=0.1)
    np.testing.assert_allclose(weights[1], 0.0, atol=0.1)


def test_composites_lie_as_the_photographs_did(embryos: NDArray[np.uint8]) -> None:
    made, well = scenes.composites(embryos[:2], embryos, 2, seed=1)
    assert made.shape == (2, 2, 128, 320, 3)
    assert well.sum() >= 2
    for row, place in zip(*np.nonzero(well), strict=True):
        mirrored = [embryos[row][::y, ::x].astype(float) for x in (1, -1) for y in (1, -1)]
        off = [np.abs(image - made[row, place]).mean() for image in mirrored]
        assert np.argmin(off) == 0
    assert (made[~well] == 255).all()


def test_means_are_products_that_answer_the_same() -> None:
    make = onnx.helper.make_node
    pool: dict[str, Any] = {"strides": [1, 1], "count_include_pad": 1}
    nodes = [
        make("Sub", ["x", "none"], ["a"]),
        make("Div", ["a", "unit"], ["b"]),
        make("AveragePool", ["b"], ["c"], kernel_shape=[2, 2], strides=[2, 2]),
        make("AveragePool", ["c"], ["d"], kernel_shape=[5, 1], pads=[2, 0, 2, 0], **pool),
        make("AveragePool", ["d"], ["y"], kernel_shape=[1, 3], pads=[0, 1, 0, 1], **pool),
    ]
    sizes: dict[str, list[str | int | None]] = {"x": ["batch", 3, 16, 20], "y": ["batch", 3, 8, 10]}
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, size) for name, size in sizes.items()]
    constants = {"none": np.zeros((3, 1, 1), np.float32), "unit": np.full((3, 1, 1), 255, np.float32)}
    tensors = [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = onnx.helper.make_graph(nodes, "graph", values[:1], values[1:], tensors)
    plain = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)
    made, pixels = with_products(plain), np.random.default_rng(0).random((2, 3, 16, 20), np.float32) * 255
    assert [node.op_type for node in made.graph.node] == ["Conv", "MatMul", "MatMul"]
    first, second = (
        ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": pixels})[0]
        for model in (plain, made)
    )
    np.testing.assert_allclose(first, second, rtol=1e-5)
