"""Reads a store, its annotations, its maps and its atlas with h5py alone, and prints them as examples/read.R does.

    python examples/read.py store.h5 store.annotations.h5 [store.gems/gems.h5 [atlas.h5ad]]

It needs h5py and NumPy, and no toolkit.
"""

from __future__ import annotations

import sys

import h5py
import numpy as np


def counts(places: np.ndarray, classes: np.ndarray) -> list[tuple[str, int]]:
    """How many images have each class; −1 says: none."""
    return [(name, int((places == place).sum())) for place, name in enumerate(classes)]


def read_store(path: str) -> None:
    with h5py.File(path) as file:
        number, height, width, _ = file["images"].shape
        print(f"images: {number} of {height} x {width}")
        labels = file["labels/stage"]
        for name, count in counts(labels[...], labels.attrs["classes"]):
            print(f"labelled stage {name}: {count}")


def mean_saliency(file: h5py.File, block: int = 256) -> float:
    maps, scale = file["saliency"], file["saliency_scale"][...].astype(float)
    total = 0.0
    for first in range(0, len(maps), block):
        means = maps[first : first + block].mean((1, 2), dtype=float)
        total += float((means * scale[first : first + block] / 255).sum())
    return total / len(maps)


def read_annotations(path: str) -> None:
    with h5py.File(path) as file:
        task = file["stage"]
        for name, count in counts(task["class"][...], task.attrs["classes"]):
            print(f"given stage {name}: {count}")
        print(f"possible stages of {file['id'].asstr()[0]}: {int(task['prediction_set'][0].sum())}")
        if "saliency" in file:
            print(f"mean saliency: {mean_saliency(file):.4e}")


def read_gems(path: str) -> None:
    with h5py.File(path) as file:
        for key in sorted(file):
            told, gem = file[key].attrs, file[key]["gem"][...].astype(float)
            genes = f"{told['n_images']} images of {told['n_genes']} genes"
            print(f"map of {told['stage']}: {genes}, mean {gem.mean():.4e}")


def read_atlas(path: str) -> None:
    with h5py.File(path) as file:
        mean, codes = file["X"][...].astype(float), file["obs/stage/codes"][...]
        for code, stage in enumerate(file["obs/stage/categories"].asstr()[...]):
            here = mean[codes == code]
            known = ~np.isnan(here).any(0)
            print(f"atlas of {stage}: {known.sum()} genes at {len(here)} places, mean {here[:, known].mean():.4e}")
        last = file["obs/egg_length"][-1]
        print(f"first gene: {file['var/_index'].asstr()[0]}, egg length of the last place {last:.2f}")


if __name__ == "__main__":
    read_store(sys.argv[1])
    read_annotations(sys.argv[2])
    for gems in sys.argv[3:4]:
        read_gems(gems)
    for atlas in sys.argv[4:]:
        read_atlas(atlas)
