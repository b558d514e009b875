"""A classifier graph in eight bits for the processor. Its ranges are measured once, on training images."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

__all__ = ["to_int8"]

_QUANTIZED = ["Conv", "Relu", "Clip", "Add", "AveragePool", "MaxPool", "Concat"]
_BATCH = 4
_FEATURES = "features"


def to_int8(model: onnx.ModelProto, images: NDArray[np.uint8]) -> onnx.ModelProto:
    """A copy of a classifier made by `export`, whose convolutions compute in int8. Inputs and outputs keep their types.

    `images` are some dozens of training images, uint8 (N, H, W, 3). They tell the range of every activation. Weights
    have a scale for each output channel. The first convolution, which reads the pixels, the linear layer and the
    probabilities stay in float32. What rounding shifts the features by in the mean over the images is taken back.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Batches(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.starts = iter(range(0, len(images), _BATCH))

        def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
            start = next(self.starts, None)
            return None if start is None else {"image": images[start : start + _BATCH]}

    with tempfile.TemporaryDirectory() as folder, _quiet():
        whole, prepared, quantized = (str(Path(folder) / f"{name}.onnx") for name in ("whole", "prepared", "quantized"))
        onnx.save(model, whole)
        quant_pre_process(whole, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            quantized,
            Batches(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_QUANTIZED,
            nodes_to_exclude=_left_in_float(onnx.load(prepared)),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        new = onnx.load(quantized)
        _correct(new, _mean_features(new, images), _mean_features(model, images))
    del new.metadata_props[:]
    new.metadata_props.extend(model.metadata_props)
    return new


def _mean_features(model: onnx.ModelProto, images: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """(D,), over all images; None where the graph tells no features."""
    import onnxruntime

    if _FEATURES not in {value.name for value in model.graph.output}:
        return None
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    starts = range(0, len(images), _BATCH)
    found = [session.run([_FEATURES], {"image": images[start : start + _BATCH]})[0] for start in starts]
    return np.asarray(np.concatenate(found).mean(0), np.float32)


def _correct(model: onnx.ModelProto, found: NDArray[np.float32] | None, wanted: NDArray[np.float32] | None) -> None:
    """Adds what the mean features lack to all features. Rounding of depthwise convolutions shifts them the same way."""
    if found is None or wanted is None:
        return
    rounded, shift = f"{_FEATURES}_of_int8", f"{_FEATURES}_shift"
    nodes = list(model.graph.node)
    place = next(k for k, node in enumerate(nodes) if _FEATURES in node.output)
    nodes[place].output[list(nodes[place].output).index(_FEATURES)] = rounded
    nodes.insert(place + 1, helper.make_node("Add", [rounded, shift], [_FEATURES], name="correct_features"))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.append(numpy_helper.from_array(wanted - found, shift))


def _left_in_float(model: onnx.ModelProto) -> list[str]:
    """The first convolution, and bounds on anything but a convolution's result, which in eight bits are its range."""
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    results = {name for node in convolutions for name in node.output}
    bounds = [node.name for node in model.graph.node if node.op_type == "Clip" and node.input[0] not in results]
    return [*bounds, *(node.name for node in convolutions[:1])] if len(convolutions) > 1 else bounds


@contextmanager
def _quiet() -> Iterator[None]:
    """Hides the advice that the quantizer gives on every run."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(disabled)
