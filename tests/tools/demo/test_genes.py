from __future__ import annotations

from dataclasses import replace

import numpy as np

from lsl_tools.demo.anatomy import paint_anatomy
from lsl_tools.demo.genes import TISSUE_FAMILIES, Region, draw_gene
from lsl_tools.demo.pose import Pose


def test_a_region_has_its_density_in_the_middle_and_none_beyond_its_edge() -> None:
    gene = replace(
        draw_gene(0, np.random.default_rng(0)), regions=(Region(0.5, 0.0, 0.2, 0.5, 0.5, 0.8),), everywhere=0.0
    )
    density = gene.upsampled((0.0, 0.0))
    assert density.shape == (128, 320)
    assert abs(density[64, 160] - 0.8) < 1e-6
    assert density[64, :90].max() == density[:25].max() == 0.0
    moved = gene.upsampled((0.25, 0.0))
    assert moved[64, 160] < 0.01 < moved[64, 240]


def test_every_stained_tissue_exists_in_the_atlas() -> None:
    stainable = {tissue for family in TISSUE_FAMILIES.values() for tissue in family}
    times = np.arange(1.5, 18.0, 0.5)
    for tissue in stainable:
        assert any(paint_anatomy(float(time), Pose(), {tissue: 1.0}).stain.any() for time in times), tissue


def test_stain_is_bluer_than_it_is_red_for_every_gene() -> None:
    for k in range(100):
        gene = draw_gene(k, np.random.default_rng(k))
        red, _, blue = gene.stain
        assert 0.0 < blue < 0.7 * red
        assert all(0.6 <= channel <= 1.0 for channel in gene.light)
