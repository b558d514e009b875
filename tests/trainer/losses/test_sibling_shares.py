from __future__ import annotations

import numpy as np
import pytest
import torch

from lsl_trainer.losses.sibling_shares import SiblingShares, told_by_labels

SIBLINGS = torch.tensor([[1, 1, 0], [1, 1, 0], [0, 0, 1]]).bool()
ALLOWED = torch.tensor([True, True, False])


def shares(
    images: int, prior: float = 1.0, labelled: tuple[float, ...] = (2, 2, 2), told: bool = False
) -> SiblingShares:
    unlabelled = torch.tensor([images, images, 0.0])
    return SiblingShares(SIBLINGS, unlabelled, torch.tensor(labelled).float(), prior, told)


def learnt(found: SiblingShares, share: float, passes: int = 12) -> SiblingShares:
    """What is learnt of 600 points of two normal distributions 2 apart, the first of which has so large a share."""
    generator = torch.Generator().manual_seed(0)
    first = torch.arange(600) < 600 * share
    points = torch.randn(600, generator=generator) + torch.where(first, 1.0, -1.0)
    for _ in range(passes):
        for batch in torch.randperm(600, generator=generator).split(40):
            logits = torch.stack([points[batch], -points[batch]], 1) + found.log_ratios[:2]
            probabilities = torch.cat([logits.softmax(1), torch.zeros(len(batch), 1)], 1)
            found.update(probabilities, ALLOWED.expand(len(batch), 3))
    return found


@pytest.mark.parametrize("share", [0.12, 0.5, 0.88])
def test_the_shares_of_a_mixture_are_found(share: float) -> None:
    found = learnt(shares(600), share).shares
    assert found[0].item() == pytest.approx(share, abs=0.05)
    assert (found[0] + found[1]).item() == pytest.approx(1)


def test_many_images_of_the_prior_keep_siblings_equal() -> None:
    assert learnt(shares(600, prior=1e5), 0.88).shares[0].item() == pytest.approx(0.5, abs=0.01)


def test_equal_siblings_and_only_children_move_no_logit() -> None:
    assert shares(30).log_ratios.tolist() == pytest.approx([0, 0, 0])
    assert learnt(shares(600), 0.88).log_ratios[2].item() == pytest.approx(0)


def test_labels_drawn_at_random_are_where_it_begins() -> None:
    assert shares(0, prior=0, labelled=(9, 3, 2), told=True).shares.tolist() == pytest.approx([0.75, 0.25, 1])
    assert shares(100, prior=0, labelled=(9, 3, 2), told=True).means.tolist() == pytest.approx([0.75, 0.25, 1])


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ((5, 5, 5, 5), False),
        ((5, 5, 5, 3), False),
        ((5, 2, 5, 3), False),
        ((31, 8, 2, 11), True),
        ((9, 8, 7, 9), False),
    ],
)
def test_counts_that_stop_at_one_number_tell_no_shares(counts: tuple[int, ...], told: bool) -> None:
    labels = np.repeat(np.arange(5), (*counts, 40))
    assert told_by_labels(np.append(labels, [-1] * 9), np.array([1, 1, 1, 1, 0], bool)) == told


def test_without_siblings_nothing_is_told() -> None:
    assert not told_by_labels(np.array([0, 1, 1]), np.zeros(2, bool))
