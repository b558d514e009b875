from __future__ import annotations

import numpy as np
import pytest

from lsl_shared import LabelSpace
from lsl_shared.errors import TrainingError
from lsl_trainer.tasks.terms import TermTask, frequent_terms


def test_terms_that_cannot_be_learnt_are_named() -> None:
    labels = np.array([[1, 0, 0], [0, 1, -1], [-1, -1, -1]])
    task = TermTask(LabelSpace("marks", ("upper", "lower", "never")), labels)
    assert task.never_carried(labels) == ("never",)
    with pytest.raises(TrainingError, match=r"no training image carries any term of 'marks': annotate more genes"):
        task.never_carried(np.where(labels == 1, 0, labels))


def test_terms_of_three_genes() -> None:
    labels = np.array([[1, 1, 0], [1, 0, 1], [1, 1, -1], [1, 1, 1]])
    assert frequent_terms(labels, np.array([0, 1, 2, 2])).tolist() == [0]
    assert frequent_terms(labels, np.array([0, 1, 2, 2]), least=2).tolist() == [0, 1, 2]
