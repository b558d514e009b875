"""What is found of single genes: planted onsets, planted twins, and real genes by one of their images left out.

    python tools/bench/genes.py onset --model runs/demo/model --seeds 910 911 912
    python tools/bench/genes.py twins --model runs/demo/model --seeds 910 911 912
    python tools/bench/genes.py real ../shared/data/flyexpress

`onset`: genes of 12 to 36 images whose pattern starts at a planted time, and for a third ends as well; ages are the
model's. `twins`: genes and their twins, 8 images each, with the light, the stain and the noise of other genes; genes
that are stained everywhere have no pattern to look up, and are counted apart. `real`: the lateral images of FlyExpress,
each looked up among the maps that the other ones make, with the stage ranges of the table in the place of stages.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from pathlib import Path

import cv2
import numpy as np
from planted_genes import has_pattern, patterned, write_onsets, write_twins

from lsl_runtime import Atlas, Model, annotate, build_atlas, study_genes
from lsl_runtime.gem.build.bootstrap import area_mean
from lsl_runtime.genes.alike import Patterns
from lsl_shared import expression

GENES, IMAGES, FIRST = 40, 8, 4.0
RANGES = ("1-3", "4-6", "7-8", "9-10", "11-12", "13-16")


def share(found: list[bool] | np.ndarray) -> str:
    """A share with its standard error."""
    mean = float(np.mean(found))
    return f"{mean:.2f} ± {np.sqrt(mean * (1 - mean) / len(found)):.2f} (n = {len(found)})"


def onset(seeds: list[int], model: Model, folder: Path) -> None:
    """Planted onsets and ends."""
    errors, covered, images, ends, ends_covered, never = [], [], [], [], [], []
    for seed in seeds:
        store = folder / f"onset{seed}.h5"
        planted = {one.gene: one for one in write_onsets(store, seed, GENES)}
        annotate(store, model)
        for one in study_genes(store).genes:
            truth, found = planted[one.gene], one.window
            assert found is not None
            low, middle, high = found.onset
            errors.append(abs(middle - (truth.onset - FIRST)))
            covered.append(low <= truth.onset - FIRST <= high)
            images.append(one.n_images)
            if np.isfinite(truth.end):
                ends.append(abs(found.end[1] - (truth.end - FIRST)))
                ends_covered.append(found.end[0] <= truth.end - FIRST <= found.end[2])
            else:
                never.append(found.ends < 0.5)
        print(f"seed {seed}: onset within half a stage {share(np.array(errors[-GENES:]) <= 0.5)}", flush=True)
    error, count = np.array(errors), np.array(images)
    print(f"onset: within half a stage {share(error <= 0.5)}, mean error {error.mean():.2f}, interval {share(covered)}")
    for least, most in ((12, 18), (19, 26), (27, 36)):
        part = (count >= least) & (count <= most)
        print(f"  of {least} to {most} images: {share(error[part] <= 0.5)}, interval {share(np.array(covered)[part])}")
    print(f"end: within half a stage {share(np.array(ends) <= 0.5)}, interval {share(ends_covered)}")
    print(f"no end is planted, and none is found: {share(never)}")


def twins(seeds: list[int], model: Model, folder: Path) -> None:
    """Planted twins."""
    ranks: dict[str, list[int]] = {"regions": [], "tissues": [], "everywhere": []}
    for seed in seeds:
        store = folder / f"twins{seed}.h5"
        write_twins(store, seed, GENES, IMAGES)
        annotate(store, model)
        patterns = Patterns(build_atlas(store))
        for gene in patterned(seed, GENES, tissues=True):
            kind = "everywhere" if gene.everywhere > 0 else "regions" if has_pattern(gene) else "tissues"
            for name, twin in ((gene.name, f"{gene.name}-twin"), (f"{gene.name}-twin", gene.name)):
                if {name, twin} <= set(patterns.atlas.genes):
                    found = [one.gene for one in patterns.like(patterns.of(name), but=name)]
                    ranks[kind].append(found.index(twin))
    with_pattern = np.array(ranks["regions"] + ranks["tissues"])
    print(
        f"twin among the first three, genes with a pattern: {share(with_pattern < 3)}; first: {share(with_pattern < 1)}"
    )
    for kind, places in ranks.items():
        print(f"  {kind}: {share(np.array(places) < 3)}")


def real(folder: Path) -> None:
    """Lateral images of real genes, each left out in turn."""
    with (folder / "labels.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["view"] == "lateral"]
    planes, embryos = [], []
    for row in rows:
        pixels = cv2.imread(str(folder / row["file"]), cv2.IMREAD_COLOR_RGB)
        assert pixels is not None
        found = expression(np.asarray(pixels, np.uint8))
        planes.append(area_mean(found.density, (16, 40)))
        embryos.append(area_mean(found.mask.astype(np.float32), (16, 40)))
    genes, stages = [row["gene"] for row in rows], [row["stage_range"] for row in rows]
    names, inside = tuple(sorted(set(genes))), np.mean(embryos, 0) >= 0.5
    first = []
    for left in range(len(rows)):
        others = [place for place in range(len(rows)) if place != left]
        patterns = Patterns(_atlas([planes[k] for k in others], [genes[k] for k in others], [stages[k] for k in others],
                                   names, inside))  # fmt: skip
        order = [one.gene for one in patterns.like(patterns.of_map(planes[left], stages[left]))]
        first.append((order.index(genes[left]) if genes[left] in order else len(names), genes[left]))
    ranks = np.array([rank for rank, _ in first]) + 1
    print(f"{len(rows)} lateral images of {len(names)} genes, each left out: mean rank of its gene {ranks.mean():.2f} "
          f"(chance {(len(names) + 1) / 2:.2f}), first {share(ranks == 1)} (chance {1 / len(names):.2f}), "
          f"among three {share(ranks <= 3)} (chance {3 / len(names):.2f})")  # fmt: skip
    for name in names:
        own = np.array([rank + 1 for rank, gene in first if gene == name])
        print(f"  {name}: {len(own)} images, mean rank {own.mean():.2f}")


def _atlas(
    planes: list[np.ndarray], genes: list[str], stages: list[str], names: tuple[str, ...], inside: np.ndarray
) -> Atlas:
    """An atlas of single planes (h, w)."""
    mean = np.zeros((len(RANGES), len(names), *inside.shape), np.float32)
    count = np.zeros((len(RANGES), len(names)), np.int32)
    for plane, gene, stage in zip(planes, genes, stages, strict=True):
        place = RANGES.index(stage), names.index(gene)
        mean[place] += plane
        count[place] += 1
    with np.errstate(invalid="ignore"):
        mean /= count[:, :, None, None]
    empty = np.zeros(0, np.float32)
    return Atlas("stage_range", RANGES, names, mean, mean, count, empty, inside, empty, empty, 0.4, float("nan"),
                 None, 0, "", "", "", "", "", "")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["onset", "twins", "real"])
    parser.add_argument("data", nargs="?", type=Path, help="the folder of FlyExpress, for real")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[910, 911, 912])
    asked = parser.parse_args()
    if asked.what == "real":
        real(asked.data)
        return
    with tempfile.TemporaryDirectory() as folder:
        run = onset if asked.what == "onset" else twins
        run(asked.seeds, Model.load(asked.model, "cpu"), Path(folder))


if __name__ == "__main__":
    main()
