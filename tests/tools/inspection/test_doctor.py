from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from lsl_runtime.model import gpu
from lsl_runtime.model.gpu import GpuProblem
from lsl_runtime.model.model import Model
from lsl_shared import BundleError
from lsl_tools.cli import app
from lsl_tools.inspection import doctor
from lsl_tools.inspection.doctor import examine


class FakeModel:
    """A bundle that works."""

    batch_size, provider = 4, "CPUExecutionProvider"

    class manifest:  # noqa: N801
        image_size = (8, 8)

    def classify(self, images: np.ndarray, *, batch_size: int) -> object:
        assert images.shape == (4, 8, 8, 3) and images.dtype == np.uint8
        return iter([{}])

    explain = classify


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(doctor, "_SECONDS", 0.01)
    monkeypatch.setattr(gpu, "has_gpu", lambda: False)
    monkeypatch.setattr(gpu, "gpu_problem", lambda: GpuProblem("no driver", "install it"))
    return monkeypatch


def test_machine_without_a_gpu_is_sound(tmp_path: Path) -> None:
    report = examine(folder=tmp_path)
    assert report.ok and report.gpu == "no driver: install it"
    assert report.versions["python"] == sys.version.split()[0] and report.versions["h5py"] == h5py.__version__
    assert report.free_bytes > 0 and report.folder == tmp_path and "CPUExecutionProvider" in report.providers


def test_idle_gpu_is_not_sound(quick: pytest.MonkeyPatch) -> None:
    quick.setattr(gpu, "has_gpu", lambda: True)
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 1 and "GPU: THERE IS ONE THAT CANNOT BE USED. no driver: install it" in result.stdout


def test_model_that_works_is_timed(quick: pytest.MonkeyPatch) -> None:
    quick.setattr(Model, "load", lambda path, verify: FakeModel())
    model = examine("bundle").model
    assert model is not None and (model.error, model.provider) == ("", "CPUExecutionProvider")
    assert set(model.images_per_second) == {"classifier", "saliency"} and min(model.images_per_second.values()) > 0
    result = CliRunner().invoke(app, ["doctor", "--model", "bundle"])
    assert result.exit_code == 0 and "its golden sample comes out right" in result.stdout
    assert "self-test, batches of 4: classifier" in result.stdout


def test_model_that_answers_wrongly_is_told(quick: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, verify: bool) -> None:
        raise BundleError(path, "logits of the golden sample differ")

    quick.setattr(Model, "load", refuse)
    result = CliRunner().invoke(app, ["doctor", "--model", "bundle"])
    assert result.exit_code == 1
    assert "model: does not work here. bundle: logits of the golden sample differ" in result.stdout


def test_missing_model_is_told() -> None:
    result = CliRunner().invoke(app, ["doctor", "--model", "nowhere"])
    assert result.exit_code == 1 and "no such file" in result.stdout and "Traceback" not in result.output
