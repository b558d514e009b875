"""How long do annotations take to follow corrected labels, against reading them?

    python tools/bench/rejoin.py MODEL STORE [--images 36908] [--rounds 3]

STORE is annotated with saliency maps, and both files are repeated until there are so many images. Then, in turns:
every dataset of the annotations is read, as it is packed, which is what the parts hold; and after coarse labels of
one image in twenty were changed, `annotate` joins again. Times are those of the wall; the median ratio comes last.
Files lie in the cache of the system.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import typer
from stores import repeated
from timing import in_turns

from lsl_runtime import Model, annotate
from lsl_shared import Store


def main(model: Path, store: Path, images: int = 36908, rounds: int = 3) -> None:
    loaded = Model.load(model)
    with tempfile.TemporaryDirectory() as folder, Store(store) as opened:
        first = annotate(store, loaded, out=Path(folder) / "first.h5", saliency=True).path
        large, annotations = repeated(store, first, Path(folder), -(-images // len(opened)))
        generator = np.random.default_rng(0)
        read_all, join_all = partial(read, annotations), partial(join, large, annotations, loaded, generator)
        spent = in_turns({"reading": read_all, "joining again": join_all}, rounds)
    reading, joining = (np.array([one.wall for one in spent[name]]) for name in ("reading", "joining again"))
    print(f"reading {np.median(reading):.2f} s, joining again {np.median(joining):.2f} s")
    print(f"ratio {np.median(joining / reading):.2f} of {np.round(joining / reading, 2).tolist()}")


def read(path: Path) -> None:
    """Reads every chunk, and every dataset that is in one piece."""
    with h5py.File(path) as file:
        file.visititems(lambda name, item: _read(item) if isinstance(item, h5py.Dataset) else None)


def _read(item: h5py.Dataset) -> None:
    if item.chunks is None:
        item[...]
        return
    for place in range(item.id.get_num_chunks()):
        item.id.read_direct_chunk(item.id.get_chunk_info(place).chunk_offset)


def join(store: Path, annotations: Path, model: Model, generator: np.random.Generator) -> None:
    """Changes labels, and joins again."""
    with h5py.File(store, "r+") as file:
        labels = file["labels/stage_range"]
        values = labels[...]
        chosen = generator.random(len(values)) < 0.05
        values[chosen] = generator.integers(0, 6, chosen.sum())
        labels[...] = values
    annotate(store, model, out=annotations)


if __name__ == "__main__":
    typer.run(main)
