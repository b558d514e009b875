"""What a GPU makes of the paper's training, of annotating, and of saliency: one script, ten minutes on one card.

    python tools/bench/gpu.py [--parts truth training graphs annotate] [--small] [--folder DIR] [--csv FILE]

It needs PyTorch for the GPU, onnxruntime-gpu and captum, and says what each part ran on. `--small` runs all of it on
small images and a small network, on whatever processor there is: that shows that it works, and says nothing of speed.

- training: the paper's network at 128×320 in bf16. Each step is timed over some epochs of generated images; the times
  are extrapolated to 36,908 coarsely and 3,474 precisely labelled ones. Beside it a plain PyTorch loop in float32
  that reads one PNG an image. Aims: both steps in less than ten minutes, ten times the plain loop.
- graphs: forward of the classifier graph in float32 and float16 against PyTorch eager and torch.compile in float16, and
  the saliency graph against captum, in turns; and whether float16 gives the classes of float32 on 1,000 images.
- annotate: from an HDF5 store to annotations, against a bare session over images in memory. Aim: 0.9 of its rate.
- truth: what `--device auto`, `--require-gpu` and `doctor` say of this machine, against what is so.

Each figure is printed, and appended to the CSV file as it comes.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from pathlib import Path

import torch
from on_gpu.annotating import annotating
from on_gpu.graphs import graphs, prepared_bundles
from on_gpu.scale import FULL, SMALL, Scale, Tell
from on_gpu.training import training
from on_gpu.truth import truth

PARTS = ("training", "graphs", "annotate", "truth")


class Figures:
    """Prints figures, and appends them to a file."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def __call__(self, part: str, name: str, value: float | str) -> None:
        """Tells one figure of one part."""
        told = f"{value:,.4g}" if isinstance(value, float) else value
        print(f"{part:<9} {name:<62} {told}", flush=True)
        if self._path is not None:
            with self._path.open("a", newline="") as file:
                csv.writer(file).writerow([part, name, value])


def main() -> None:
    """Parses, and runs the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--small", action="store_true", help="small images and networks, on any processor")
    parser.add_argument("--folder", type=Path, help="where stores and bundles go (a temporary folder)")
    parser.add_argument("--csv", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        run(options.parts, SMALL if options.small else FULL, options.folder or Path(temporary), Figures(options.csv))


def run(parts: list[str] | tuple[str, ...], scale: Scale, folder: Path, tell: Tell) -> None:
    """Runs parts at a scale; each makes what it needs in `folder`."""
    tell("machine", "PyTorch runs on", device_name())
    if "training" in parts:
        training(scale, folder, tell)
    if {"graphs", "annotate", "truth"} & set(parts):
        bundles = prepared_bundles(scale, folder)
        if "graphs" in parts:
            graphs(scale, bundles, tell)
        if "annotate" in parts:
            annotating(scale, bundles, folder, tell)
        if "truth" in parts:
            truth(bundles, folder, tell)


def device_name() -> str:
    """The card, or that there is none."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "the CPU: no GPU for PyTorch"


if __name__ == "__main__":
    main()
