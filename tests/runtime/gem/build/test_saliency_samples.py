from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import Model, annotate, saliency_samples
from lsl_runtime.gem.build.settings import Filter
from lsl_shared import Annotations, ConfigError, Store, annotations_path
from tests.support.bands import BandModel

Make = Callable[..., Path]


def test_maps_are_the_gradient_of_the_class_given(annotated: Path, truth: type[BandModel]) -> None:
    samples = saliency_samples(annotated, ["4", "9"], 6)
    images = np.stack([sample.image for sample in samples])
    index = np.array([{"4": 0, "9": 3}[sample.stage] for sample in samples])
    assert np.stack([sample.saliency for sample in samples]) == pytest.approx(truth().saliency(images, index), rel=1e-4)


def test_stored_maps_are_those_computed(annotated: Path, make_bundle: Make) -> None:
    computed = saliency_samples(annotated, ["7"], 4)
    annotate(annotated, Model.load(make_bundle()), saliency=True, restart=True)
    stored = saliency_samples(annotated, ["7"], 4)
    assert [sample.id for sample in stored] == [sample.id for sample in computed]
    for one, other in zip(stored, computed, strict=True):
        assert one.saliency == pytest.approx(other.saliency, abs=float(other.saliency.max()) / 255)


def test_stages_take_turns_and_genes_before_images(annotated: Path) -> None:
    samples = saliency_samples(annotated, ["9", "5"], 5)
    assert [sample.stage for sample in samples] == ["9", "9", "9", "5", "5"]
    with Store(annotated) as opened, Annotations(annotations_path(annotated)) as given:
        ids, genes = opened.ids, opened.genes
        rows = np.flatnonzero((given.class_index("stage") == 3) & (given.status == 1))
        order = sorted(rows, key=lambda row: -given.probability("stage")[row])
    seen: list[int] = []
    for row in order:
        if not genes[row] or genes[row] not in {genes[other] for other in seen}:
            seen.append(int(row))
    assert [sample.id for sample in samples[:3]] == [ids[row] for row in seen[:3]]
    assert len({sample.id for sample in saliency_samples(annotated, ["9"], 1000)}) == len(rows)


def test_the_filter_holds(annotated: Path) -> None:
    gene = next(sample.gene for sample in saliency_samples(annotated, ["9"], 9) if sample.gene)
    assert {sample.gene for sample in saliency_samples(annotated, ["9"], 9, wanted=Filter(genes=[gene]))} == {gene}


def test_no_sample_is_refused(annotated: Path) -> None:
    with pytest.raises(ConfigError, match="at least 1, received 0"):
        saliency_samples(annotated, ["9"], 0)
