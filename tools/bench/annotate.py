"""Does annotating keep the processor busy, and stay small?

    python tools/bench/annotate.py rate STORE RUN/model [--images 1400] [--repeat 3] [--saliency]
    python tools/bench/annotate.py memory STORE RUN/model [--images 2000 20000]
    python tools/bench/annotate.py reading STORE [--images 1400] [--repeat 5]

`rate`: `annotate` from file to file against the bare session loop over the same images in memory, in turns; target at
least 0.85 of its rate with `tiny`, at most 1.05 times its time with `paper`. `memory`: peak resident memory with
`--saliency` at both sizes, each in a process of its own; target within 10 %, below 700 MB with `tiny`. `reading`: two
threads of `read_ahead` against whole-chunk h5py slices with the dataset handle held, in turns; target 1.8 times.

STORE is repeated until there are as many images as asked for.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from lsl_runtime import Model, annotate
from lsl_runtime.partitions import partitions
from lsl_runtime.reading import read_ahead
from lsl_shared import Store

CHILD = """
import resource, sys
from lsl_runtime import Model, annotate
done = annotate(sys.argv[1], Model.load(sys.argv[2], "cpu"), out=sys.argv[3], saliency=True)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, done.images / done.seconds)
"""


def main() -> None:
    """Parses, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("rate", "memory", "reading"))
    parser.add_argument("store", type=Path)
    parser.add_argument("model", type=Path, nargs="?")
    parser.add_argument("--images", type=int, nargs="+", default=None)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--saliency", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.what == "memory":
            for images in arguments.images or (2000, 20000):
                memory(arguments.store, arguments.model, images, Path(folder))
            return
        store = enlarged(arguments.store, Path(folder) / "store.h5", (arguments.images or [1400])[0])
        if arguments.what == "rate":
            rate(store, arguments.model, arguments.repeat, arguments.saliency)
        else:
            reading(store, arguments.repeat)


def rate(path: Path, bundle: Path, repeat: int, saliency: bool) -> None:
    """Prints the rates of `annotate` and of the bare loop, medians over the turns."""
    model = Model.load(bundle, "cpu")
    with Store(path) as store:
        pixels = store.read(0, len(store))
    run, batch = model.explain if saliency else model.classify, model.batch_size

    def bare() -> None:
        for start in range(0, len(pixels), batch):
            next(run(pixels[start : start + batch], batch_size=batch))

    def whole() -> None:
        annotate(path, model, out=path.with_name("annotations.h5"), saliency=saliency).path.unlink()

    next(run(pixels[:batch], batch_size=batch))
    spent = in_turns({"bare session loop": bare, "annotate": whole}, repeat)
    told(spent, len(pixels))
    ratios = [loop / full for loop, full in zip(spent["bare session loop"], spent["annotate"], strict=True)]
    print(f"annotate runs at {statistics.median(ratios):.3f} of the bare loop's rate (batch {batch}, {model.provider})")


def memory(source: Path, bundle: Path, images: int, folder: Path) -> None:
    """Prints the peak resident memory of annotating so many images with saliency."""
    store = enlarged(source, folder / f"{images}.h5", images)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, store, bundle, folder / "annotations.h5"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    peak, per_second = map(float, done.stdout.split())
    print(f"{images:,} images: peak {peak:.0f} MB, {per_second:.1f} images/s", flush=True)
    store.unlink()
    (folder / "annotations.h5").unlink()


def reading(path: Path, repeat: int) -> None:
    """Prints the rates of reading alone."""
    with Store(path) as store, h5py.File(path) as file:
        images, cut = file["images"], partitions(len(store), store.chunk_images)

        def slices() -> None:
            for start in range(0, len(images), store.chunk_images):
                images[start : start + store.chunk_images]

        def ahead() -> None:
            for _ in read_ahead(store, cut, 64):
                pass

        spent = in_turns({"h5py slices": slices, "read_ahead": ahead}, repeat)
        told(spent, len(store))
    ratios = [one / other for one, other in zip(spent["h5py slices"], spent["read_ahead"], strict=True)]
    print(f"reading ahead is {statistics.median(ratios):.2f} times as fast")


def in_turns(work: dict[str, Callable[[], None]], repeat: int) -> dict[str, list[float]]:
    """Seconds of each, measured in turns."""
    spent: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(repeat):
        for name, function in work.items():
            began = time.perf_counter()
            function()
            spent[name].append(time.perf_counter() - began)
    return spent


def told(spent: dict[str, list[float]], images: int) -> None:
    """Prints the median rates and the machine's load."""
    for name, seconds in spent.items():
        print(f"{name:<20}{images / statistics.median(seconds):8.1f} images/s")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def enlarged(source: Path, target: Path, images: int) -> Path:
    """A store of so many images, a given store's chunks again and again, copied raw."""
    with h5py.File(source) as given, h5py.File(target, "w") as file:
        file.attrs.update(given.attrs)
        kept = given["images"]
        whole = len(kept) // kept.chunks[0]
        made = file.create_dataset("images", (images, *kept.shape[1:]), np.uint8, chunks=kept.chunks,
                                   compression="gzip", maxshape=kept.maxshape)  # fmt: skip
        for place, start in enumerate(range(0, images, kept.chunks[0])):
            mask, raw = kept.id.read_direct_chunk((place % whole * kept.chunks[0], 0, 0, 0))
            made.id.write_direct_chunk((start, 0, 0, 0), raw, mask)
        file.create_dataset("samples/id", data=[f"image{row:07d}" for row in range(images)], dtype=h5py.string_dtype())
        file.create_group("labels")
    return target


if __name__ == "__main__":
    main()
