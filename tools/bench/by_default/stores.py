"""The stores of default.py: one for each setting and, where they are drawn, each seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from flies import imported
from lowshot import write_pollen
from numpy.typing import NDArray

from lsl_shared import Store, StoreWriter
from lsl_shared.labels import LabelSpace
from lsl_tools.demo.dataset import plan_images, render_plan
from lsl_tools.demo.pose import HEIGHT, WIDTH
from lsl_tools.demo.store import write_demo_store
from lsl_trainer.data.split import fold_store

__all__ = ["SETTINGS", "Setting", "parts_of", "prepare", "store_of"]

_FIRST_DEMO_SEED = 700
_RANGES = {3: 0, 4: 1}  # 9-10 and 11-12 among the stage ranges
_TRAINED, _TESTED = 60, 600


@dataclass(frozen=True)
class Setting:
    """What is learnt, of which labels."""

    name: str
    told: str
    settings: dict[str, Any]
    coarse: bool = True
    """Whether there are coarse labels."""
    seeded: bool = False
    """Whether each seed has a store of its own."""
    seed_labels: bool = False
    """Whether the seed draws the fine labels that count."""
    folds: int = 1
    """How many genes are left out in turn."""


SETTINGS = {
    one.name: one
    for one in (
        Setting("a", "demo store of 1,400", {}, seeded=True),
        Setting("b", "pollen, 1 label a species", {"split": "random", "fine_per_class": 1}, seed_labels=True),
        Setting("c", "pollen, 5 labels a species", {"split": "random", "fine_per_class": 5}, seed_labels=True),
        Setting("d", "ranges of photographs, each gene left out", {"fine": "stage_range"}, coarse=False, folds=7),
        Setting("e", "60 images of two ranges", {"split": "stored"}, coarse=False, seeded=True),
        Setting("f", "3,000 embryos, 10 labels a stage", {"fine_per_class": 10}, seeded=True, seed_labels=True),
    )
}


def store_of(out: Path, setting: Setting, seed: int) -> Path:
    """Where the store lies."""
    kind = {"b": "pollen", "c": "pollen"}.get(setting.name, setting.name)
    return out / "stores" / (f"{kind}-{seed}.h5" if setting.seeded else f"{kind}.h5")


def prepare(data: Path, out: Path, name: str, seed: int) -> None:
    """Writes the store of a setting, where it is not there."""
    path, drawn = store_of(out, SETTINGS[name], seed), _FIRST_DEMO_SEED + seed
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if name in ("b", "c"):
        write_pollen(data / "pollen73s", path)
    elif name == "d":
        imported(data / "flyexpress", path)
    elif name == "e":
        _write_two_ranges(path, drawn)
    else:
        write_demo_store(
            path, images=1400 if name == "a" else 3000, fine_fraction=0.27 if name == "a" else 1.0, seed=drawn
        )


def parts_of(store: Store, setting: Setting) -> list[NDArray[np.int8]] | None:
    """The parts of the folds; None where the settings split."""
    if setting.folds == 1:
        return None
    groups = len(np.unique(store.groups()))
    return fold_store(store, "gene", groups, ("stage_range",), np.random.default_rng(0))


def _write_two_ranges(path: Path, seed: int) -> None:
    """60 embryos of two ranges to learn from, and 600 of other genes to be tested on."""
    plans = [plan for plan in plan_images(10 * (_TRAINED + _TESTED), seed=seed) if plan.true_range in _RANGES]
    last = plans[_TRAINED - 1].gene.name
    tested = [plan for plan in plans[_TRAINED:] if plan.gene.name != last][:_TESTED]
    with StoreWriter(path, HEIGHT, WIDTH) as writer:
        for split, chosen in (("train", plans[:_TRAINED]), ("test", tested)):
            for plan in chosen:
                image = render_plan(plan, seed=seed)
                writer.append(image.image, id=image.id, gene=image.gene, split=split)
        labels = [_RANGES[plan.true_range] for plan in (*plans[:_TRAINED], *tested)]
        writer.add_task(LabelSpace("stage_range", ("9-10", "11-12")), labels)
