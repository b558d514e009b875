# mypy: ignore-errors
"""A store annotated with Dask, h5py and ONNX Runtime alone: a part file a batch, so that a killed run goes on.

python dask_only.py STORE CLASSIFIER.onnx FOLDER BATCH
"""

import os
import sys
from functools import cache
from pathlib import Path

import dask
import h5py
import numpy as np
import onnxruntime as ort

store, graph, folder, batch = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])


@cache
def session() -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


@dask.delayed
def annotate(start: int) -> None:
    with h5py.File(store) as file:
        images = file["images"][start : start + batch]
    temporary = folder / f".{start:09d}.tmp"
    with temporary.open("wb") as stream:
        np.save(stream, session().run(["probabilities"], {"image": images})[0])
    temporary.replace(folder / f"{start:09d}.npy")


folder.mkdir(exist_ok=True)
with h5py.File(store) as file:
    starts = range(0, len(file["images"]), batch)
missing = [start for start in starts if not (folder / f"{start:09d}.npy").exists()]
dask.compute(*map(annotate, missing), scheduler="threads", num_workers=os.cpu_count())
answers = np.concatenate([np.load(folder / f"{start:09d}.npy") for start in starts])
np.save(folder / "class.npy", answers.argmax(1))
