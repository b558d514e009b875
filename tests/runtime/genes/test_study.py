from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import study_genes
from lsl_shared import Annotations, ConfigError, Store, expression


def test_a_gene_by_hand(annotated: Path) -> None:
    study = study_genes(annotated)
    place = study.atlas.genes.index("gene003")
    one = study.genes[place]
    with Store(annotated) as store, Annotations(annotated.with_suffix(".annotations.h5")) as given:
        classes = given.class_index("stage")
        rows = np.flatnonzero((store.genes == "gene003") & (classes >= 0))
        pixels, names = store.read(0, len(store)), given.tasks["stage"]
    assert one.n_images == len(rows) and one.n_stages == len(set(classes[rows]))
    for stage in {names[classes[row]] for row in rows}:
        found = [expression(pixels[row]) for row in rows if names[classes[row]] == stage]
        tops = [np.sort(each.density[each.mask])[-max(1, int(each.mask.sum()) // 20) :].mean() for each in found]
        s = study.atlas.stages.index(stage)
        assert study.strongest[s, place] == pytest.approx(np.mean(tops), rel=1e-4)
        inside = np.mean([each.density for each in found], axis=0)[study.atlas.inside]
        if stage == one.peak_stage:
            assert one.peak.peak == pytest.approx(inside.max(), rel=1e-5) and one.peak.n_images == len(found)
    assert np.isnan(study.strongest[study.atlas.n_images == 0]).all()


def test_times_are_those_of_the_fly(annotated: Path) -> None:
    study = study_genes(annotated)
    assert study.timetable is not None and study.timetable.unit == "minutes"
    assert study.ages([0, 4]) == [80, 260]  # stage 4 begins, stage 9 ends
    for one in study.genes:
        assert one.window is not None and 0 <= one.window.onset[0] <= one.window.onset[1] <= one.window.onset[2] <= 4


def test_filters(annotated: Path) -> None:
    study = study_genes(annotated, genes=["gene001", "gene002"])
    assert study.atlas.genes == ("gene001", "gene002") and len(study.genes) == 2
    with pytest.raises(ConfigError, match="--floor is a probability"):
        study_genes(annotated, floor=2)
