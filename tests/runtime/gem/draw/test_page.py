from __future__ import annotations

import base64
import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_runtime import Gem
from lsl_runtime.gem.draw.page import write_page
from lsl_runtime.gem.draw.style import gem_style
from lsl_shared import ConfigError

HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
_BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --window-size=1200,900 --virtual-time-budget=2000 --dump-dom"
)

# What a user does, with real events; what the page then says is written into the document.
_USER = """
<script>
const told = {}, say = id => document.getElementById(id).textContent;
function pointAt(kind, x, y) {
  const map = document.querySelectorAll(".map")[kind], box = map.getBoundingClientRect();
  const clientX = box.left + (x + 0.5) / 40 * box.width, clientY = box.top + (y + 0.5) / 16 * box.height;
  map.dispatchEvent(new PointerEvent("pointermove", {clientX, clientY, bubbles: true}));
}
function press(target, key, shiftKey = false) {
  target.dispatchEvent(new KeyboardEvent("keydown", {key, shiftKey, bubbles: true}));
}
function bright() {
  return [...document.querySelector(".map canvas").getContext("2d").getImageData(10, 8, 1, 1).data];
}
told.first = say("stage");
told.top = bright();
pointAt(0, 10, 8); told.hover = say("reading");
pointAt(1, 12, 7); told.hoverMasked = say("reading");
const slider = document.getElementById("slider");
slider.value = 2; slider.dispatchEvent(new Event("input")); told.slid = say("stage"); told.slidReading = say("reading");
press(document.body, "ArrowLeft"); told.left = say("stage");
press(document.body, "ArrowLeft"); press(document.body, "ArrowLeft"); told.atTheEnd = say("stage");
const map = document.querySelector(".map");
pointAt(0, 10, 8); press(map, "ArrowDown"); press(map, "ArrowLeft", true);
told.moved = say("reading"); told.stays = say("stage");
press(map, "Escape"); told.rest = say("reading");
document.querySelectorAll(".thumb")[1].click(); told.clicked = say("stage");
document.getElementById("own").click(); told.ownTop = bright();
told.at = window.gems.valueAt(10, 8, 0); told.title = document.title;
const result = document.createElement("pre");
result.id = "told"; result.textContent = JSON.stringify(told); document.body.append(result);
</script>
"""


@pytest.fixture
def page(make_gem: Callable[..., Gem], tmp_path: Path) -> tuple[Path, list[Gem]]:
    full = make_gem("8")
    band = np.stack([np.full((2, 4), 0.1), np.full((2, 4), 0.3)]).astype(np.float32)
    gems = [
        make_gem("8", band=band),
        make_gem("9", gem=full.gem / 2, n_images=1234),
        make_gem(HOSTILE, masked_gem=None),
    ]
    write_page(gems, tmp_path / "gems.html")
    return tmp_path / "gems.html", gems


def _data(path: Path) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)
    assert found
    return json.loads(found[1])


def _read(held: dict[str, Any]) -> NDArray[np.float64]:
    steps = np.frombuffer(base64.b64decode(held["steps"]), "<u2").reshape(held["shape"])
    return np.asarray(steps / 65535 * held["max"])


def test_the_page_holds_the_maps(page: tuple[Path, list[Gem]]) -> None:
    path, gems = page
    data = _data(path)
    assert (data["width"], data["height"], data["fly"]) == (40, 16, True)
    for stage, gem in zip(data["stages"], gems, strict=True):
        assert _read(stage["maps"][0]) == pytest.approx(gem.gem, abs=1e-5)
        assert (stage["images"], stage["genes"]) == (gem.n_images, gem.n_genes)
        assert stage["tops"] == pytest.approx([0.2, 0.1])
    assert data["stages"][2]["maps"][1] is None
    assert _read(data["stages"][0]["bands"][0]) == pytest.approx(gems[0].band, abs=1e-5)
    assert data["stages"][1]["maps"][0]["top"] == pytest.approx(0.1)
    assert data["stages"][0]["egg"] == [3, 37]


def test_nothing_is_loaded_and_names_are_no_markup(page: tuple[Path, list[Gem]]) -> None:
    text = page[0].read_text("utf-8")
    assert not re.findall(r"(?:src|href)=[\"']?(?!x onerror)\w+:|url\(|@import|fetch\(", text)
    assert set(re.findall(r"https?://[^\s\"']+", text)) == {"http://www.w3.org/2000/svg"}
    assert text.count("<script") == 2 and "<img" not in text and "default-src 'none'" in text


def test_a_task_name_is_escaped_in_the_title(make_gem: Callable[..., Gem], tmp_path: Path) -> None:
    write_page([make_gem(task="<i>&")], tmp_path / "gems.html")
    assert "<h1>Genomewide expression maps by &lt;i&gt;&amp;</h1>" in (tmp_path / "gems.html").read_text("utf-8")


def test_wide_maps_are_reduced(make_gem: Callable[..., Gem], tmp_path: Path) -> None:
    wide = np.repeat(np.repeat(make_gem().gem, 32, 0), 32, 1)  # (512, 1280)
    write_page([make_gem(gem=wide, masked_gem=None, embryo=np.ones_like(wide))], tmp_path / "gems.html")
    data = _data(tmp_path / "gems.html")
    assert (data["width"], data["height"]) == (640, 256)
    assert _read(data["stages"][0]["maps"][0]) == pytest.approx(wide[::2, ::2], abs=1e-5)


def test_maps_that_do_not_belong_together_are_refused(make_gem: Callable[..., Gem], tmp_path: Path) -> None:
    for gems in ([], [make_gem(), make_gem(store_fingerprint="e" * 64)]):
        with pytest.raises(ConfigError, match="a page shows one or more maps of one store"):
            write_page(gems, tmp_path / "gems.html")


@pytest.mark.skipif(_BROWSER is None, reason="needs Chromium")
def test_hovering_sliding_and_keys_in_a_browser(page: tuple[Path, list[Gem]], tmp_path: Path) -> None:
    path, gems = page
    tried = tmp_path / "tried.html"
    tried.write_text(path.read_text("utf-8").replace("</body>", _USER + "</body>"), "utf-8")
    command = [str(_BROWSER), *_FLAGS.split(), f"--user-data-dir={tmp_path / 'profile'}", tried.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    found = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    told = json.loads(html.unescape(found[1]))
    value, masked = gems[0].gem[8, 10], gems[0].masked_gem
    assert masked is not None and told["first"] == "stage 8"
    # the embryo spans columns 3 to 36: pixel 10 lies (10.5 − 3) / 34 = 22 % along it
    assert told["hover"] == (
        f"egg length 22 %GEM {value:.4f} (0.100 to 0.300)masked GEM {masked[8, 10]:.4f}"
        "stage 8from 30 images of 20 genes"
    )
    other = f"GEM {gems[0].gem[7, 12]:.4f} (0.100 to 0.300)masked GEM {masked[7, 12]:.4f}"
    assert other in told["hoverMasked"]
    assert told["slid"] == f"stage {HOSTILE[:79]}…" and "masked" not in told["slidReading"]
    walked = [told[step] for step in ("left", "atTheEnd", "stays", "clicked")]
    assert walked == ["stage 9", "stage 8", "stage 8", "stage 9"]
    assert f"GEM {gems[0].gem[9, 0]:.4f}" in told["moved"] and "egg length outside" in told["moved"]
    assert told["rest"] == "stage 8: mean stain density, 30 images of 20 genes"
    # the brightest pixel takes the last colour, in the fainter map on its own scale
    assert told["top"] == told["ownTop"] == [*gem_style().colours[-1], 255]
    assert told["at"]["gem"] == pytest.approx(float(value), abs=1e-5) and told["at"]["eggLength"] == pytest.approx(
        22.06, abs=0.01
    )
    assert told["title"] == "Genomewide expression maps by stage"
