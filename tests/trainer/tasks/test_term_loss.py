from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from lsl_trainer.tasks.term_loss import positive_weights, term_loss


def test_odds_and_their_correction() -> None:
    labels = np.array([[1, 0, 0]] * 1 + [[0, 0, 1]] * 3 + [[-1, 0, 1]] * 36)
    assert positive_weights(labels).tolist() == [3.0, 1.0, 1.0]
    # With the same images for ever, the loss is least at the logit of the share of carriers.
    logits = torch.zeros(4, 1, requires_grad=True)
    optimizer = torch.optim.LBFGS([logits], max_iter=100)
    known = torch.tensor([[1], [0], [0], [0]])

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = term_loss(logits.mean().expand(4, 1), known, torch.tensor([3.0]))
        assert loss is not None
        loss.backward()
        return loss

    optimizer.step(closure)
    assert torch.sigmoid(logits.mean()).item() == pytest.approx(0.25, abs=1e-4)


def test_nothing_known_is_no_loss() -> None:
    assert term_loss(torch.zeros(2, 3), torch.full((2, 3), -1), torch.ones(3)) is None
