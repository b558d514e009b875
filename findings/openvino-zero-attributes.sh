#!/usr/bin/env bash
# OpenVINO's ONNX importer takes an attribute that is given as 0.0 for one that is absent, and computes with the
# operator's default instead.
#
# ONNX gives HardSigmoid the attribute beta, 0.5 where it is absent. A node may say beta = 0.0; then 0 at x = 0 is right.
# ONNX Runtime and the ONNX reference say 0.0. OpenVINO says 0.5, without a word. With beta = -1e-37 all three agree.
#
# Seen with openvino 2026.4.1, onnxruntime 1.30.0, onnx 1.22.0, numpy 2.4.2, on 2026-11-27:
#     beta 0.0:    ONNX reference 0.0   ONNX Runtime 0.0   OpenVINO 0.5
#     beta -1e-37: ONNX reference 0.0   ONNX Runtime 0.0   OpenVINO 0.0
# Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  openvino==2026.4.1 onnxruntime==1.30.0 onnx==1.22.0 numpy==2.4.2
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def answers(beta):
    node = helper.make_node("HardSigmoid", ["x"], ["y"], alpha=1.0, beta=beta)
    shape = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    graph = helper.make_graph([node], "step", shape[:1], shape[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    zero = np.zeros(1, np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model.SerializeToString()), "CPU")
    return (
        float(ReferenceEvaluator(model).run(None, {"x": zero})[0][0]),
        float(session.run(None, {"x": zero})[0][0]),
        float(compiled({"x": zero})[0][0]),
    )


for beta in (0.0, -1e-37):
    reference, runtime, vino = answers(beta)
    print(f"beta {beta}: ONNX reference {reference}   ONNX Runtime {runtime}   OpenVINO {vino}")
assert np.allclose(answers(0.0), (0.0, 0.0, 0.5)), "OpenVINO takes a beta of 0.0 as it is given now"
assert np.allclose(answers(-1e-37), 0.0, atol=1e-6)
PYTHON
