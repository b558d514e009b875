from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import binom

from lsl_trainer.losses.trial import Trial, left_out

LABELS = np.concatenate([np.repeat(np.arange(4), (50, 12, 5, 4)), [-1] * 30])


def test_a_fifth_of_each_class_is_left_out_where_five_are_there() -> None:
    out = left_out(LABELS)
    assert np.bincount(LABELS[out], minlength=4).tolist() == [10, 2, 1, 0]
    assert not out[LABELS < 0].any()


def judged(lost: int, won: int, kept: int = 0) -> bool:
    """Whether pseudo-labels stop when so many guesses became wrong, and so many right."""
    trial = Trial(np.zeros(200, dtype=np.int64))
    places = torch.arange(lost + won + kept)
    before, since = places < lost, places >= lost
    before[lost + won :] = True
    trial.note(places, before, since=False)
    trial.note(places, since, since=True)
    trial.judge()
    return bool(trial.stopped)


@pytest.mark.parametrize(("lost", "won"), [(3, 0), (4, 1), (6, 3), (9, 4), (12, 11), (20, 10), (2, 0), (0, 9)])
def test_more_losses_than_a_fair_coin_would_give_stop_pseudo_labels(lost: int, won: int) -> None:
    by_chance = binom.sf(lost - 1, lost + won, 0.5)
    assert judged(lost, won, kept=7) == (by_chance < 0.1)


def test_only_images_left_out_are_noted() -> None:
    trial = Trial(LABELS)
    trial.note(torch.arange(len(LABELS)), torch.ones(len(LABELS), dtype=torch.bool), since=True)
    assert int((trial.rights[1] == 1).sum()) == 13
    trial.judge()
    assert not trial.stopped
