"""A store of synthetic embryos with everything that is known about them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lsl_shared.files.store_writer import StoreWriter
from lsl_shared.fly import stage_range_space, stage_space
from lsl_tools.demo.dataset import plan_images, render_plan
from lsl_tools.demo.defaults import DEMO_FINE_FRACTION, DEMO_IMAGES
from lsl_tools.demo.pose import HEIGHT, WIDTH
from lsl_tools.demo.terms import terms_of, terms_space

__all__ = ["write_demo_store"]


def write_demo_store(
    path: str | Path,
    *,
    images: int = DEMO_IMAGES,
    fine_fraction: float = DEMO_FINE_FRACTION,
    seed: int = 0,
    overwrite: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Draws lateral fly embryos, and writes them to a new store with labels and everything that is known of them.

    The store has the tasks `stage_range` (every image, 2 % of them wrong) and `stage` (a part of the images), the terms
    `cv_terms`, genes, and the truth: stage (−1 for "1-3"), stage_range, time (9.5 is half through
    stage 9), expression, landmarks.

    Args:
        path: The store to make.
        images: How many, at least 1.
        fine_fraction: The part of the images that carry the label `stage`, 0..1.
        seed: The same seed gives the same images.
        overwrite: Whether a store that exists is replaced.
        on_progress: Called with 1 after each image.

    Raises:
        StoreError: The store exists already, or cannot be written.
        ConfigError: A number is out of range.

    Example:
        >>> from lsl_shared import Store
        >>> from lsl_tools import write_demo_store
        >>> write_demo_store("drawn.h5", images=4, seed=7)
        >>> with Store("drawn.h5") as store:
        ...     store.shape, list(store.tasks), store.has_truth("expression")
        ((4, 128, 320), ['stage_range', 'stage'], True)
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
        writer.add_truth("time", [plan.time for plan in plans])
