from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lsl_tools.demo.scene import Scene
from lsl_tools.standardize.segment import contenders
from lsl_tools.standardize.segment.contenders import find_contenders
from lsl_tools.standardize.segment.ellipse import overlap, points_and_normals, polygon_mask
from lsl_tools.standardize.segment.search import find_ellipses
from lsl_tools.standardize.segment.segmentation import reduced
from lsl_tools.standardize.segment.tissue import Tissue, find_tissue

MakeScene = Callable[..., Scene]
ALONE = (200.0, 140.0, 120.0, 52.0, 0.3)


def drawn(*ellipses: tuple[float, ...]) -> Tissue:
    """Grey ellipses on bright ground, 284×400."""
    mask = np.zeros((284, 400), np.uint8)
    for ellipse in ellipses:
        mask |= polygon_mask(points_and_normals(np.array(ellipse), 96)[0], (284, 400))
    return Tissue(np.repeat(np.where(mask, 120, 230).astype(np.float32)[..., None], 3, axis=2), mask)


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with every search."""
    found, search = list[int](), find_ellipses

    def counted(tissue: Tissue) -> object:
        found.append(1)
        return search(tissue)

    monkeypatch.setattr(contenders, "find_ellipses", counted)
    return found


@pytest.mark.parametrize(
    ("ellipses", "expected"),
    [
        ([ALONE], 0),
        ([ALONE, (200.0, 170.0, 118.0, 50.0, 0.9)], 1),  # two that cross
        ([(150.0, 140.0, 110.0, 50.0, 0.0), (250.0, 140.0, 110.0, 50.0, 0.0)], 1),  # end to end
        ([ALONE, (200.0, 175.0, 120.0, 52.0, 0.3)], 1),  # beside each other
        ([ALONE, (50.0, 40.0, 40.0, 18.0, 0.0)], 1),  # another one apart
        ([(30.0, 140.0, 120.0, 52.0, 0.0)], 1),  # cut by the frame
        ([(200.0, 140.0, 60.0, 58.0, 0.0)], 1),  # a round one
        ([(200.0, 140.0, 40.0, 17.0, 0.0)], 1),  # a small one
    ],
)
def test_a_lone_embryo_alone_needs_no_search(
    ellipses: list[tuple[float, ...]], expected: int, searched: list[int]
) -> None:
    found = find_contenders(drawn(*ellipses))
    assert len(searched) == expected
    if not expected:
        assert overlap(found[0].mask, drawn(*ellipses).mask) > 0.98


def test_what_is_found_without_a_search_is_what_a_search_finds(
    scene: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    tissues = [find_tissue(reduced(scene(seed).photograph)) for seed in range(5)]
    lone = [tissue for tissue in tissues if contenders._alone(tissue.mask) is not None]
    assert len(lone) >= 2
    at_once = [find_contenders(tissue)[0].mask for tissue in lone]
    monkeypatch.setattr(contenders, "_alone", lambda mask: None)
    for tissue, mask in zip(lone, at_once, strict=True):
        assert overlap(find_contenders(tissue)[0].mask, mask) > 0.985
