from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import Atlas, build_atlas
from lsl_runtime.genes.alike import Patterns, check_gene
from lsl_runtime.genes.clusters import cluster
from lsl_shared import ConfigError


def drawn(atlas: Atlas, blobs: list[float], seed: int = 0) -> Atlas:
    """An atlas of genes with a blob each at that percent of the egg, of strengths of their own."""
    generator, stages = np.random.default_rng(seed), len(atlas.stages)
    shape = (stages, len(blobs), *atlas.inside.shape)
    strength = generator.uniform(0.3, 0.9, (stages, len(blobs), 1, 1))
    blob = np.exp(-0.5 * ((atlas.egg_length - np.array(blobs)[:, None]) / 12) ** 2)[None, :, None, :]
    mean = (strength * blob + 0.02 * generator.random(shape)).astype(np.float32)
    counts = generator.integers(0, 3, (stages, len(blobs))).astype(np.int32)
    counts[0] = 1
    mean[counts == 0] = np.nan
    names = tuple(f"g{place}" for place in range(len(blobs)))
    return replace(atlas, genes=names, mean=mean, share=mean, n_images=counts)


@pytest.fixture
def atlas(annotated: Path) -> Atlas:
    return build_atlas(annotated, rows=8)


def test_the_twin_comes_first(atlas: Atlas) -> None:
    patterns = Patterns(drawn(atlas, [10, 10, 40, 40, 60, 60, 90, 90]))
    for place in range(8):
        found = patterns.like(patterns.of(f"g{place}"), but=f"g{place}")
        assert found[0].gene == f"g{place ^ 1}" and found[0].similarity > 0.7 and len(found) == 7
    at = patterns.like(patterns.of("g0"), but="g0", stages=[atlas.stages[0]])
    assert at[0].gene == "g1" and at[0].n_images == 1


def test_similarity_is_a_correlation(atlas: Atlas) -> None:
    one = drawn(atlas, [10, 30, 70, 90])
    one = replace(one, n_images=np.ones_like(one.n_images), mean=np.nan_to_num(one.mean, nan=0.3))
    patterns = Patterns(one)
    near = np.exp(-0.5 * (np.arange(4)[:, None] - np.arange(4)) ** 2.0)
    stain = np.einsum("st,tgc->sgc", near / near.sum(1, keepdims=True), np.sqrt(one.mean[:, :, one.inside]))
    stain = stain - stain.mean(1, keepdims=True)
    expected = np.mean([np.corrcoef(stain[s])[0] for s in range(4)], axis=0)
    np.testing.assert_allclose(patterns.similarity(patterns.of("g0")), expected, atol=1e-5)


def test_a_picture_finds_its_gene(atlas: Atlas) -> None:
    one = drawn(atlas, [10, 40, 65, 90])
    patterns = Patterns(one)
    again = drawn(atlas, [10, 40, 65, 90], seed=1)
    found = patterns.like(patterns.of_map(again.mean[0, 2], atlas.stages[0]))
    assert found[0].gene == "g2" and len(found) == 4


def test_a_gene_without_stain_is_like_none(atlas: Atlas) -> None:
    blank = drawn(atlas, [10, 10, 90, 90])
    mean = blank.mean.copy()
    mean[:, 3] = np.where(np.isnan(mean[:, 3]), np.nan, 0.0)
    mean[:, :3] = np.where(np.isnan(mean[:, :3]), np.nan, 0.0)
    patterns = Patterns(replace(blank, mean=mean))
    assert np.abs(patterns.similarity(patterns.of("g0"))).max() == 0


def test_classes_without_an_order_are_not_smoothed(atlas: Atlas) -> None:
    one = replace(drawn(atlas, [10, 10, 90, 90]), stages=("oak", "palm", "rice", "pine"))
    assert (Patterns(one).known == (one.n_images > 0)).all()
    assert (Patterns(replace(one, stages=atlas.stages)).known > 0).all()


def test_clusters(atlas: Atlas) -> None:
    found = cluster(Patterns(drawn(atlas, [10, 50, 10, 90, 10, 50, 90, 50, 50])), 3)
    sets = {tuple(sorted(found.members(place).tolist())) for place in range(3)}
    assert sets == {(1, 5, 7, 8), (0, 2, 4), (3, 6)} and len(found.members(0)) == 4
    with pytest.raises(ConfigError, match="--clusters must be 2 to the number of genes, 2; received 3"):
        cluster(Patterns(drawn(atlas, [10, 90])), 3)


def test_a_gene_of_another_case_is_named(atlas: Atlas) -> None:
    one = replace(atlas, genes=("Dl", "dl", "eve", *atlas.genes[3:]))
    assert check_gene(one, "Dl") == "Dl"
    with pytest.raises(ConfigError, match="no gene 'DL' among the chosen images; there is Dl and dl"):
        check_gene(one, "DL")
