from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from lsl_runtime import Model
from lsl_runtime.model import gpu, sessions
from lsl_runtime.model.gpu import CPU, CUDA, TENSORRT, GpuProblem
from lsl_shared import DeviceError


def _machine(monkeypatch: pytest.MonkeyPatch, *, providers: list[str], problem: GpuProblem | None, card: bool) -> None:
    """A machine whose ONNX Runtime, driver and card are as told."""
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: providers)
    monkeypatch.setattr(sessions, "gpu_problem", lambda: problem)
    monkeypatch.setattr(sessions, "has_gpu", lambda: card)
    monkeypatch.setattr(sessions, "_preload", lambda: None)


def test_cpu_session_says_what_runs_it(make_bundle: Callable[..., Path]) -> None:
    graph = (make_bundle() / "classifier.onnx").read_bytes()
    assert sessions.open_session(graph, "cpu").get_providers() == [CPU]


def test_auto_is_quiet_without_a_gpu(
    make_bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _machine(monkeypatch, providers=[CUDA, CPU], problem=GpuProblem("no driver", "install it"), card=False)
    model = Model.load(make_bundle())
    assert (model.provider, model.gpu_problem) == (CPU, "")
    assert capfd.readouterr() == ("", "")


def test_auto_says_why_a_gpu_is_not_used(make_bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, providers=[CPU], problem=GpuProblem("no cuDNN", "pip install it"), card=True)
    model = Model.load(make_bundle())
    assert (model.provider, model.gpu_problem) == (CPU, "no cuDNN: pip install it")
    assert Model.load(make_bundle(), "cpu").gpu_problem == ""  # nobody asked for it


def test_cuda_that_cannot_be_had_is_refused_with_reason_and_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, providers=[CUDA, CPU], problem=GpuProblem("no cuDNN", "pip install it"), card=True)
    with pytest.raises(DeviceError, match="no cuDNN: pip install it"):
        sessions.open_session(b"", "cuda")


def test_cuda_that_does_not_start_is_refused(make_bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_providers", lambda device: [CPU])
    graph = (make_bundle() / "classifier.onnx").read_bytes()
    with pytest.raises(DeviceError, match=r"CUDA .* did not start.*pip install 'onnxruntime-gpu\[cuda,cudnn\]'"):
        sessions.open_session(graph, "cuda")
    with pytest.raises(DeviceError, match=r"TensorRT .* did not start.*--upgrade tensorrt, or use --device cuda"):
        sessions.open_session(graph, "tensorrt")


def test_tensorrt_is_asked_for_before_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, providers=[TENSORRT, CUDA, CPU], problem=None, card=True)
    monkeypatch.setattr(sessions, "tensorrt_problem", lambda: None)
    assert sessions._providers("tensorrt") == [TENSORRT, CUDA, CPU]
    assert sessions._providers("auto") == sessions._providers("cuda") == [CUDA, CPU]


@pytest.mark.parametrize(
    ("providers", "library", "told"),
    [
        ([CUDA, CPU], True, "built without TensorRT: use --device cuda"),
        ([TENSORRT, CUDA, CPU], False, r"TensorRT \(.*nvinfer.*\) not found: pip install tensorrt"),
    ],
)
def test_tensorrt_that_cannot_be_had_is_refused(
    monkeypatch: pytest.MonkeyPatch, providers: list[str], library: bool, told: str
) -> None:
    _machine(monkeypatch, providers=providers, problem=None, card=True)
    monkeypatch.setattr(gpu, "gpu_problem", lambda: None)
    monkeypatch.setattr(gpu, "_loads", lambda name: library)
    with pytest.raises(DeviceError, match=told):
        sessions.open_session(b"", "tensorrt")


class OnGpu:
    """A session that claims to run on a GPU, and its IO binding; what is computed comes from a real one."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self.session, self.steps = session, list[str]()
        self.inputs: dict[str, NDArray[Any]] = {}
        self.names: list[str] = []
        self.get_inputs, self.get_outputs = session.get_inputs, session.get_outputs

    def get_providers(self) -> list[str]:
        return [CUDA, CPU]

    def io_binding(self) -> OnGpu:
        self.inputs, self.names = {}, []
        return self

    def bind_cpu_input(self, name: str, values: NDArray[Any]) -> None:
        assert values.flags.c_contiguous
        self.inputs[name] = values

    def bind_output(self, name: str, device: str) -> None:
        assert device == "cuda"
        self.names.append(name)

    def run_with_iobinding(self, binding: OnGpu) -> None:
        self.steps.append("run")

    def copy_outputs_to_cpu(self) -> list[NDArray[Any]]:
        self.steps.append("copy")
        return list(self.session.run(self.names, self.inputs))


def test_gpu_sessions_run_through_io_binding(make_bundle: Callable[..., Path]) -> None:
    model, images = Model.load(make_bundle()), np.random.default_rng(0).integers(0, 256, (5, 16, 40, 3), np.uint8)
    expected = model.saliency(images[::-1])
    faked = OnGpu(model.graphs.session("saliency.onnx"))
    model.graphs._sessions["saliency.onnx"] = faked
    np.testing.assert_array_equal(model.saliency(images[::-1]), expected)
    assert faked.steps == ["run", "copy"]


def test_a_lane_takes_2_images_at_once_and_a_gpu_64(make_bundle: Callable[..., Path]) -> None:
    model = Model.load(make_bundle(), threads=4)
    lane, lanes = model.lanes()
    assert (lanes, lane.batch_for(lanes), lane.digest) == (4, 2, model.digest)
    assert lane.lanes() == (lane, 1) and lane.batch_for(1) == 16 and lane.batch_for(100) == 2
    model.graphs._sessions["classifier.onnx"] = OnGpu(model.graphs.session("classifier.onnx"))
    assert model.lanes() == (model, 1) and model.batch_size == 64


def test_unknown_device_is_named() -> None:
    with pytest.raises(DeviceError, match=r"auto, cpu, cuda or tensorrt, received 'tpu'"):
        sessions.open_session(b"", "tpu")  # type: ignore[arg-type]
