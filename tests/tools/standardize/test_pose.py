from __future__ import annotations

import cv2
import numpy as np
import pytest

from lsl_tools.standardize.pose import Pose, pose_of, reduced_points, warp
from lsl_tools.standardize.segment.ellipse import overlap
from lsl_tools.standardize.segment.segmentation import Segmentation

POSE = Pose(30.0, (100.0, 80.0, 120.0, 50.0), (128, 320))


def test_the_middle_and_the_ends_of_the_axis() -> None:
    turn = np.array([np.cos(np.radians(30)), np.sin(np.radians(30))])
    for share, column in ((0, 159.5), (0.5, 319.5), (-0.5, -0.5)):
        place = np.array([100.0, 80.0]) + share * 120 * turn
        assert POSE.matrix @ [*place, 1] == pytest.approx([column, 63.5])


def test_flips_mirror_the_standardized_image() -> None:
    place = [90.0, 70.0, 1.0]
    x, y = POSE.matrix @ place
    assert POSE.turned(True, False).matrix @ place == pytest.approx([319 - x, y])
    assert POSE.turned(False, True).matrix @ place == pytest.approx([x, 127 - y])
    assert POSE.turned(True, True).turned(True, True) == POSE


def test_the_scale_is_that_of_the_matrix() -> None:
    assert POSE.scale == pytest.approx((320 / 120, 128 / 50))
    assert np.linalg.norm(POSE.matrix[0, :2]) == pytest.approx(POSE.scale[0])
    assert np.linalg.norm(POSE.matrix[1, :2]) == pytest.approx(POSE.scale[1])


@pytest.mark.parametrize("rotation", [0.0, 90.0, 30.0])
def test_the_size_of_a_pixel_follows_the_matrix(rotation: float) -> None:
    pose = Pose(rotation, POSE.box, POSE.size)
    back = np.linalg.inv(pose.matrix[:, :2])  # photograph pixels a pixel of the image, (x, y)
    across, along = (float(np.hypot(*(back @ step * (0.5, 0.65)))) for step in ((0, 1), (1, 0)))
    assert pose.pixel_size((0.65, 0.5)) == pytest.approx((across, along))


def an_embryo(degrees: float, scale: float = 1.0) -> tuple[np.ndarray, Segmentation, np.ndarray]:
    """A photograph of an ellipse, its segmentation by hand, and its mask."""
    size = (int(400 * scale), int(500 * scale))
    middle, axes = (int(240 * scale), int(200 * scale)), (int(150 * scale), int(60 * scale))
    mask = np.zeros(size, np.uint8)
    cv2.ellipse(mask, middle, axes, degrees, 0, 360, 1, -1)
    photograph = np.where(mask[..., None] > 0, 100, 220).astype(np.uint8).repeat(3, axis=2)
    around = np.linspace(0, 2 * np.pi, 300, endpoint=False)
    turn = np.radians(degrees)
    axes_turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    points = np.stack([axes[0] * np.cos(around), axes[1] * np.sin(around)], axis=1) @ axes_turned + middle
    ellipse = np.array([*middle, *axes, turn])
    return photograph, Segmentation(points, ellipse, 1, 1, 0.2, 0, 0), mask


@pytest.mark.parametrize("degrees", [-70, 0, 25, 90])
@pytest.mark.parametrize("scale", [0.6, 3.0])
def test_an_embryo_comes_to_lie_straight_and_fills_the_image(degrees: float, scale: float) -> None:
    photograph, found, _ = an_embryo(degrees, scale)
    pose = pose_of(found, photograph.shape[:2], (128, 320))
    image = warp(photograph, pose, found.outline)
    truth = np.zeros((128, 320), np.uint8)
    cv2.ellipse(truth, (160, 64), (160, 64), 0, 0, 360, 1, -1)
    assert overlap(image.min(axis=2) < 200, truth) > 0.96
    assert (image[0, 0] == 255).all()


def test_the_transform_leads_back_to_the_photograph() -> None:
    photograph, found, mask = an_embryo(25)
    pose = pose_of(found, photograph.shape[:2], (128, 320)).turned(True, False)
    image = warp(photograph, pose, found.outline)
    back = cv2.warpAffine(
        (image.min(axis=2) < 200).astype(np.uint8), cv2.invertAffineTransform(pose.matrix), (500, 400)
    )
    assert overlap(back, mask) > 0.96


def test_a_standardized_image_is_copied() -> None:
    image = np.random.default_rng(0).integers(0, 256, (128, 320, 3), dtype=np.uint8)
    _, found, _ = an_embryo(3)
    before = Segmentation(found.outline, found.ellipse, 1, 1, 0.8, 0, 0, standardized=True)
    pose = pose_of(before, (128, 320), (128, 320))
    np.testing.assert_array_equal(warp(image, pose, None), image)
    assert (pose.rotation, pose.scale) == (0.0, (1.0, 1.0))


@pytest.mark.parametrize("by", [2, 4])
def test_a_reduced_photograph_gives_the_same_image(by: int) -> None:
    rows, columns = np.mgrid[:480, :800]
    smooth = np.stack([columns / 4, rows / 3, 120 + 60 * np.sin(columns / 90)], axis=-1).astype(np.uint8)
    reduced = np.asarray(cv2.resize(smooth, (800 // by, 480 // by), interpolation=cv2.INTER_AREA), np.uint8)
    pose = Pose(21.0, (390.5, 251.0, 500.0, 200.0), (64, 160), flip_x=True)
    outline = np.array([[200.0, 150.0], [600.0, 180.0], [580.0, 390.0], [210.0, 330.0]])
    whole, fewer = warp(smooth, pose, outline), warp(reduced, pose.reduced(by), reduced_points(outline, by))
    assert np.mean((whole == 255).all(axis=2) != (fewer == 255).all(axis=2)) < 0.002
    both = (whole < 255).any(axis=2) & (fewer < 255).any(axis=2)
    assert np.abs(whole[both].astype(int) - fewer[both]).mean() < 0.8
