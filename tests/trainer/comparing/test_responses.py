from __future__ import annotations

import numpy as np
import torch
from torch import nn

from lsl_trainer.comparing.responses import filter_responses
from lsl_trainer.networks.gabor import gabor_network, log_gabor_kernels
from lsl_trainer.networks.residual import Network, residual_network
from lsl_trainer.settings.network import NetworkConfig

IMAGES = np.random.default_rng(0).integers(0, 255, (2, 24, 32, 3), dtype=np.uint8)


def test_of_a_residual_network_it_is_convolution_normalization_and_relu() -> None:
    network = residual_network(NetworkConfig(widths=(5, 6), strides=(1, 2), pool=2), (24, 32), 3).eval()
    pixels = torch.from_numpy(IMAGES / np.float32(255)).permute(0, 3, 1, 2)
    with torch.no_grad():
        assert isinstance(network.body, nn.Sequential)
        expected = torch.relu(network.body[1](network.body[0]((pixels - network.mean) / network.std)))
    found = filter_responses(network, IMAGES)
    assert found.shape == (2, 5, 24, 32)
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-6)


def test_of_the_baseline_it_is_every_filters_magnitude() -> None:
    found = filter_responses(gabor_network((24, 32), 3), IMAGES)
    assert found.shape == (2, 24, 24, 32)
    grey = IMAGES[0] @ np.array([0.299, 0.587, 0.114]) / 255 - 1
    kernels = log_gabor_kernels(3.0)
    reach = kernels.shape[-1] // 2
    window = grey[12 - reach : 13 + reach, 16 - reach : 17 + reach]
    for orientation in range(6):
        even, odd = (window * kernels[orientation]).sum(), (window * kernels[orientation + 6]).sum()
        np.testing.assert_allclose(found[0, orientation, 12, 16], np.sqrt(even**2 + odd**2 + 1e-6), rtol=1e-4)


def test_a_network_without_relu_shows_its_convolution() -> None:
    convolution = nn.Conv2d(3, 4, 3, padding=1)
    network = Network(nn.Sequential(convolution, nn.Flatten()), 4 * 24 * 32, 2)
    assert filter_responses(network, IMAGES).min() < 0
    assert len(convolution._forward_hooks) == 0
