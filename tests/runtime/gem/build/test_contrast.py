from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import Model, build_contrast
from lsl_runtime.gem.build.settings import Filter
from lsl_shared import Annotations, ConfigError, GemError, Store


def test_it_is_the_mean_over_genes_of_one_logit_less_the_other(annotated: Path) -> None:
    found = build_contrast(annotated, "4", "9")
    model = Model.load(annotated.parent / "runs" / "1" / "model", "cpu")
    first, second = (model.logit_index("stage", name) for name in ("4", "9"))
    with Store(annotated) as store, Annotations(annotated.with_suffix(".annotations.h5")) as given:
        rows = np.flatnonzero(given.class_index("stage") == first)
        both = np.full(len(rows), first), np.full(len(rows), second)
        signed = model.contributions(store.select(rows), *both, smooth=2.0)
        genes = [store.genes[row] or store.ids[row] for row in rows]
    mean = np.average(signed, axis=0, weights=[1 / genes.count(gene) for gene in genes])
    np.testing.assert_allclose(found.mean, mean, atol=1e-5 * np.abs(mean).max())
    assert (found.n_images, found.n_genes, found.stage, found.against) == (len(rows), len(set(genes)), "4", "9")
    # Stain in the first quarter speaks for stage 4.
    assert found.mean[:, :10].max() > 4 * found.mean[:, 12:].max() and found.cells_for[4:12, 4:8].all()
    assert len(found.samples) == 5 and found.samples[0].contributions.shape == (16, 40)


def test_what_speaks_for_the_other_class_is_told_apart(annotated: Path) -> None:
    """p of both sides: together at least 1, and only a little more."""
    found = build_contrast(annotated, "4", "9")
    inside = ~np.isnan(found.p_for)
    assert ((found.p_for + found.p_against)[inside] >= 1).all()
    assert not (found.cells_for & found.cells_against).any()


def test_bad_classes_are_named(annotated: Path) -> None:
    with pytest.raises(ConfigError, match="Name two classes"):
        build_contrast(annotated, "4", "4")
    with pytest.raises(GemError, match="no class '40'"):
        build_contrast(annotated, "4", "40")
    with pytest.raises(GemError, match="none of a gene asked for"):
        build_contrast(annotated, "4", "9", wanted=Filter(genes=["none"]))


def test_progress_reaches_every_image(annotated: Path) -> None:
    passed: list[int] = []
    told: Callable[[int], None] = passed.append
    build_contrast(annotated, "4", "9", on_progress=told)
    assert sum(passed) == 60
