"""The classes of the images of a Dask array, block by block. It may be larger than memory.

    python examples/dask_array.py runs/demo/model store.h5

Here the array is the dataset of an image store. Needs dask and its arrays: pip install 'lsl-toolkit[cluster]'.
"""

from __future__ import annotations

import sys
from collections import Counter
from functools import cache

import dask.array as da
import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_runtime import Model
from lsl_shared import LslError


@cache
def loaded(bundle: str) -> Model:
    """The model, loaded once in each process: its path travels between processes, the model does not."""
    return Model.load(bundle)


def block_classes(pixels: NDArray[np.uint8], bundle: str) -> NDArray[np.int64]:
    """The class indices int64 (n,) of the images uint8 (n, H, W, 3) of one block."""
    return loaded(bundle).predict(pixels).class_index


def image_classes(images: da.Array, bundle: str) -> da.Array:
    """The class indices int64 (N,) of images uint8 (N, H, W, 3), computed when they are asked for."""
    whole = images.rechunk(dict.fromkeys((1, 2, 3), -1))  # blocks of whole images
    classes: da.Array = whole.map_blocks(block_classes, bundle, drop_axis=[1, 2, 3], meta=np.empty(0, np.int64))
    return classes


def main(bundle: str, store: str) -> int:
    try:
        names = loaded(bundle).task.classes
        with h5py.File(store) as file:
            images = da.from_array(file["images"], chunks=(256, -1, -1, -1), lock=True)
            found: Counter[int] = Counter(image_classes(images, bundle).compute().tolist())
    except (LslError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for index, name in enumerate(names):
        print(f"{name:>8}  {found[index]:6,}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
