"""The page in a real Chromium, from the disk: what it answers is held against a model that is known by hand."""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from lsl_shared import CoarseTask, ConfigError, LabelSpace
from lsl_shared.fly import STAGE_RANGES
from lsl_shared.measures.conformal import prediction_set
from lsl_shared.measures.sure import answer_names, level_names, sure_answers
from lsl_tools.importing.size import fit_image
from lsl_tools.model_page.library import Library, find_library
from lsl_tools.model_page.write import PageSettings, write_page
from tests.support.bands import CLASSES, HEIGHT, RANGE_OF, WIDTH, BandModel, draw_embryo, write_bundle, write_store
from tests.tools.review.browser import axe_source, chromium

THRESHOLD, SCOPE = 0.85, 0.2
STAGE = LabelSpace("stage", CLASSES, "stage_range", RANGE_OF)
COARSE = [CoarseTask.of_parent(STAGE, LabelSpace("stage_range", STAGE_RANGES))]
LEVELS, ANSWERS = level_names("stage", COARSE), answer_names(CLASSES, COARSE)
EMBRYOS = [draw_embryo(np.random.default_rng(seed), seed % 4) for seed in range(9)]
EMBRYOS.append(np.minimum(EMBRYOS[4], EMBRYOS[5]))  # of two stages of one range


@pytest.fixture(scope="module")
def library() -> Library:
    try:
        return find_library()
    except ConfigError:
        pytest.skip("ONNX Runtime Web is not here: make page-library")


@pytest.fixture(scope="module")
def made(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of the model that is known by hand, tried in Node.js where that is there."""
    folder = tmp_path_factory.mktemp("page")
    bundle = write_bundle(folder / "model", scope=SCOPE, threshold=THRESHOLD)
    settings = PageSettings(references=write_store(folder / "store.h5"), per_class=1)
    with pytest.MonkeyPatch.context() as quicker:
        quicker.setattr("lsl_tools.model_page.write._EFFORT", 1)
        return write_page(bundle, folder / "page.html", library, settings).path


class Opened:
    """A page in a browser without a network, and what it asked for or complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.problems: list[str] = []
        self.refused: list[str | None] = []
        page.context.set_offline(True)
        page.on("pageerror", lambda problem: self.problems.append(str(problem)))
        page.on("console", lambda told: self.problems.append(told.text) if told.type in ("error", "warning") else None)
        page.on("request", lambda asked: self._asked(asked.url))
        page.on("requestfailed", lambda asked: self.refused.append(asked.failure))

    def _asked(self, address: str) -> None:
        if not address.startswith(("file:", "blob:", "data:")):
            self.problems.append(address)

    def open(self, path: Path) -> Page:
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("body.ready, body.unable")
        return self.page

    def ask(self, script: str, file: bytes, **values: Any) -> Any:
        """What `script` gives, in which `file` is a File and `values` are the keys of `v`."""
        made = "new File([Uint8Array.from(atob(b), (c) => c.charCodeAt(0))], 'asked')"
        told = "(e) => e.problem?.code ?? String(e)"
        code = f"async ([b, v]) => {{ const file = {made}; return ({script}).catch({told}); }}"
        return self.page.evaluate(code, [base64.b64encode(file).decode(), values])


@pytest.fixture(scope="module")
def opened(made: Path) -> Iterator[Opened]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        found = Opened(browser.new_page())
        found.open(made)
        yield found
        browser.close()


@pytest.fixture(autouse=True)
def nothing_is_asked_for(opened: Opened) -> Iterator[None]:
    yield
    assert not opened.problems


def png(image: NDArray[Any]) -> bytes:
    return cv2.imencode(".png", image[..., ::-1] if image.ndim == 3 else image)[1].tobytes()


ANSWER = """lsl.answer(file).then((found) => ({ logits: [...found.logits], probabilities: [...found.probabilities],
    features: [...found.features], scope: found.scope_distance[0], how: found.how }))"""


def test_answers_are_those_that_are_known_by_hand(opened: Opened) -> None:
    model, images = BandModel(), np.stack(EMBRYOS)
    found = [opened.ask(ANSWER, png(image)) for image in EMBRYOS]
    for key, expected in (
        ("logits", model.logits(images)),
        ("probabilities", model.probabilities(images)),
        ("features", model.features(images)),
        ("scope", model.features(images).mean(1)),
    ):
        np.testing.assert_allclose([one[key] for one in found], expected, atol=1e-5)
    assert {one["how"] for one in found} == {"same"}


def test_maps_are_those_that_are_known_by_hand(opened: Opened) -> None:
    model, image = BandModel(), EMBRYOS[0]
    for index in (-1, 2):
        found = opened.ask(
            "lsl.map(file, { kind: 'saliency', index: v.index }).then((m) => [...m])", png(image), index=index
        )
        wanted = model.logits(image[None]).argmax(1) if index < 0 else np.array([index])
        np.testing.assert_allclose(
            np.reshape(found, (HEIGHT, WIDTH)), model.saliency(image[None], wanted)[0], atol=1e-6
        )
    script = "lsl.map(file, { kind: 'contributions', index: 1, against: 3, steps: 4, smooth: 0 }).then((m) => [...m])"
    blurred = cv2.GaussianBlur(image.astype(np.float32), (0, 0), HEIGHT / 16)
    middle, way = (image + blurred) / 2, (image - blurred) / 255
    expected = model.contributions(middle[None], way[None], np.array([1]), np.array([3]))[0]
    np.testing.assert_allclose(np.reshape(opened.ask(script, png(image)), (HEIGHT, WIDTH)), expected, atol=1e-5)


def _tiff(image: NDArray[Any], **settings: Any) -> bytes:
    written = io.BytesIO()
    tifffile.imwrite(written, image, **settings)
    return written.getvalue()


LARGE = cv2.resize(EMBRYOS[3], (500, 300), interpolation=cv2.INTER_CUBIC)
READ = {
    "as it is": (png(EMBRYOS[1]), EMBRYOS[1]),
    "of another shape": (png(LARGE), LARGE),
    "smaller": (png(EMBRYOS[1][2:9, 5:20]), EMBRYOS[1][2:9, 5:20]),
    "BMP": (cv2.imencode(".bmp", LARGE[..., ::-1])[1].tobytes(), LARGE),
    "TIFF": (_tiff(LARGE, photometric="rgb"), LARGE),
    "TIFF, LZW": (_tiff(LARGE, photometric="rgb", compression="lzw"), LARGE),
    "TIFF, LZW, differences": (
        _tiff(LARGE, photometric="rgb", compression="lzw", predictor=True, rowsperstrip=9),
        LARGE,
    ),
    "TIFF, deflate": (_tiff(LARGE, photometric="rgb", compression="zlib", byteorder=">"), LARGE),
    "TIFF, tiles": (_tiff(LARGE, photometric="rgb", tile=(64, 64)), LARGE),
}


@pytest.mark.parametrize("kind", READ)
def test_pictures_are_brought_to_size_as_import_does(opened: Opened, kind: str) -> None:
    data, image = READ[kind]
    found = np.array(opened.ask("lsl.pixels(file).then((p) => [...p])", data), np.uint8).reshape(HEIGHT, WIDTH, 4)
    expected = fit_image(np.asarray(image, np.uint8), (HEIGHT, WIDTH), enlarge=False)
    assert np.abs(found[..., :3].astype(int) - expected).max() <= 1


def _white_png(wide: int, tall: int) -> bytes:
    def piece(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    rows = zlib.compress((b"\0" + b"\xff" * wide) * tall)
    head = struct.pack(">IIBBBBB", wide, tall, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + piece(b"IHDR", head) + piece(b"IDAT", rows) + piece(b"IEND", b"")


def _frames(kind: str, count: int) -> bytes:
    written, frames = io.BytesIO(), [Image.fromarray(image) for image in EMBRYOS[:count]]
    frames[0].save(written, kind, save_all=True, append_images=frames[1:])
    return written.getvalue()


REFUSED = {
    "empty": (b"", "empty"),
    "text": (b"stage 9, I think\n", "text"),
    "a drawing": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "drawing"),
    "an animation": (_frames("GIF", 3), "animation"),
    "an animated PNG": (_frames("PNG", 3), "animation"),
    "a GIF": (_frames("GIF", 1), "other"),
    "100 megapixels": (_white_png(10_000, 10_000), "large"),
    "16 bits": (png(EMBRYOS[0].astype(np.uint16) * 257), "deep"),
    "half a PNG": (png(EMBRYOS[0])[:400], "cut"),
    "half a JPEG": (cv2.imencode(".jpg", EMBRYOS[0])[1].tobytes()[:400], "cut"),
    "half a TIFF": (_tiff(LARGE, photometric="rgb")[:3000], "cut"),
    "a TIFF of separate planes": (
        _tiff(np.moveaxis(LARGE, 2, 0), photometric="rgb", planarconfig="separate"),
        "packed",
    ),
    "a PDF": (b"%PDF-1.7\n\xe2\xe3", "other"),
    "bytes": (bytes(range(256)), "unknown"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_picture_is_told_by_name(opened: Opened, kind: str) -> None:
    data, code = REFUSED[kind]
    assert opened.ask("lsl.answer(file)", data) == code


@pytest.fixture
def answered(opened: Opened, made: Path, tmp_path: Path) -> Page:
    """The page opened afresh, with all embryos answered, and a text that could not be read."""
    page = opened.open(made)
    files = {f"{place}.png": png(image) for place, image in enumerate(EMBRYOS)} | {"note.txt": b"no picture"}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    page.set_input_files("#files", [tmp_path / name for name in files])
    page.wait_for_selector("#progress:has-text('10 of 11 answered. 1 could not be read.')")
    return page


def test_files_become_answers_a_table_and_a_csv(answered: Page) -> None:
    page = answered
    probabilities = BandModel().probabilities(np.stack(EMBRYOS)).astype(np.float32)
    sets, outside = prediction_set(probabilities, THRESHOLD), BandModel().features(np.stack(EMBRYOS)).mean(1) > SCOPE
    assert 0 < outside.sum() < len(outside)
    lines = [line.split(",") for line in page.evaluate("lsl.csv()").split("\r\n")]
    assert ",".join(lines[0][:10]) == (
        "id,status,error,flags,scope_distance,stage,stage_probability,stage_prediction_set,stage_answer,stage_level"
    )
    sure = sure_answers(sets, COARSE)
    assert set(sure.level.tolist()) == {0, 1, 2, 3}
    for line, one, possible, out, *found in zip(
        lines[1:], probabilities, sets, outside, sure.level, sure.answer, strict=False
    ):
        names = "|".join(np.array(CLASSES)[possible])
        assert line[3] == ("out-of-scope" if out else "")
        assert line[5:8] == [CLASSES[one.argmax()], f"{one.max():.4f}", names]
        level, answer = LEVELS[found[0]], ANSWERS[found[1]]
        assert line[8:10] == [answer if found[1] >= 0 else names if level == "list" else "", level.replace("none", "")]
    assert lines[-1][:3] == ["note.txt", "failed", '"This is a text']
    shown = page.inner_text("#rows tr:nth-child(3)").split("\t")
    assert shown[2] == CLASSES[probabilities[2].argmax()]


def test_the_answer_its_map_and_a_cut_by_hand_need_no_mouse(answered: Page) -> None:
    page = answered
    page.wait_for_selector("#veil[data-made]")
    page.keyboard.press("m")
    assert page.is_hidden("#veil")
    page.keyboard.press("m")
    before = page.inner_text("#look .class")
    page.keyboard.press("c")
    page.wait_for_selector("dialog[open] canvas")
    for key in ("+", "r", "r", "f", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector("#look >> text=Cut out by hand.")
    assert page.inner_text("#look .class") in CLASSES and before in CLASSES
    page.keyboard.press("Delete")
    assert page.locator("#rows tr").count() == 10


def test_everybody_can_use_it(answered: Page) -> None:
    page = answered
    page.evaluate(axe_source())
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate("axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations)")
        assert not [(one["id"], one["nodes"][0]["target"]) for one in found]
    page.select_option("#tongue", "de")
    assert page.inner_text("#choose") == "Dateien wählen"
    page.select_option("#tongue", "en")


def test_a_browser_that_computes_otherwise_is_told(opened: Opened, made: Path, tmp_path: Path) -> None:
    """As if it were one: the golden sample in the page is changed by a hundredth."""
    text = made.read_text(encoding="utf-8")
    start = text.index('id="told">') + len('id="told">')
    about = json.loads(text[start : text.index("</script>", start)])
    about["golden"]["logits"]["classifier"][0] *= 1.01
    changed = tmp_path / "changed.html"
    changed.write_text(
        text[:start] + json.dumps(about).replace("<", "\\u003c") + text[text.index("</script>", start) :]
    )
    page = opened.open(changed)
    assert "This browser computes otherwise" in page.inner_text("#status")
    opened.open(made)


def test_a_connection_is_refused_by_the_pages_own_rules(opened: Opened) -> None:
    for script in ("fetch('https://example.org/')", "new WebSocket('wss://example.org/')"):
        opened.page.evaluate(f"async () => {{ try {{ await {script}; }} catch {{ }} }}")
    opened.page.evaluate(
        "() => { const i = new Image(); i.src = 'https://example.org/a.png'; document.body.append(i);"
        " setTimeout(() => i.remove(), 150); }"
    )
    opened.page.wait_for_timeout(200)
    refused = [one for one in opened.problems if "Content Security Policy" in one]
    assert len(refused) >= 3
    assert set(opened.refused) <= {"csp"}  # not by the lack of a network
    opened.problems.clear()
