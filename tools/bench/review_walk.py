"""The whole loop as a new user walks it, with pictures: photographs, standardize, train, annotate, review, train again.

    python tools/bench/review_walk.py OUT [--photographs 160] [--pictures docs/assets]

Draws photographs of synthetic embryos, turned, on grounds that are not white, with a table of labels. Then it types the
commands of the documentation, and works on the page in headless Chromium by its keys: 30 labels, many at once, undo, a
second person, orientations, train again. Pictures of the page go to --pictures, smaller than 200 kB each.
"""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import typer
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from review_client import Server

from lsl_shared.fly import STAGE_RANGES, STAGES
from lsl_tools.demo.dataset import demo_images

app = typer.Typer(add_completion=False, help=__doc__)
_QUICK = ["--preset", "tiny", "--coarse-epochs", "4", "--fine-epochs", "8", "--feature-epochs", "1"]
_COMMANDS = {
    "lsl-store": "lsl_tools.cli", "lsl-train": "lsl_trainer.cli", "lsl-annotate": "lsl_runtime.annotation.cli",
}  # fmt: skip
_COLOURS = 160


@app.command()
def walk(out: Path, photographs: int = 160, pictures: Path = Path("docs/assets")) -> None:
    """Walks, and prints what each step took."""
    draw_photographs(out / "photographs", photographs)
    typed(out, "lsl-store", "standardize", "photographs", "store.h5", "--labels", "photographs/labels.csv",
          "--task", "stage_range", "--task", "stage:stage_range", codes=(0, 3))  # fmt: skip
    typed(out, "lsl-train", "store.h5", "--out", "runs/first", *_QUICK)
    typed(out, "lsl-annotate", "store.h5", "--features")
    with Server(out / "store.h5", "--train", " ".join(_QUICK)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(server.address)
        page.wait_for_selector("body.ready")
        reviewed(page, pictures)
        browser.close()
        server.process.terminate()
        print(server.process.communicate(timeout=60)[0].strip(), flush=True)


def reviewed(page: Page, pictures: Path) -> None:
    """What a person does on the page, with a picture of each part."""
    page.wait_for_timeout(4000)  # until what to label next is known
    begun = time.monotonic()
    for _ in range(27):
        page.keyboard.press("Enter")
        page.wait_for_timeout(60)
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    shot(page, pictures / "review-wall.png")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=images kept")
    print(f"31 labels in {time.monotonic() - begun:.1f} s: {page.inner_text('#count')}", flush=True)
    page.keyboard.press("u")
    page.keyboard.press("z")
    page.wait_for_selector(".beside figure img")
    page.keyboard.press("m")
    page.wait_for_selector(".veil:not([hidden])", timeout=60000)
    page.wait_for_timeout(1500)
    shot(page, pictures / "review-bench.png")
    page.keyboard.press("Escape")
    if page.locator("#tabs >> text=Orientation").count():
        page.click("#tabs >> text=Orientation")
        page.wait_for_selector(".turning img")
        page.keyboard.press("f")
        page.wait_for_timeout(1200)
        shot(page, pictures / "review-orientation.png")
        for _ in range(3):
            page.keyboard.press("Enter")
            page.wait_for_timeout(1500)
    second_person(page, pictures)
    page.click("#tabs >> text=Teach")
    page.click("#teach")
    page.wait_for_selector(".progress.done, .progress.failed", timeout=900000)
    page.wait_for_timeout(3000)
    page.click("#teach")
    page.wait_for_selector(".progress.training progress", timeout=60000)
    page.wait_for_timeout(15000)
    shot(page, pictures / "review-teach.png")
    print(page.inner_text(".progress").replace("\n", " "), "/", page.inner_text(".read").splitlines()[-1], flush=True)


def second_person(page: Page, pictures: Path) -> None:
    """Another person labels twelve images blindly."""
    page.click("#who")
    page.fill("dialog input", "Grace")
    page.keyboard.press("Enter")
    page.click("#tabs >> text=Two people")
    page.click("text=Label them as Grace")
    page.wait_for_selector(".blind")
    page.wait_for_selector(".card >> text=not answered yet")
    for key in "579bdf68acef":
        page.keyboard.press(key)
        page.wait_for_timeout(150)
    page.click("#tabs >> text=Two people")
    page.wait_for_selector("table")
    page.wait_for_timeout(800)
    shot(page, pictures / "review-people.png")


def shot(page: Page, path: Path) -> None:
    """A picture of the page, in few colours so that it is small."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    shown.quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB", flush=True)


def typed(folder: Path, command: str, *words: str, codes: tuple[int, ...] = (0,)) -> None:
    """Runs a command of the toolkit in a folder."""
    begun = time.monotonic()
    code = f"import sys; from {_COMMANDS[command]} import app; app(sys.argv[1:])"
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=folder, capture_output=True, text=True)
    if done.returncode not in codes:
        raise SystemExit(f"{command} {' '.join(words)}: {done.stdout}{done.stderr}")
    last = done.stdout.strip().splitlines()[-1]
    print(f"{command} {' '.join(words)}: {time.monotonic() - begun:.0f} s; {last}", flush=True)


def draw_photographs(folder: Path, count: int) -> None:
    """Photographs of embryos, turned by any angle, and labels.csv: ranges of all, stages of half."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["file", "gene", "view", "stage_range", "stage"])
        for place, embryo in enumerate(demo_images(count, seed=3, fine_fraction=0.5)):
            name = f"{embryo.gene}-{place:04d}.png"
            cv2.imwrite(str(folder / name), photograph(embryo.image, generator)[..., ::-1])
            stage = STAGES[embryo.fine_label] if embryo.fine_label >= 0 else ""
            table.writerow([name, embryo.gene, "lateral", STAGE_RANGES[embryo.stage_range_label], stage])


def photograph(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """An embryo uint8 (128, 320, 3) cut out of its white ground and laid, turned, on ground of one tone with noise."""
    high, wide = 420, 560
    scale, angle = 1.25, generator.uniform(-40, 40)
    turn = cv2.getRotationMatrix2D((160, 64), angle, scale)
    turn[:, 2] += np.array([wide / 2 - 160, high / 2 - 64])
    flat = np.tile(np.array([226, 224, 218]) + generator.normal(0, 3, 3), (high, wide, 1))
    laid = cv2.warpAffine(image, turn, (wide, high), flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255))
    inside = cv2.GaussianBlur((laid.min(2) < 250).astype(np.float32), (0, 0), 1)[..., None]
    mixed = inside * laid * 0.93 + (1 - inside) * flat + generator.normal(0, 1.5, flat.shape)
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)


if __name__ == "__main__":
    app()
