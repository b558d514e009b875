from __future__ import annotations

import pytest

from lsl_trainer.runs.bar import TrainingBar


def test_each_bar_tells_its_own_images(capsys: pytest.CaptureFixture[str]) -> None:
    """Where standard error is no terminal, a bar is a line at its end."""
    with TrainingBar() as bar:
        bar(5)  # before any is shown
        bar.begin("fold 1", 30)
        bar(10)
        bar(20)
        bar.begin("fold 2", 40)
        bar(40)
        bar.begin("fold 3", 10, lambda images: 0.25 * images)
        for _ in range(20):
            bar(2)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" in ")[0] for line in lines] == [
        "fold 1: 30 images",
        "fold 2: 40 images",
        "fold 3: 10 images",
    ]
