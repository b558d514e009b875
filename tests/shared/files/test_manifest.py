from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsl_shared.coarse import CoarseTask
from lsl_shared.errors import BundleError
from lsl_shared.files.manifest import GoldenSample, Manifest, Task, golden_image, model_digest
from lsl_shared.labels import LabelSpace

TASK = Task(
    "stage",
    ("4", "5", "6"),
    parent="stage_range",
    parent_classes=("1-3", "4-6"),
    parent_index=(1, 1, 1),
    temperature=1.25,
    conformal_threshold=0.875,
    class_priors=(0.5, 0.25, 0.25),
)
MANIFEST = Manifest(
    image_size=(128, 320),
    tasks=(TASK, Task("view", ("lateral", "dorsal"))),
    network={"name": "paper", "widths": [64, 128]},
    training={"seed": 0},
    test_metrics={"accuracy": 0.5, "note": "σ"},
    store_fingerprint="f" * 64,
    package_version="0.1.0",
    golden=GoldenSample((0.5, -1.0, 2.0), tuple((0.25,) * 8 for _ in range(4))),
)


def altered(**changes: Any) -> str:
    entries = json.loads(MANIFEST.to_json())
    return json.dumps({**entries, **changes})


def without(entry: str) -> str:
    entries = json.loads(MANIFEST.to_json())
    del entries[entry]
    return json.dumps(entries)


@pytest.mark.parametrize("manifest", [MANIFEST, replace(MANIFEST, golden=None)])
def test_round_trip(manifest: Manifest) -> None:
    assert Manifest.from_json(manifest.to_json(), "m") == manifest


def test_label_spaces_of_a_task() -> None:
    assert TASK.space == LabelSpace("stage", ("4", "5", "6"), "stage_range", (1, 1, 1))
    assert TASK.parent_space == LabelSpace("stage_range", ("1-3", "4-6"))
    assert MANIFEST.tasks[1].parent_space is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is not JSON"),
        ("[1, 2]", "this is not a model bundle"),
        ('{"format": "other"}', "format: expected format 'lsl-model'"),
        (altered(version=2), "version: is 2, this program reads 1: upgrade"),
        (altered(version="1"), "version: is '1'"),
        (without("tasks"), "incomplete or altered manifest"),
        (without("golden"), "incomplete or altered manifest"),
        (altered(image_size=[128]), "incomplete or altered manifest"),
        (altered(image_size=["a", "b"]), "incomplete or altered manifest"),
        (altered(tasks=[{"name": "stage"}]), "incomplete or altered manifest"),
        (altered(tasks=[{"name": "stage", "classes": ["4"], "unknown": 1}]), "incomplete or altered manifest"),
        (altered(tasks=[{**asdict(TASK), "parent_index": [2, 1, 1]}]), "parent index 2"),
    ],
)
def test_unusable_manifests(text: str, told: str) -> None:
    with pytest.raises(BundleError, match=told) as caught:
        Manifest.from_json(text, "run/model/manifest.json")
    assert str(caught.value).startswith("run/model/manifest.json: ")


def test_model_digest_is_that_of_both_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "classifier.onnx").write_bytes(b"first")
    with pytest.raises(BundleError, match=r"saliency.onnx: cannot be read \(No such file"):
        model_digest(tmp_path)
    (tmp_path / "saliency.onnx").write_bytes(b"second")
    assert model_digest(tmp_path) == hashlib.sha256(b"firstsecond").hexdigest()


def test_golden_image_is_a_mosaic_of_the_hash() -> None:
    image = golden_image(20, 9)
    assert image.shape == (1, 20, 9, 3)
    assert image.dtype == np.uint8
    tiles = hashlib.shake_256(b"lsl").digest(3 * 2 * 3)
    for row in range(20):
        for column in range(9):
            place = 3 * (row // 8 * 2 + column // 8)
            assert bytes(image[0, row, column]) == tiles[place : place + 3]


def test_coarse_tasks_beside_the_parent_come_back() -> None:
    hours = CoarseTask("hours", ("0-2", "2-4", "none"), ((0, 1), (1, 2), ()))
    task = replace(TASK, further_coarse=(hours,))
    assert [one.name for one in task.coarse_tasks] == ["stage_range", "hours"]
    assert task.coarse_tasks[0].allows == ((), (0, 1, 2))
    manifest = replace(MANIFEST, tasks=(task,))
    assert Manifest.from_json(manifest.to_json(), "m") == manifest
    assert "further_coarse" not in MANIFEST.to_json(), "versions that know the parent alone read it"
    assert MANIFEST.tasks[1].coarse_tasks == ()


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"name": "hours", "classes": ["a"], "allows": [[3]]}, "allows class 3"),
        ({"name": "hours", "classes": ["a"], "allows": []}, "1 classes but 0 sets"),
        ({"name": "hours", "classes": ["a"]}, "incomplete or altered"),
        ("hours", "incomplete or altered"),
    ],
)
def test_unusable_coarse_tasks(entry: Any, told: str) -> None:
    text = altered(tasks=[{**asdict(TASK), "further_coarse": [entry]}])
    with pytest.raises(BundleError, match=told):
        Manifest.from_json(text, "m")
