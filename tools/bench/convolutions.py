"""How fast are other engines' 3×3 convolutions of `paper`'s layers, in float32, beside ONNX Runtime's?

    python tools/bench/convolutions.py [--rounds 9] [--also FOLDER]

Each layer is four equal convolutions in a row on one image, one thread, random numbers; engines take turns, layer by
layer. Printed are GFLOP/s by the usual count (2 · 9 · C² · H · W, whatever the algorithm does), the ratio of each turn
to ONNX Runtime's, and how far the answer is from float64's. Engines: torch (oneDNN), openvino, ncnn, MNN; what is not
installed is left out. FOLDER is one more place to look for packages, such as another environment's site-packages.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from graphs import STAGES
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from timing import in_turns
from torch.nn import functional as F

DEPTH = 4
Floats = NDArray[np.float32]
Case = Callable[[], Floats]
Make = Callable[[Floats, Floats, Path], Case]


def weights(channels: int) -> Floats:
    """Such that the numbers keep their size from layer to layer."""
    generator = np.random.default_rng(channels)
    return generator.normal(0, (9 * channels) ** -0.5, (channels, channels, 3, 3)).astype(np.float32)


def graph(weight: Floats, shape: tuple[int, ...], path: Path) -> Path:
    """The layer in ONNX."""
    names = ["x", *(f"y{place}" for place in range(1, DEPTH)), "y"]
    nodes = [
        helper.make_node("Conv", [names[place], "w"], [names[place + 1]], pads=[1] * 4, kernel_shape=[3, 3])
        for place in range(DEPTH)
    ]
    values = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name in ("x", "y")]
    made = helper.make_graph(nodes, "layer", values[:1], values[1:], [numpy_helper.from_array(weight, "w")])
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    return path


def by_onnxruntime(x: Floats, weight: Floats, folder: Path) -> Case:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    path = graph(weight, x.shape, folder / "layer.onnx")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda: np.asarray(session.run(None, {"x": x})[0])


def by_torch(x: Floats, weight: Floats, folder: Path) -> Case:
    kernel = torch.from_numpy(weight).contiguous(memory_format=torch.channels_last)
    images = torch.from_numpy(x).contiguous(memory_format=torch.channels_last)

    def run() -> Floats:
        found = images
        with torch.inference_mode():
            for _ in range(DEPTH):
                found = F.conv2d(found, kernel, padding=1)
        return found.numpy()

    return run


def by_openvino(x: Floats, weight: Floats, folder: Path) -> Case:
    settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1}
    core = import_module("openvino").Core()
    compiled = core.compile_model(str(graph(weight, x.shape, folder / "layer.onnx")), "CPU", settings)
    request = compiled.create_infer_request()
    return lambda: np.asarray(request.infer({0: x}, share_inputs=True)[0])


def by_ncnn(winograd: bool) -> Make:
    def make(x: Floats, weight: Floats, folder: Path) -> Case:
        ncnn, channels = import_module("ncnn"), len(weight)
        network = ncnn.Net()
        network.opt.num_threads, network.opt.use_winograd_convolution = 1, winograd
        for half in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
            setattr(network.opt, f"use_{half}", False)
        lines = [f"Convolution c{k} 1 1 {k} {k + 1} 0={channels} 1=3 4=1 5=0 6={weight.size}" for k in range(DEPTH)]
        (folder / "layer.param").write_text(
            f"7767517\n{DEPTH + 1} {DEPTH + 1}\nInput x 0 1 0\n" + "\n".join(lines) + "\n"
        )
        (folder / "layer.bin").write_bytes((bytes(4) + weight.tobytes()) * DEPTH)
        network.load_param(str(folder / "layer.param"))
        network.load_model(str(folder / "layer.bin"))
        image = ncnn.Mat(x[0])

        def run() -> Floats:
            extractor = network.create_extractor()
            extractor.input("0", image)
            return np.array(extractor.extract(str(DEPTH))[1])[None]

        return run

    return make


def by_mnn(x: Floats, weight: Floats, folder: Path) -> Case:
    os.environ["MNN_LOG_LEVEL"] = "0"
    mnn = import_module("MNN")
    source, target = graph(weight, x.shape, folder / "layer.onnx"), folder / "layer.mnn"
    found = Path(str(mnn.__file__)).parents[4] / "bin" / "mnnconvert"  # the package brings it
    command = [str(found), "-f", "ONNX", "--modelFile", str(source), "--MNNModel", str(target)]
    subprocess.run([*command, "--bizCode", "layer"], check=True, capture_output=True)
    config = {"precision": "high", "backend": 0, "numThread": 1}
    manager = mnn.nn.create_runtime_manager((config,))
    network = mnn.nn.load_module_from_file(str(target), ["x"], ["y"], runtime_manager=manager)
    image = mnn.expr.convert(mnn.expr.const(x, x.shape, mnn.expr.NCHW), mnn.expr.NC4HW4)

    def run() -> Floats:
        return np.array(mnn.expr.convert(network.forward(image), mnn.expr.NCHW).read())

    return run


ENGINES: dict[str, Make] = {
    "onnxruntime": by_onnxruntime,
    "torch, channels last": by_torch,
    "openvino": by_openvino,
    "ncnn, Winograd": by_ncnn(True),
    "ncnn, no Winograd": by_ncnn(False),
    "MNN": by_mnn,
}


def exact(x: Floats, weight: Floats) -> NDArray[np.float64]:
    found, kernel = torch.from_numpy(x).double(), torch.from_numpy(weight).double()
    for _ in range(DEPTH):
        found = F.conv2d(found, kernel, padding=1)
    return np.asarray(found.numpy())


def measure(shape: tuple[int, int, int], rounds: int) -> None:
    """Prints a line an engine."""
    channels, height, width = shape
    x, weight = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32), weights(channels)
    work, truth = 2 * 9 * channels**2 * height * width * DEPTH / 1e9, exact(x, weight)
    cases: dict[str, Case] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, make in ENGINES.items():
            try:
                cases[name] = make(x, weight, Path(folder))
            except (ImportError, OSError, RuntimeError, subprocess.CalledProcessError) as problem:
                print(f"{name}: {str(problem).splitlines()[-1]}")
        answers: dict[str, Any] = {name: case() for name, case in cases.items()}
        spent = in_turns(cases, rounds, warm_up=2)
    first = [turn.processor for turn in spent["onnxruntime"]]
    print(f"\n{channels} channels, {height}×{width}; load {os.getloadavg()[0]:.1f}")
    for name, turns in spent.items():
        speed = work / statistics.median(turn.processor for turn in turns)
        ratio = statistics.median(a / turn.processor for a, turn in zip(first, turns, strict=True))
        error = np.linalg.norm(answers[name] - truth) / np.linalg.norm(truth)
        print(f"  {name:<22}{speed:7.0f} GFLOP/s   {ratio:5.2f} of ONNX Runtime's rate   error {error:.1e}", flush=True)


def main() -> None:
    """Parses and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--also", type=Path)
    options = parser.parse_args()
    if options.also:
        sys.path.append(str(options.also))
    torch.set_num_threads(1)
    for shape in STAGES:
        measure(shape, options.rounds)


if __name__ == "__main__":
    main()
