from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from lsl_shared.errors import ImageError
from lsl_shared.measures.embryo_mask import embryo_mask
from lsl_tools.demo.scene import Scene
from lsl_tools.standardize.photograph import standardize_file, standardize_photograph
from lsl_tools.standardize.segment.ellipse import overlap

MakeScene = Callable[..., Scene]


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of two standardized images where both show the embryo."""
    inside = embryo_mask(one) & embryo_mask(np.ascontiguousarray(other))
    return float(np.corrcoef(one[inside].mean(axis=1), other[inside].mean(axis=1))[0, 1])


def test_an_embryo_comes_back_as_it_was_pasted(scene: MakeScene, embryos: list[np.ndarray]) -> None:
    for seed in (0, 1, 3):
        made = scene(seed)
        result = standardize_photograph(made.photograph)
        assert result.pose is not None
        assert result.flags == ()
        half_turn = np.cos(np.radians(result.pose.rotation - made.angle)) < 0
        result = result.turned(made.flip_x != half_turn, made.flip_y != half_turn, (0.9, 0.8), ["doubtful"])
        assert result.image is not None
        assert overlap(embryo_mask(result.image), embryo_mask(embryos[seed])) > 0.87  # some lie a little askew
        alike = [likeness(result.image, embryos[seed][::y, ::x]) for x in (1, -1) for y in (1, -1)]
        assert np.argmax(alike) == 0
        assert (result.flags, result.probabilities) == (("doubtful",), (0.9, 0.8))


def test_standardizing_again_changes_nothing(embryos: list[np.ndarray]) -> None:
    for image in embryos:
        result = standardize_photograph(image)
        np.testing.assert_array_equal(result.image, image)


def test_standardizing_its_own_result_changes_nothing(scene: MakeScene) -> None:
    for seed in range(4):
        image = standardize_photograph(scene(seed).photograph).image
        assert image is not None
        np.testing.assert_array_equal(standardize_photograph(image).image, image)


def test_another_size(scene: MakeScene) -> None:
    result = standardize_photograph(scene(0).photograph, (64, 100))
    assert result.image is not None
    assert result.image.shape == (64, 100, 3)


@pytest.fixture(scope="module")
def large(scene: MakeScene) -> Scene:
    """A photograph of 1081×1521, an odd number of pixels each way."""
    return scene(1, size=(1081, 1521))


@pytest.mark.parametrize("enlarged", [1, 2])
def test_a_file_is_read_only_as_far_as_needed(enlarged: int, large: Scene, tmp_path: Path) -> None:
    whole = np.asarray(cv2.resize(large.photograph, None, fx=enlarged, fy=enlarged), np.uint8)
    path = tmp_path / "a.jpg"
    cv2.imwrite(str(path), whole[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])
    picture, found = standardize_file(path, (128, 320), "")
    expected = standardize_photograph(whole)
    assert (picture.reduction, found.photograph_size) == (2 * enlarged, whole.shape[:2])
    assert found.pose is not None and expected.pose is not None and found.found is not None
    assert found.image is not None and expected.image is not None
    np.testing.assert_allclose(found.pose.box, expected.pose.box, atol=8 * enlarged)
    assert found.pose.rotation == pytest.approx(expected.pose.rotation, abs=0.4)
    assert overlap(embryo_mask(found.image), embryo_mask(expected.image)) > 0.985
    assert likeness(found.image, expected.image) > 0.93  # noise and texture
    inside = found.found.outline.mean(axis=0)
    np.testing.assert_allclose(inside, found.found.ellipse[:2], atol=10 * enlarged)


def test_a_small_embryo_is_read_as_fine_as_it_is(large: Scene, tmp_path: Path) -> None:
    height, width = large.photograph.shape[:2]
    path, ground = tmp_path / "a.jpg", large.photograph[:40].mean(axis=(0, 1))
    wide = np.full((2 * height, 2 * width, 3), ground, np.uint8)
    wide[height // 2 : height // 2 + height, width // 2 : width // 2 + width] = large.photograph
    cv2.imwrite(str(path), wide[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])
    fine, coarse = (standardize_file(path, size, "")[1] for size in ((256, 640), (128, 320)))
    assert fine.image is not None and coarse.image is not None and fine.pose is not None and coarse.pose is not None
    np.testing.assert_allclose(fine.pose.box, coarse.pose.box)
    shown = cv2.Laplacian(fine.image, cv2.CV_32F).std()
    blurred = cv2.Laplacian(cv2.resize(coarse.image, (640, 256), interpolation=cv2.INTER_CUBIC), cv2.CV_32F).std()
    assert shown > 1.2 * blurred


def test_nothing_found() -> None:
    result = standardize_photograph(np.full((100, 100, 3), 200, np.uint8))
    assert (result.image, result.pose, result.flags) == (None, None, ("no embryo",))
    assert result.turned(True, True, (1, 1), []) is result


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((100, 100), np.uint8),
        np.zeros((100, 100, 3), np.float32),
        np.zeros((100, 100, 4), np.uint8),
        np.zeros((8, 100, 3), np.uint8),
        np.zeros((40, 2000, 3), np.uint8),
        [[1]],
    ],
)
def test_what_is_no_photograph_is_refused(array: np.ndarray) -> None:
    with pytest.raises(ImageError):
        standardize_photograph(array)
