"""A bundle whose answers and saliency are known by hand, and stores of drawn embryos to go with it.

The model looks at darkness d = 1 − pixel / 255 in K upright bands of the image: logit_k = 9 · mean of d² over band k
and the three channels. So its gradient is −18 · d / (3 · pixels of the band) inside band k and 0 outside. It is linear
in the pixels, so its integral along a line is that at the middle.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from lsl_shared import GoldenSample, LabelSpace, Manifest, StoreWriter, Task
from lsl_shared.files.growing_dataset import GrowingDataset
from lsl_shared.files.manifest import CLASSIFIER, CONTRIBUTIONS, MANIFEST, METADATA_KEY, SALIENCY, SPLIT, golden_image
from lsl_shared.fly import STAGE_RANGES

HEIGHT, WIDTH = 16, 40
CLASSES = ("4", "5", "7", "9")
RANGE_OF = (1, 1, 2, 3)
GAIN, TEMPERATURE = 9.0, 0.8


class BandModel:
    """The tiny network in NumPy, float64: the truth that the graphs and everything behind them are held to."""

    def __init__(self, classes: int = len(CLASSES), height: int = HEIGHT, width: int = WIDTH, gain: float = GAIN):
        self.bands = np.zeros((classes, height, width))
        for k, columns in enumerate(np.array_split(np.arange(width), classes)):
            self.bands[k][:, columns] = gain / (height * len(columns) * 3)

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(N, K)"""
        return np.asarray(np.einsum("khw,nhwc->nk", self.bands, (1 - images / 255.0) ** 2))

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(N, K)"""
        raised = np.exp(self.logits(images) / TEMPERATURE)
        return np.asarray(raised / raised.sum(1, keepdims=True))

    def features(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(N, 3): the mean darkness of each channel."""
        return np.asarray((1 - images / 255.0).mean((1, 2)))

    def saliency(self, images: NDArray[np.uint8], index: NDArray[np.integer]) -> NDArray[np.float64]:
        """(N, H, W): max over channels of the gradient's size."""
        return np.asarray((2 * self.bands[index][..., None] * (1 - images / 255.0)).max(3))

    def contributions(
        self,
        pictures: NDArray[np.floating],
        direction: NDArray[np.floating],
        index: NDArray[np.integer],
        against: NDArray[np.integer],
    ) -> NDArray[np.float64]:
        """(N, H, W): Σ over channels of gradient · direction, of one logit less another where that is not −1."""
        band = self.bands[index] - np.where((against < 0)[:, None, None], 0, self.bands[against])
        return np.asarray((-2 * band[..., None] * (1 - pictures / 255.0) * direction).sum(3))


def _contributions_graph(model: BandModel, manifest: Manifest) -> onnx.ModelProto:
    """An independent spelling of `contributions`: bands are gathered from a list that ends with one of zeros."""
    classes, height, width = model.bands.shape
    bands = np.concatenate([model.bands, np.zeros((1, height, width))])
    constants = {
        "full": np.float32(255), "one": np.float32(1), "two": np.float32(-2), "bands": bands.astype(np.float32),
        "weights": np.repeat(model.bands.reshape(classes, -1).T, 3, axis=0).astype(np.float32),
        "zero": np.int64(0), "last": np.array([3]),
    }  # fmt: skip
    node = helper.make_node
    nodes = [
        node("Div", ["image", "full"], ["light"]),
        node("Sub", ["one", "light"], ["dark"]),
        node("Mul", ["dark", "dark"], ["squared"]),
        node("Flatten", ["squared"], ["flat"], axis=1),
        node("MatMul", ["flat", "weights"], ["logits"]),
        node("ArgMax", ["logits"], ["best"], axis=1, keepdims=0),
        node("Less", ["class_index", "zero"], ["unasked"]),
        node("Where", ["unasked", "best", "class_index"], ["chosen"]),
        node("Gather", ["bands", "chosen"], ["band_for"], axis=0),
        node("Gather", ["bands", "against_index"], ["band_against"], axis=0),
        node("Sub", ["band_for", "band_against"], ["band"]),
        node("Unsqueeze", ["band", "last"], ["band_of_channel"]),
        node("Mul", ["band_of_channel", "dark"], ["half"]),
        node("Mul", ["half", "two"], ["gradient"]),
        node("Mul", ["gradient", "direction"], ["growth"]),
        node("ReduceSum", ["growth", "last"], ["contributions"], keepdims=0),
    ]
    info = helper.make_tensor_value_info
    picture: list[str | int | None] = ["batch", height, width, 3]
    inputs = [info(name, TensorProto.FLOAT, picture) for name in ("image", "direction")]
    inputs += [info(name, TensorProto.INT64, ["batch"]) for name in ("class_index", "against_index")]
    outputs = [
        info("contributions", TensorProto.FLOAT, ["batch", height, width]),
        info("logits", TensorProto.FLOAT, ["batch", classes]),
    ]
    return _made(nodes, inputs, outputs, constants, manifest)


def _graph(model: BandModel, manifest: Manifest, with_saliency: bool) -> onnx.ModelProto:
    classes, height, width = model.bands.shape
    constants = {
        "full": np.float32(255), "one": np.float32(1), "two": np.float32(2), "temperature": np.float32(TEMPERATURE),
        "bands": model.bands.astype(np.float32), "zero": np.int64(0),
        "weights": np.repeat(model.bands.reshape(classes, -1).T, 3, axis=0).astype(np.float32), "last": np.array([3]),
    }  # fmt: skip
    node = helper.make_node
    nodes = [
        node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        node("Div", ["pixels", "full"], ["light"]),
        node("Sub", ["one", "light"], ["dark"]),
        node("Mul", ["dark", "dark"], ["squared"]),
        node("Flatten", ["squared"], ["flat"], axis=1),
        node("MatMul", ["flat", "weights"], ["logits"]),
        node("Div", ["logits", "temperature"], ["cooled"]),
        node("Softmax", ["cooled"], ["probabilities"], axis=1),
        node("ReduceMean", ["dark"], ["features"], axes=[1, 2], keepdims=0),
    ]
    if with_saliency:
        nodes += [
            node("ArgMax", ["logits"], ["best"], axis=1, keepdims=0),
            node("Less", ["class_index", "zero"], ["unasked"]),
            node("Where", ["unasked", "best", "class_index"], ["chosen"]),
            node("Gather", ["bands", "chosen"], ["band"], axis=0),
            node("Unsqueeze", ["band", "last"], ["band_of_channel"]),
            node("Mul", ["band_of_channel", "dark"], ["half"]),
            node("Mul", ["half", "two"], ["gradient"]),
            node("Abs", ["gradient"], ["size"]),
            node("ReduceMax", ["size"], ["saliency"], axes=[3], keepdims=0),
        ]
    info = helper.make_tensor_value_info
    inputs = [info("image", TensorProto.UINT8, ["batch", height, width, 3])]
    outputs = [
        info(name, TensorProto.FLOAT, ["batch", size])
        for name, size in (("logits", classes), ("probabilities", classes), ("features", 3))
    ]
    if manifest.scope_threshold is not None:  # as if dark images were unlike all others
        nodes.append(node("ReduceMean", ["features"], ["scope_distance"], axes=[1], keepdims=0))
        outputs.append(info("scope_distance", TensorProto.FLOAT, ["batch"]))
    if with_saliency:
        inputs.append(info("class_index", TensorProto.INT64, ["batch"]))
        outputs.insert(0, info("saliency", TensorProto.FLOAT, ["batch", height, width]))
    return _made(nodes, inputs, outputs, constants, manifest)


def _made(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    constants: dict[str, Any],
    manifest: Manifest,
) -> onnx.ModelProto:
    initializers = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "bands", inputs, outputs, initializers)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(made, {METADATA_KEY: manifest.to_json()})
    return made


def _golden(model: BandModel, height: int, width: int) -> GoldenSample:
    image = golden_image(height, width)
    logits = model.logits(image)
    saliency = model.saliency(image, logits.argmax(1))[0]
    rows, columns = (np.array_split(np.arange(size), parts) for size, parts in ((height, 4), (width, 8)))
    blocks = [[float(np.mean([saliency[y, x] for y in ys for x in xs])) for xs in columns] for ys in rows]
    return GoldenSample(tuple(map(float, logits[0])), tuple(map(tuple, blocks)))


def write_bundle(
    folder: Path,
    *,
    size: tuple[int, int] = (HEIGHT, WIDTH),
    classes: Sequence[str] = CLASSES,
    task: str = "stage",
    parent: str = "stage_range",
    parent_classes: Sequence[str] = STAGE_RANGES,
    parent_index: Sequence[int] = RANGE_OF,
    gain: float = GAIN,
    threshold: float | None = 0.7,
    scope: float | None = None,
    priors: Sequence[float] = (),
    golden: bool = True,
    split: dict[str, str] | None = None,
) -> Path:
    """Writes the bundle of a BandModel; another `gain` makes another model. Returns the folder."""
    model = BandModel(len(classes), *size, gain)
    entries = Task(
        task, tuple(classes), parent=parent, parent_classes=tuple(parent_classes) if parent else (),
        parent_index=tuple(parent_index) if parent else (), temperature=TEMPERATURE, conformal_threshold=threshold,
        class_priors=tuple(priors),
    )  # fmt: skip
    known = _golden(model, *size) if golden else None
    manifest = Manifest(size, (entries,), golden=known, scope_threshold=scope)
    folder.mkdir(parents=True, exist_ok=True)
    for name, with_saliency in ((CLASSIFIER, False), (SALIENCY, True)):
        onnx.save(_graph(model, manifest, with_saliency), folder / name)
    onnx.save(_contributions_graph(model, manifest), folder / CONTRIBUTIONS)
    if split is not None:
        with (folder / SPLIT).open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([("id", "part"), *split.items()])
    (folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return folder


def draw_embryo(
    generator: np.random.Generator, band: int, height: int = HEIGHT, width: int = WIDTH
) -> NDArray[np.uint8]:
    """A pale ellipse on white ground, stained blue in one of four upright bands: uint8 (H, W, 3)."""
    y, x = np.mgrid[:height, :width]
    inside = ((y - height / 2 + 0.5) / (0.45 * height)) ** 2 + ((x - width / 2 + 0.5) / (0.47 * width)) ** 2 < 1
    stained = inside & (np.minimum(x * 4 // width, 3) == band)
    image = np.full((height, width, 3), 255.0)
    image[inside] = (205, 200, 190)
    image[stained] = np.array((90, 80, 140)) + generator.uniform(-30, 30)
    image[inside] += generator.normal(0, 3, (int(inside.sum()), 3))
    return np.asarray(np.clip(image, 0, 255), np.uint8)


def write_store(
    path: Path,
    images: int = 60,
    *,
    size: tuple[int, int] = (HEIGHT, WIDTH),
    views: Sequence[str] = ("lateral",),
    fine: bool = True,
    chunk: int | None = None,
    seed: int = 0,
) -> Path:
    """Writes a store of drawn embryos: genes of three images, every tenth image without a gene, two label levels.

    Every third image has a fine label, every eleventh is known to be of range 1-3, which has no stages. Every seventh
    is stained in another band than its labels say, so the model gets it wrong.
    """
    generator = np.random.default_rng(seed)
    band = generator.integers(0, len(CLASSES), images)
    stained = (band + (np.arange(images) % 7 == 0)) % len(CLASSES)
    ranges = np.array(RANGE_OF)[band]
    ranges[10::11] = 0
    coarse = LabelSpace("stage_range", STAGE_RANGES)
    space = LabelSpace("stage", CLASSES, "stage_range", RANGE_OF)
    with StoreWriter(path, *size) as writer:
        if chunk is not None:
            writer._growing["images"] = GrowingDataset(
                writer._file, "images", (*size, 3), chunk_images=chunk, compression=4
            )
        for row in range(images):
            gene = "" if row % 10 == 9 else f"gene{row // 3:03d}"
            writer.append(
                draw_embryo(generator, int(stained[row]), *size), id=f"image{row:05d}", gene=gene,
                view=views[row % len(views)],
            )  # fmt: skip
        writer.add_task(coarse, ranges)
        if fine:
            writer.add_task(space, np.where((np.arange(images) % 3 == 0) & (ranges > 0), band, -1))
        writer.add_truth("stage", np.where(ranges > 0, band, -1))
    return path
