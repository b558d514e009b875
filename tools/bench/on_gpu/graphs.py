"""The graphs on this device against PyTorch, torch.compile and captum, and float16 against float32."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from timing import in_turns

from lsl_runtime import Model
from lsl_shared import Manifest, Store, Task
from lsl_trainer.bundle.network_answers import golden_sample
from lsl_trainer.data.load import load_data
from lsl_trainer.graphs.export import export_classifier, export_saliency
from lsl_trainer.graphs.float16 import to_float16
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.processes import new_fabric
from lsl_trainer.networks.residual import Network
from on_gpu.scale import CLASSES, Scale, Tell, device, drawn, write_store
from on_gpu.training import recipe

__all__ = ["Prepared", "graphs", "prepared_bundles"]

ROUNDS, COMPARED = 7, 1000


@dataclass(frozen=True)
class Prepared:
    """A trained network and its bundles."""

    network: Network
    single: Path
    """The bundle in float32."""
    half: Path
    """The bundle in float16."""


def prepared_bundles(scale: Scale, folder: Path) -> dict[str, Prepared]:
    """Each network of the scale, trained a little, with its bundles in float32 and float16."""
    store = write_store(folder / "bundles.h5", scale.images // 3, scale.images // 3, scale.size)
    prepared = {}
    for name, shape in scale.networks.items():
        config = recipe(shape, method="plain")
        with Store(store) as opened:
            running = TwoStepTraining(load_data(opened, config), config, new_fabric("bf16", device()))
        for _ in running.run(lambda images: None):
            pass
        network = running.network.cpu().float().eval()
        prepared[name] = Prepared(network, *(folder / f"{name}-{precision}" for precision in ("fp32", "fp16")))
        write_bundles(prepared[name], scale.size)
    return prepared


def write_bundles(made: Prepared, size: tuple[int, int]) -> None:
    """Exports a network in both precisions, with a golden sample: `doctor` asks for it."""
    golden = golden_sample(made.network, size, len(CLASSES))
    for folder, precision in ((made.single, "fp32"), (made.half, "fp16")):
        folder.mkdir()
        manifest = Manifest(size, (Task("stage", CLASSES),), precision=precision, golden=golden)
        for name, export in (("classifier.onnx", export_classifier), ("saliency.onnx", export_saliency)):
            if precision == "fp32":
                export(made.network, manifest, folder / name)
            else:
                onnx.save(to_float16(onnx.load(made.single / name)), folder / name)
        (folder / "manifest.json").write_text(manifest.to_json())


def graphs(scale: Scale, bundles: dict[str, Prepared], tell: Tell) -> None:
    """Measures each network's graphs."""
    for name, made in bundles.items():
        images = drawn(scale.batch, scale.size, seed=1)[0]
        single, half = (Model.load(path, "auto") for path in (made.single, made.half))
        tell("graphs", f"{name}: runs on", single.provider)
        rates = measured({**forward_cases(scale, made, single, half, images)}, scale)
        rates |= measured({**saliency_cases(made, single, half, images)}, scale)
        for case, rate in rates.items():
            tell("graphs", f"{name}: {case}, images/s", rate)
        tell("graphs", f"{name}: saliency fp32 / captum float32", rates["saliency fp32"] / rates["captum float32"])
        tell("graphs", f"{name}: saliency fp16 / captum float16", rates["saliency fp16"] / rates["captum float16"])
        tell("graphs", f"{name}: forward fp16 / PyTorch float16", rates["forward fp16"] / rates["PyTorch float16"])
        if scale.compiles:
            ratio = rates["forward fp16"] / rates["torch.compile float16"]
            tell("graphs", f"{name}: forward fp16 / torch.compile float16", ratio)
        tell("graphs", f"{name}: same class in fp16, of {COMPARED:,}", agreement(scale, single, half))


def forward_cases(
    scale: Scale, made: Prepared, single: Model, half: Model, images: NDArray[np.uint8]
) -> dict[str, Callable[[], object]]:
    """Ways to classify a batch, from uint8 in main memory to logits there."""
    network = made.network.to(device()).half().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    cases: dict[str, Callable[[], object]] = {
        "forward fp32": lambda: single.graphs.classify(images),
        "forward fp16": lambda: half.graphs.classify(images),
        "PyTorch float16": torch_forward(network, images),
    }
    if scale.compiles:
        cases["torch.compile float16"] = torch_forward(torch.compile(network), images)
    return cases


def torch_forward(
    network: Callable[..., tuple[torch.Tensor, torch.Tensor]], images: NDArray[np.uint8]
) -> Callable[[], object]:
    """Pixels to the device, logits back."""

    def forward() -> object:
        with torch.inference_mode():
            pixels = torch.from_numpy(images).to(device()).permute(0, 3, 1, 2).half() / 255
            return network(pixels)[0].float().cpu()

    return forward


def saliency_cases(
    made: Prepared, single: Model, half: Model, images: NDArray[np.uint8]
) -> dict[str, Callable[[], object]]:
    """Ways to make the saliency maps of a batch."""
    predicted = np.full(len(images), -1)
    return {
        "saliency fp32": lambda: single.graphs.explain(images, predicted),
        "saliency fp16": lambda: half.graphs.explain(images, predicted),
        "captum float32": captum_saliency(made.network, torch.float32, images),
        "captum float16": captum_saliency(made.network, torch.float16, images),
    }


def captum_saliency(network: Network, dtype: torch.dtype, images: NDArray[np.uint8]) -> Callable[[], object]:
    """captum's Saliency of the predicted classes, largest of the three channels, as the graph gives it."""
    from captum.attr import Saliency

    def case() -> object:
        made = network.to(device(), dtype)
        pixels = torch.from_numpy(images).to(device()).permute(0, 3, 1, 2).to(dtype) / 255
        with torch.no_grad():
            classes = made(pixels)[0].argmax(1)
        maps = Saliency(lambda x: made(x)[0]).attribute(pixels.requires_grad_(), target=classes)
        return maps.amax(1).float().cpu()

    return case


def measured(cases: dict[str, Callable[[], object]], scale: Scale) -> dict[str, float]:
    """Images a second of each case, the median over turns; each turn repeats it for a while."""
    for case in cases.values():
        case()
    rounds = 1 if scale.seconds < 1 else ROUNDS
    began = time.perf_counter()
    for case in cases.values():
        case()
    repeats = max(1, int(len(cases) * scale.seconds / (time.perf_counter() - began) / rounds))

    def repeated(case: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            for _ in range(repeats):
                case()

        return run

    spent = in_turns({name: repeated(case) for name, case in cases.items()}, rounds)
    images = repeats * scale.batch
    return {name: images / statistics.median(one.wall for one in each) for name, each in spent.items()}


def agreement(scale: Scale, single: Model, half: Model) -> float:
    """The share of fresh images that both precisions give the same class."""
    images = drawn(COMPARED if scale.seconds >= 1 else scale.batch, scale.size, seed=2)[0]
    answers = [np.array(model.predict(images).names) for model in (single, half)]
    return float(np.mean(answers[0] == answers[1]))
