"""A store of synthetic embryos with everything that is known about them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from lsl_shared.files.store_writer import StoreWriter
from lsl_shared.fly import stage_range_space, stage_space
from lsl_tools.demo.dataset import plan_images, render_plan
from lsl_tools.demo.pose import HEIGHT, WIDTH
from lsl_tools.demo.terms import terms_of, terms_space

__all__ = ["DEMO_FINE_FRACTION", "DEMO_IMAGES", "write_demo_store"]

DEMO_IMAGES: Final = 1400
DEMO_FINE_FRACTION: Final = 0.27


def write_demo_store(
    path: str | Path,
    *,
    images: int = DEMO_IMAGES,
    fine_fraction: float = DEMO_FINE_FRACTION,
    seed: int = 0,
    overwrite: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Writes `images` synthetic lateral embryos to the new store `path`.

    The store has the tasks `stage_range` (every image, 2 % of them wrong) and `stage` (`fine_fraction` of the images),
    the terms `cv_terms` (see `terms_of`), genes, and the truth: `truth/stage` (class index, -1 for "1-3"),
    `truth/stage_range`, `truth/expression`, `truth/landmarks`. `on_progress` is called with 1 after every image. Raises
    StoreError if `path` exists without `overwrite`, ConfigError for numbers out of range.
    """
    plans = plan_images(images, seed=seed, fine_fraction=fine_fraction)
    with StoreWriter(path, HEIGHT, WIDTH, overwrite=overwrite) as writer:
        for plan in plans:
            embryo = render_plan(plan, seed=seed)
            truth = {"expression": embryo.expression, "landmarks": embryo.landmarks}
            source = f"lsl-store demo, seed {seed}"
            writer.append(embryo.image, id=embryo.id, gene=embryo.gene, view="lateral", source=source, truth=truth)
            if on_progress:
                on_progress(1)
        writer.add_task(stage_range_space(), [plan.stage_range_label for plan in plans])
        writer.add_task(stage_space(), [plan.fine_label for plan in plans])
        writer.add_terms(terms_space(), terms_of(plans, seed=seed))
        writer.add_truth("stage", [plan.stage for plan in plans])
        writer.add_truth("stage_range", [plan.true_range for plan in plans])
