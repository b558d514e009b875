from __future__ import annotations

import math

import pytest

from lsl_trainer.learning.schedule import scheduled_rate
from lsl_trainer.settings.groups import Descent


def test_steps_drop_to_a_tenth_at_each_milestone() -> None:
    descent = Descent(schedule="steps", milestones=(0.5, 0.75))
    rates = [scheduled_rate(0.2, done, 8, descent) for done in range(8)]
    assert rates == pytest.approx([0.2] * 4 + [0.02] * 2 + [0.002] * 2)


def test_cosine_warms_up_over_a_twentieth() -> None:
    descent = Descent(schedule="cosine")
    assert scheduled_rate(0.2, 0, 100, descent) == pytest.approx(0.2 / 5)
    assert scheduled_rate(0.2, 50, 100, descent) == pytest.approx(0.1)
    assert scheduled_rate(0.2, 99, 100, descent) == pytest.approx(0.1 * (1 + math.cos(0.99 * math.pi)))
