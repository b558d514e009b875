import numpy as np

from lsl_trainer.augment import augmented
from lsl_trainer.config import TrainConfig


def one_image(**values):
    image = np.full((32, 48, 3), 200, np.uint8)
    image[8:12, 10:14] = 20
    return np.stack([image] * 40), TrainConfig(**{"flip": False, **values})


def test_without_any_change_pixels_are_divided_by_255():
    images, config = one_image()
    found = augmented(images, config, np.random.default_rng(0), flip=True)
    assert found.dtype == np.float32
    assert np.allclose(found, images / 255, rtol=0, atol=1e-7)


def test_flips_reach_all_four_corners_and_can_be_forbidden():
    images, config = one_image(flip=True)
    dark = augmented(images, config, np.random.default_rng(0), flip=True)[..., 0].reshape(40, -1).argmin(1)
    assert len(set(dark.tolist())) == 4
    still = augmented(images, config, np.random.default_rng(0), flip=False)
    assert np.allclose(still, images / 255, rtol=0, atol=1e-7)


def test_movements_are_bounded_and_continue_the_border():
    images, config = one_image(shift=0.1)
    found = augmented(images, config, np.random.default_rng(0), flip=True)
    centres = np.array([np.argwhere(image[..., 0] < 0.4).mean(0) for image in found])
    moved = centres - [9.5, 11.5]
    assert np.abs(moved[:, 0]).max() <= 0.1 * 32 + 0.6
    assert np.abs(moved[:, 1]).max() <= 0.1 * 48 + 0.6
    assert moved.std() > 1
    assert np.allclose(found[:, [0, -1]], 200 / 255, atol=0.01)


def test_light_changes_colours_and_never_leaves_the_range():
    images, config = one_image(light=0.5)
    found = augmented(images, config, np.random.default_rng(0), flip=True)
    gains = found[:, 0, 0] / (200 / 255)
    assert gains.std(0).min() > 0.05
    assert np.abs(gains[:, 0] - gains[:, 2]).max() > 0.05
    assert found.min() >= 0
    assert found.max() <= 1


def test_the_generator_decides():
    images, config = one_image(shift=0.1, light=0.2, rotation=5.0)
    first, again, other = (augmented(images, config, np.random.default_rng(s), flip=True) for s in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
