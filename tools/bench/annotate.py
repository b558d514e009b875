"""Does annotating keep the processor busy, and stay small?

    python tools/bench/annotate.py rate STORE RUN/model [--images 1400] [--repeat 3] [--saliency] [--torch tiny]
    python tools/bench/annotate.py memory STORE RUN/model [--images 2000 20000]
    python tools/bench/annotate.py reading STORE [--images 1400] [--repeat 5]

`rate` compares `annotate`, from file to file, with a bare loop over a session and images in memory. Aim: at least 0.85
of the loop's rate with `tiny`, at most 1.05 times its time with `paper`. A second loop deals the images to threads,
each with a session of one thread, as `annotate` does. `--torch` adds a PyTorch loop over an untrained network of the
preset: whole chunks, eager, channels last, `inference_mode`. Aim: 1.35 times its rate. Processor time is printed too,
because others may use the machine.

`memory` prints the peak resident memory with `--saliency` at both sizes, each in a process of its own. Aim: within 10 %
of each other, and below 700 MB with `tiny`.

`reading` compares two threads of `read_ahead` with whole-chunk slices of an open h5py dataset. Aim: 1.8 times as fast.

All are measured in turns. STORE is repeated until there are as many images as asked for.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
from stores import enlarged
from timing import Spent, in_turns

from lsl_runtime import Model, annotate
from lsl_runtime.annotation.reading import read_ahead
from lsl_shared import Store
from lsl_shared.files.partitions import partitions

BARE = "bare session loop"
HELD = 1400
"""So many images are in memory for the bare loops, which go over them again and again."""
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
    parser.add_argument("--torch", choices=("tiny", "paper"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.what == "memory":
            for images in arguments.images or (2000, 20000):
                memory(arguments.store, arguments.model, images, Path(folder))
            return
        store = enlarged(arguments.store, Path(folder) / "store.h5", (arguments.images or [1400])[0])
        if arguments.what == "rate":
            rate(store, arguments.model, arguments.repeat, arguments.saliency, arguments.torch)
        else:
            reading(store, arguments.repeat)


def rate(path: Path, bundle: Path, repeat: int, saliency: bool, preset: str | None) -> None:
    """Prints the rates of `annotate` and of the bare loops, medians over the turns."""
    model = Model.load(bundle, "cpu")
    lane, lanes = model.lanes()
    with Store(path) as store:
        images, pixels = len(store), store.read(0, min(len(store), HELD))

    def loop(one: Model, batch: int, first: int = 0, step: int = 1) -> None:
        run, cut = one.explain if saliency else one.classify, range(0, len(pixels), batch)
        for place in range(first, images // len(pixels) * len(cut), step):
            start = cut[place % len(cut)]
            next(run(pixels[start : start + batch], batch_size=batch))

    def side_by_side() -> None:
        with ThreadPoolExecutor(lanes) as pool:
            list(pool.map(lambda first: loop(lane, model.batch_for(lanes), first, lanes), range(lanes)))

    def whole() -> None:
        annotate(path, model, out=path.with_name("annotations.h5"), saliency=saliency).path.unlink()

    loop(model, len(pixels))
    work = {BARE: lambda: loop(model, model.batch_size), "loops side by side": side_by_side, "annotate": whole}
    if preset:
        work["PyTorch loop"] = torch_loop(path, preset, len(model.task.classes))
    spent = in_turns(work, repeat)
    told(spent, images)
    for name in work.keys() - {"annotate"}:
        ratios = [loop.wall / full.wall for loop, full in zip(spent[name], spent["annotate"], strict=True)]
        print(f"annotate runs at {statistics.median(ratios):.3f} of the rate of the {name}")
    print(f"{model.provider}, {lanes} lanes")


def torch_loop(path: Path, preset: str, classes: int) -> Callable[[], None]:
    """What a good PyTorch program does: batches of 16 from whole chunks, eager, channels last, without gradients."""
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")  # torch's threads spin, which is ruinous beside other work
    import torch

    from lsl_trainer.networks.residual import residual_network
    from lsl_trainer.settings.network import NETWORKS

    with Store(path) as store:
        step = max(1, 16 // store.chunk_images) * store.chunk_images
        network = residual_network(NETWORKS[preset], store.shape[1:], classes)
    network = network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    torch.set_num_threads(os.cpu_count() or 1)

    def loop() -> None:
        with h5py.File(path) as file, torch.inference_mode():
            images = file["images"]
            for start in range(0, len(images), step):
                pixels = torch.from_numpy(images[start : start + step]).permute(0, 3, 1, 2).float() / 255
                network(pixels)[0].softmax(1).numpy()

    return loop


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
    ratios = [one.wall / other.wall for one, other in zip(spent["h5py slices"], spent["read_ahead"], strict=True)]
    print(f"reading ahead is {statistics.median(ratios):.2f} times as fast")


def told(spent: dict[str, list[Spent]], images: int) -> None:
    """Prints median rates, processor time, and the load of the machine."""
    for name, each in spent.items():
        wall, used = (statistics.median(column) for column in zip(*each, strict=True))
        print(f"{name:<20}{images / wall:8.1f} images/s {1000 * used / images:9.3f} ms of one core an image")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
