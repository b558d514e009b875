from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from lsl_shared.errors import BundleError
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.runs import finish


def test_a_network_that_eight_bits_are_too_few_for_keeps_its_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refused(*_: Any) -> None:
        raise BundleError(tmp_path / "model-int8", "logits of the golden sample differ")

    monkeypatch.setattr(finish, "int8_bundle", refused)
    fine = SimpleNamespace(images=np.zeros((3, 4, 4, 3), np.uint8), rows=np.array([2, 0]))
    (told,) = finish._quantized(cast(TrainingData, SimpleNamespace(fine=fine, first=True)), tmp_path)
    assert told.startswith("model-int8 was not written") and "golden sample differ" in told
