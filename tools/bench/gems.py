"""Are genomewide expression maps right, calibrated and fast?

    python tools/bench/gems.py definition MODEL [--images 200]
    python tools/bench/gems.py truth STORE [--every 5]
    python tools/bench/gems.py splits STORE [--splits 200] [--least 4]
    python tools/bench/gems.py landmarks STORE ANNOTATIONS [--images 60] [--model MODEL --method integrated]
    python tools/bench/gems.py speed STORE ANNOTATIONS [--times 1] [--rounds 3]

`definition` compares `build_gems` with ten lines of NumPy, on new demo images. `truth` correlates stain density with
the truth of a demo store. `splits` compares random halves of the genes of each stage: whatever it finds is false.
`landmarks` tells what share of a map lies in the true landmarks of a demo store: of the plain GEM, of the masked GEM,
and of GEMs masked by an untrained network, by the map of another image, and by Sobel edges. `speed` compares maps of
all stages, with stored saliency, with reading and inflating alone; `--times` repeats the store.
"""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
import typer
from controls import edges, untrained_saliency
from expression import tell_truth
from numpy.typing import NDArray
from stores import repeated
from timing import in_turns

from lsl_runtime import Model, annotate, build_gems
from lsl_runtime.gem.build.bootstrap import BAND_ROWS, area_mean, grid_shape
from lsl_runtime.gem.build.mapped_task import MappedClasses
from lsl_runtime.gem.build.masks import saliency_mask
from lsl_runtime.gem.build.measured import Measured, measure
from lsl_runtime.gem.build.selection import Choice, choose
from lsl_runtime.gem.build.settings import MapSettings, Mode
from lsl_runtime.gem.build.source import Source
from lsl_runtime.gem.build.summing import sum_up
from lsl_runtime.gem.build.sums import Sums
from lsl_runtime.gem.comparison.comparison import compare_sums
from lsl_runtime.model.local_contrast import local_contrast
from lsl_runtime.model.saliency_methods import checked_method
from lsl_shared import Annotations, Store, expression

app = typer.Typer(add_completion=False, help=__doc__)
Array = NDArray[Any]
STAGE = MappedClasses("stage")


@app.command()
def definition(model: Path, images: int = 200) -> None:
    """The largest difference from the definition, over stages, modes, stored and fresh maps, whole and in parts."""
    from lsl_tools.demo.store import write_demo_store

    loaded = Model.load(model)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.h5"
        write_demo_store(path, images=images)
        for saliency in (False, True):
            given = annotate(path, loaded, saliency=saliency, out=Path(folder) / f"{saliency}.h5").path
            for fraction in (False, True):
                worst = np.max([worst_of(path, given, loaded, stage, fraction) for stage in stages_of(given)], axis=0)
                kind = f"{'stored' if saliency else 'fresh'} maps, mode {'fraction' if fraction else 'mean'}"
                typer.echo(f"{kind}: GEM {worst[0]:.1e}, masked {worst[1]:.1e}, merged from parts {worst[2]:.1e}")


def worst_of(path: Path, given: Path, model: Model, stage: str, fraction: bool) -> tuple[float, float, float]:
    mode: Mode = "fraction" if fraction else "mean"
    with Store(path) as store, Annotations(given) as annotations:
        rows = choose(Source(store, annotations), STAGE, stage).rows
        images, genes = store.select(rows), [store.genes[row] or store.ids[row] for row in rows]
        maps = annotations.saliency(0, len(store))[rows] if annotations.has_saliency else model.saliency(images)
    found = build_gems(path, [stage], annotations=given, mode=mode)[0]
    gem, masked = defined(images, genes, maps, fraction)
    parts = merged(path, given, stage, mode)
    assert found.masked_gem is not None
    return abs(found.gem - gem).max(), abs(found.masked_gem - masked).max(), abs(parts - found.gem).max()


def defined(images: Array, genes: list[str], maps: Array, fraction: bool) -> tuple[Array, Array]:
    """The ten lines of NumPy: GEM and masked GEM."""
    gem, masked, total = np.zeros(maps.shape[1:]), np.zeros(maps.shape[1:]), 0.0
    for image, gene, saliency in zip(images, genes, maps, strict=True):
        found, weight = expression(image), 1 / genes.count(gene)
        value = (found.density > 0.2).astype(float) if fraction else found.density.astype(float)
        kernel = cv2.getGaussianKernel(33, 4, cv2.CV_64F)
        smooth = cv2.sepFilter2D(saliency.astype(float), -1, kernel, kernel, borderType=cv2.BORDER_REFLECT_101)
        mask = np.clip(smooth / np.percentile(smooth[found.mask], 99), 0, 1)
        gem, masked, total = gem + weight * value, masked + weight * mask * value, total + weight
    return gem / total, masked / total


def merged(path: Path, given: Path, stage: str, mode: Mode) -> Array:
    """The GEM from parts of whole chunks, which are added up from the last to the first."""
    with Store(path) as store, Annotations(given) as annotations:
        choice, step = choose(Source(store, annotations), STAGE, stage), 3 * store.chunk_images
        cuts = [range(at, min(at + step, len(store))) for at in range(0, len(store), step)]
        sums = [sum_up(store, [choice], MapSettings(mode=mode), over=[cut])[0] for cut in cuts]
    whole = sum(sums[-2::-1], sums[-1])
    return np.asarray(whole.value / whole.weight)


@app.command()
def truth(store: Path, every: int = 5) -> None:
    """Correlation of stain density with the truth inside the embryo, and density of unstained embryos."""
    with Store(store) as opened:
        true = opened.truth_dataset("expression")
        tell_truth((opened.read(row, row + 1)[0], true[row]) for row in range(0, len(opened), every))


def stages_of(given: Path) -> list[str]:
    with Annotations(given) as annotations:
        task = next(iter(annotations.tasks))
        return [annotations.tasks[task][k] for k in np.unique(annotations.class_index(task)) if k >= 0]


@app.command()
def splits(store: Path, splits: int = 200, least: int = 4, seed: int = 0) -> None:
    """How often a comparison of random halves of a stage's genes finds anything; stages with `least` genes or more."""
    generator, rates = np.random.default_rng(seed), []
    for stage, measured in measured_stages(store):
        genes = sorted({image.group for image in measured})
        if len(genes) < least:
            continue
        found = 0
        for _ in range(splits):
            chosen = set(generator.permutation(genes)[: len(genes) // 2].tolist())
            halves = [[one for one in measured if (one.group in chosen) == side] for side in (True, False)]
            first, second = map(summed, halves)
            found += int(compare_sums(("a", "b"), first, second, MapSettings(masked=False), 0.05).significant.any())
        rates.append(found / splits)
        typer.echo(f"stage {stage}, {len(genes)} genes: any discovery in {100 * rates[-1]:.1f} % of {splits} splits")
    typer.echo(f"worst stage {100 * max(rates):.1f} %, mean {100 * np.mean(rates):.1f} %")


def measured_stages(path: Path) -> Iterator[tuple[str, list[Measured]]]:
    given = path.with_suffix(".annotations.h5")
    for stage in stages_of(given):
        with Store(path) as store, Annotations(given) as annotations:
            rows = choose(Source(store, annotations), MappedClasses(next(iter(annotations.tasks))), stage).rows
            images = store.select(rows)
            measured = [measure(store, int(row), image, None, "mean") for row, image in zip(rows, images, strict=True)]
        yield stage, [reduced(image) for image in measured]


def reduced(image: Measured) -> Measured:
    """The image on the grid of the bootstrap, which is all that a comparison looks at. It adds up 16 times as fast."""
    grid = grid_shape(image.value.shape, BAND_ROWS)
    value = area_mean(image.value, grid)
    embryo: Array = area_mean(image.embryo.astype(np.float32), grid)  # adds up like the pixels that it stands for
    return replace(image, value=value, density=value, embryo=embryo)


def summed(measured: list[Measured]) -> Sums:
    groups = [image.group for image in measured]
    weights = np.array([1 / groups.count(group) for group in groups])
    rows = np.array([image.row for image in measured])
    sums = Sums(Choice("half", rows, weights, len(set(groups)), rows[:0]), measured[0].value.shape)
    for image, weight in zip(measured, weights, strict=True):
        sums.add(image, float(weight))
    return sums


@app.command()
def landmarks(
    store: Path, annotations: Path, images: int = 60, seed: int = 0, model: Path | None = None,
    method: str = "gradient",
) -> None:  # fmt: skip
    """The share of each map that lies inside the true landmarks, within the embryo; medians over the stages.

    The maps are the stored ones, or those that a model makes anew by a method.
    """
    maker = None if model is None else partial(Model.load(model, "cpu").saliency, method=checked_method(method))
    shares: dict[str, list[float]] = {}
    for stage in stages_of(annotations):
        for name, share in shares_of(store, annotations, stage, images, seed, maker).items():
            shares.setdefault(name, []).append(share)
    middle = {name: float(np.median(values)) for name, values in shares.items()}
    for name, value in middle.items():
        ratio = middle["masked GEM"] / value
        wins = np.mean(np.array(shares["masked GEM"]) > np.array(shares[name]))
        typer.echo(f"{name}: {100 * value:.1f} % inside; masked GEM is {ratio:.2f} times that, above it at {wins:.0%}")


def shares_of(
    path: Path, given: Path, stage: str, images: int, seed: int, maker: Callable[[Array], Array] | None
) -> dict[str, float]:
    with Store(path) as store, Annotations(given) as annotations:
        choice = choose(Source(store, annotations), STAGE, stage)
        rows, weights = choice.rows[:images], choice.weights[:images]
        pixels = store.select(rows)
        maps = maker(pixels) if maker else np.stack([annotations.saliency(row, row + 1)[0] for row in rows])
        true = np.stack([store.truth_dataset("landmarks")[row] for row in rows]).astype(float)
    found = [expression(image) for image in pixels]
    sources: dict[str, Array | None] = {
        "plain GEM": None, "masked GEM": maps, "untrained network": untrained_saliency(pixels, seed),
        "maps of other images": np.roll(maps, 1, axis=0), "Sobel edges": np.stack([edges(image) for image in pixels]),
        "local contrast alone": local_contrast(pixels),
    }  # fmt: skip
    where = np.average(true, axis=0, weights=weights)  # (H, W), 0..1
    inside = np.average([one.mask for one in found], axis=0, weights=weights) >= 0.5

    def share(saliency: Array | None) -> float:
        masks: list[Any] = [1.0] * len(found) if saliency is None else [
            saliency_mask(one, seen.mask) for one, seen in zip(saliency, found, strict=True)
        ]  # fmt: skip
        planes = [seen.density * mask for seen, mask in zip(found, masks, strict=True)]
        plane = np.average(planes, axis=0, weights=weights) * inside
        return float((plane * where).sum() / plane.sum())

    return {name: share(saliency) for name, saliency in sources.items()}


@app.command()
def speed(store: Path, annotations: Path, times: int = 1, rounds: int = 3) -> None:
    """Seconds and memory of the maps of all stages in one pass, and of reading images and saliency alone; medians."""
    with tempfile.TemporaryDirectory() as folder:
        path, given = repeated(store, annotations, Path(folder), times) if times > 1 else (store, annotations)
        count = timed_read(path, given)  # fills the disk cache
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        stages = stages_of(given)
        works: dict[str, Callable[[], object]] = {
            "read and inflate, one thread": lambda: timed_read(path, given),
            "the same by h5py": lambda: read_by_h5py(path, given),
            "maps of all stages": lambda: build_gems(path, stages, annotations=given, view="all"),
        }
        taken = in_turns(works, rounds)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    typer.echo(f"{count:,} images, {rounds} rounds; {grown:.0f} MiB more memory than for reading")
    whole = np.array(taken["maps of all stages"])
    for name, spent in taken.items():
        wall, processor = np.median(spent, axis=0)
        ratio = np.median(whole / np.array(spent), axis=0)
        typer.echo(
            f"{name}: {wall:.2f} s, {processor:.2f} s of processor; the maps take {ratio[0]:.2f} and {ratio[1]:.2f}"
        )


def timed_read(path: Path, given: Path) -> int:
    with Store(path) as store, Annotations(given) as annotations:
        for start, block in store.blocks():
            annotations.saliency(start, start + len(block))
        return len(store)


def read_by_h5py(path: Path, given: Path) -> None:
    with h5py.File(path) as store, h5py.File(given) as annotations:
        for file, name in ((store, "images"), (annotations, "saliency")):
            step = file[name].chunks[0]
            for start in range(0, len(file[name]), step):
                file[name][start : start + step]


if __name__ == "__main__":
    app()
