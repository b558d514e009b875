from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from lsl_trainer.data.mixing import dropped, mixed
from lsl_trainer.settings.groups import Regularization


def batch(images: int = 8) -> tuple[Tensor, Tensor]:
    pictures = torch.arange(images, dtype=torch.float32)[:, None, None, None].expand(-1, 3, 10, 20).contiguous()
    return pictures, torch.arange(images)


def draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_without_mixing_nothing_is_touched_or_drawn() -> None:
    pictures, labels = batch()
    generator = draws()
    found = mixed(pictures, labels, Regularization(), generator)
    assert found.images is pictures
    assert torch.equal(generator.get_state(), draws().get_state())
    logits = torch.randn(8, 8)
    assert torch.equal(found.cross_entropy(logits, 0.1), F.cross_entropy(logits, labels, label_smoothing=0.1))


def test_mixup_blends_images_and_labels_by_the_same_share() -> None:
    pictures, labels = batch()
    found = mixed(pictures, labels, Regularization(mixup=1.0), draws())
    assert 0 < found.share < 1
    blended = found.share * found.labels + (1 - found.share) * found.others
    assert torch.allclose(found.images, blended[:, None, None, None].expand_as(pictures), atol=1e-5)
    logits = torch.randn(8, 8)
    wanted = torch.stack(
        [
            found.share * F.cross_entropy(logits[k : k + 1], found.labels[k : k + 1])
            + (1 - found.share) * F.cross_entropy(logits[k : k + 1], found.others[k : k + 1])
            for k in range(8)
        ]
    ).mean()
    assert found.cross_entropy(logits, 0.0).item() == pytest.approx(wanted.item(), rel=1e-5)


@pytest.mark.parametrize("seed", range(6))
def test_cutmix_pastes_a_rectangle_and_counts_its_pixels(seed: int) -> None:
    pictures, labels = batch()
    found = mixed(pictures, labels, Regularization(cutmix=1.0), draws(seed))
    foreign = found.images[:, 0] != labels[:, None, None]
    moved = found.others != labels
    assert foreign[moved].float().mean().item() == pytest.approx(1 - found.share, abs=1e-6)
    for image, other in zip(found.images[moved], found.others[moved], strict=True):
        assert set(image.unique().tolist()) - {other.item()} <= set(labels.tolist())
        rows, columns = (image[0] == other).any(1).sum(), (image[0] == other).any(0).sum()
        assert (image[0] == other).sum() == rows * columns, "a rectangle"


def test_both_take_turns() -> None:
    pictures, labels = batch()
    kinds = [mixed(pictures, labels, Regularization(mixup=1.0, cutmix=1.0), draws(seed)).images for seed in range(20)]
    blended = [bool((images % 1).any()) for images in kinds]
    assert 3 < sum(blended) < 17


def test_dropout_leaves_the_mean_and_the_share() -> None:
    features = torch.ones(200, 300)
    found = dropped(features, 0.25, draws())
    assert found.unique().tolist() == pytest.approx([0, 4 / 3])
    assert (found == 0).float().mean().item() == pytest.approx(0.25, abs=0.01)
    assert dropped(features, 0.0, draws()) is features
