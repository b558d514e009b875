"""The baseline that the paper compares with: log-Gabor filters and a linear classifier (its [13], Yuan et al. 2013).

The filters are Kovesi's: in the frequency plane, with centre frequency f0 = 1 / wavelength and orientation θ0,

    exp(−log(f / f0)² / (2 log(0.65)²)) · exp(−(θ − θ0)² / (2 σ²)) / (1 + (f / 0.45)³⁰),   σ = (π / 6) / 1.3,

at wavelengths 3, 6, 12 and 24 pixels and 6 orientations; the last factor keeps the corners of the plane out. In the
image each filter is a pair of kernels, even and odd.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from lsl_shared.errors import ConfigError
from lsl_trainer.networks.residual import Network

__all__ = ["ORIENTATIONS", "WAVELENGTHS", "LogGabor", "gabor_network", "log_gabor_kernels"]

WAVELENGTHS = (3.0, 6.0, 12.0, 24.0)
ORIENTATIONS = 6
_BANDWIDTH, _SPREAD = 0.65, 1.3
_CUTOFF, _SHARPNESS = 0.45, 30
_REACH = 1.5  # wavelengths from the centre to the edge of a kernel; beyond it lies under 1 % of the energy
_POOL = 8
_EPSILON = 1e-6
_GREY = (0.299, 0.587, 0.114)


class LogGabor(nn.Module):
    """Images (B, 3, H, W), 0 where white → mean magnitudes (B, 24 · (H // 8) · (W // 8)) of the filtered grey image.

    The magnitude is √(even² + odd² + 1e-6); scales, then orientations, then rows and columns.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("grey", torch.tensor(_GREY).view(1, 3, 1, 1))
        for number, wavelength in enumerate(WAVELENGTHS):
            self.register_buffer(f"kernels_{number}", torch.from_numpy(log_gabor_kernels(wavelength))[:, None])

    def forward(self, images: Tensor) -> Tensor:
        return F.avg_pool2d(self.magnitudes(images), _POOL).flatten(1)

    def magnitudes(self, images: Tensor) -> Tensor:
        """The responses of the 24 filters at every pixel, (B, 24, H, W)."""
        grey = F.conv2d(images, self.get_buffer("grey"))  # (B, 1, H, W)
        magnitudes = []
        for number in range(len(WAVELENGTHS)):
            kernels = self.get_buffer(f"kernels_{number}")  # (2 · 6, 1, k, k)
            even, odd = F.conv2d(grey, kernels, padding=kernels.shape[-1] // 2).split(ORIENTATIONS, dim=1)
            magnitudes.append((even * even + odd * odd + _EPSILON).sqrt())
        return torch.cat(magnitudes, dim=1)


def gabor_network(image_size: tuple[int, int], n_classes: int) -> Network:
    """Filters and an untrained linear layer, for images of (H, W). Raises ConfigError for images under 8 pixels."""
    rows, columns = (side // _POOL for side in image_size)
    if min(rows, columns) < 1:
        raise ConfigError(f"images of {image_size[0]}×{image_size[1]} pixels are too small: method gabor pools 8×8")
    features = len(WAVELENGTHS) * ORIENTATIONS * rows * columns
    return Network(LogGabor(), features, n_classes, mean=(1.0, 1.0, 1.0), std=(1.0, 1.0, 1.0))


def log_gabor_kernels(wavelength: float) -> NDArray[np.float32]:
    """The 6 even and then the 6 odd kernels of a wavelength in pixels, float32 (12, k, k), k odd, each of mean zero."""
    reach = math.ceil(_REACH * wavelength)
    side = 8 * reach  # of the frequency plane: wide enough that the kernels do not meet themselves
    frequency = np.fft.fftfreq(side)
    vertical, horizontal = np.meshgrid(frequency, frequency, indexing="ij")
    radius, angle = np.hypot(horizontal, vertical), np.arctan2(-vertical, horizontal)
    radius[0, 0] = 1
    radial = np.exp(-(np.log(radius * wavelength) ** 2) / (2 * math.log(_BANDWIDTH) ** 2))
    radial[0, 0] = 0
    radial /= 1 + (radius / _CUTOFF) ** _SHARPNESS
    kernels = []
    for orientation in range(ORIENTATIONS):
        away = np.angle(np.exp(1j * (angle - orientation * math.pi / ORIENTATIONS)))
        angular = np.exp(-(away**2) / (2 * (math.pi / ORIENTATIONS / _SPREAD) ** 2))
        whole = np.fft.fftshift(np.fft.ifft2(radial * angular))
        middle = slice(side // 2 - reach, side // 2 + reach + 1)
        kernels.append(whole[middle, middle])
    pairs = np.concatenate([np.real(kernels), np.imag(kernels)])
    pairs -= pairs.mean(axis=(1, 2), keepdims=True)
    return pairs.astype(np.float32)
