from __future__ import annotations

from pathlib import Path

import pytest

from lsl_runtime.model import gpu
from lsl_runtime.model.gpu import CPU, CUDA, gpu_problem, has_gpu


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine where everything is right."""
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: [CUDA, CPU])
    monkeypatch.setattr(gpu, "_driver_loads", lambda: True)
    monkeypatch.setattr(gpu, "_devices", lambda: 1)
    monkeypatch.setattr(gpu, "_loads", lambda name: True)
    monkeypatch.setattr(gpu, "_has_card", lambda: True)
    monkeypatch.setattr("sys.platform", "linux")
    return monkeypatch


def test_sound_machine_has_no_problem(sound: pytest.MonkeyPatch) -> None:
    assert gpu_problem() is None and has_gpu()


@pytest.mark.parametrize(
    ("installed", "reason"),
    [({"onnxruntime", "onnxruntime-gpu"}, "on top of onnxruntime-gpu"), ({"onnxruntime"}, "CPU-only package")],
)
def test_package_without_cuda(sound: pytest.MonkeyPatch, installed: set[str], reason: str) -> None:
    sound.setattr("onnxruntime.get_available_providers", lambda: [CPU])
    sound.setattr(gpu, "_installed", lambda: installed)
    told = str(gpu_problem())
    assert reason in told
    assert told.endswith(": pip uninstall -y onnxruntime onnxruntime-gpu && pip install onnxruntime-gpu")


@pytest.mark.parametrize(("card", "remedy"), [(True, "sudo ubuntu-drivers install"), (False, "--device cpu or auto")])
def test_no_driver(sound: pytest.MonkeyPatch, card: bool, remedy: str) -> None:
    sound.setattr(gpu, "_driver_loads", lambda: False)
    sound.setattr(gpu, "_has_card", lambda: card)
    assert "libcuda" in str(gpu_problem()) and remedy in str(gpu_problem())
    assert has_gpu() == card


def test_driver_without_a_gpu_as_in_containers(sound: pytest.MonkeyPatch) -> None:
    sound.setattr(gpu, "_devices", lambda: 0)
    assert "finds no GPU" in str(gpu_problem()) and not has_gpu()


@pytest.mark.parametrize(
    ("missing", "told"),
    [("cudnn", "cuDNN (libcudnn.so.9) not found"), ("cublas", "CUDA (libcublas.so.13, libcublasLt.so.13) not found")],
)
def test_missing_libraries(sound: pytest.MonkeyPatch, missing: str, told: str) -> None:
    sound.setattr("onnxruntime.cuda_version", "13.0", raising=False)
    sound.setattr(gpu, "_loads", lambda name: missing not in name)
    assert str(gpu_problem()) == f"{told}: pip install 'onnxruntime-gpu[cuda,cudnn]'"


@pytest.mark.parametrize(("maker", "kind", "card"), [("0x10de", "0x030000", True), ("0x8086", "0x030000", False),
                                                     ("0x10de", "0x020000", False)])  # fmt: skip
def test_card_is_known_by_its_maker(tmp_path: Path, maker: str, kind: str, card: bool) -> None:
    device = tmp_path / "0000:01:00.0"
    device.mkdir()
    (device / "vendor").write_text(f"{maker}\n")
    (device / "class").write_text(f"{kind}\n")
    assert gpu._has_card(tmp_path) == card
    assert not gpu._has_card(tmp_path / "none")
