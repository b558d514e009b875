from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lsl_runtime import sessions
from lsl_shared import DeviceError


def test_cpu_session_says_what_runs_it(make_bundle: Callable[..., Path]) -> None:
    graph = (make_bundle() / "classifier.onnx").read_bytes()
    assert sessions.open_session(graph, "cpu").get_providers() == ["CPUExecutionProvider"]


def test_auto_without_a_driver_takes_the_cpu(make_bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_driver_loads", lambda: False)
    graph = (make_bundle() / "classifier.onnx").read_bytes()
    assert sessions.open_session(graph, "auto").get_providers() == ["CPUExecutionProvider"]


def test_cuda_without_a_driver_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_driver_loads", lambda: False)
    monkeypatch.setattr(sessions.ort, "get_available_providers", lambda: [sessions._CUDA, sessions._CPU])
    with pytest.raises(DeviceError, match=r"no NVIDIA driver .* --device cpu"):
        sessions.open_session(b"", "cuda")


def test_cuda_in_a_build_without_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions.ort, "get_available_providers", lambda: [sessions._CPU])
    with pytest.raises(DeviceError, match="pip install onnxruntime-gpu"):
        sessions.open_session(b"", "cuda")


def test_unknown_device_is_named() -> None:
    with pytest.raises(DeviceError, match=r"auto, cpu or cuda, received 'tpu'"):
        sessions.open_session(b"", "tpu")  # type: ignore[arg-type]
