"""Makes the files in the folder `0.1.0`, by the version of that name, before its modules were moved.

    python tests/earlier/make.py FOLDER

They are kept to show that later versions read what earlier ones wrote: a store with both label levels and a task of
terms, a finished run with its bundle, a run that was interrupted after its second epoch, annotations with all that they
can hold, the parts of an interrupted annotation, maps, a comparison, and the answers that were given then
(`expected.json`). Only public names are used.
"""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

from lsl_runtime import GemSide, Model, annotate, annotate_shard, build_gems, compare_gems, write_comparison, write_gems
from lsl_shared import LabelSpace, Store, StoreWriter
from lsl_trainer import PRESETS, NetworkConfig, train

SIZE = (24, 32)
SIDES = LabelSpace("side", ("left", "right", "none"))
CORNERS = LabelSpace.fine("corner", {"a": "left", "b": "left", "c": "right", "d": "right"}, SIDES)
TERMS = LabelSpace("marks", ("low", "dark"))
CONFIG = PRESETS["tiny"].having(
    network=NetworkConfig(widths=(4, 8), strides=(2, 2), stem_stride=2, pooled_shortcut=True, pool=1),
    coarse_epochs=3,
    fine_epochs=6,
    feature_epochs=2,
    reference_sets=4,
    learning_rate=0.02,
)


class StoppedError(Exception):
    """Ends a run in the middle."""


def picture(corner: int, number: int) -> np.ndarray:
    """A flat ground with a bright square whose place tells the class; none for −1."""
    image = np.full((*SIZE, 3), 60 + 7 * (number % 5), np.uint8)
    if corner >= 0:
        top, left = (2, 14)[corner % 2], (3, 20)[corner // 2]
        image[top : top + 8, left : left + 9] = 190 + 5 * (number % 4)
    return image


def write_store(path: Path) -> None:
    """48 images of 16 genes; two in three have a fine label, every twelfth image is of the childless side."""
    corners = np.array([-1 if k % 12 == 11 else (k * 7 + k // 5) % 4 for k in range(48)])
    with StoreWriter(path, *SIZE) as writer:
        for number, corner in enumerate(corners):
            writer.append(
                picture(int(corner), number), id=f"image{number:02d}", gene=f"gene{number // 3:02d}",
                view="lateral" if number % 4 else "", source=f"{number}.png",
            )  # fmt: skip
        writer.add_task(SIDES, np.where(corners < 0, 2, corners // 2))
        writer.add_task(CORNERS, np.where(np.arange(48) % 3 < 2, corners, -1))
        carried = np.stack([corners % 2 == 1, np.arange(48) % 5 == 0], axis=1).astype(np.uint8)
        carried[corners < 0] = 255
        writer.add_terms(TERMS, carried)


def interrupted_run(store: Path, out: Path) -> None:
    """A run that ended after two epochs, with what --resume needs."""

    def stop(epoch: object) -> None:
        if len(seen) == 2:
            raise StoppedError
        seen.append(epoch)

    seen: list[object] = []
    with suppress(StoppedError):
        train(store, CONFIG, out, on_epoch=stop)


def interrupted_annotation(store: Path, model: Model, folder: Path) -> None:
    """The part of the only shard, not yet joined."""
    copy = Path(shutil.copyfile(store, folder / "parts.h5"))
    annotate_shard(copy, model, 1, 1, saliency=True, features=True)
    copy.unlink()


def main(folder: Path) -> None:
    """Makes all files in `folder`, which must not exist."""
    folder.mkdir()
    store = folder / "store.h5"
    write_store(store)
    train(store, CONFIG, folder / "run")
    interrupted_run(store, folder / "interrupted")
    model = Model.load(folder / "run" / "model", device="cpu")
    annotate(store, model, saliency=True, features=True, constrain="side")
    interrupted_annotation(store, model, folder)
    write_gems(folder / "store.gems", build_gems(store, ["a", "d"], model=model))
    compared = compare_gems(store, GemSide("a"), GemSide("d"))
    write_comparison(folder / "store.gems" / "comparison-a-d.h5", compared)
    with Store(store) as opened:
        answers = model.predict(opened.read(0, len(opened)))
        fingerprint = opened.fingerprint()
    expected = {
        "fingerprint": fingerprint,
        "digest": model.digest,
        "classes": answers.class_index.tolist(),
        "probabilities": np.round(answers.probabilities.astype(float), 5).tolist(),
    }
    (folder / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
