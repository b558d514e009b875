from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_trainer.data.augment import DRAWS, augmented, strongly_augmented
from lsl_trainer.settings.groups import Augmentation


def one_image(**values: Any) -> tuple[NDArray[np.uint8], Augmentation]:
    image = np.full((32, 48, 3), 200, np.uint8)
    image[8:12, 10:14] = 20
    return np.stack([image] * 40), Augmentation(**{"flip": False, **values})


def draws(seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(-1, 1, (40, DRAWS))


def test_without_any_change_pixels_are_divided_by_255() -> None:
    images, config = one_image()
    found = augmented(images, config, draws(), flip=True)
    assert found.dtype == np.float32
    assert np.allclose(found, images / 255, rtol=0, atol=1e-7)


def test_flips_reach_all_four_corners_and_can_be_forbidden() -> None:
    images, config = one_image(flip=True)
    dark = augmented(images, config, draws(), flip=True)[..., 0].reshape(40, -1).argmin(1)
    assert len(set(dark.tolist())) == 4
    still = augmented(images, config, draws(), flip=False)
    assert np.allclose(still, images / 255, rtol=0, atol=1e-7)


def test_movements_are_bounded_and_continue_the_border() -> None:
    images, config = one_image(shift=0.1)
    found = augmented(images, config, draws(), flip=True)
    centres = np.array([np.argwhere(image[..., 0] < 0.4).mean(0) for image in found])
    moved = centres - [9.5, 11.5]
    assert np.abs(moved[:, 0]).max() <= 0.1 * 32 + 0.6
    assert np.abs(moved[:, 1]).max() <= 0.1 * 48 + 0.6
    assert moved.std() > 1
    assert np.allclose(found[:, [0, -1]], 200 / 255, atol=0.01)


def test_light_changes_colours_and_never_leaves_the_range() -> None:
    images, config = one_image(light=0.5)
    found = augmented(images, config, draws(), flip=True)
    gains = found[:, 0, 0] / (200 / 255)
    assert gains.std(0).min() > 0.05
    assert np.abs(gains[:, 0] - gains[:, 2]).max() > 0.05
    assert found.min() >= 0
    assert found.max() <= 1


def test_the_draws_decide() -> None:
    images, config = one_image(shift=0.1, light=0.2, rotation=5.0)
    first, again, other = (augmented(images, config, draws(s), flip=True) for s in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_turns_and_scales_are_bounded_and_happen() -> None:
    image = np.full((65, 65, 3), 200, np.uint8)
    image[30:35, 8:57] = 20
    config = Augmentation(flip=False, rotation=10.0, scale=0.2)
    found = augmented(np.stack([image] * 40), config, draws(), flip=True)
    angles, lengths = [], []
    for picture in found:
        rows, columns = np.nonzero(picture[..., 0] < 0.4)
        direction = np.linalg.svd(np.stack([columns, rows]) - [[columns.mean()], [rows.mean()]])[0][:, 0]
        angles.append(np.degrees(np.arctan2(direction[1], direction[0])) % 180)
        lengths.append(np.hypot(np.ptp(columns), np.ptp(rows)))
    turned = np.minimum(angles, 180 - np.array(angles))
    assert 5 < turned.max() < 11
    assert 48 * 0.78 < min(lengths) < 45
    assert 52 < max(lengths) < 48 * 1.25


def test_light_shifts_as_well_as_multiplies() -> None:
    images = np.zeros((40, 4, 4, 3), np.uint8)
    found = augmented(images, Augmentation(flip=False, light=0.4), draws(), flip=True)
    assert found.max() > 0.1, "black stays black under a gain alone"
    assert found.max() <= 0.2


def test_a_strong_view_without_strength_is_the_usual_one() -> None:
    images, config = one_image(shift=0.1, light=0.2, strong=0.0)
    usual, strong = (change(images, config, draws(), flip=True) for change in (augmented, strongly_augmented))
    assert np.array_equal(usual, strong)


def test_a_strong_view_moves_further_and_loses_a_square() -> None:
    images, config = one_image(strong=1.0)
    found = strongly_augmented(images, config, draws(), flip=True)
    assert found.min() >= 0
    assert found.max() <= 1
    flat = np.full((40, 32, 48, 3), 120, np.uint8)
    flat[:, :, :24] = 240
    marked = strongly_augmented(flat, replace(config, light=0.0), draws(), flip=False)
    greyed = [len(np.unique(image[..., 0].round(3))) > 2 for image in marked]
    assert np.mean(greyed) > 0.5, "its mean is a third grey"
    dark = found[..., 0].reshape(40, -1).argmin(1)
    assert len(set(dark.tolist())) > 20, "the mark moves"
