"""Features that are computed once, held against the network itself, asked image by image."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lsl_trainer.data.augment import DRAWS
from lsl_trainer.data.batch import in_unit_range, to_tensor
from lsl_trainer.frozen.features import FrozenFeatures
from lsl_trainer.frozen.fusing import fused
from lsl_trainer.frozen.view import View, views_of
from lsl_trainer.networks.block_features import BlockFeatures
from lsl_trainer.networks.efficientnet import EfficientNetLite0
from lsl_trainer.networks.residual import Network, block_maps, block_outputs, residual_network
from lsl_trainer.networks.trunk import PooledTrunk, pooled_grid
from tests.support.squares import SIZE, small_config, squares

MANY = 300
"""More than a part file holds."""


@pytest.fixture(scope="module")
def network() -> Network:
    """An F with statistics of its own, as after a training."""
    torch.manual_seed(0)
    found = residual_network(small_config().network, SIZE, 4)
    for module in found.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.1)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 2)  # type: ignore[arg-type]
    return found.eval()


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return squares(MANY).images


def asked(network: Network, images: np.ndarray) -> np.ndarray:
    """What the network says of each image alone."""
    with torch.no_grad():
        return np.concatenate(
            [network.features(to_tensor(in_unit_range(image[None]), torch.device("cpu"))).numpy() for image in images]
        )


@contextmanager
def computed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many images are really computed within the block, a number for each part."""
    counts: list[int] = []
    real = FrozenFeatures._compute

    def count(self: FrozenFeatures, images: np.ndarray, *rest: object) -> object:
        counts.append(len(images))
        return real(self, images, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(FrozenFeatures, "_compute", count)
        yield counts


def test_they_are_what_the_network_says_of_each_image_alone(network: Network, images: np.ndarray) -> None:
    found = FrozenFeatures(network).of(images[:20])
    assert np.allclose(found, asked(network, images[:20]), rtol=1e-4, atol=1e-5)


def test_a_fused_network_answers_the_same_and_leaves_the_other_alone(network: Network) -> None:
    pixels, before = torch.rand(3, 3, *SIZE), {name: value.clone() for name, value in network.state_dict().items()}
    with torch.no_grad():
        assert torch.allclose(fused(network)(pixels)[0], network(pixels)[0], rtol=1e-4, atol=1e-5)
    assert sum(isinstance(module, nn.BatchNorm2d) for module in fused(network).modules()) == 0
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_blocks_are_their_maps_averaged_over_a_coarse_grid(network: Network, images: np.ndarray) -> None:
    features = FrozenFeatures(network)
    assert features.blocks == 3
    first, last = features.of_blocks(images[:4], [1, 3])
    with torch.no_grad():
        maps = block_maps(
            network.body, (to_tensor(in_unit_range(images[:4]), torch.device("cpu")) - network.mean) / network.std
        )
    for found, wanted in ((first, maps[0]), (last, maps[2])):
        grid = pooled_grid((wanted.shape[2], wanted.shape[3]))
        assert np.allclose(found, nn.AdaptiveAvgPool2d(grid)(wanted).flatten(1).numpy(), rtol=1e-4, atol=1e-5)


def test_each_image_is_computed_once_whoever_asks(
    network: Network, images: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with computed(monkeypatch) as counts:
        whole = FrozenFeatures(network, tmp_path).of(images)
        assert counts == [256, 44]
        some = np.array([7, 290, 3])
        assert np.array_equal(FrozenFeatures(network, tmp_path).of(images[::-1], MANY - 1 - some), whole[some])
        assert sum(counts) == MANY, "what the folder holds is not computed again"
        told: list[int] = []
        twice = np.concatenate([images[:1], images[:1], squares(301).images[-1:] + 1])
        found = FrozenFeatures(network, tmp_path).of(twice, on_images=told.append)
        assert np.array_equal(found[:2], whole[[0, 0]])
        assert sum(counts) == MANY + 1
        assert sum(told) == 3


def test_what_an_image_gets_does_not_depend_on_its_company(network: Network, images: np.ndarray) -> None:
    features = FrozenFeatures(network)
    whole = features.of(images[:40])
    assert np.array_equal(features.of(images, np.array([33])), whole[[33]])


def test_other_weights_layers_and_views_are_other_features(
    network: Network, images: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = small_config().having(light=0.2).augmentation
    with computed(monkeypatch) as counts:
        FrozenFeatures(network, tmp_path).of(images[:8])
        FrozenFeatures(network, tmp_path).of(images[:8], view=View(1, changes))
        FrozenFeatures(network, tmp_path).of_blocks(images[:8], [2])
        FrozenFeatures(network, tmp_path).of_blocks(images[:8], [2])
        other = residual_network(small_config().network, SIZE, 4)
        FrozenFeatures(other, tmp_path).of(images[:8])
        other.mean = other.mean + 0.1
        FrozenFeatures(other, tmp_path).of(images[:8])
    assert counts == [8] * 5


def test_a_block_is_computed_once_whatever_comes_after_it(
    images: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    trunk = EfficientNetLite0().eval()
    whole, short = PooledTrunk(trunk, SIZE), PooledTrunk(trunk.shortened(15), SIZE)
    linear = Network(BlockFeatures(short, block_outputs, (12, 15), SIZE), 2, 2)
    frozen = Network(whole, whole.n_features, 2)

    def asked_of(network: Network, *blocks: int) -> list[np.ndarray]:
        return FrozenFeatures(network, tmp_path).of_blocks(images[:2], blocks)

    with computed(monkeypatch) as counts:
        first = asked_of(frozen, 12, 15, 18)
        last = FrozenFeatures(frozen, tmp_path).of(images[:2])  # as --freeze asks
        assert np.array_equal(last, first[2])
        assert all(map(np.array_equal, asked_of(linear, 12, 15), first))
        assert counts == [2]
        nn.init.zeros_(next(trunk.blocks[17].parameters()))
        assert np.array_equal(asked_of(frozen, 15)[0], first[1])
        assert counts == [2], "block 18 does not matter to block 15"
        nn.init.zeros_(next(trunk.blocks[3].parameters()))
        assert not np.array_equal(asked_of(frozen, 15)[0], first[1])
        assert counts == [2, 2]


def test_a_new_head_keeps_the_features(
    network: Network, images: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with computed(monkeypatch) as counts:
        FrozenFeatures(network, tmp_path).of(images[:8])
        FrozenFeatures(network.with_head(9), tmp_path).of(images[:8])
    assert counts == [8]


def test_a_damaged_part_is_computed_again(network: Network, images: np.ndarray, tmp_path: Path) -> None:
    whole = FrozenFeatures(network, tmp_path).of(images[:8])
    (part,) = tmp_path.iterdir()
    part.write_bytes(part.read_bytes()[:-40])
    assert np.array_equal(FrozenFeatures(network, tmp_path).of(images[:8]), whole)
    part.write_bytes(b"none")
    assert np.array_equal(FrozenFeatures(network, tmp_path).of(images[:8]), whole)


def test_a_view_changes_an_image_the_same_way_wherever_it_lies(images: np.ndarray) -> None:
    changes = small_config().having(light=0.2, shift=0.1).augmentation
    plain, first, second = views_of(changes, 3)
    contents = [bytes([k] * 32) for k in range(4)]
    assert np.array_equal(plain.of(images[:4], contents), in_unit_range(images[:4]))
    found = first.of(images[:4], contents)
    assert np.array_equal(first.of(images[2:4], contents[2:]), found[2:])
    assert not np.allclose(second.of(images[:4], contents), found)
    assert not np.allclose(found, in_unit_range(images[:4]))
    assert DRAWS == 12, "views that are kept in files depend on the number of draws"
    assert first.key != second.key != View(1, small_config().augmentation).key
