"""Do contributions and landmark maps show what defines a stage? Trained models on demo stores, whose truth is known.

    python tools/bench/landmark_maps.py measure FOLDER OUT [--seeds 301,302,303] [--wait 3600]
    python tools/bench/landmark_maps.py agree FOLDER OUT [--seeds 301,302,303]
    python tools/bench/landmark_maps.py tell OUT [--seeds 301,302,303]

FOLDER holds stores, store-<seed>.h5, and model bundles, <seed>-<method>-<training>/model. `measure` looks at each model
that is there, and waits for others: figures of single images go to OUT/<seed>-<method>-<training>.npz, all others to
OUT/figures.csv. What is there already is not measured again. `agree` compares the stage maps of two trainings on one
store. `tell` gives means and intervals.

Single images are held out: at most 96 of the test genes. Energy, pointing game, deletion and insertion are those of
tools/bench/saliency.py. Controls: Sobel edges, local contrast alone, the centre, an untrained network's gradient times
contrast, and contributions of other images.

Stages are mapped as `lsl-gem` does, from at most 16 images that the model gave the stage. A map's energy is the share
of it that lies in the true landmarks, over that of the plain GEM, or over the landmarks' share of the embryo for
landmark maps themselves. A significant cell touches a landmark where one of its pixels is a landmark in a quarter of
the stage's embryos or more. Nulls are shares of landmark maps in which any cell is called significant though the
stages of the images were shuffled; or though other images are asked what in them speaks for the stage.
"""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import typer
from controls import edges, untrained_saliency
from landmark_stages import Trained, misplaced, shuffled, stage_figures, stages
from numpy.typing import NDArray
from saliency import BLUR, Embryos, area, centre, energy, pointing, ranked, read_embryos, smoothed, told
from scipy.stats import spearmanr

from lsl_runtime import Model
from lsl_runtime.model.contributions import SMOOTH
from lsl_runtime.model.local_contrast import local_contrast

app = typer.Typer(add_completion=False, help=__doc__)
Array = NDArray[Any]
IMAGES, CURVES = 96, 24


def models_of(folder: Path, seeds: str) -> list[Path]:
    """The bundles of these seeds that are there."""
    wanted = seeds.split(",")
    manifests = sorted(folder.glob("*/model/manifest.json"))
    return [path.parent for path in manifests if path.parents[1].name.split("-")[0] in wanted]


def trained(bundle: Path) -> Trained:
    name = bundle.parent.name
    return Trained(name, bundle.parents[1] / f"store-{name.split('-')[0]}.h5", Model.load(bundle, "cpu", threads=1))


# Single images


def image_maps(embryos: Embryos, model: Model) -> dict[str, Array]:
    images = embryos.images
    contributions = model.saliency(images, method="contributions")
    return {
        "contributions": contributions,
        "contributions-once": model.saliency(images, method="contributions-once"),
        "gradient": model.saliency(images),
        "Sobel edges": np.stack([edges(image) for image in images]),
        "local contrast": local_contrast(images),
        "centre": np.stack([centre(mask) for mask in embryos.inside]),
        "untrained × contrast": untrained_saliency(images, 0) * local_contrast(images),
        "other images": np.roll(contributions, len(images) // 3, axis=0),
    }


def single_images(one: Trained) -> dict[str, Array]:
    """`<measure>|<map>` → a value of each image."""
    embryos, found = read_embryos(one.store, one.model, IMAGES), dict[str, Array]()
    found["right"] = embryos.right.astype(float)
    maps = {name: smoothed(values) for name, values in image_maps(embryos, one.model).items()}
    for name, values in maps.items():
        found[f"energy|{name}"], found[f"pointing|{name}"] = energy(values, embryos), pointing(values, embryos)
    expected = one.model.contributions_sum(embryos.images)
    found["miss"] = np.abs(one.model.contributions(embryos.images).sum((1, 2)) / expected - 1)
    found |= curves(embryos, one.model, maps)
    return found


def curves(embryos: Embryos, model: Model, maps: dict[str, Array]) -> dict[str, Array]:
    """Deletion and insertion, on fewer images, of the maps that matter."""
    images, inside = embryos.images[:CURVES], embryos.inside[:CURVES]
    blurred = np.stack([cv2.GaussianBlur(image, (0, 0), BLUR) for image in images])
    chosen, found = model.predict(images).class_index, dict[str, Array]()
    for name in ("contributions", "contributions-once", "Sobel edges"):
        rank = ranked(maps[name][:CURVES], inside)
        found[f"deletion|{name}"] = area(model, images, blurred, rank, chosen)
        found[f"insertion|{name}"] = area(model, blurred, images, rank, chosen)
    return found


@app.command()
def measure(folder: Path, out: Path, seeds: str = "301,302,303", wait: int = 0) -> None:
    """Measures every model of these seeds, single images first, as they come, for at most `wait` seconds."""
    cv2.setNumThreads(1)
    out.mkdir(exist_ok=True)
    until = time.time() + wait
    while True:
        measured = False
        for work, ending in ((measure_images, ".npz"), (measure_stages, ".maps.npz")):
            for bundle in models_of(folder, seeds):
                target = out / f"{bundle.parent.name}{ending}"
                if not measured and not target.exists():
                    work(trained(bundle), target)
                    measured = True
        if not measured:
            if time.time() > until:
                return
            time.sleep(20)


def measure_images(one: Trained, target: Path) -> None:
    typer.echo(f"{one.name}, single images")
    kept: dict[str, Any] = single_images(one)
    np.savez_compressed(target, **kept)


def measure_stages(one: Trained, target: Path) -> None:
    typer.echo(f"{one.name}, stages")
    held, maps, signed, generator = list(stages(one)), dict[str, Any](), [], np.random.default_rng(0)
    for stage in held:
        name, index = one.model.task.classes[stage.index], np.full(len(stage.images), stage.index)
        signed.append(one.model.contributions(stage.images, index, smooth=SMOOTH))
        append(target.parent, one.name, name, stage_figures(one, stage, signed[-1]))
        gradient = np.average(one.model.saliency(stage.images, index), axis=0, weights=stage.weights)
        found = {"map": stage.landmark_map(signed[-1]).mean, "gradient": gradient, "embryo": stage.embryo}
        maps |= {f"{kind}|{name}": plane.astype(np.float32) for kind, plane in found.items()}
    nulls = {
        "null, stages shuffled": float(np.mean(list(shuffled(held, np.concatenate(signed), generator)))),
        "null, stage asked of others": float(np.mean(list(misplaced(one, held, generator)))),
    }
    append(target.parent, one.name, "all", nulls)
    np.savez_compressed(target, **maps)


def append(out: Path, run: str, stage: str, figures: dict[str, float]) -> None:
    with (out / "figures.csv").open("a", newline="") as stream:
        csv.writer(stream).writerows([run, stage, name, f"{value:.5f}"] for name, value in figures.items())


# What was found


def runs_of(out: Path, seeds: str, ending: str) -> dict[str, dict[str, Array]]:
    paths = [path for path in sorted(out.glob("*.npz")) if path.name.split("-")[0] in seeds.split(",")]
    chosen = {path.name.removesuffix(ending): path for path in paths if path.name.endswith(ending)}
    return {name: dict(np.load(path)) for name, path in chosen.items() if "." not in name}


@app.command()
def agree(out: Path, seeds: str = "301,302,303") -> None:
    """Rank correlation, within the embryo, of the stage maps of two trainings on one store; medians over stages."""
    found, runs = dict[str, list[float]](), runs_of(out, seeds, ".maps.npz")
    for name, first in runs.items():
        other = runs.get(name[:-1] + "1") if name.endswith("-0") else None
        for key in first if other is not None else ():
            kind, _, stage = key.partition("|")
            if kind in ("map", "gradient") and other is not None and key in other:
                box = (first[f"embryo|{stage}"] >= 0.5) & (other[f"embryo|{stage}"] >= 0.5)
                pair = [values[key] for values in (first, other)]
                if kind == "gradient":
                    pair = list(smoothed(np.stack(pair)))
                found.setdefault(f"{kind} {name[4:-2]}", []).append(float(spearmanr(*(x[box] for x in pair))[0]))
    for kind, values in found.items():
        quartiles = np.percentile(values, [25, 75]).round(3)
        typer.echo(f"{kind}: median {np.median(values):.3f}, quartiles {quartiles}, {len(values)}")


@app.command()
def tell(out: Path, seeds: str = "301,302,303") -> None:
    """Means over the images of all models, with 95 % intervals; medians over stages."""
    runs = runs_of(out, seeds, ".npz")
    for method in sorted({name.split("-", 1)[1].rsplit("-", 1)[0] for name in runs}):
        chosen = {name: one for name, one in runs.items() if name.split("-", 1)[1].rsplit("-", 1)[0] == method}
        typer.echo(f"{method}: {len(chosen)} models, {', '.join(chosen)}")
        keys = list(next(iter(chosen.values())))
        pooled = {key: np.concatenate([one[key] for one in chosen.values()]) for key in keys}
        for key, values in pooled.items():
            middle = f", median {np.median(values):.4f}" if key == "miss" else ""
            typer.echo(f"  {key}: {told(values)}{middle}")
        for name in ("contributions", "contributions-once"):
            difference = pooled[f"energy|{name}"] - pooled["energy|Sobel edges"]
            typer.echo(f"  energy of {name} − Sobel: {told(difference)}; {told_by_model(chosen, name)}")
        tell_stages(out, set(chosen))


def told_by_model(chosen: dict[str, dict[str, Array]], name: str) -> str:
    each = [float((one[f"energy|{name}"] - one["energy|Sobel edges"]).mean()) for one in chosen.values()]
    return "models " + ", ".join(f"{value:+.3f}" for value in each)


def tell_stages(out: Path, names: set[str]) -> None:
    with (out / "figures.csv").open() as stream:
        rows = [row for row in csv.reader(stream) if row[0] in names]
    figures: dict[str, list[float]] = {}
    for _, _, name, value in rows:
        figures.setdefault(name, []).append(float(value))
    for name, values in figures.items():
        quartiles = np.percentile(values, [25, 75]).round(3)
        middle = f"median {np.median(values):.3f}, quartiles {quartiles}, mean {np.mean(values):.3f}"
        typer.echo(f"  {name}: {middle}, {len(values)}")
    for method in ("contributions", "contributions-once"):
        cells = sum(figures.get(f"cells|{method}", [0]))
        share = sum(figures.get(f"touching|{method}", [0])) / max(cells, 1)
        typer.echo(f"  of {cells:.0f} significant cells ({method}) {share:.1%} touch a landmark")


if __name__ == "__main__":
    app()
