"""How much faster are maps than the program that one would write for them with NumPy, OpenCV and h5py?

    python tools/bench/plain_maps.py STORE ANNOTATIONS [--times 1] [--rounds 1]

`plain` goes over stages and their images, reads each, finds its stain density, smooths its saliency map, and adds up.
`careful` passes over the store once, in chunks, for all stages. Both follow the definition in `lsl_shared.expression`
and `lsl_runtime.gem.build.maps`, in the calls that come to mind, and make no bands. `build_gems` makes bands as well;
once with the images alone, and once with stored stain density where the annotations hold it. Each program runs in
this process, in turns. ANNOTATIONS have saliency maps; `--times` repeats the store.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import h5py
import numpy as np
import typer
from numpy.typing import NDArray
from stores import repeated
from timing import in_turns

from lsl_runtime import Gem, build_gems
from lsl_shared import Annotations

app = typer.Typer(add_completion=False, help=__doc__)
Array = NDArray[Any]
Maps = dict[str, tuple[Array, Array]]
"""Stage → GEM and masked GEM."""


def plain(store: Path, given: Path) -> Maps:
    """Stage by stage, image by image."""
    made = {}
    with h5py.File(store) as images, h5py.File(given) as annotations:
        stages = annotations["stage/class"][:]
        genes = images["samples/gene"].asstr()[:]
        names = annotations["stage"].attrs["classes"]
        for stage in np.unique(stages[stages >= 0]):
            rows = np.flatnonzero(stages == stage)
            count = Counter(genes[rows])
            total: Any = 0.0
            gem: Any = 0.0
            masked: Any = 0.0
            for row in rows:
                weight = 1 / count[genes[row]]
                density, embryo = stain(images["images"][row])
                saliency = annotations["saliency"][row] * (annotations["saliency_scale"][row] / 255)
                gem += weight * density
                masked += weight * density * mask_of(saliency, embryo)
                total += weight
            made[str(names[stage])] = (gem / total, masked / total)
    return made


def careful(store: Path, given: Path) -> Maps:
    """One pass, in whole chunks, for all stages."""
    with h5py.File(store) as images, h5py.File(given) as annotations:
        stages = annotations["stage/class"][:]
        genes = images["samples/gene"].asstr()[:]
        scale = annotations["saliency_scale"][:] / 255
        names = annotations["stage"].attrs["classes"]
        count = Counter(zip(stages, genes, strict=True))
        shape = images["images"].shape[1:3]
        gem, masked = np.zeros((len(names), *shape)), np.zeros((len(names), *shape))
        total = np.zeros(len(names))
        step = images["images"].chunks[0]
        for start in range(0, len(stages), step):
            pixels = images["images"][start : start + step]
            maps = annotations["saliency"][start : start + step]
            for place, image in enumerate(pixels):
                row = start + place
                stage = stages[row]
                if stage < 0:
                    continue
                weight = 1 / count[stage, genes[row]]
                density, embryo = stain(image)
                gem[stage] += weight * density
                masked[stage] += weight * density * mask_of(maps[place] * scale[row], embryo)
                total[stage] += weight
    return {
        str(names[stage]): (gem[stage] / total[stage], masked[stage] / total[stage]) for stage in np.flatnonzero(total)
    }


def mask_of(saliency: Array, embryo: Array) -> Array:
    """The saliency mask of an image."""
    if not embryo.any():
        return np.zeros(embryo.shape)
    smooth = cv2.GaussianBlur(saliency.astype(np.float32), (33, 33), 4, borderType=cv2.BORDER_REFLECT_101)
    full = np.percentile(smooth[embryo], 99)
    return np.clip(smooth / full, 0, 1) if full > 0 else np.zeros(embryo.shape)


def stain(image: Array) -> tuple[Array, Array]:
    """Stain density and embryo of a coloured image 128 pixels high."""
    ground, spread = ground_of(image)
    embryo = embryo_of(image, ground, spread)
    if not embryo.any():
        return np.zeros(embryo.shape), embryo
    smooth = cv2.GaussianBlur(image, (0, 0), 1.0)
    density = -np.log10(np.maximum(smooth.astype(np.float32), 1) / np.maximum(ground, 1))
    red_green, blue = density[..., :2].mean(2), density[..., 2]
    shade = (blue - 0.47 * red_green) / (0.86 - 0.47)
    interior = cv2.erode(embryo.astype(np.uint8), np.ones((17, 17), np.uint8), borderValue=0).astype(bool)
    if interior.sum() <= embryo.sum() / 4:
        interior = embryo
    certain = red_green - shade + np.maximum(red_green - 0.3, 0)
    least = interior & (certain <= np.sort(certain[interior])[int(interior.sum() * 0.15)])
    dark, bluish = red_green[least].mean(), blue[least].mean() - 1.55 * 0.02 * (0.86 - 0.47)
    excess = max(0.0, dark - 0.18, (dark - bluish - 0.05) / (1 - 0.47))
    dark, bluish = dark - excess, bluish - 0.47 * excess
    red_green, blue = red_green - dark, blue - min(bluish, dark + 0.2)
    shade = (blue - 0.47 * red_green) / (0.86 - 0.47)
    around = cv2.GaussianBlur(np.minimum(red_green - shade, red_green + 0.06) * embryo, (0, 0), 3.0)
    room = np.clip(1 - np.maximum(around, 2 * (red_green - 0.3)) / 0.16, 0, 1)
    found = red_green - np.clip(shade, -0.06 * room, 0.16 * room)
    return np.clip(found, 0, 1) * embryo, embryo


def ground_of(image: Array) -> tuple[Array, float]:
    """Colour and noise of the ground."""
    sides = (image[:2], image[-2:], image[:, :2], image[:, -2:])
    edge = np.concatenate([side.reshape(-1, 3) for side in sides]).astype(np.float32)
    brightest = np.quantile(edge, 0.9, axis=0)
    same = edge[(np.abs(edge - brightest) <= 20).all(1)]
    colour = np.median(same, axis=0)
    return colour, 1.4826 * np.median(np.abs(same - colour), axis=0).max()


def embryo_of(image: Array, ground: Array, spread: float) -> Array:
    """Where the embryo is: the largest thing that is not ground, closed and filled."""
    away = np.abs(image.astype(np.float32) - ground)
    differs: Array = np.asarray((away > max(2.0, 4 * spread)).any(2), np.uint8)
    closed = cv2.copyMakeBorder(cv2.medianBlur(differs, 3), 12, 12, 12, 12, cv2.BORDER_CONSTANT, value=0)
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (11, 11))
    closed = cv2.morphologyEx(closed, cv2.MORPH_CLOSE, ellipse)
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(closed)
    if outlines:
        cv2.drawContours(filled, [max(outlines, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    embryo: Array = cv2.morphologyEx(filled, cv2.MORPH_OPEN, ellipse)[12:-12, 12:-12].astype(bool)
    return embryo if embryo.mean() >= 0.02 else np.zeros(embryo.shape, bool)


@app.command()
def measure(store: Path, annotations: Path, times: int = 1, rounds: int = 1) -> None:
    """Seconds of each program, and how far the plain one's maps lie from `build_gems`."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        path, given = repeated(store, annotations, Path(folder), times) if times > 1 else (store, annotations)
        with Annotations(given) as opened:
            stages = [opened.tasks["stage"][k] for k in np.unique(opened.class_index("stage")) if k >= 0]
            images, stained = len(opened), opened.has_expression

        def gems() -> tuple[Gem, ...]:
            return build_gems(path, stages, annotations=given, view="all")

        def from_images() -> tuple[Gem, ...]:
            with mock.patch("lsl_runtime.gem.build.store_pass.stain_source", lambda source: None):
                return gems()

        programs = {"plain": lambda: plain(path, given), "careful": lambda: careful(path, given),
                    "build_gems": from_images, **({"build_gems, stored stain": gems} if stained else {})}  # fmt: skip
        spent = in_turns({name: _kept(found, name, one) for name, one in programs.items()}, rounds)
    for name, each in spent.items():
        wall, used = np.median(each, axis=0)
        typer.echo(f"{name:<26}{wall:8.1f} s, {used:8.1f} s of processor, {1000 * wall / images:7.2f} ms an image")
    for name in list(programs)[2:]:
        ratios = [np.median(np.array(spent[one])[:, 0] / np.array(spent[name])[:, 0]) for one in ("plain", "careful")]
        typer.echo(f"{name}: {ratios[0]:.1f} times as fast as plain, {ratios[1]:.1f} times as careful")
    away = [
        abs(mine - theirs).max()
        for gem in found["build_gems"]
        for mine, theirs in zip((gem.gem, gem.masked_gem), found["plain"][gem.stage], strict=True)
    ]
    typer.echo(f"{images:,} images; the plain program's maps differ by {max(away):.1e} at most")


def _kept(found: dict[str, Any], name: str, program: Callable[[], object]) -> Callable[[], None]:
    return lambda: found.update({name: program()})


if __name__ == "__main__":
    app()
