from __future__ import annotations

from pathlib import Path

import numpy as np

from lsl_shared import Store
from lsl_trainer.data.known_labels import range_labels
from tests.support.squares import COARSE, FINE


def test_the_range_is_the_coarse_class_or_follows_from_the_fine_one(termed: Path) -> None:
    with Store(termed) as store:
        np.testing.assert_array_equal(range_labels(store, FINE), store.labels("side"))
        np.testing.assert_array_equal(range_labels(store, COARSE), store.labels("side"))
