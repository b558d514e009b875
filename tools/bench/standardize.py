"""How well and how fast raw photographs are standardized.

    python tools/bench/standardize.py composites DATA/flyexpress --genes Dip-C --genes Dms [--scenes N] [--worst PNG]
    python tools/bench/standardize.py again DATA/flyexpress
    python tools/bench/standardize.py speed DATA/flyexpress [--scenes N] [--workers N]
    python tools/bench/standardize.py sheet DOCS/contact-sheet.png

`composites` pastes standardized embryos into photographs, so that the truth is known. The genes given are those that
the training of the orientation network has left out. `again` standardizes images that are standardized already. `speed`
measures files of 1520×1080 pixels. `sheet` draws the contact sheet of the documentation from demo images. DATA holds
the real images, which are not part of the project.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from photographs import Photograph, read_photographs

from lsl_shared.measures.embryo_mask import embryo_mask
from lsl_tools.demo.dataset import demo_images
from lsl_tools.demo.scene import Scene, compose_scene
from lsl_tools.importing.listing import Sample
from lsl_tools.standardize.mirroring import mirrored
from lsl_tools.standardize.orientation import Orienter
from lsl_tools.standardize.photograph import SIZE, Standardized, standardize_photograph
from lsl_tools.standardize.segment.ellipse import ellipse_of, overlap, polygon_mask
from lsl_tools.standardize.sheet.contact_sheet import png_sheet
from lsl_tools.standardize.sheet.sheet_page import Tile
from lsl_tools.standardize.sheet.thumbnail import jpeg, photograph_thumbnail
from lsl_tools.standardize.worker import Outcome, outcomes

app = typer.Typer(add_completion=False, help=__doc__)
Array = NDArray[Any]
Row = dict[str, str]
EARLY = ("1-3", "4-6")


def scenes(images: list[Photograph], count: int, seed: int) -> Iterator[tuple[Row, int, Scene]]:
    """Row of the main embryo, number of neighbours, photograph. Every image is the main embryo in turn."""
    for k in range(count):
        generator = np.random.default_rng([seed, k])
        row, main = images[k % len(images)]
        neighbours = [images[place][1] for place in generator.integers(len(images), size=generator.integers(4))]
        yield row, len(neighbours), compose_scene(main, neighbours, generator)


def degrees_off(found: float, truth: float) -> float:
    return abs((found - truth + 90) % 180 - 90)


def measured(row: Row, neighbours: int, scene: Scene, result: Standardized) -> dict[str, Any]:
    """All that is measured of one scene. Half a turn equals mirroring both ways."""
    line: dict[str, Any] = {**row, "neighbours": neighbours, "flags": result.flags}
    mask = scene.mask
    if result.found is None or result.pose is None:
        return {**line, "iou": 0.0, "angle": 90.0, "planted": 90.0, "half_turn": False}
    own = float(np.degrees(ellipse_of(mask)[4]))
    found = polygon_mask(result.found.outline, mask.shape[:2])
    half_turn = np.cos(np.radians(result.pose.rotation - scene.angle)) < 0
    return {
        **line,
        "iou": overlap(found, mask),
        "angle": degrees_off(result.pose.rotation, own),
        "planted": degrees_off(result.pose.rotation, scene.angle),
        "flip_x": scene.flip_x != half_turn,
        "flip_y": scene.flip_y != half_turn,
    }


@app.command()
def composites(
    folder: Path,
    genes: Annotated[list[str], typer.Option()] = [],  # noqa: B006
    scene_count: Annotated[int, typer.Option("--scenes")] = 210,
    seed: int = 1,
    worst: Path | None = None,
) -> None:
    """Overlap, angle and mirroring against the truth."""
    lines, seen, tiles = [], [], []
    for row, neighbours, scene in scenes(read_photographs(folder, genes), scene_count, seed):
        result = standardize_photograph(scene.photograph)
        lines.append(measured(row, neighbours, scene, result))
        seen.append(result.image if result.image is not None else np.full((128, 320, 3), 255, np.uint8))
        words = f"{lines[-1]['iou']:.3f} {lines[-1]['angle']:.1f} " + "; ".join(result.flags)
        after = jpeg(seen[-1])
        name = f"{row['gene']} {row['stage_range']} {row['view']}"
        tiles.append(Tile(name, photograph_thumbnail(scene.photograph, result), after, words, bool(result.flags)))
    tell_places(lines)
    tell_mirroring(lines, np.stack(seen))
    if worst is not None:
        order = np.argsort([line["iou"] for line in lines])[:40]
        cv2.imwrite(str(worst), png_sheet([tiles[place] for place in order])[..., ::-1])


def tell_places(lines: list[dict[str, Any]]) -> None:
    kept = [line for line in lines if not line["flags"]]
    for name, chosen in (("all", lines), ("kept", kept)):
        iou = np.quantile([line["iou"] for line in chosen], [0.5, 0.1, 0.05])
        angle, planted = (np.mean([line[key] <= 2 for line in chosen]) for key in ("angle", "planted"))
        typer.echo(
            f"{name}: {len(chosen)} scenes; overlap median {iou[0]:.3f}, 10 % below {iou[1]:.3f}, 5 % {iou[2]:.3f};"
            f" within 2° of the region's axis {angle:.1%}, of the planted angle {planted:.1%}"
        )
    for count in range(4):
        some = [line for line in lines if line["neighbours"] == count]
        iou = np.quantile([line["iou"] for line in some], [0.5, 0.1])
        flagged = np.mean([bool(line["flags"]) for line in some])
        typer.echo(f"  {count} neighbours: {len(some)}; overlap {iou[0]:.3f}, {iou[1]:.3f}; flagged {flagged:.0%}")
    bad = [line for line in lines if line["iou"] < 0.9]
    typer.echo(f"  overlap below 0.9: {len(bad)}, of which flagged {sum(bool(line['flags']) for line in bad)}")
    reasons = [flag for line in lines for flag in line["flags"]]
    typer.echo(f"  flags: { {flag: reasons.count(flag) for flag in sorted(set(reasons))} }")


def tell_mirroring(lines: list[dict[str, Any]], images: Array) -> None:
    turns = Orienter.load().choose(images)
    for place, line in enumerate(lines):
        line["right_x"] = line.get("flip_x") == turns.flip_x[place]
        line["right_y"] = line.get("flip_y") == turns.flip_y[place]
        line["certain_x"], line["certain_y"] = bool(turns.certain_x[place]), bool(turns.certain_y[place])
    good = [line for line in lines if not line["flags"]]
    late = [line for line in good if line["stage_range"] not in EARLY]
    early = [line for line in good if line["stage_range"] in EARLY]
    lateral = [line for line in late if line["view"] == "lateral"]
    tell_turn("anterior-posterior, 7-8 on", late, "x")
    tell_turn("anterior-posterior, 1-3 and 4-6", early, "x")
    tell_turn("dorso-ventral, lateral, 7-8 on", lateral, "y")


def tell_turn(name: str, lines: list[dict[str, Any]], axis: str) -> None:
    right = np.array([line[f"right_{axis}"] for line in lines], bool)
    certain = np.array([line[f"certain_{axis}"] for line in lines], bool)
    kept = right[certain].mean() if certain.any() else float("nan")
    caught = (~certain[~right]).mean() if (~right).any() else float("nan")
    typer.echo(
        f"{name}: {len(lines)} scenes; right {right.mean():.1%}; certain {certain.mean():.1%}, right then {kept:.1%};"
        f" of {(~right).sum()} wrong ones flagged {caught:.1%}"
    )


@app.command()
def again(folder: Path) -> None:
    """Standardized images: overlap before and after, and flips."""
    overlaps, changed = [], 0
    orienter = Orienter.load()
    for _, image in read_photographs(folder):
        result = standardize_photograph(image)
        assert result.image is not None and result.found is not None
        overlaps.append(overlap(embryo_mask(image), embryo_mask(result.image)))
        changed += int((result.image != image).any())
        if not result.found.standardized:
            turns = orienter.choose(result.image[None])
            typer.echo(f"not seen as standardized: flips {turns.flip_x[0]}, {turns.flip_y[0]}, {result.flags}")
    typer.echo(f"{len(overlaps)} images; overlap at least {min(overlaps):.4f}; {changed} changed at all")


@app.command()
def speed(folder: Path, scene_count: Annotated[int, typer.Option("--scenes")] = 60, workers: int | None = None) -> None:
    """Photographs of 1520×1080 a second, JPEG files read and all; the turn-choosing network included."""
    count, orienter = workers or os.cpu_count() or 1, Orienter.load(threads=1)
    with tempfile.TemporaryDirectory() as name:
        paths = []
        for place, (_, _, scene) in enumerate(scenes(read_photographs(folder), scene_count, 5)):
            paths.append(Path(name) / f"{place}.jpg")
            cv2.imwrite(str(paths[-1]), scene.photograph[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
        samples, rates = [Sample(path, path.name, path.name, path.name) for path in paths * 4], []
        for _ in range(3):
            made = mirrored(samples[1:], started(outcomes([sample.path for sample in samples], SIZE, count)), orienter)
            start = time.perf_counter()
            rates.append(sum(1 for _ in made) / (time.perf_counter() - start))
    best = max(rates)
    typer.echo(
        f"{count} workers: {np.median(rates):.1f} photographs a second, best {best:.1f}; {best / count:.1f} a core"
    )


def started(made: Iterator[Outcome]) -> Iterator[Outcome]:
    """The outcomes after the first one: until that is there, the workers are starting."""
    next(made)
    return made


def turned(result: Standardized, orienter: Orienter) -> Standardized:
    if result.image is None:
        return result
    turns = orienter.choose(result.image[None])
    flags = ["anterior uncertain"] * (not turns.certain_x[0]) + ["dorsal uncertain"] * (not turns.certain_y[0])
    likely = (float(turns.probability_x[0]), float(turns.probability_y[0]))
    return result.turned(bool(turns.flip_x[0]), bool(turns.flip_y[0]), likely, flags)


@app.command()
def sheet(target: Path, seed: int = 3) -> None:
    """The contact sheet of the documentation, from demo images alone."""
    embryos = [sample.image for sample in demo_images(40, seed=seed)]
    tiles, orienter = [], Orienter.load()
    for k in range(8):
        generator = np.random.default_rng([seed, k])
        others = [embryos[place] for place in generator.integers(len(embryos), size=generator.integers(4))]
        scene = compose_scene(embryos[3 * k], others, generator, (720, 1013))
        result = turned(standardize_photograph(scene.photograph), orienter)
        after = b"" if result.image is None else jpeg(result.image)
        thumbnail = photograph_thumbnail(scene.photograph, result)
        tiles.append(Tile(f"photograph {k + 1}", thumbnail, after, "; ".join(result.flags), bool(result.flags)))
    cv2.imwrite(str(target), png_sheet(tiles)[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    app()
