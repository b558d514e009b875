from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import saliency_samples
from lsl_runtime.gem.draw.saliency_panel import _sheet, draw_saliency, shown_grey
from lsl_shared import ConfigError
from tests.support.pictures import axes_showing, colours_at, decoded, pictures_of, texts_of, within

Make = Callable[..., Path]


def test_white_is_the_brightest_half_percent() -> None:
    saliency = np.arange(1001, dtype=np.float32).reshape(7, 143)
    assert shown_grey(saliency)[0, :2] == pytest.approx([0, 1 / 995])
    assert (shown_grey(saliency) == 1).sum() == 6
    assert not shown_grey(np.zeros((3, 3), np.float32)).any()


@pytest.mark.parametrize("count", [1, 7])
def test_images_stand_above_their_maps(annotated: Path, tmp_path: Path, count: int) -> None:
    samples = saliency_samples(annotated, ["9"], count)
    draw_saliency(samples, tmp_path / "saliency.png")
    pixels, page = decoded(tmp_path / "saliency.png"), _sheet(samples).figure
    assert len(samples) == count and len(page.axes) == 2 * count
    for sample in samples:
        (above,) = axes_showing(page, sample.image)
        (below,) = axes_showing(page, shown_grey(sample.saliency))
        above_box, below_box = above.get_position(), below.get_position()
        assert above_box.x0 == below_box.x0 and above_box.y0 > below_box.y1
        shape = sample.saliency.shape
        image, saliency = (colours_at(within(pixels, axes), shape) for axes in (above, below))
        assert np.abs(image - sample.image).mean() < 8
        grey = 255 * shown_grey(sample.saliency)
        assert np.ptp(saliency, axis=2).max() <= 1 and np.abs(saliency[..., 0] - grey).mean() < 8
        assert np.corrcoef(saliency[..., 0].ravel(), grey.ravel())[0, 1] > 0.98


def test_odd_names_are_text_in_an_svg(annotated: Path, tmp_path: Path) -> None:
    first, second = saliency_samples(annotated, ["9"], 2)
    draw_saliency([replace(first, gene="<b>$x_{", stage="&" * 90), second], tmp_path / "saliency.svg")
    told = texts_of(tmp_path / "saliency.svg")
    assert pictures_of(tmp_path / "saliency.svg") == 4
    assert any(text.startswith(f"{'&' * 19}… · <b>$x_{{ · ") for text in told)


def test_no_sample_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at least one sample"):
        draw_saliency([], tmp_path / "saliency.png")
