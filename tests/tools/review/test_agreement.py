from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from lsl_tools.review.agreement import agreement, disagreements, kappa
from lsl_tools.review.answer import Answer
from lsl_tools.review.ledger import Ledger

CLASSES = ("4", "5", "7", "9")
Given = Callable[..., Answer]


def drawn(count: int, seed: int) -> tuple[list[str], list[str]]:
    """Two people's classes: the second says the same in two of three."""
    generator = np.random.default_rng(seed)
    first = generator.integers(0, 4, count)
    second = np.where(generator.random(count) < 0.67, first, generator.integers(0, 4, count))
    return [CLASSES[k] for k in first], [CLASSES[k] for k in second]


def test_kappa_is_that_of_scikit_learn() -> None:
    first, second = drawn(200, 1)
    found = agreement(list(zip(first, second, strict=True)), CLASSES)
    assert found.kappa == pytest.approx(cohen_kappa_score(first, second))
    for name, (images, value, low, high) in found.classes.items():
        ones = [[said == name for said in person] for person in (first, second)]
        assert value == pytest.approx(cohen_kappa_score(*ones))
        assert images == sum(one or other for one, other in zip(*ones, strict=True))
        assert low < value < high
    assert found.low < found.kappa < found.high
    # Cicchetti and Feinstein's example: 80 yes-yes, 5 and 5 apart, 10 no-no
    assert kappa(np.repeat([0, 0, 1, 1], [80, 5, 5, 10]), np.repeat([0, 1, 0, 1], [80, 5, 5, 10]), 2) == pytest.approx(
        (0.9 - (0.85**2 + 0.15**2)) / (1 - (0.85**2 + 0.15**2))
    )


def test_the_interval_holds_the_true_kappa_nineteen_times_in_twenty() -> None:
    true = 0.67  # of equally frequent classes: both say the same for sure in so many
    intervals = [agreement(list(zip(*drawn(80, seed), strict=True)), CLASSES) for seed in range(60)]
    held = sum(one.low <= true <= one.high for one in intervals)
    assert 52 <= held <= 60


def test_chance_alone_defines_no_kappa() -> None:
    found = agreement([("4", "4"), ("4", "4")], CLASSES)
    assert np.isnan(found.kappa) and found.same == 2
    assert agreement([], CLASSES).images == 0


def test_a_disagreement_is_settled_by_a_later_label(given: Given) -> None:
    ledger = Ledger([
        given("second", 1, "5", old="4", by="Ada", who="Grace"),
        given("second", 2, "5", old="5", by="Ada", who="Grace"),
        given("second", 3, "9", old="4", by="Ada", who="Grace"),
    ])  # fmt: skip
    assert [(one.row, settled) for one, settled in disagreements(ledger, "stage")] == [(1, ""), (3, "")]
    ledger.add(given("label", 3, "4", old="4"))
    assert [(one.row, settled) for one, settled in disagreements(ledger, "stage")] == [(1, ""), (3, "4")]
