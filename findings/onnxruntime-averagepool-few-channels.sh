#!/usr/bin/env bash
# ONNX Runtime 1.32.0 and 1.31.1 (onnx 1.23.2, NumPy 2.4.6), seen 2026-11-28 on an x86-64 processor, one thread.
#
# A mean over a window is how a graph evens out a photograph or a map before it looks for an outline. AveragePool says it in
# one node. Over the three channels of a picture it takes longer than over 32: blocks of channels go through fast code, and
# what does not fill a block through one that sums each window anew. Windows of 13 × 13 over 8 images of 128 × 320:
#     AveragePool, 32 channels:   60 ms
#     AveragePool, 3 channels:   345 ms
#     Conv with even weights, 3 channels, the same answers to 1e-6:   52 ms;   one group a channel: 40 ms
# In a small graph that finds which way an embryo lies, two such nodes took 80 % of the time.
# Cure: write the mean as a Conv, or as a Conv of a row and one of a column.
# Fails when three channels take less than twice the time of 32, or of the Conv.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/time.py" <<'PYTHON'
import statistics
import time

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

WINDOW = {"kernel_shape": [13, 13], "pads": [6, 6, 6, 6]}


def program(channels, *kernel, **settings):
    """Runs one node on 8 images: AveragePool, or Conv where a kernel is given."""
    images = np.random.default_rng(0).random((8, channels, 128, 320), dtype=np.float32)
    kind, inputs = ("Conv", ["x", "w"]) if kernel else ("AveragePool", ["x"])
    node = helper.make_node(kind, inputs, ["y"], **WINDOW, **settings)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, images.shape) for name in "xy"]
    graph = helper.make_graph([node], "mean", ends[:1], ends[1:], [numpy_helper.from_array(k, "w") for k in kernel])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": images})[0]


even = np.full((3, 3, 13, 13), 1 / 169, np.float32) * np.eye(3, dtype=np.float32)[..., None, None]
programs = {
    "AveragePool, 32 channels": program(32, count_include_pad=1),
    "AveragePool, 3 channels": program(3, count_include_pad=1),
    "Conv, 3 channels": program(3, even),
    "Conv, 3 channels, one group a channel": program(3, np.full((3, 1, 13, 13), 1 / 169, np.float32), group=3),
}
print("ONNX Runtime", onnxruntime.__version__)
answers, times = {}, {name: [] for name in programs}
for _ in range(9):
    for name, run in programs.items():
        start = time.perf_counter()
        answers[name] = run()
        times[name].append(time.perf_counter() - start)
many, few, *convolutions = (statistics.median(seconds) for seconds in times.values())
for name, seconds in times.items():
    print(f"    {name}: {1000 * statistics.median(seconds):.0f} ms")
for name in list(programs)[2:]:
    assert np.abs(answers[name] - answers["AveragePool, 3 channels"]).max() < 1e-5
assert few > 2 * many and few > 2 * max(convolutions), "AveragePool of three channels has become faster"
PYTHON
for version in 1.32.0 1.31.1; do
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet --disable-pip-version-check "onnxruntime==$version" onnx==1.23.2 numpy==2.4.6
  "$folder/$version/bin/python" "$folder/time.py"
done
