from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from lsl_runtime import Model, annotate, saliency_samples
from lsl_runtime.gem.draw.saliency_panel import draw_saliency, shown_grey
from lsl_shared import ConfigError

Make = Callable[..., Path]


@pytest.fixture
def store(make_store: Make, make_bundle: Make) -> Path:
    path = make_store(60)
    annotate(path, Model.load(make_bundle()))
    return path


def test_white_is_the_brightest_half_percent() -> None:
    saliency = np.arange(1001, dtype=np.float32).reshape(7, 143)
    assert shown_grey(saliency)[0, :2] == pytest.approx([0, 1 / 995])
    assert (shown_grey(saliency) == 1).sum() == 6
    assert not shown_grey(np.zeros((3, 3), np.float32)).any()


@pytest.mark.parametrize(("count", "ending"), [(1, "png"), (7, "png"), (2, "svg")])
def test_panel_is_drawn(store: Path, tmp_path: Path, count: int, ending: str) -> None:
    samples = saliency_samples(store, ["9"], count)
    samples = (replace(samples[0], gene="<b>$x_{", stage="&" * 90), *samples[1:])
    draw_saliency(samples, tmp_path / f"saliency.{ending}")
    if ending == "png":
        assert imread(tmp_path / "saliency.png")[..., :3].std() > 0.1
    else:
        assert "<b>" not in (tmp_path / "saliency.svg").read_text()


def test_no_sample_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at least one sample"):
        draw_saliency([], tmp_path / "saliency.png")
