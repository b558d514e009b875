"""Our graphs on other programs that run ONNX: loads or not, largest difference, rate beside ONNX Runtime.

    python tools/bench/engines.py NAME=BUNDLE ... [--images N]

`LSL_ENGINES` names a Python with onnxruntime, openvino, opencv-python 5, tract, tinygrad and lazy_loader, `LSL_OPENCV4`
one with opencv-python 4, `NODE_PATH` a folder with onnxruntime-web. What is absent is left out. One thread; images are
random and smooth. A rate of 0.5 means: half as many images a second as ONNX Runtime on the same processor.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lsl_runtime import Model
from lsl_tools.inspection.engines import load_graph

HERE, ROOT = Path(__file__).parent / "engines_by", Path(__file__).parents[2]
PYTHON = os.environ.get("LSL_ENGINES", sys.executable)
OPENCV4 = os.environ.get("LSL_OPENCV4", "")
NODE = os.environ.get("NODE_PATH", "node_modules")
GRAPHS = ("classifier.onnx", "saliency.onnx")
TIMEOUT = 420

Outcome = tuple[dict[str, list[float]], float]
"""Output name → largest difference and largest value; the rate."""


def run(*words: str) -> str:
    """What a program prints last. Raises RuntimeError with its last line where it fails."""
    paths = ":".join(str(ROOT / name) for name in ("shared", "runtime", "tools"))
    settings = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "NODE_PATH": NODE, "CPU_COUNT": "1"}
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT, env=settings)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"not done in {TIMEOUT} s") from None
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if "rror" in line] or [f"exit {done.returncode}"]
        raise RuntimeError(lines[-1][:140])
    return done.stdout.strip().splitlines()[-1]


def by_python(engine: str) -> Callable[[Path, np.ndarray, Path], Outcome]:
    """An engine beside ONNX Runtime in the Python that has both."""

    def ask(graph: Path, images: np.ndarray, folder: Path) -> Outcome:
        np.save(folder / "images.npy", images)
        told = json.loads(run(PYTHON, str(HERE / "by_python.py"), engine, str(graph), str(folder / "images.npy")))
        return told["differences"], told["rate"]

    return ask


def by_opencv4(graph: Path, images: np.ndarray, folder: Path) -> Outcome:
    """OpenCV 4 in a Python of its own."""
    np.save(folder / "images.npy", images)
    out = folder / "found.npz"
    taken = float(run(OPENCV4, str(HERE / "by_opencv4.py"), str(graph), str(folder / "images.npy"), str(out)))
    with np.load(out) as found:
        return beside(graph, images, dict(found), taken)


def by_node(graph: Path, images: np.ndarray, folder: Path) -> Outcome:
    """onnxruntime-web."""
    (folder / "images.bin").write_bytes(images.tobytes())
    out, shape = folder / "found.json", ",".join(map(str, images.shape))
    taken = float(run("node", str(HERE / "by_node.mjs"), str(graph), str(folder / "images.bin"), shape, str(out)))
    found = {name: np.array(values, np.float32) for name, values in json.loads(out.read_text()).items()}
    return beside(graph, images, found, taken)


def beside(graph: Path, images: np.ndarray, found: dict[str, Any], taken: float) -> Outcome:
    """Answers and seconds beside those of ONNX Runtime here."""
    feeds = {"image": images}
    if graph.name == "saliency.onnx":
        feeds["class_index"] = np.full(len(images), -1, np.int64)
    answer = load_graph("onnxruntime", graph)
    expected = answer(feeds)
    times = []
    for _ in range(3):
        began = time.perf_counter()
        answer(feeds)
        times.append(time.perf_counter() - began)
    differences = {
        name: [float(np.abs(found[name].reshape(values.shape) - values).max()), float(np.abs(values).max())]
        for name, values in expected.items()
    }
    return differences, float(np.median(times)) / taken


def is_there(*words: str) -> bool:
    try:
        return not subprocess.run(words, capture_output=True, timeout=120).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False


def engines() -> dict[str, tuple[bool, Callable[[Path, np.ndarray, Path], Outcome]]]:
    """Name → whether it is there, how it is asked."""
    modules = {"openvino": "openvino", "opencv": "cv2", "tract": "tract", "tinygrad": "tinygrad"}
    found = {name: (is_there(PYTHON, "-c", f"import {module}"), by_python(name)) for name, module in modules.items()}
    found["opencv 4"] = (bool(OPENCV4) and is_there(OPENCV4, "-c", "import cv2"), by_opencv4)
    found["onnxruntime-web"] = ((Path(NODE) / "onnxruntime-web").exists() and is_there("node", "--version"), by_node)
    return found


def cell(ask: Callable[[Path, np.ndarray, Path], Outcome], graph: Path, images: np.ndarray) -> str:
    """Largest difference of each output, as a share of its largest value, and the rate."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            differences, rate = ask(graph, images, Path(folder))
        except (RuntimeError, ValueError, KeyError) as problem:
            return f"fails: {problem}".replace("|", "/")
    worst = max(differences, key=lambda name: differences[name][0] / differences[name][1])
    share = differences[worst][0] / differences[worst][1]
    return f"{'right' if share < 1e-2 else 'WRONG'}, {share:.0e} ({worst}), {rate:.2f}"


def main(bundles: dict[str, Path], count: int) -> None:
    """Prints the table in Markdown."""
    heads = [f"{name}, {graph.removesuffix('.onnx')}" for name in bundles for graph in GRAPHS]
    print("| engine |", " | ".join(heads), "|")
    print("|---|" + "---|" * len(heads))
    generator = np.random.default_rng(0)
    for engine, (there, ask) in engines().items():
        cells = []
        for bundle in bundles.values():
            height, width = Model.load(bundle, "cpu").manifest.image_size
            noise = generator.random((count, height, width, 3)).astype(np.float32) * 255
            images = np.stack([cv2.GaussianBlur(one, (0, 0), 3) for one in noise]).astype(np.uint8)
            cells += [cell(ask, bundle / graph, images) if there else "absent" for graph in GRAPHS]
        print(f"| {engine} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    named = dict(word.split("=", 1) for word in sys.argv[1:] if "=" in word)
    images = int(sys.argv[sys.argv.index("--images") + 1]) if "--images" in sys.argv else 4
    main({name: Path(path).resolve() for name, path in named.items()}, images)
