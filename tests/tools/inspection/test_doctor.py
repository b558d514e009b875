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
from lsl_shared import BundleError, ConfigError
from lsl_tools.cli import app
from lsl_tools.inspection import doctor
from lsl_tools.inspection.doctor import examine
from lsl_tools.inspection.engines import ENGINES, Answer, load_graph


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


EARLIER = Path(__file__).parents[2] / "earlier" / "0.1.0" / "run" / "model"


def test_the_golden_sample_on_another_engine() -> None:
    """OpenCV comes with the toolkit."""
    result = CliRunner().invoke(app, ["doctor", "--model", str(EARLIER), "--engine", "opencv"])
    assert result.exit_code == 0, result.stdout
    assert "its golden sample comes out right, on opencv" in result.stdout and "batches of 1:" in result.stdout


def test_an_engine_that_gives_other_maps_is_found_out(quick: pytest.MonkeyPatch) -> None:
    def with_half_steps(graph: Path) -> Answer:
        answer = ENGINES["onnxruntime"][1](graph)
        return lambda feeds: {
            name: values + values.mean() if name == "saliency" else values for name, values in answer(feeds).items()
        }

    quick.setitem(ENGINES, "openvino", ("onnxruntime", with_half_steps))
    result = CliRunner().invoke(app, ["doctor", "--model", str(EARLIER), "--engine", "openvino"])
    assert result.exit_code == 1
    assert "saliency map of the golden sample differ" in " ".join(result.stdout.split())


def test_engines_that_cannot_be_had(quick: pytest.MonkeyPatch) -> None:
    quick.setitem(ENGINES, "openvino", ("no_such_package", ENGINES["openvino"][1]))
    report = examine(EARLIER, engine="openvino")
    assert not report.ok and report.model is not None and "pip install no_such_package" in report.model.error
    with pytest.raises(ConfigError, match="--engine must be one of"):
        load_graph("caffe", EARLIER / "classifier.onnx")
    with pytest.raises(ConfigError, match="name one with --model"):
        examine(engine="opencv")


def test_a_graph_that_an_engine_refuses(tmp_path: Path) -> None:
    (tmp_path / "classifier.onnx").write_bytes(b"no graph at all")
    with pytest.raises(ConfigError, match=r"opencv cannot load classifier\.onnx: "):
        load_graph("opencv", tmp_path / "classifier.onnx")
