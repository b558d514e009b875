"""Synthetic genes with what is to be found planted in them: a time at which the pattern starts, or a twin.

Genes are those of the demo store that have a pattern. Their images are the demo's own photographs, spread over time as
the demo spreads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lsl_shared import StoreWriter
from lsl_tools.demo.dataset import Plan, render_plan
from lsl_tools.demo.genes import Gene, draw_gene
from lsl_tools.demo.pose import HEIGHT, WIDTH
from lsl_tools.demo.stages import time_at_quantile

__all__ = ["Planted", "has_pattern", "patterned", "write_onsets", "write_twins"]

FIRST, LAST = 4.0, 18.0
"""Times that the stages 4 to 17 cover."""
_GENES, _TIMES, _ONSETS, _TWINS = 11, 12, 13, 14


@dataclass(frozen=True)
class Planted:
    """What is planted in a gene: its images, and when its pattern starts and ends, in stage units."""

    gene: str
    images: int
    onset: float
    end: float


def has_pattern(gene: Gene) -> bool:
    """Whether a gene's pattern is there at all times: regions or the whole embryo, no tissues that come and go."""
    return gene.stage_independent and (bool(gene.regions) or gene.everywhere > 0)


def patterned(seed: int, count: int, tissues: bool = False) -> list[Gene]:
    """The first `count` genes of a seed that have a pattern, at all times unless `tissues` count as well."""
    found: list[Gene] = []
    index = 0
    while len(found) < count:
        gene = draw_gene(index, np.random.default_rng([seed, _GENES, index]))
        if has_pattern(gene) or (tissues and gene.tissues):
            found.append(gene)
        index += 1
    return found


def unstained(gene: Gene) -> Gene:
    """The same gene without a pattern: its light, background and speckle stay."""
    return replace(gene, tissues={}, regions=(), everywhere=0.0)


def times(count: int, generator: np.random.Generator) -> list[float]:
    """`count` times of stages 4 to 17, spread as the demo's images are."""
    start, found, first = generator.random(), list[float](), 0.12
    for k in generator.permutation(count):
        share = (start + (k + generator.random()) / count) % 1.0
        found.append(max(time_at_quantile(first + (1 - first) * share), FIRST))
    return found


def onset_plans(seed: int, genes: int, least: int, most: int) -> Iterator[tuple[Plan, Planted]]:
    """The images of genes whose pattern starts at a planted time, and for a third of them ends as well."""
    index = 0
    for place, gene in enumerate(patterned(seed, genes)):
        generator = np.random.default_rng([seed, _ONSETS, place])
        images = int(generator.integers(least, most + 1))
        onset = float(generator.uniform(6.0, 14.0))
        end = float(generator.uniform(onset + 2, LAST - 1)) if generator.random() < 1 / 3 else np.inf
        planted = Planted(gene.name, images, onset, end)
        for time in times(images, np.random.default_rng([seed, _TIMES, place])):
            shown = gene if onset <= time < end else unstained(gene)
            yield Plan(index, shown, time, int(time) - 4, -1, -1), planted
            index += 1


def twin_plans(seed: int, pairs: int, images: int) -> Iterator[Plan]:
    """Pairs of genes with one pattern: the second, `-twin`, has the light, stain, noise and images of another gene."""
    genes, others = patterned(seed, pairs, tissues=True), patterned(seed + 10_000, pairs, tissues=True)
    index = 0
    for place, (gene, other) in enumerate(zip(genes, others, strict=True)):
        name, everywhere = f"{gene.name}-twin", gene.everywhere
        twin = replace(other, name=name, tissues=gene.tissues, regions=gene.regions, everywhere=everywhere)
        for one in (gene, twin):
            for time in times(images, np.random.default_rng([seed, _TWINS, place, one is gene])):
                yield Plan(index, one, time, int(time) - 4, -1, -1)
                index += 1


def write_onsets(path: Path, seed: int, genes: int, least: int = 12, most: int = 36) -> list[Planted]:
    """A store of genes with planted onsets; returns what is planted, a gene each."""
    plans = list(onset_plans(seed, genes, least, most))
    _write(path, seed, [plan for plan, _ in plans])
    return list({planted.gene: planted for _, planted in plans}.values())


def write_twins(path: Path, seed: int, pairs: int, images: int) -> None:
    """A store of genes and their twins, `images` each."""
    _write(path, seed, list(twin_plans(seed, pairs, images)))


def _write(path: Path, seed: int, plans: list[Plan]) -> None:
    with StoreWriter(path, HEIGHT, WIDTH, overwrite=True) as writer:
        for plan in plans:
            image = render_plan(plan, seed=seed).image
            writer.append(image, id=f"planted-{plan.index:05d}", gene=plan.gene.name, view="lateral")
        writer.add_truth("time", np.array([plan.time for plan in plans], np.float32))
