from __future__ import annotations

import numpy as np
import pytest

from lsl_shared import Manifest, Task
from lsl_tools.packaging.description import model_description, tensor_file

STAGES = Task("stage", ("4", "5", "A-17"))
TISSUE = Task("Tissue type", ("muscle", "nerve"))


@pytest.fixture
def outputs() -> dict[str, np.ndarray]:
    return {
        "logits": np.array([[-3.0, -2.0, -1.0]], np.float32), "probabilities": np.array([[0.1, 0.3, 0.6]], np.float32),
        "logits_Tissue type": np.array([[4.0, 5.0]], np.float32), "features": np.zeros((1, 7), np.float32),
    }  # fmt: skip


def test_every_output_has_its_tasks_channels(outputs: dict[str, np.ndarray]) -> None:
    text = model_description(Manifest((64, 96), (STAGES, TISSUE)), outputs, opset=18, license="MIT")
    channels = {one["id"]: one["axes"][1]["channel_names"] for one in text["outputs"]}
    assert channels["logits"] == channels["probabilities"] == ["stage 4", "stage 5", "stage A-17"]
    assert channels["logits_tissue_type"] == ["Tissue type muscle", "Tissue type nerve"]
    assert len(channels["features"]) == 7
    files = [one["test_tensor"]["source"] for one in text["outputs"]]
    assert files == [tensor_file(name) for name in outputs] and len(set(files)) == 4


def test_input_is_the_picture_as_it_lies_in_a_store(outputs: dict[str, np.ndarray]) -> None:
    (image,) = model_description(Manifest((64, 96), (STAGES,)), outputs, opset=18, license="MIT")["inputs"]
    assert [axis.get("size") for axis in image["axes"]] == [None, 64, 96, None]
    assert image["data"]["type"] == "uint8"


def test_tolerance_never_exceeds_what_the_format_allows(outputs: dict[str, np.ndarray]) -> None:
    text = model_description(Manifest((64, 96), (STAGES, TISSUE)), outputs, opset=18, license="MIT")
    allowed = text["config"]["bioimageio"]["reproducibility_tolerance"]
    for one, values in zip(allowed, outputs.values(), strict=True):
        assert 0 <= one["absolute_tolerance"] <= max(0.01 * values.max(), 0)


def test_names_are_made_of_allowed_characters(outputs: dict[str, np.ndarray]) -> None:
    task = Task("cell_type", ("a", "b"))
    text = model_description(Manifest((64, 96), (task,)), outputs, opset=18, license="MIT")
    assert text["name"] == "LSL cell type classifier"


def test_numbers_of_no_class_are_numbered_and_a_single_one_has_no_channels(outputs: dict[str, np.ndarray]) -> None:
    further = {"scope_distance": np.zeros(1, np.float32), "age_density": np.zeros((1, 12), np.float32)}
    text = model_description(Manifest((64, 96), (STAGES, TISSUE)), {**outputs, **further}, opset=18, license="MIT")
    scope, age = text["outputs"][-2:]
    assert scope["axes"] == [{"type": "batch"}]
    assert age["axes"][1]["channel_names"] == [f"time{place}" for place in range(12)]
