"""How fast are the exported graphs against PyTorch, captum, and ONNX Runtime's own best convolution?

    python tools/bench/graphs.py [--preset paper] [--batches 4 16] [--rounds 7] [--threads N] [--no-compile]

Exports both graphs of a preset with random weights, for images of 128×320. Then it measures in turns, in one run:

- forward: PyTorch eager with channels last, torch.compile, the classifier graph;
- saliency: captum's Saliency, PyTorch autograd with channels last, the saliency graph.

For each batch size it prints the median of images a second, with the slowest and the fastest round, then the ratios
that matter, and how close ONNX Runtime comes to its own best 3×3 convolution on this machine. With `--threads 1` it
measures processor time, which other work on the machine disturbs little. It needs captum (the dev extra) and, for
torch.compile, a C++ compiler.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import tempfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from timing import in_turns
from torch.utils.flop_counter import FlopCounterMode

from lsl_shared import Manifest, Task
from lsl_trainer.graphs.export import export_classifier, export_saliency
from lsl_trainer.networks.residual import Network, residual_network
from lsl_trainer.settings.network import NETWORKS

SIZE, CLASSES = (128, 320), 14
STAGES = ((64, 128, 320), (128, 64, 160), (256, 32, 80), (512, 16, 40))
"""Channels, rows and columns of the convolutions of which the fastest counts as ONNX Runtime's best."""
FORWARD = "torch eager, channels last", "torch.compile, channels last", "ONNX Runtime forward"
SALIENCY = "captum Saliency", "torch autograd, channels last", "ONNX Runtime saliency"
Case = Callable[[], object]


def main() -> None:
    """Parses, exports, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="paper", choices=list(NETWORKS))
    parser.add_argument("--batches", type=int, nargs="+", default=[4, 16])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out: compiling takes a minute")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    network = residual_network(NETWORKS[options.preset], SIZE, CLASSES).eval().requires_grad_(False)
    forward, both = flops(network)
    print(f"{options.preset}: {forward / 1e9:.1f} GFLOP an image forward, {both / 1e9:.1f} with the gradient")
    print(f"{options.threads} threads; load of the machine {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        sessions = exported(network, Path(folder), options.threads)
    best = best_convolution(options.threads, options.rounds)
    for batch in options.batches:
        cases = prepared(network, sessions, batch, not options.no_compile)
        rates = measured(cases, batch, options.rounds, options.threads)
        report(batch, rates, {FORWARD[2]: forward, SALIENCY[2]: both}, best)


def exported(network: Network, folder: Path, threads: int) -> list[onnxruntime.InferenceSession]:
    """Sessions of the classifier and of the saliency graph."""
    manifest = Manifest(SIZE, (Task("stage", tuple(map(str, range(CLASSES)))),))
    export_classifier(network, manifest, folder / "classifier.onnx")
    export_saliency(network, manifest, folder / "saliency.onnx")
    return [session((folder / name).read_bytes(), threads) for name in ("classifier.onnx", "saliency.onnx")]


def session(graph: bytes, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def prepared(
    network: Network, sessions: list[onnxruntime.InferenceSession], batch: int, compiles: bool
) -> dict[str, Case]:
    """What is measured: functions that each do one batch."""
    from captum.attr import Saliency

    pixels = np.random.default_rng(0).integers(0, 256, (batch, *SIZE, 3), dtype=np.uint8)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous() / 255
    last = images.contiguous(memory_format=torch.channels_last)
    plain = deepcopy(network)  # captum sees it as PyTorch lays it out unless told otherwise
    network = deepcopy(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with torch.no_grad():
        classes = network(last)[0].argmax(1)
    attribution = Saliency(lambda x: plain(x)[0])
    classifier, explainer = sessions
    index = np.full(batch, -1)

    def forward(model: Callable[..., object]) -> Case:
        def run() -> None:
            with torch.no_grad():
                model(last)

        return run

    def autograd() -> None:
        x = last.detach().requires_grad_()
        logits, _ = network(x)
        (gradient,) = torch.autograd.grad(logits[torch.arange(batch), logits.argmax(1)].sum(), x)
        gradient.abs().amax(1)

    cases: dict[str, Case] = {FORWARD[0]: forward(network)}
    if compiles:
        torch.compiler.reset()
        cases[FORWARD[1]] = forward(torch.compile(network))
    cases[FORWARD[2]] = lambda: classifier.run(None, {"image": pixels})
    cases[SALIENCY[0]] = lambda: attribution.attribute(images.detach().requires_grad_(), target=classes)
    cases[SALIENCY[1]] = autograd
    cases[SALIENCY[2]] = lambda: explainer.run(None, {"image": pixels, "class_index": index})
    return cases


def measured(cases: dict[str, Case], batch: int, rounds: int, threads: int) -> dict[str, list[float]]:
    """Images a second of each case in each round. One more round, the first, compiles, allocates and fills caches."""
    spent = in_turns(cases, rounds, warm_up=1)
    return {
        name: [batch / (one.processor if threads == 1 else one.wall) for one in each] for name, each in spent.items()
    }


def flops(network: Network) -> tuple[int, int]:
    """Floating point operations for one image, forward and with the gradient; a product and its addition count two."""
    counts = []
    for backward in (False, True):
        x = torch.zeros(1, 3, *SIZE, requires_grad=True)
        with FlopCounterMode(display=False) as counter:
            logits, _ = network(x)
            if backward:
                logits.sum().backward()
        counts.append(counter.get_total_flops())
    return counts[0], counts[1]


def best_convolution(threads: int, rounds: int, batch: int = 4, depth: int = 4) -> float:
    """GFLOP/s of the fastest chain of 3×3 convolutions of one width."""

    def case(shape: tuple[int, int, int]) -> Case:
        convolutions = session(chain(*shape, depth), threads)
        return lambda: convolutions.run(None, {"x": np.ones((batch, *shape), np.float32)})

    cases = {str(shape): case(shape) for shape in STAGES}
    rates = measured(cases, batch, rounds, threads)
    work = {str(shape): 2 * 9 * shape[0] ** 2 * shape[1] * shape[2] * depth / 1e9 for shape in STAGES}
    speeds = {name: statistics.median(rates[name]) * work[name] for name in rates}
    name = max(speeds, key=lambda name: speeds[name])
    print(f"best convolution of ONNX Runtime: {speeds[name]:.0f} GFLOP/s at {name}")
    return speeds[name]


def chain(channels: int, rows: int, columns: int, depth: int) -> bytes:
    """A graph of `depth` equal convolutions."""
    weight = np.full((channels, channels, 3, 3), 1 / (9 * channels), np.float32)
    names = ["x", *(f"y{i}" for i in range(depth))]
    nodes = [helper.make_node("Conv", [a, "w"], [b], pads=[1] * 4) for a, b in itertools.pairwise(names)]
    nodes.append(helper.make_node("GlobalAveragePool", [names[-1]], ["mean"]))
    float32 = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "chain",
        [helper.make_tensor_value_info("x", float32, ["batch", channels, rows, columns])],
        [helper.make_tensor_value_info("mean", float32, ["batch", channels, 1, 1])],
        [numpy_helper.from_array(weight, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return bytes(model.SerializeToString())


def report(batch: int, rates: dict[str, list[float]], work: dict[str, int], best: float) -> None:
    """Prints the table of one batch size, and the ratios."""
    medians = {name: statistics.median(values) for name, values in rates.items()}
    print(f"\nbatch {batch}: images a second, median (slowest to fastest round)")
    for name, values in rates.items():
        line = f"  {name:<31}{medians[name]:8.2f}  ({min(values):.2f} to {max(values):.2f})"
        if name in work:
            speed = medians[name] * work[name] / 1e9
            line += f"   {speed:.0f} GFLOP/s, {speed / best:.0%} of the best convolution"
        print(line)
    pairs = [
        (FORWARD[2], FORWARD[0], 1.35),
        (FORWARD[2], FORWARD[1], 1.0),
        (SALIENCY[2], SALIENCY[0], 3.5),
        (SALIENCY[2], SALIENCY[1], 1.0),
        (SALIENCY[2], FORWARD[2], 0.45),
    ]
    for ours, other, aim in pairs:
        if other in rates:
            turns = [a / b for a, b in zip(rates[ours], rates[other], strict=True)]
            print(f"  {ours} / {other}: {statistics.median(turns):.3f}, aim {aim}")


if __name__ == "__main__":
    main()
