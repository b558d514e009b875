"""Random tables, damaged as Excel, R and pandas do: what comes back is the truth, or a refusal that names the line."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.turned_tables import outcome_of, random_table

FEW = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))


@FEW
@given(random=st.randoms(use_true_random=False))
def test_never_another_label(random: Random, tmp_path: Path) -> None:
    assert outcome_of(random_table(random, tmp_path)) in ("whole", "restored", "refused")


def test_the_tables_are_worth_reading(tmp_path: Path) -> None:
    counts = Counter(outcome_of(random_table(Random(seed), tmp_path)) for seed in range(300))
    assert min(counts["whole"], counts["restored"], counts["refused"]) > 40


@pytest.mark.parametrize("seed", [364, 3113, 6994, 12893, 1003965, 1007533])
def test_tables_that_once_came_out_wrong(seed: int, tmp_path: Path) -> None:
    outcome_of(random_table(Random(seed), tmp_path))
