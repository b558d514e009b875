"""The two ONNX graphs of a model bundle: the classifier, and the one that also makes saliency maps."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from torch import Tensor, fx, nn

from lsl_shared import Manifest, Task
from lsl_shared.errors import ExportError
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.manifest import METADATA_KEY
from lsl_trainer.graphs.folding import folded
from lsl_trainer.graphs.gradients import saliency_graph
from lsl_trainer.graphs.torch_internals import EXPORTER_LOGGER
from lsl_trainer.graphs.translations import TRANSLATIONS
from lsl_trainer.graphs.unsupported import unsupported

__all__ = ["export_classifier", "export_saliency"]

_OPSET = 20


def export_classifier(network: nn.Module, manifest: Manifest, path: str | Path, scope: nn.Module | None = None) -> None:
    """Writes a network as an ONNX classifier.

    The graph's input is `image`, uint8 (batch, H, W, 3), for any batch. Its outputs are `logits`, `probabilities` and
    `features`, all float32. Tasks after the first have the outputs `logits_<task>` and `probabilities_<task>`. The
    network itself is not changed.

    Args:
        network: maps images float32 (B, 3, H, W) in 0..1 to logits (B, K) and features (B, D).
        manifest: image size, tasks and temperatures; its tasks have K classes together. It goes into the metadata.
        path: the file to write; an older one is replaced.
        scope: maps features (B, D) to distances (B,), a further output `scope_distance`; None leaves it out.

    Raises:
        ExportError: if the numbers of classes differ, or ONNX lacks an operator; it names the operator and its module.

    Example:
        >>> import onnxruntime
        >>> from lsl_shared import Manifest, Task
        >>> from lsl_trainer import NetworkConfig, export_classifier, residual_network
        >>> network = residual_network(NetworkConfig(widths=(8,), strides=(2,), pool=2), (16, 40), n_classes=2)
        >>> export_classifier(network, Manifest((16, 40), (Task("stage", ("4", "5")),)), "classifier.onnx")
        >>> session = onnxruntime.InferenceSession("classifier.onnx")
        >>> [output.name for output in session.get_outputs()]
        ['logits', 'probabilities', 'features']
    """
    core = folded(network, manifest.image_size)
    _check_classes(core, manifest)

    def answer(image: Tensor) -> tuple[Tensor, ...]:
        logits, features = core(_pixels(image))
        return (*_answers(logits, manifest.tasks), features, *_distance(scope, features))

    image, _ = _examples(manifest)
    outputs = [*_answer_names(manifest), "features", *_distance_name(scope)]
    _save(_translate(_Graph(core, answer, scope), {"image": image}, outputs, network), manifest, path)


def export_saliency(network: nn.Module, manifest: Manifest, path: str | Path, scope: nn.Module | None = None) -> None:
    """Writes a network as an ONNX graph that also makes saliency maps.

    Inputs and outputs are those of `export_classifier`, and two more. The input `class_index`, int64 (batch,), names a
    class among those of all tasks; -1 means the predicted class of the first task. The output `saliency`, float32
    (batch, H, W), is the largest |∂ logit / ∂ pixel| of the three channels, for pixels in 0..1 (equation 8).

    Args:
        network: maps images float32 (B, 3, H, W) in 0..1 to logits (B, K) and features (B, D).
        manifest: image size, tasks and temperatures; its tasks have K classes together. It goes into the metadata.
        path: the file to write; an older one is replaced.
        scope: maps features (B, D) to distances (B,), a further output `scope_distance`; None leaves it out.

    Raises:
        ExportError: if the numbers of classes differ, or an operator has no known gradient or no form in ONNX.

    Example:
        >>> import numpy as np, onnxruntime
        >>> from lsl_shared import Manifest, Task
        >>> from lsl_trainer import NetworkConfig, export_saliency, residual_network
        >>> network = residual_network(NetworkConfig(widths=(8,), strides=(2,), pool=2), (16, 40), n_classes=2)
        >>> export_saliency(network, Manifest((16, 40), (Task("stage", ("4", "5")),)), "saliency.onnx")
        >>> session = onnxruntime.InferenceSession("saliency.onnx")
        >>> images = np.full((3, 16, 40, 3), 200, np.uint8)
        >>> session.run(["saliency"], {"image": images, "class_index": np.array([0, 1, -1])})[0].shape
        (3, 16, 40)
    """
    core = saliency_graph(network, manifest.image_size, len(manifest.tasks[0].classes))
    _check_classes(core, manifest)

    def explain(image: Tensor, class_index: Tensor) -> tuple[Tensor, ...]:
        logits, features, saliency = core(_pixels(image), class_index)
        return (saliency, *_answers(logits, manifest.tasks), features, *_distance(scope, features))

    image, class_index = _examples(manifest)
    outputs = ["saliency", *_answer_names(manifest), "features", *_distance_name(scope)]
    examples = {"image": image, "class_index": class_index}
    _save(_translate(_Graph(core, explain, scope), examples, outputs, network), manifest, path)


class _Graph(nn.Module):
    """A function and the modules that it calls, as the exporter wants them."""

    def __init__(
        self, core: fx.GraphModule, function: Callable[..., tuple[Tensor, ...]], scope: nn.Module | None
    ) -> None:
        super().__init__()
        self.core, self.scope, self.function = core, scope, function
        self.eval().requires_grad_(False)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return self.function(*inputs)


def _distance(scope: nn.Module | None, features: Tensor) -> tuple[Tensor, ...]:
    return () if scope is None else (scope(features),)


def _distance_name(scope: nn.Module | None) -> list[str]:
    return [] if scope is None else ["scope_distance"]


def _check_classes(core: fx.GraphModule, manifest: Manifest) -> None:
    logits = core.graph.output_node().args[0][0]  # type: ignore[index]
    outputs, classes = logits.meta["val"].shape[1], sum(len(task.classes) for task in manifest.tasks)  # type: ignore[union-attr]
    if outputs != classes:
        raise ExportError(
            f"the network has {outputs} outputs, but the manifest's tasks have {classes} classes together"
        )


def _pixels(image: Tensor) -> Tensor:
    """uint8 (B, H, W, 3) → float32 (B, 3, H, W) in 0..255."""
    return image.permute(0, 3, 1, 2).contiguous().to(torch.float32)


def _answers(logits: Tensor, tasks: tuple[Task, ...]) -> Iterator[Tensor]:
    """The logits (B, K) of each task, then its probabilities at the calibrated temperature."""
    parts = logits.split([len(task.classes) for task in tasks], dim=1)
    for task, part in zip(tasks, parts, strict=True):
        yield part
        scaled = part / task.temperature
        yield scaled.softmax(1) if task.kind == "class" else scaled.sigmoid()


def _answer_names(manifest: Manifest) -> list[str]:
    """The first task keeps the bare names."""
    suffixes = ["", *(f"_{task.name}" for task in manifest.tasks[1:])]
    return [f"{name}{suffix}" for suffix in suffixes for name in ("logits", "probabilities")]


def _examples(manifest: Manifest) -> tuple[Tensor, Tensor]:
    return torch.zeros(2, *manifest.image_size, 3, dtype=torch.uint8), torch.full((2,), -1)


def _save(model: onnx.ModelProto, manifest: Manifest, path: str | Path) -> None:
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, manifest.to_json()
    onnx.checker.check_model(model, full_check=True)
    with atomic_path(path) as temporary:
        temporary.write_bytes(model.SerializeToString())


def _translate(
    graph: nn.Module, examples: dict[str, Tensor], outputs: list[str], network: nn.Module
) -> onnx.ModelProto:
    _, height, width, _ = examples["image"].shape
    with _quiet_exporter():
        try:
            program = torch.onnx.export(
                graph,
                tuple(examples.values()),
                input_names=list(examples),
                output_names=outputs,
                dynamic_shapes=(tuple({0: "batch"} for _ in examples),),
                opset_version=_OPSET,
                custom_translation_table=TRANSLATIONS,
                dynamo=True,
                verbose=False,
            )
        except torch.onnx.OnnxExporterError as problem:
            raise unsupported(_operator_of(problem), network, (height, width)) from problem
    assert program is not None
    program.model.graph.metadata_props.clear()
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()  # else every node carries stack traces with the paths of this machine
    return program.model_proto


def _operator_of(problem: BaseException) -> str:
    """The operator that the exporter could not translate, from the chain of its exceptions."""
    cause: BaseException | None = problem
    while cause is not None:
        if found := re.search(r"OpOverload\(op='([\w.]+)', overload='(\w+)'\)", str(cause)):
            return ".".join(found.groups())
        cause = cause.__cause__
    return "an operator"


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Hides what the exporter says on every run: that torchvision is absent, and its own deprecated calls."""
    logger = logging.getLogger(EXPORTER_LOGGER)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
            warnings.filterwarnings("ignore", message="# The axis name", category=UserWarning)
            yield
    finally:
        logger.setLevel(level)
