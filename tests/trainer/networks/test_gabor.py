from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lsl_shared import ConfigError
from lsl_trainer.networks.gabor import ORIENTATIONS, WAVELENGTHS, LogGabor, gabor_network, log_gabor_kernels


def grating(wavelength: float, orientation: float, size: int = 96) -> NDArray[np.float64]:
    """A cosine grating whose waves run along `orientation` (radians, anticlockwise from the columns' direction)."""
    rows, columns = np.mgrid[:size, :size]
    along = columns * np.cos(orientation) - rows * np.sin(orientation)
    return np.asarray(np.cos(2 * np.pi * along / wavelength))


def test_a_grating_is_answered_loudest_by_its_own_filter() -> None:
    places = [(scale, orientation) for scale in range(4) for orientation in range(ORIENTATIONS)]
    planes = [grating(WAVELENGTHS[scale], orientation * np.pi / ORIENTATIONS) for scale, orientation in places]
    images = torch.from_numpy(np.stack(planes))[:, None].expand(-1, 3, -1, -1).float()
    answers = LogGabor()(images).view(24, 4, ORIENTATIONS, 12, 12)[..., 4:8, 4:8].mean((3, 4))
    for place, answer in zip(places, answers.numpy(), strict=True):
        assert np.unravel_index(answer.argmax(), answer.shape) == place


@pytest.mark.parametrize("scale", range(3))
def test_kernels_equal_the_filter_in_the_frequency_plane(scale: int) -> None:
    """The response to noise by convolution against a product of Fourier transforms, away from the border."""
    size, wavelength = 192, WAVELENGTHS[scale]
    noise = np.random.default_rng(scale).normal(size=(size, size))
    frequency = np.fft.fftfreq(size)
    fx, fy = np.meshgrid(frequency, frequency)
    radius, angle = np.hypot(fx, fy), np.arctan2(-fy, fx)
    radius[0, 0] = 1
    transfer = np.exp(-(np.log(radius * wavelength) ** 2) / (2 * np.log(0.65) ** 2))
    transfer[0, 0] = 0
    transfer /= 1 + (radius / 0.45) ** 30
    away = np.arctan2(np.sin(angle - np.pi / 6), np.cos(angle - np.pi / 6))
    transfer *= np.exp(-(away**2) / (2 * (np.pi / 6 / 1.3) ** 2))
    wanted = np.abs(np.fft.ifft2(np.fft.fft2(noise) * transfer))
    kernels = torch.from_numpy(log_gabor_kernels(wavelength))[:, None].double()
    pairs = torch.nn.functional.conv2d(torch.from_numpy(noise)[None, None], kernels, padding=kernels.shape[-1] // 2)
    found = torch.hypot(pairs[0, 1], pairs[0, 1 + ORIENTATIONS]).numpy()
    inner = slice(48, -48)
    error = np.linalg.norm((found - wanted)[inner, inner]) / np.linalg.norm(wanted[inner, inner])
    assert error < 0.05


def test_white_paper_is_silent_and_small_images_are_refused() -> None:
    network = gabor_network((16, 24), 3)
    features = network.features(torch.ones(1, 3, 16, 24))
    assert features.shape == (1, 24 * 2 * 3)
    assert torch.allclose(features, torch.full_like(features, 1e-3))
    with pytest.raises(ConfigError, match="too small"):
        gabor_network((7, 24), 3)
