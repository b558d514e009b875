from __future__ import annotations

from dataclasses import replace

import numpy as np

from lsl_tools.demo.anatomy import paint_anatomy
from lsl_tools.demo.genes import Gene, Region, draw_gene
from lsl_tools.demo.photograph import Photograph, draw_photograph
from lsl_tools.demo.render import luminance, render


def make(seed: int, **changes: object) -> tuple[Gene, Photograph]:
    gene = replace(draw_gene(0, np.random.default_rng(seed)), **changes)  # type: ignore[arg-type]
    return gene, draw_photograph(gene, np.random.default_rng([seed, 1]))


def test_strong_stain_darkens_the_image() -> None:
    spot = (Region(0.4, 0.1, 0.15, 0.5, 0.7, 1.0),)
    for seed in range(5):
        gene, shot = make(seed, regions=spot, tissues={}, everywhere=0.0, strength=1.2, background=0.0)
        image, expression = render(9.3, gene, replace(shot, strength=1.2))
        inside = paint_anatomy(9.3, shot.pose).mask > 127
        darkness = 255.0 - image.mean(axis=2)
        assert np.corrcoef(darkness[inside], expression[inside])[0, 1] > 0.75


def test_stain_takes_red_before_blue() -> None:
    gene, shot = make(2, everywhere=1.0, strength=1.5)
    image, expression = render(5.5, gene, replace(shot, strength=1.5, saturation=1.0))
    stained = image[expression > 150].mean(axis=0)
    assert stained[2] > stained[0] + 20


def test_expression_is_zero_outside_the_embryo_and_without_stain() -> None:
    gene, shot = make(4, everywhere=1.0)
    _, expression = render(10.5, gene, shot)
    outside = paint_anatomy(10.5, shot.pose, gene.tissues).mask <= 127
    assert outside.any() and not expression[outside].any()
    bare, shot = make(4, everywhere=0.0, tissues={}, regions=(), background=0.0)
    assert not render(10.5, bare, shot)[1].any()


def test_expression_moves_with_its_tissue_and_regions_do_not() -> None:
    gene, shot = make(6, tissues={"posterior midgut": 1.0}, regions=(), everywhere=0.0, background=0.0)
    at_7, at_9 = (np.nonzero(render(time, gene, shot)[1])[1].mean() for time in (7.4, 9.5))
    assert at_7 - at_9 > 60
    gene, shot = make(6, tissues={}, regions=(Region(0.5, 0, 0.1, 0.4, 0.8, 1.0),), everywhere=0.0, background=0.0)
    at_7, at_9 = (np.nonzero(render(time, gene, shot)[1])[1].mean() for time in (7.4, 9.5))
    assert abs(at_7 - at_9) < 3


def test_luminance_knows_no_stain_and_is_white_outside() -> None:
    _, shot = make(3)
    light = luminance(8.0, shot)
    assert light.dtype == np.float32 and light.shape == (128, 320)
    assert light[0, 0] == 1.0 and 0.2 < light[64, 160] < 1.1
    np.testing.assert_array_equal(light, luminance(8.0, replace(shot, strength=5.0)))
