from __future__ import annotations

import warnings

import pytest
import torch
from torch import Tensor

from lsl_trainer.losses.references import ReferenceWarning, own_references, select_references


def draw(probabilities: list[list[float]], labels: list[int], threshold: float = 0.5, n_sets: int = 200) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return select_references(torch.tensor(probabilities), torch.tensor(labels), threshold, n_sets, generator)


def test_every_reference_is_of_its_class_and_passes_the_threshold() -> None:
    probabilities = [[0.9, 0.1], [0.6, 0.4], [0.55, 0.45], [0.1, 0.9], [0.3, 0.7]]
    sets = draw(probabilities, [0, 0, 0, 1, 1], threshold=0.58)
    assert sets.shape == (200, 2)
    assert set(sets[:, 0].tolist()) == {0, 1}
    assert set(sets[:, 1].tolist()) == {3, 4}


def test_a_low_threshold_still_demands_the_largest_probability() -> None:
    probabilities = [[0.45, 0.5, 0.05], [0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]
    sets = draw(probabilities, [0, 0, 1, 2], threshold=0.4)
    assert set(sets[:, 0].tolist()) == {1}, "sample 0 exceeds the threshold but another class is more probable"


def test_the_threshold_itself_does_not_pass() -> None:
    probabilities = [[0.75, 0.25], [0.76, 0.24], [0.1, 0.9]]
    assert set(draw(probabilities, [0, 0, 1], threshold=0.75)[:, 0].tolist()) == {1}


def test_a_class_without_a_candidate_takes_its_surest_right_sample() -> None:
    probabilities = [[0.52, 0.48], [0.56, 0.44], [0.05, 0.95], [0.1, 0.9]]
    with pytest.warns(ReferenceWarning, match="class 0: .* most confident right one"):
        sets = draw(probabilities, [0, 0, 1, 1], threshold=0.6)
    assert set(sets[:, 0].tolist()) == {1}


def test_a_class_without_a_right_sample_takes_its_surest_one() -> None:
    probabilities = [[0.2, 0.8], [0.3, 0.7], [0.05, 0.95]]
    with pytest.warns(ReferenceWarning, match="class 0: .* none being right"):
        sets = draw(probabilities, [0, 0, 1])
    assert set(sets[:, 0].tolist()) == {1}


def test_a_class_without_samples_has_no_reference() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sets = draw([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]], [0, 1])
    assert set(sets[:, 2].tolist()) == {-1}


def test_the_generator_decides_the_draw() -> None:
    probabilities, labels = torch.full((30, 1), 1.0), torch.zeros(30, dtype=torch.int64)
    first, again, other = (
        select_references(probabilities, labels, 0.5, 50, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_sample_is_never_its_own_reference_where_another_exists() -> None:
    sets = torch.tensor([[3, 7], [4, 7], [3, 7]])
    references = own_references(sets, torch.tensor([0, 1, 2, 0]), torch.tensor([3, 9, 3, 7]))
    assert references.tolist() == [[4, 7], [4, 7], [4, 7], [3, 7]], "7 has no other reference of its class"
    assert sets.tolist() == [[3, 7], [4, 7], [3, 7]], "the sets themselves stay as drawn"
