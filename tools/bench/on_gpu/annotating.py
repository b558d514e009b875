"""Annotating from file to file on this device, against a bare session over images in memory."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path

from stores import enlarged
from timing import in_turns

from lsl_runtime import Model, annotate
from lsl_shared import Store
from on_gpu.graphs import Prepared
from on_gpu.scale import Scale, Tell, write_store

__all__ = ["annotating"]

ROUNDS, HELD = 3, 1024


def annotating(scale: Scale, bundles: dict[str, Prepared], folder: Path, tell: Tell) -> None:
    """Annotates the same store with each network in float16, classes alone and with saliency."""
    small = write_store(folder / "some.h5", min(HELD, scale.annotated), 0, scale.size)
    store = enlarged(small, folder / "many.h5", scale.annotated)
    with Store(small) as opened:
        pixels = opened.read(0, len(opened))
    for name, made in bundles.items():
        model = Model.load(made.half, "auto")
        for saliency in (False, True):
            run = model.graphs.session("saliency.onnx") if saliency else model.graphs.session("classifier.onnx")
            tell("annotate", f"{name}: runs on", run.get_providers()[0])
            images = scale.annotated if not saliency else scale.annotated // 4
            part = store if not saliency else enlarged(small, folder / "fewer.h5", images)
            work = {"bare session": bare(model, pixels, images, saliency), "annotate": whole(part, model, saliency)}
            spent = in_turns(work, ROUNDS if scale.seconds >= 1 else 1, warm_up=1)
            told = f"{name}, fp16{', saliency' if saliency else ''}"
            for case, each in spent.items():
                tell("annotate", f"{told}: {case}, images/s", images / statistics.median(one.wall for one in each))
            ratios = [loop.wall / full.wall for loop, full in zip(*spent.values(), strict=True)]
            tell("annotate", f"{told}: annotate / bare session (aim: 0.9)", statistics.median(ratios))


def bare(model: Model, pixels: object, images: int, saliency: bool) -> Callable[[], None]:
    """The session over images in memory, again and again."""

    def loop() -> None:
        done = 0
        while done < images:
            run = model.explain if saliency else model.classify
            for answers in run(pixels, batch_size=model.batch_size):  # type: ignore[arg-type]
                done += len(answers["logits"])
                if done >= images:
                    break

    return loop


def whole(store: Path, model: Model, saliency: bool) -> Callable[[], None]:
    """`annotate`, from file to file."""

    def run() -> None:
        annotate(store, model, out=store.with_name("annotations.h5"), saliency=saliency, restart=True).path.unlink()

    return run
