"""Synthetic embryos in order: genes, photographs, labels as an expert would give them, and the truth behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError
from lsl_shared.fly import STAGES
from lsl_tools.demo.genes import Gene, draw_gene
from lsl_tools.demo.landmarks import landmarks
from lsl_tools.demo.photograph import draw_photograph
from lsl_tools.demo.render import render
from lsl_tools.demo.stages import observed_stage, range_of_stage, time_at_quantile, wrong_range

__all__ = ["DemoImage", "Plan", "demo_images", "plan_images", "render_plan"]

_GENES: Final = 1
_PHOTOGRAPHS: Final = 2
_EXPERTS: Final = 3
_FINE: Final = 4


@dataclass(frozen=True)
class Plan:
    """One image before it is rendered: everything but its pixels. Labels are class indices, -1 = none."""

    index: int
    gene: Gene
    time: float
    stage: int
    true_range: int
    stage_range_label: int
    fine_label: int = -1


@dataclass(frozen=True)
class DemoImage:
    """One synthetic photograph: image uint8 (128, 320, 3) RGB, expression uint8 and landmarks 0/1 uint8 (128, 320).

    `stage` -1..13 is the truth, -1 for stages 1 to 3; `stage_range_label` 0..5 is wrong in 2 % of the images, where
    `true_range` is not; `fine_label` is -1 for most.
    """

    image: NDArray[np.uint8]
    expression: NDArray[np.uint8]
    landmarks: NDArray[np.uint8]
    id: str
    gene: str
    time: float
    stage: int
    true_range: int
    stage_range_label: int
    fine_label: int


def demo_images(n: int, *, seed: int = 0, fine_fraction: float = 0.2) -> Iterator[DemoImage]:
    """`n` synthetic embryos; the same seed gives the same images, and a longer run begins with those of a shorter one.

    `fine_fraction` of the images get a fine label, spread evenly over the 14 stages as far as there are images (which
    images get one depends on n). Raises ConfigError for n below 1 or a fraction outside 0..1.
    """
    for plan in plan_images(n, seed=seed, fine_fraction=fine_fraction):
        yield render_plan(plan, seed=seed)


def plan_images(n: int, *, seed: int = 0, fine_fraction: float = 0.2) -> list[Plan]:
    """What `demo_images` will render, without the pixels. Raises ConfigError as it does."""
    if n < 1:
        raise ConfigError(f"a demo store needs at least 1 image, received {n}: raise --images")
    if not 0.0 <= fine_fraction <= 1.0:
        raise ConfigError(f"--fine-fraction is the share of images with a fine label, 0 to 1; received {fine_fraction}")
    plans = list(islice(_plans(seed), n))
    stages = np.array([plan.stage for plan in plans])
    chosen = _spread(stages, round(n * fine_fraction), np.random.default_rng([seed, _FINE]))
    return [Plan(**{**vars(plan), "fine_label": plan.stage}) if plan.index in chosen else plan for plan in plans]


def render_plan(plan: Plan, *, seed: int = 0) -> DemoImage:
    """The photograph that `plan` describes, under the seed that it was planned with."""
    photograph = draw_photograph(plan.gene, np.random.default_rng([seed, _PHOTOGRAPHS, plan.index]))
    image, expression = render(plan.time, plan.gene, photograph)
    return DemoImage(
        image=image,
        expression=expression,
        landmarks=landmarks(plan.time, photograph),
        id=f"demo-{seed}-{plan.index:06d}",
        gene=plan.gene.name,
        time=plan.time,
        stage=plan.stage,
        true_range=plan.true_range,
        stage_range_label=plan.stage_range_label,
        fine_label=plan.fine_label,
    )


def _plans(seed: int) -> Iterator[Plan]:
    """Gene after gene without end, 4 to 6 images each, spread over developmental time as Table I of the paper is."""
    index = gene_index = 0
    while True:
        generator = np.random.default_rng([seed, _GENES, gene_index])
        gene, images, start = draw_gene(gene_index, generator), int(generator.integers(4, 7)), generator.random()
        for k in generator.permutation(images):
            expert = np.random.default_rng([seed, _EXPERTS, index])
            time = time_at_quantile(float((start + (k + expert.random()) / images) % 1.0))
            stage = observed_stage(time, expert)
            true_range = range_of_stage(stage)
            yield Plan(index, gene, time, stage, true_range, wrong_range(true_range, expert))
            index += 1
        gene_index += 1


def _spread(stages: NDArray[np.int64], wanted: int, generator: np.random.Generator) -> set[int]:
    """Indices of up to `wanted` images, drawn evenly from all stages; one that runs out leaves its share."""
    queues = [list(generator.permutation(np.flatnonzero(stages == stage))) for stage in range(len(STAGES))]
    chosen: set[int] = set()
    while len(chosen) < wanted and any(queues):
        for stage in generator.permutation(len(STAGES)):
            if queues[stage] and len(chosen) < wanted:
                chosen.add(int(queues[stage].pop()))
    return chosen
