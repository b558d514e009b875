"""How the constants of `lsl_shared.measures.stain` were found, and how well it does on real and on demo images.

    python tools/bench/expression.py constants DATA/flyexpress
    python tools/bench/expression.py sheets DATA/flyexpress OUT
    python tools/bench/expression.py ranks DATA/flyexpress DATA/wu2016-patterns
    python tools/bench/expression.py demo [--images N] [--seed S]
    python tools/bench/expression.py speed DATA/flyexpress

DATA holds the real data sets, which are not part of the project.
"""

from __future__ import annotations

import csv
import gzip
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from photographs import read_photographs

from lsl_shared import Expression, expression
from lsl_shared.measures.embryo_mask import embryo_mask, odd_kernel

app = typer.Typer(add_completion=False, help=__doc__)
Array = NDArray[Any]

# BDGP photographs without any stain, chosen by eye.
UNSTAINED = (
    *(67044, 67045, 67046, 30436, 30437, 30438, 30439, 28844),
    *(67014, 67015, 67016, 67017, 67019, 64381, 64382, 64383, 64384),
)


def tissue_pixels(image: Array, inside: int = 21) -> Array:
    """Optical density (red-green, blue) of the smoothed pixels of the embryo, without its rim: float (P, 2)."""
    width = odd_kernel(len(image), inside)
    mask = cv2.erode(embryo_mask(image).astype(np.uint8), np.ones((width, width)), borderValue=0) > 0
    density = -np.log10(np.maximum(cv2.GaussianBlur(image, (0, 0), 1.0)[mask], 1) / 255)
    return np.stack([density[:, :2].mean(axis=1), density[:, 2]], axis=1)


@app.command()
def constants(folder: Path) -> None:
    """Print the figures that the constants stand for."""
    photographs = read_photographs(folder)
    plain = [image for row, image in photographs if int(row["bdgp_image_id"]) in UNSTAINED]
    centres = np.array([np.median(tissue_pixels(image), axis=0) for image in plain])
    relief = np.mean([np.cov(tissue_pixels(image).T) for image in plain], axis=0)
    axis = np.linalg.eigh(relief)[1][:, -1]
    shade_blue = axis[1] / axis[0]
    ratios, darkest = zip(*filter(None, (stain_direction(image, shade_blue) for _, image in photographs)), strict=True)
    stain_blue = float(np.median(ratios))
    split = [(shade_blue * p[:, 0] - p[:, 1]) / (shade_blue - stain_blue) for p in map(tissue_pixels, plain)]
    spans = [tissue_pixels(image, 1)[:, 0] - centre[0] for image, centre in zip(plain, centres, strict=True)]
    ends = np.array([np.quantile(span, [0.005, 0.995]) for span in spans])  # (17, 2)
    tint = centres[:, 0] - centres[:, 1]
    typer.echo(f"{len(ratios)} stained, {len(plain)} unstained photographs")
    typer.echo(f"blue of stain {stain_blue:.3f} (10 to 90 %: {np.quantile(ratios, [0.1, 0.9]).round(2)})")
    typer.echo(f"blue of shade {shade_blue:.3f}, its 0.5 to 99.5 %: median {np.median(ends, axis=0).round(3)}")
    typer.echo(f"    in the most shaded photograph {ends[:, 0].min():.3f} to {ends[:, 1].max():.3f}")
    typer.echo(f"spread of the split in unstained tissue {np.quantile([s.std() for s in split], [0, 0.5, 1]).round(4)}")
    typer.echo(f"unstained tissue {centres[:, 0].min():.3f} to {centres[:, 0].max():.3f} in red-green,")
    typer.echo(f"    {-tint.min():.3f} yellow to {tint.max():.3f} blue")
    typer.echo(f"99.9 % of the stain's OD in the five darkest photographs {np.sort(darkest)[-5:].round(3)}")


def stain_direction(image: Array, shade_blue: float) -> tuple[float, float] | None:
    """Blue per red-green OD from the least to the most stained tenth, and the darkest OD; None if hardly stained."""
    pixels = tissue_pixels(image)
    order = np.argsort(pixels[:, 0] - 0.6 * pixels[:, 1])
    tenth = len(order) // 10
    low, high = np.median(pixels[order[:tenth]], axis=0), pixels[order[-tenth:]].mean(axis=0)
    rise = high - low
    if rise[0] < 0.19 or low[0] > 0.21 or rise[1] > shade_blue * rise[0]:
        return None
    return float(rise[1] / rise[0]), float(np.quantile(pixels[:, 0] - low[0], 0.999))


@app.command()
def sheets(folder: Path, out: Path) -> None:
    """Write contact sheets: photograph with the mask's outline above its density."""
    out.mkdir(parents=True, exist_ok=True)
    photographs = read_photographs(folder)
    for first in range(0, len(photographs), 20):
        tiles = [tile(row, image, expression(image)) for row, image in photographs[first : first + 20]]
        tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % 4)
        sheet = np.vstack([np.hstack(tiles[at : at + 4]) for at in range(0, len(tiles), 4)])
        cv2.imwrite(str(out / f"expression-{first:03d}.png"), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def tile(row: dict[str, str], image: Array, stain: Expression) -> Array:
    outlined = image.copy()
    outlines, _ = cv2.findContours(stain.mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(outlined, outlines, -1, (255, 0, 0), 1)
    coloured = cv2.applyColorMap(np.round(stain.density * 255).astype(np.uint8), cv2.COLORMAP_MAGMA)[..., ::-1]
    both = cv2.copyMakeBorder(np.vstack([outlined, coloured]), 14, 2, 1, 1, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    mean = stain.density[stain.mask].mean() if stain.mask.any() else 0
    words = f"{row['gene']} {row['bdgp_image_id']} {row['stage_range']} {row['view']} mean {mean:.3f}"
    cv2.putText(both, words, (2, 11), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (0, 0, 0), 1)
    return both


@app.command()
def ranks(folder: Path, patterns: Path) -> None:
    """Rank genes by the best correlation of their patterns (Wu et al. 2016) with each lateral 4-6 photograph."""
    genes, values, template = read_patterns(patterns)
    for row, image in read_photographs(folder):
        if (row["stage_range"], row["view"]) != ("4-6", "lateral") or row["gene"] not in genes:
            continue
        seen = reduce_to(template, expression(image))
        correlation = np.array([np.corrcoef(seen, value)[0, 1] for value in values])
        best = {gene: max(correlation[genes == gene]) for gene in genes}
        own = best[row["gene"]]
        rank = 1 + sum(other > own for other in best.values())
        typer.echo(f"{row['gene']} {row['bdgp_image_id']}: correlation {own:.2f}, rank {rank} of {len(best)} genes")


def read_patterns(folder: Path) -> tuple[Array, Array, Array]:
    """Gene of each pattern str (P,), patterns (P, 405), template bool (16, 32)."""
    with gzip.open(folder / "WuExampleExpression.csv.gz", "rt", newline="") as file:
        names, *lines = csv.reader(file)
    values = np.array([line[-1640:] for line in lines], float)  # (405, 1640)
    genes = [name.rpartition(".")[0] if name.rpartition(".")[2].isdigit() else name for name in names[-1640:]]
    with (folder / "embryoTemplate.csv").open(newline="") as file:
        template = np.array([line[-32:] for line in list(csv.reader(file))[-16:]], float) > 0
    return np.array(genes), values.T, template


def reduce_to(template: Array, stain: Expression) -> Array:
    """Mean density in each cell of the template laid over the embryo's box, in the patterns' column-major order."""
    left, top, width, height = cv2.boundingRect(stain.mask.astype(np.uint8))
    box = np.s_[top : top + height, left : left + width]
    size = template.shape[::-1]
    density = cv2.resize(stain.density[box], size, interpolation=cv2.INTER_AREA)
    share = cv2.resize(stain.mask[box].astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray((density / np.maximum(share, 0.05)).T[template.T])


@app.command()
def demo(images: int = 200, seed: int = 0) -> None:
    """Correlation with the true density of demo images, inside the embryo; mean density of embryos without stain."""
    from lsl_tools.demo.dataset import demo_images

    tell_truth((sample.image, sample.expression) for sample in demo_images(images, seed=seed))


def tell_truth(samples: Iterable[tuple[Array, Array]]) -> None:
    """Prints how far the density of images agrees with the truth uint8 (H, W) inside the embryo."""
    correlations: list[float] = []
    unstained: list[float] = []
    for image, true in samples:
        stain, truth = expression(image), true / 255
        if truth.max() < 0.1:
            unstained.append(float(stain.density[stain.mask].mean()))
        else:
            correlations.append(correlation(stain.density[stain.mask], truth[stain.mask]))
    quantiles = np.quantile(correlations, [0.05, 0.25, 0.5, 0.75])
    typer.echo(f"{len(correlations)} stained: correlation, quantiles 5, 25, 50, 75 %: {quantiles.round(3)}")
    if unstained:
        typer.echo(f"{len(unstained)} unstained: mean density {np.mean(unstained):.4f}, worst {max(unstained):.4f}")


def correlation(found: Array, truth: Array) -> float:
    """Pearson's correlation; 0 if the density that was found is the same everywhere."""
    return float(np.corrcoef(found, truth)[0, 1]) if found.std() > 0 else 0.0


@app.command()
def speed(folder: Path) -> None:
    """Images a second; run under `taskset -c 0` for one core."""
    photographs = [image for _, image in read_photographs(folder)]
    rates = []
    for _ in range(5):
        start = time.perf_counter()
        for image in photographs:
            expression(image)
        rates.append(len(photographs) / (time.perf_counter() - start))
    typer.echo(f"{np.median(rates):.0f} images a second, best {max(rates):.0f}, at {photographs[0].shape[:2]}")


if __name__ == "__main__":
    app()
