from __future__ import annotations

import torch

from lsl_trainer.losses.pseudo_labels import class_thresholds, guesses

SIBLINGS = torch.tensor([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]).bool()


def test_a_guess_is_the_best_allowed_class_and_shares_their_probability() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.2, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]]))
    allowed = torch.tensor([[0, 1, 0, 1], [1, 1, 1, 1]]).bool()
    guess, probability = guesses(logits, allowed)
    assert guess.tolist() == [1, 3]
    assert torch.allclose(probability, torch.tensor([2 / 3, 0.4]))


def test_a_class_that_is_guessed_less_than_its_sibling_is_believed_sooner() -> None:
    remembered = torch.tensor([0] * 8 + [1] * 2 + [2] * 3 + [-1] * 9)
    found = class_thresholds(remembered, SIBLINGS, 0.8)
    beta = 2 / 8
    assert torch.allclose(found, torch.tensor([0.8, 0.8 * (0.5 + 0.5 * beta / (2 - beta)), 0.8, 0.4]))


def test_before_any_guess_all_are_believed_from_half_the_threshold() -> None:
    assert torch.allclose(class_thresholds(torch.full((5,), -1), SIBLINGS, 0.9), torch.full((4,), 0.45))
