"""The model on one page: answers, maps, times and memory in Chromium, against the runtime on one thread.

    tools/bench/model_page.py BUNDLE STORE [--page PAGE.html] [--images 10] [--many 200]

The page is opened from the disk without a network; any request ends the run. Times are taken in turns, an image in the
page and the same image in the runtime, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import base64
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
from numpy.typing import NDArray
from playwright.sync_api import FilePayload, Page, sync_playwright

from lsl_runtime import Model
from lsl_shared import Store
from lsl_tools.model_page.library import find_library
from lsl_tools.model_page.weights import pack_graphs, unpack_graph
from lsl_tools.model_page.write import write_page

_ASK = """async ([b, index, other]) => {
  const file = new File([Uint8Array.from(atob(b), (c) => c.charCodeAt(0))], "asked");
  const timed = async (work) => { const start = performance.now(); const found = await work(); return [found, performance.now() - start]; };
  const [answer, first] = await timed(() => lsl.answer(file));
  const [map, second] = await timed(() => lsl.map(file, { kind: "saliency", index: -1 }));
  const [why, third] = await timed(() => lsl.map(file, { kind: "contributions", index, against: other, steps: 1, smooth: 2 }));
  return { logits: [...answer.logits], map: [...map], why: [...why], times: [first, second, third] };
}"""  # noqa: E501
_WATCH = """() => {
  window.waits = [];
  let last = performance.now();
  const look = () => { const now = performance.now(); waits.push(now - last); last = now; setTimeout(look, 5); };
  look();
}"""


@dataclass
class Found:
    """What was seen of each image."""

    logits: list[float] = field(default_factory=list)
    maps: list[float] = field(default_factory=list)
    maps_off: list[float] = field(default_factory=list)
    why: list[float] = field(default_factory=list)
    why_off: list[float] = field(default_factory=list)
    classes: int = 0
    times: list[list[float]] = field(default_factory=list)
    native: list[list[float]] = field(default_factory=list)


def main() -> None:
    """Prints the figures."""
    asked = _arguments()
    with Store(asked.store) as store:
        images = store.read(0, max(asked.images, min(asked.many, len(store))))
    with tempfile.TemporaryDirectory() as folder:
        page = asked.page or Path(folder) / "page.html"
        if not page.exists():
            written = write_page(asked.bundle, page, find_library())
            print(f"page: {written.bytes / 1e6:.1f} MB, {written.precision}, tried in Node.js: {written.tried}")
        model = Model.load(_as_in_the_page(asked.bundle, page, Path(folder)), "cpu", threads=1)
        with sync_playwright() as playwright:
            chromium = shutil.which("chromium") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            try:
                _first(_opened(browser.new_page(), page), images[0])
                _compare(_opened(browser.new_page(), page), model, images[: asked.images])
                _nudged(model, images[: asked.images])
                if asked.many:
                    _many(_opened(browser.new_page(), page), images[: asked.many], Path(folder))
            finally:
                browser.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("store", type=Path)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--images", type=int, default=10)
    parser.add_argument("--many", type=int, default=200)
    return parser.parse_args()


def _as_in_the_page(bundle: Path, page: Path, folder: Path) -> Path:
    """The bundle with the weights as the page has them."""
    if '"precision":"float16"' not in page.read_text(encoding="utf-8"):
        return bundle
    copy = Path(shutil.copytree(bundle, folder / "rounded"))
    names = [path.stem for path in copy.glob("*.onnx")]
    packed = pack_graphs({name: (copy / f"{name}.onnx").read_bytes() for name in sorted(names)}, "float16")
    for name in names:
        (copy / f"{name}.onnx").write_bytes(unpack_graph(packed, name))
    return copy


def _opened(page: Page, path: Path) -> Page:
    def refuse(address: str) -> None:
        if not address.startswith(("file:", "blob:", "data:")):
            raise SystemExit(f"the page asked for {address}")

    page.context.set_offline(True)
    page.on("request", lambda asked: refuse(asked.url))
    start = time.perf_counter()
    page.goto(path.absolute().as_uri())
    page.wait_for_selector("body.ready", timeout=300_000)
    print(f"ready after {time.perf_counter() - start:.2f} s")
    return page


def _first(page: Page, image: NDArray[np.uint8]) -> None:
    """From opening the file to the first answer, as a person has it."""
    start = time.perf_counter()
    page.reload()
    page.set_input_files("#files", [FilePayload(name="a.png", mimeType="image/png", buffer=_png(image))])
    page.wait_for_selector("#look .class", timeout=300_000)
    print(f"first answer {time.perf_counter() - start:.2f} s after the file was opened")
    page.close()


def _compare(page: Page, model: Model, images: NDArray[np.uint8]) -> None:
    found = Found()
    for image in images:
        logits = next(model.classify(image[None]))["logits"][0]
        one, other = (int(place) for place in np.argsort(-logits)[:2])
        told = page.evaluate(_ASK, [base64.b64encode(_png(image)).decode(), one, other])
        native = [
            _timed(model.predict, image[None]),
            _timed(model.saliency, image[None]),
            _timed(model.contributions, image[None], [one], [other], steps=1, smooth=2.0),
        ]
        found.logits.append(float(np.abs(np.array(told["logits"]) - logits).max()))
        found.classes += int(np.argmax(told["logits"]) == one)
        for key, (expected, _), worst, off in (
            ("map", native[1], found.maps, found.maps_off),
            ("why", native[2], found.why, found.why_off),
        ):
            away = np.abs(np.reshape(told[key], expected[0].shape) - expected[0]) / np.abs(expected).max()
            worst.append(float(away.max()))
            off.append(float((away > 1e-3).mean()))
        found.times.append(told["times"])
        found.native.append([seconds * 1000 for _, seconds in native])
    _tell(found, len(images))
    page.close()


def _tell(found: Found, images: int) -> None:
    print(f"classes equal: {found.classes} of {images}; logits off by at most {max(found.logits):.1e}")
    for name, worst, off in (("saliency", found.maps, found.maps_off), ("contributions", found.why, found.why_off)):
        print(f"{name}: at most {max(worst):.1e} of the largest value; {np.mean(off):.2%} of the pixels by over 1e-3")
    here, there = np.median(found.times[1:], 0), np.median(found.native[1:], 0)
    for name, one, other in zip(("answer", "saliency", "contributions, one step"), here, there, strict=True):
        print(f"{name}: {one:.0f} ms in the page, {other:.0f} ms in the runtime on one thread: {one / other:.1f} times")


def _nudged(model: Model, images: NDArray[np.uint8]) -> None:
    """How far the runtime's own gradient moves where pixels are nudged by 1e-5 of 255: what rounding does at kinks."""
    worst, off, generator = [], [], np.random.default_rng(0)
    for image in images:
        pixels, way = image[None].astype(np.float32), np.ones((1, *image.shape), np.float32)
        index = np.array([next(model.classify(image[None]))["logits"][0].argmax()])
        nudge = generator.uniform(-255e-5, 255e-5, pixels.shape).astype(np.float32)
        maps = [model.graphs.contribute(one, way, index, np.array([-1])) for one in (pixels, pixels + nudge)]
        here, there = (found["contributions"] for found in maps)
        away = np.abs(here - there) / np.abs(here).max()
        worst.append(float(away.max()))
        off.append(float((away > 1e-3).mean()))
    print(f"pixels nudged by 1e-5 of 255: gradient by {max(worst):.1e}, {np.mean(off):.2%} of the pixels by over 1e-3")


def _many(page: Page, images: NDArray[np.uint8], folder: Path) -> None:
    """Many at once, every fourth a photograph of 12 megapixels."""
    paths = []
    for place, image in enumerate(images):
        large = place % 4 == 3
        shown = cv2.resize(image, (4000, 3000), interpolation=cv2.INTER_CUBIC) if large else image
        paths.append(folder / f"{place}.{'jpg' if large else 'png'}")
        cv2.imwrite(str(paths[-1]), shown[..., ::-1])
    page.evaluate(_WATCH)
    start, peak = time.perf_counter(), 0.0
    page.set_input_files("#files", [str(path) for path in paths])
    while page.locator("#bar").is_visible() or "answered." not in page.inner_text("#progress"):
        time.sleep(0.2)
        peak = max(peak, _renderer_memory())
    waits = np.sort(page.evaluate("waits"))[::-1]
    took = time.perf_counter() - start
    print(f"{page.inner_text('#progress')} in {took:.0f} s; memory of the tab at most {peak:.0f} MB")
    print(f"the page waited at most {', '.join(f'{wait:.0f}' for wait in waits[:5])} ms between two looks")


def _renderer_memory() -> float:
    """Private memory of the largest renderer, in MB."""
    sizes = [0.0]
    for process in psutil.Process().children(recursive=True):
        try:
            if "--type=renderer" in process.cmdline():
                told = process.memory_info()
                sizes.append((told.rss - told.shared) / 1e6)
        except psutil.Error:
            continue
    return max(sizes)


def _timed(work: Callable[..., Any], *given: Any, **settings: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    found = work(*given, **settings)
    return found, time.perf_counter() - start


def _png(image: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".png", image[..., ::-1])[1].tobytes())


if __name__ == "__main__":
    main()
