"""What files of the library's own processors say, against what those do to an image."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lsl_shared.errors import ConfigError
from lsl_trainer.networks.preprocessor import has_preprocessor, read_preprocessor

HALF: dict[str, Any] = {"image_mean": [0.5] * 3, "image_std": [0.25] * 3}


def written(folder: Path, told: Any, name: str = "preprocessor_config.json") -> Path:
    (folder / name).write_text(json.dumps(told))
    return folder


@pytest.mark.parametrize(
    ("told", "at_white"),
    [
        (HALF, 2.0),
        ({**HALF, "rescale_factor": 1 / 127.5}, 6.0),  # pixels in 0..2
        ({**HALF, "do_rescale": False}, (255 - 0.5) / 0.25),
        ({**HALF, "do_normalize": False}, 1.0),
        ({"do_normalize": False, "do_rescale": False}, 255.0),
    ],
)
def test_a_white_pixel_is_what_the_model_takes_for_white(tmp_path: Path, told: Any, at_white: float) -> None:
    found = read_preprocessor(written(tmp_path, told))
    assert [(1 - mean) / std for mean, std in zip(found.mean, found.std, strict=True)] == pytest.approx([at_white] * 3)


@pytest.mark.parametrize(
    ("told", "size"),
    [
        ({"size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}}, (224, 224)),
        ({"size": {"shortest_edge": 256}, "crop_size": 224, "do_center_crop": False}, (256, 256)),
        ({"size": {"height": 384, "width": 128}}, (384, 128)),
        ({"size": 518}, (518, 518)),
        ({"size": {"max_pixels": 9}}, None),
        ({}, None),
    ],
)
def test_the_size_is_that_of_what_is_cut_out_last(tmp_path: Path, told: Any, size: tuple[int, int] | None) -> None:
    assert read_preprocessor(written(tmp_path, {**HALF, **told})).size == size


def test_newer_files_hold_it_one_level_down(tmp_path: Path) -> None:
    assert not has_preprocessor(tmp_path) and read_preprocessor(tmp_path).mean[0] == 0.485
    assert read_preprocessor(written(tmp_path, {"image_processor": HALF}, "processor_config.json")).mean == (0.5,) * 3
    assert has_preprocessor(tmp_path)


@pytest.mark.parametrize("told", [{}, [], {**HALF, "image_std": [0, 1, 1]}, {**HALF, "image_mean": [0.5]}, "text"])
def test_what_says_nothing_of_use_is_refused(tmp_path: Path, told: Any) -> None:
    with pytest.raises(ConfigError, match="expected image_mean and image_std, three numbers each"):
        read_preprocessor(written(tmp_path, told))
