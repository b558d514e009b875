"""Do landmark maps of real embryos agree between models that share neither images nor genes?

    python tools/bench/fly_landmarks.py ../shared/data/flyexpress OUT [--seeds 2] [--method auto]

Imports the folder, cuts its genes into halves, and trains on the stage ranges of either half: by method `auto`, which
takes a pretrained network for so few images, or by another one, `tiny` from scratch. Each model maps
the images of the half that it has not seen, by their known range. Prints the rank correlation, within the embryo, of
both models' maps of one range, and of different ranges; draws the maps to OUT/landmarks-<method>-<seed>.png.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from scipy.stats import spearmanr

from lsl_runtime import LandmarkMap, Model
from lsl_runtime.gem.build.landmark_map import ContributionSums
from lsl_runtime.gem.draw.sheet import Sheet, frame
from lsl_runtime.gem.draw.signed import SIGNED_COLOURS, draw_edges, signed_top
from lsl_runtime.model.contributions import SMOOTH
from lsl_shared import Store, StoreWriter, expression
from lsl_tools.importing.run import import_images
from lsl_trainer import TrainConfig, train
from lsl_trainer.settings.presets import PRESETS

TASK, LEAST = "stage_range", 2
Array = NDArray[Any]
Maps = dict[str, tuple[LandmarkMap, Array]]


def main(source: Path, out: Path, seeds: int = 2, method: str = "auto") -> None:
    torch.set_num_threads(1)
    store = out / "store.h5"
    if not store.exists():
        out.mkdir(parents=True, exist_ok=True)
        import_images(source, store)
    for seed in range(seeds):
        halves = cut(store, out, seed)
        models = [trained(half, out / f"{method}-{seed}-{place}", seed, method) for place, half in enumerate(halves)]
        maps = [maps_of(model, half) for model, half in zip(models, reversed(halves), strict=True)]
        compare(maps[0], maps[1], seed)
        draw(maps, out / f"landmarks-{method}-{seed}.png")


def cut(store: Path, out: Path, seed: int) -> list[Path]:
    """Two stores, each with half of the genes."""
    paths = [out / f"half-{seed}-{place}.h5" for place in range(2)]
    with Store(store) as opened:
        genes = np.random.default_rng(seed).permutation(np.unique(opened.groups()))
        for place, path in enumerate(paths):
            if path.exists():
                continue
            rows = np.flatnonzero(np.isin(opened.groups(), genes[place::2]) & (opened.labels(TASK) >= 0))
            images, space = opened.select(rows), opened.task(TASK)
            with StoreWriter(path, *images.shape[1:3]) as writer:
                for row, image in zip(rows, images, strict=True):
                    writer.append(image, id=opened.ids[row], gene=opened.genes[row], view=opened.views[row])
                writer.add_task(replace(space, parent="", parent_index=()), opened.labels(TASK)[rows])
    return paths


def trained(store: Path, run: Path, seed: int, method: str) -> Model:
    if not (run / "model" / "manifest.json").exists():
        config: TrainConfig = PRESETS["tiny"].having(method=method, fine=TASK, seed=seed)
        train(store, config, run)
    return Model.load(run / "model", "cpu", threads=1)


def maps_of(model: Model, store: Path) -> Maps:
    """The landmark map of each range that has enough genes, and the mean embryo."""
    found: Maps = {}
    with Store(store) as opened:
        classes, labels = opened.task(TASK).classes, opened.labels(TASK)
        said, known = model.predict(opened.read(0, len(opened))).names, [classes[label] for label in labels]
        print(f"right in the other half: {np.mean(np.array(said) == np.array(known)):.1%} of {len(said)}")
        for index, name in enumerate(classes):
            rows = np.flatnonzero(labels == index)
            genes = [opened.genes[row] or opened.ids[row] for row in rows]
            if len(set(genes)) < LEAST:
                continue
            images, sums = opened.select(rows), ContributionSums(opened.shape[1:3])
            weights = np.array([1 / genes.count(gene) for gene in genes])
            logit = model.logit_index(TASK, name)
            signed = model.contributions(images, np.full(len(rows), logit), smooth=SMOOTH)
            for gene, one, weight in zip(genes, signed, weights, strict=True):
                sums.add(gene, one, float(weight))
            embryo = np.average([expression(image).mask for image in images], axis=0, weights=weights)
            found[name] = sums.landmark_map(weights.sum(), embryo), embryo
    return found


def compare(first: Maps, second: Maps, seed: int) -> None:
    same, other = list[float](), list[float]()
    for name, (one, embryo) in first.items():
        for known, (two, covered) in second.items():
            box = (embryo >= 0.5) & (covered >= 0.5)
            value = float(spearmanr(one.mean[box], two.mean[box])[0])
            (same if name == known else other).append(value)
            if name == known:
                cells = int(one.significant.sum()), int(two.significant.sum())
                print(f"seed {seed}, range {name}: {value:.3f}; significant cells {cells}")
    print(f"seed {seed}: same range {np.mean(same):.3f}, other ranges {np.mean(other):.3f} (highest {max(other):.3f})")


def draw(maps: list[Maps], path: Path) -> None:
    names = [name for name in maps[0] if name in maps[1]]
    sheet = Sheet(8.4, 0.4 + 1.6 * len(names))
    for row, name in enumerate(names):
        sheet.text(0.1, 0.9 + 1.6 * row, name, 11)
        for column, one in enumerate(maps):
            found, embryo = one[name]
            axes, top = sheet.axes(0.8 + 3.8 * column, 0.3 + 1.6 * row, 3.6, 1.44), signed_top(found.mean)
            axes.imshow(np.where(embryo >= 0.5, found.mean, 0), cmap=SIGNED_COLOURS, vmin=-top, vmax=top, aspect="auto")
            draw_edges(axes, found.significant, found.mean.shape)
            axes.contour(embryo, levels=[0.5], colors="#57606e", linewidths=0.8)
            frame(axes)
    sheet.save(path)


if __name__ == "__main__":
    typer.run(main)
