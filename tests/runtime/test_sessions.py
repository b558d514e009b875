from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lsl_runtime import Model, gpu, sessions
from lsl_runtime.gpu import CPU, CUDA, GpuProblem
from lsl_shared import DeviceError


def _machine(monkeypatch: pytest.MonkeyPatch, *, providers: list[str], problem: GpuProblem | None, card: bool) -> None:
    """A machine whose ONNX Runtime, driver and card are as told."""
    monkeypatch.setattr(gpu.ort, "get_available_providers", lambda: providers)
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
    with pytest.raises(DeviceError, match=r"did not start.*pip install 'onnxruntime-gpu\[cuda,cudnn\]'"):
        sessions.open_session((make_bundle() / "classifier.onnx").read_bytes(), "cuda")


def test_unknown_device_is_named() -> None:
    with pytest.raises(DeviceError, match=r"auto, cpu or cuda, received 'tpu'"):
        sessions.open_session(b"", "tpu")  # type: ignore[arg-type]
