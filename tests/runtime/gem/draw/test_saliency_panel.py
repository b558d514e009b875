from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from lsl_runtime import Model, annotate
from lsl_runtime.gem.build.selection import Filter
from lsl_runtime.gem.draw.saliency_panel import draw_saliency, saliency_samples, shown_grey
from lsl_shared import Annotations, ConfigError, Store, annotations_path

Make = Callable[..., Path]


@pytest.fixture
def store(make_store: Make, make_bundle: Make) -> Path:
    path = make_store(60)
    annotate(path, Model.load(make_bundle()))
    return path


def test_maps_are_the_gradient_of_the_class_given(store: Path, truth: type) -> None:
    samples = saliency_samples(store, ["4", "9"], 6)
    images = np.stack([sample.image for sample in samples])
    index = np.array([{"4": 0, "9": 3}[sample.stage] for sample in samples])
    assert np.stack([sample.saliency for sample in samples]) == pytest.approx(truth().saliency(images, index), rel=1e-4)


def test_stored_maps_are_those_computed(store: Path, make_bundle: Make) -> None:
    computed = saliency_samples(store, ["7"], 4)
    annotate(store, Model.load(make_bundle()), saliency=True, restart=True)
    stored = saliency_samples(store, ["7"], 4)
    assert [sample.id for sample in stored] == [sample.id for sample in computed]
    for one, other in zip(stored, computed, strict=True):
        assert one.saliency == pytest.approx(other.saliency, abs=float(other.saliency.max()) / 255)


def test_stages_take_turns_and_genes_before_images(store: Path) -> None:
    samples = saliency_samples(store, ["9", "5"], 5)
    assert [sample.stage for sample in samples] == ["9", "9", "9", "5", "5"]
    with Store(store) as opened, Annotations(annotations_path(store)) as given:
        ids, genes = opened.ids, opened.genes
        rows = np.flatnonzero((given.class_index("stage") == 3) & (given.status == 1))
        order = sorted(rows, key=lambda row: -given.probability("stage")[row])
    seen: list[int] = []
    for row in order:
        if not genes[row] or genes[row] not in {genes[other] for other in seen}:
            seen.append(int(row))
    assert [sample.id for sample in samples[:3]] == [ids[row] for row in seen[:3]]
    assert len({sample.id for sample in saliency_samples(store, ["9"], 1000)}) == len(rows)


def test_the_filter_holds(store: Path) -> None:
    gene = next(sample.gene for sample in saliency_samples(store, ["9"], 9) if sample.gene)
    assert {sample.gene for sample in saliency_samples(store, ["9"], 9, wanted=Filter(genes=[gene]))} == {gene}


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


def test_no_sample_is_refused(store: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at least 1, received 0"):
        saliency_samples(store, ["9"], 0)
    with pytest.raises(ConfigError, match="at least one sample"):
        draw_saliency([], tmp_path / "saliency.png")
