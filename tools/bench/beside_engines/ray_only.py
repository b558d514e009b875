# mypy: ignore-errors
"""A store annotated with Ray Data, h5py and ONNX Runtime alone: a part file a batch, so that a killed run goes on.

python ray_only.py STORE CLASSIFIER.onnx FOLDER BATCH
"""

import os
import sys
from pathlib import Path

import h5py
import numpy as np
import onnxruntime as ort
import ray

store, graph, folder, batch = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])


class Annotate:
    def __init__(self) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self.images = h5py.File(store)["images"]

    def __call__(self, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        for start in rows["item"]:
            images = self.images[start : start + batch]
            temporary = folder / f".{start:09d}.tmp"
            with temporary.open("wb") as stream:
                np.save(stream, self.session.run(["probabilities"], {"image": images})[0])
            temporary.replace(folder / f"{start:09d}.npy")
        return rows


folder.mkdir(exist_ok=True)
with h5py.File(store) as file:
    starts = range(0, len(file["images"]), batch)
missing = [start for start in starts if not (folder / f"{start:09d}.npy").exists()]
ray.init(num_cpus=os.cpu_count(), include_dashboard=False)
work = ray.data.from_items(missing, override_num_blocks=max(1, min(64, len(missing))))
work.map_batches(Annotate, batch_size=1, concurrency=os.cpu_count()).materialize()
answers = np.concatenate([np.load(folder / f"{start:09d}.npy") for start in starts])
np.save(folder / "class.npy", answers.argmax(1))
