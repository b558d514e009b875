"""What memory does a training on a genome's worth of images take, and which share of a step goes into loading?

    python tools/bench/train_memory.py STORE OUT [--images 36908]

Fills a store with the chunks of STORE, a demo store, again and again; all images get a coarse label, a tenth of them a
fine one where STORE has one. Learns from it for 200 batches (`tiny`). Memory is told beyond that of the interpreter
with its libraries. OUT needs room for the images uncompressed, 4.5 GB.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import time
from pathlib import Path

import h5py
import numpy as np
import torch
from stores import enlarged

from lsl_shared import Store
from lsl_trainer.data.load import load_data
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.epoch_batches import EpochBatches
from lsl_trainer.learning.learner import Learner
from lsl_trainer.learning.processes import one_process
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.presets import PRESETS

BATCHES = 200


class EnoughError(Exception):
    """So many batches tell."""


def main() -> None:
    """Parses, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, default=36908)
    arguments = parser.parse_args()
    measure(arguments.store, arguments.out, arguments.images)


def measure(source: Path, out: Path, count: int) -> None:
    """Loads and learns from many images; memory is counted beyond that of the libraries."""

    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    path = _genome(source, out / "genome.h5", count)
    config = PRESETS["tiny"].having(method="feature-level")
    before, began = _resident(), time.monotonic()
    with Store(path) as store:
        data = load_data(store, config, folder=out / "images")
    print(
        f"{count} images loaded in {time.monotonic() - began:.0f} s, peak {_peak() - before:.2f} GiB beyond libraries"
    )
    training, passed = TwoStepTraining(data, config), []
    began = time.monotonic()

    def counted(images: int) -> None:
        passed.append(images)
        if sum(passed) >= BATCHES * config.descent.batch_size:
            raise EnoughError

    try:
        list(training.run(counted))
    except EnoughError:
        print(f"{sum(passed)} images learnt from, {sum(passed) / (time.monotonic() - began):.0f} a second")
    print(f"peak {_peak() - before:.2f} GiB beyond libraries, now {_resident() - before:.2f}")
    _loading(training, config)
    shutil.rmtree(out / "images", ignore_errors=True)


def _loading(training: TwoStepTraining, config: TrainConfig) -> None:
    """The processor time of making batches against that of learning from them."""

    planned, network = training.planned[0], training.network
    step = planned.begin(network)
    learner = Learner(network, step, config)
    batches = iter(EpochBatches(step, 99, config, one_process(), network.mean.device))
    loading, learning = [], []
    for _ in range(60):
        began = time.process_time()
        own = next(batches)
        loaded = time.process_time()
        learner._descend(network, own, 99)
        loading.append(loaded - began)
        learning.append(time.process_time() - loaded)
    share = statistics.median(loading) / (statistics.median(loading) + statistics.median(learning))
    print(f"loading is {share:.1%} of a step of the processor's time; a thread does it beside")


def _genome(source: Path, path: Path, count: int) -> Path:
    """A store of so many images: the chunks of `source` again and again, coarse labels on all, fine ones on a tenth."""

    if path.exists():
        return path
    enlarged(source, path, count)
    with Store(source) as store, h5py.File(path, "r+") as file:
        rows = np.arange(count) % len(store)
        file["samples/gene"] = np.array([f"gene{row // 6}" for row in range(count)], dtype=object)
        for name in ("stage_range", "stage"):
            space, labels = store.task(name), store.labels(name)[rows].astype(np.int16)
            made = file.create_dataset(
                f"labels/{name}", data=np.where(rows % 10, -1, labels) if space.parent else labels
            )
            with h5py.File(source) as given:
                made.attrs.update(given[f"labels/{name}"].attrs)
    return path


def _resident() -> float:
    """GiB that the process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**30


def _peak() -> float:
    """GiB that the process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
