"""The three ONNX graphs of a model bundle: what the network answers, where it looks, and what each pixel adds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import nn

from lsl_shared import Manifest
from lsl_shared.measures.age import AGE_DENSITY
from lsl_trainer.graphs.cutting import cut_out
from lsl_trainer.graphs.onnx_file import save_graph, translated
from lsl_trainer.graphs.parts import cuts, trace_parts
from lsl_trainer.graphs.size import check_size

__all__ = ["export_classifier", "export_contributions", "export_graphs", "export_saliency"]


def export_graphs(
    network: nn.Module,
    manifest: Manifest,
    paths: Mapping[str, str | Path],
    scope: nn.Module | None = None,
    time: nn.Module | None = None,
) -> None:
    """Writes several graphs of a network, traced together: by name, `classifier`, `saliency` and `contributions`.

    Otherwise as `export_classifier`, `export_saliency` and `export_contributions` do.
    """
    further = {name: module for name, module in (("scope_distance", scope), (AGE_DENSITY, time)) if module is not None}
    check_size(network)
    parts = trace_parts(network, manifest, further, gradient={*paths} != {"classifier"})
    whole = translated(parts, network, manifest.image_size)
    known = cuts(manifest, further)
    for name, path in paths.items():
        save_graph(cut_out(whole, known[name]), manifest, Path(path))


def export_classifier(
    network: nn.Module,
    manifest: Manifest,
    path: str | Path,
    scope: nn.Module | None = None,
    time: nn.Module | None = None,
) -> None:
    """Writes a network as an ONNX classifier.

    The graph's input is `image`, uint8 (batch, H, W, 3), for any batch. Its outputs are `logits`, `probabilities` and
    `features`, all float32. Tasks after the first have the outputs `logits_<task>` and `probabilities_<task>`. The
    network itself is not changed.

    Args:
        network: maps images float32 (B, 3, H, W) in 0..1 to logits (B, K) and features (B, D).
        manifest: image size, tasks and temperatures; its tasks have K classes together. It goes into the metadata.
        path: the file to write; an older one is replaced.
        scope: maps features (B, D) to distances (B,), a further output `scope_distance`; None leaves it out.
        time: maps features (B, D) to densities over time (B, 4 K), a further output `age_density`; None leaves it out.

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
    export_graphs(network, manifest, {"classifier": path}, scope, time)


def export_saliency(
    network: nn.Module,
    manifest: Manifest,
    path: str | Path,
    scope: nn.Module | None = None,
    time: nn.Module | None = None,
) -> None:
    """Writes a network as an ONNX graph that also makes saliency maps.

    Inputs and outputs are those of `export_classifier`, and two more. The input `class_index`, int64 (batch,), names a
    class among those of all tasks; -1 means the predicted class of the first task. The output `saliency`, float32
    (batch, H, W), is the largest |∂ logit / ∂ pixel| of the three channels, for pixels in 0..1 (equation 8).

    Args:
        network: maps images float32 (B, 3, H, W) in 0..1 to logits (B, K) and features (B, D).
        manifest: image size, tasks and temperatures; its tasks have K classes together. It goes into the metadata.
        path: the file to write; an older one is replaced.
        scope: maps features (B, D) to distances (B,), a further output `scope_distance`; None leaves it out.
        time: maps features (B, D) to densities over time (B, 4 K), a further output `age_density`; None leaves it out.

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
    export_graphs(network, manifest, {"saliency": path}, scope, time)


def export_contributions(network: nn.Module, manifest: Manifest, path: str | Path) -> None:
    """Writes a network as an ONNX graph that says what each pixel adds to one logit, or to one against another.

    Inputs, for any batch: `image`, float32 (batch, H, W, 3) in 0..255; `direction`, float32 (batch, H, W, 3), in units
    of pixels in 0..1; `class_index` and `against_index`, int64 (batch,), among the classes of all tasks. A class of -1
    means the predicted class of the first task, -1 against it means none. The output `contributions`, float32 (batch,
    H, W), has a sign: it is the sum over channels of gradient · direction, the gradient that of logit(class) −
    logit(against) by pixels in 0..1. The output `logits`, float32 (batch, K), holds those of all tasks, in order.

    Args:
        network: maps images float32 (B, 3, H, W) in 0..1 to logits (B, K) and features (B, D).
        manifest: image size and tasks; its tasks have K classes together. It goes into the metadata.
        path: the file to write; an older one is replaced.

    Raises:
        ExportError: if the numbers of classes differ, or an operator has no known gradient or no form in ONNX.

    Example:
        >>> import numpy as np, onnxruntime
        >>> from lsl_shared import Manifest, Task
        >>> from lsl_trainer import NetworkConfig, export_contributions, residual_network
        >>> network = residual_network(NetworkConfig(widths=(8,), strides=(2,), pool=2), (16, 40), n_classes=2)
        >>> export_contributions(network, Manifest((16, 40), (Task("stage", ("4", "5")),)), "contributions.onnx")
        >>> session = onnxruntime.InferenceSession("contributions.onnx")
        >>> images, brighter = np.full((3, 16, 40, 3), 200, np.float32), np.ones((3, 16, 40, 3), np.float32)
        >>> classes = {"class_index": np.array([0, 1, -1]), "against_index": np.array([1, 0, -1])}
        >>> why, _ = session.run(None, {"image": images, "direction": brighter, **classes})
        >>> why.shape, bool(np.allclose(why[0], -why[1], atol=1e-6))
        ((3, 16, 40), True)
    """
    export_graphs(network, manifest, {"contributions": path})
