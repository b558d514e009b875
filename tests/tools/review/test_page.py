"""The page in a real browser: what a person does with keys and mouse, and what is on the disk afterwards."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from lsl_shared import LabelSpace, Store, StoreWriter
from lsl_shared.fly import STAGE_RANGES

pytest.importorskip("playwright")

from playwright.sync_api import Page

from tests.support.bands import CLASSES, RANGE_OF, draw_embryo
from tests.tools.review.browser import Served, axe_source, chromium, opened_page, served

SOON = 8000
"""Milliseconds until what is expected must be there."""


@pytest.fixture(scope="module")
def go() -> Iterator[Callable[[str], Page]]:
    """Opens a page in the browser of this module."""
    chromium()
    with opened_page() as opened:
        yield opened


@pytest.fixture
def server(store: Path) -> Iterator[Served]:
    """The store, served."""
    with served(store, "--who", "Ada", "--second", "1.0") as running:
        yield running


def count(page: Page) -> int:
    """How many images have a label, as the header says."""
    return int(re.sub(r"\D", "", page.inner_text("#count strong")))


def until(page: Page, holds: str) -> None:
    """Waits until an expression holds in the page, whose policy forbids that it evaluates texts itself."""
    ends = time.monotonic() + SOON / 1000
    while not page.evaluate(holds):
        assert time.monotonic() < ends, holds
        page.wait_for_timeout(30)


def wait_for_count(page: Page, labelled: int) -> None:
    until(page, f"document.querySelector('#count strong')?.textContent === '{labelled}'")


def labels(store: Path) -> np.ndarray:
    with Store(store) as opened:
        return opened.labels("stage")


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it is."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(axe_source())
    found = page.evaluate("""async () => (await axe.run(document)).violations.map(
        (one) => [one.id, one.nodes.map((node) => `${node.target} ${node.failureSummary}`)])""")
    return [f"{name}: {nodes}" for name, nodes in found]


def test_labels_by_keys_many_at_once_undo_filter_and_save(
    go: Callable[[str], Page], server: Served, store: Path
) -> None:
    page, before = go(server.address), labels(store)
    begun = int((before >= 0).sum())
    assert count(page) == begun and "token" not in page.url
    for done in range(1, 7):  # a stroke an image: the guess is accepted, the page moves on
        page.keyboard.press("Enter")
        wait_for_count(page, begun + done)
    page.keyboard.press("5")
    wait_for_count(page, begun + 7)
    page.keyboard.press("Control+a")
    shown = page.evaluate("parseInt(document.querySelector('.counted').textContent.split('· ')[1])")
    page.keyboard.press("Enter")
    wait_for_count(page, begun + shown)
    page.keyboard.press("u")
    wait_for_count(page, begun + 7)
    page.get_by_label("Show").select_option("labelled")
    until(page, f"document.querySelector('.counted').textContent.startsWith('{begun + 7} images')")
    page.fill("#find", "image0001")
    until(page, "document.querySelectorAll('.card:not([hidden])').length <= 10")
    shown_ids = page.evaluate(
        "[...document.querySelectorAll('.card:not([hidden])')].map(c => c.getAttribute('aria-label'))"
    )
    assert shown_ids and all(name.startswith("image0001") for name in shown_ids)
    assert (labels(store) == before).all()  # the journal has them, the store not yet
    page.click("#save")
    until(page, "document.querySelector('#save').disabled")
    assert int((labels(store) >= 0).sum()) == begun + 7


def test_what_a_person_answers_is_there_when_the_server_was_killed(
    go: Callable[[str], Page], store: Path, tmp_path: Path
) -> None:
    with served(store, "--who", "Ada") as running:
        page = go(running.address)
        begun = count(page)
        page.keyboard.press("Enter")
        wait_for_count(page, begun + 1)
        running.process.kill()
    with served(store, "--who", "Ada") as again:
        assert count(go(again.address)) == begun + 1
        assert "saved" in again.stop()
    assert int((labels(store) >= 0).sum()) == begun + 1


def test_contradictions_views_and_reasons(go: Callable[[str], Page], server: Served, store: Path) -> None:
    page = go(server.address)
    begun = count(page)
    row = int(page.evaluate("document.querySelector('.card.at img').src.match(/thumbnail.(\\d+)/)[1]"))
    page.keyboard.press("9")  # the open images are all of 4-6
    page.wait_for_selector("#message.warn >> text=9 is not in 4-6", timeout=SOON)
    assert count(page) == begun
    page.keyboard.press("9")
    wait_for_count(page, begun + 1)
    page.keyboard.press("v")
    page.wait_for_selector("text=View: dorsal", timeout=SOON)
    page.keyboard.press("x")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("1")
    page.wait_for_selector("#message >> text=Not usable: damaged", timeout=SOON)
    server.stop()
    with Store(store) as opened:
        assert (opened.labels("stage")[row], opened.labels("stage_range")[row]) == (3, 3)
        assert sorted(opened.unusable())[-2:] == ["", "damaged"] and "dorsal" in opened.views


def test_the_bench_shows_why_and_is_zoomed(go: Callable[[str], Page], server: Served) -> None:
    page = go(server.address)
    page.keyboard.press("z")
    page.wait_for_selector(".beside figure img", timeout=SOON)
    assert page.locator(".ruler .column").count() == len(CLASSES)
    page.keyboard.press("m")
    page.wait_for_selector(".veil:not([hidden])", timeout=SOON)
    assert page.evaluate("document.querySelector('.veil').naturalWidth") == 40
    page.wait_for_selector("text=speaks for it")
    page.keyboard.press("z")
    assert page.locator(".stage.close").count() == 1
    first = page.inner_text("#bench-title")
    page.keyboard.press("ArrowRight")
    until(page, f"document.querySelector('#bench-title').innerText !== {first!r}")
    begun = count(page)
    page.click(".ruler .column >> nth=0")
    wait_for_count(page, begun + 1)
    page.keyboard.press("Escape")
    page.wait_for_selector(".wall")


def test_a_second_person_labels_blindly_and_both_settle(go: Callable[[str], Page], server: Served, store: Path) -> None:
    page = go(server.address)
    page.click("#who")
    page.fill("dialog input", "Grace")
    page.keyboard.press("Enter")
    page.click("text=Two people")
    page.click("text=Label them as Grace")
    page.wait_for_selector(".blind")
    page.wait_for_selector(".card >> text=not answered yet", timeout=SOON)
    assert page.locator(".chip").count() == 0  # neither label nor guess
    for key in "4579":
        before = page.get_attribute(".wall", "aria-activedescendant")
        page.keyboard.press(key)
        until(page, f"document.querySelector('.wall').getAttribute('aria-activedescendant') !== '{before}'")
    page.click("text=Two people")
    page.wait_for_selector("text=An earlier labeller and Grace", timeout=SOON)
    assert "of 4 images" in page.inner_text(".read")
    apart = page.locator(".apart").count()
    assert apart >= 1
    page.click(".apart >> nth=0 >> button >> nth=1")  # Grace is right
    until(page, f"document.querySelectorAll('.apart').length === {apart - 1}")
    server.stop()
    with h5py.File(store) as file:
        kinds = [re.search(r'"kind": "(\w+)"', line)[1] for line in file["review/answers"].asstr()[...]]  # type: ignore[index]
    assert sorted(kinds) == ["label", *["second"] * 4]


def test_a_connection_that_breaks_is_told_and_what_was_asked_for_comes_when_it_is_there_again(
    go: Callable[[str], Page], server: Served
) -> None:
    page = go(server.address)
    page.wait_for_selector(".card >> text=%", timeout=SOON)
    labelled = count(page)
    page.route("**/api/**", lambda route: route.abort("connectionreset"))
    page.get_by_label("Show").select_option("labelled")
    until(page, "document.querySelector('#message').textContent.startsWith('The server does not answer')")
    until(page, "document.body.classList.contains('offline')")
    page.unroute("**/api/**")
    until(page, "!document.body.classList.contains('offline')")
    until(page, f"document.querySelector('.counted').textContent.startsWith('{labelled} images')")


def test_it_trains_again_and_can_be_stopped(go: Callable[[str], Page], store: Path) -> None:
    with served(store, "--who", "Ada", "--train", "--preset tiny --coarse-epochs 2 --fine-epochs 2") as running:
        page = go(running.address)
        page.click("text=Teach")
        page.click("#teach")
        page.wait_for_selector(".progress.training", timeout=SOON)
        page.click("#teach")
        page.wait_for_selector(".progress.stopped", timeout=20000)
        assert "Stopped" in page.inner_text(".progress")


def test_no_accessibility_violation_on_any_page_light_and_dark(go: Callable[[str], Page], server: Served) -> None:
    page = go(server.address)
    found = dict[str, list[str]]()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.click("#tabs >> text=Wall")
        page.wait_for_selector(".card >> text=%")
        page.keyboard.press(" ")
        found[f"wall {scheme}"] = violations(page)
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        page.wait_for_selector("dialog[open]")
        found[f"keys {scheme}"] = violations(page)
        page.keyboard.press("Escape")
        page.keyboard.press("z")
        page.wait_for_selector(".beside figure")
        found[f"bench {scheme}"] = violations(page)
        for name in ("Two people", "Teach"):
            page.click(f"#tabs >> text={name}")
            page.wait_for_selector(".read h2")
            found[f"{name} {scheme}"] = violations(page)
    page.emulate_media(color_scheme="light")
    assert {name: told for name, told in found.items() if told} == {}


def test_names_are_text_and_a_small_screen_serves(go: Callable[[str], Page], tmp_path: Path) -> None:
    store, name = tmp_path / "store.h5", "<img src=x onerror=document.title='bad'>"
    generator = np.random.default_rng(0)
    with StoreWriter(store, 16, 40) as writer:
        for row in range(12):
            writer.append(draw_embryo(generator, row % 4), id=f"{name} {row}", gene=name, view="lateral")
        writer.add_task(LabelSpace("stage_range", STAGE_RANGES), [1] * 12)
        writer.add_task(LabelSpace("stage", CLASSES, "stage_range", RANGE_OF), [-1] * 12)
    with served(store, "--who", "Ada") as running:
        page = go(running.address)
        page.set_viewport_size({"width": 380, "height": 700})
        page.wait_for_selector(f".card >> text={name}", timeout=SOON)
        page.keyboard.press("z")
        page.wait_for_selector(f"#bench-title >> text={name}", timeout=SOON)
        assert page.title() != "bad" and page.locator("img[src=x]").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.keyboard.press("4")
        wait_for_count(page, 1)
        page.set_viewport_size({"width": 1280, "height": 800})


def test_doubtful_orientations_are_turned_and_photographs_taken(go: Callable[[str], Page], tmp_path: Path) -> None:
    from lsl_tools import standardize_images

    photographs, store = tmp_path / "photographs", tmp_path / "store.h5"
    photographs.mkdir()
    for number, (across, size) in enumerate(((400, 55), (400, 50), (150, 55))):  # the last one is cut by the frame
        picture = np.full((240, across, 3), 235, np.uint8)
        cv2.ellipse(picture, (across // 2, 120), (130, size), 20, 0, 360, (120, 130, 140), -1)
        cv2.circle(picture, (across // 2 - 60, 100), 20, (60, 40, 90), -1)
        cv2.imwrite(str(photographs / f"p{number}.png"), picture)
    standardize_images(photographs, store, keep_flagged=False, workers=1)
    with h5py.File(store, "r+") as file:  # what `lsl-store standardize` says of an uncertain embryo
        del file["transform/flags"]
        file["transform/flags"] = np.array(["anterior uncertain"] * len(file["images"]), object)
        classes = file.create_dataset("labels/stage", data=np.full(len(file["images"]), -1, np.int16))
        classes.attrs["classes"] = list(CLASSES)
    with Store(store) as opened:
        old, count_ = opened.read(0, len(opened)), len(opened)
    with store.with_suffix(".rejects.csv").open() as table:
        left = list(csv.DictReader(table))
    assert count_ == 2 and [one["kept"] for one in left] == ["no"]
    with served(store, "--who", "Ada") as running:
        page = go(running.address)
        page.click("text=Orientation")
        for keys, remaining in ((("f", "Enter"), 2), (("Enter",), 1), (("Enter",), 0)):
            page.wait_for_selector(f"text=Standardization: {remaining + 1} left", timeout=SOON)
            assert violations(page) == []
            until(page, "[...document.querySelectorAll('.turning img')].every(i => i.complete && i.naturalWidth)")
            for key in keys:
                page.keyboard.press(key)
        page.wait_for_selector("text=No doubtful orientation", timeout=SOON)
        running.stop()
    with Store(store) as opened, h5py.File(store) as file:
        new = opened.read(0, len(opened))
        assert len(new) == 3 and (new[0] == old[0][:, ::-1]).all() and (new[1] == old[1]).all()
        assert file["transform/decision"].asstr()[...].tolist() == ["left-right", "right", "right"]
        assert file["transform/flips"][0].tolist() == [True, False]
        assert file["transform/rejects"].asstr()[...].tolist() == [["p2.png", "take right", "Ada"]]
        assert opened.ids[2] == "p2.png" and opened.labels("stage").tolist() == [-1, -1, -1]
    with served(store, "--who", "Ada") as again:  # nobody is asked again
        page = go(again.address)
        assert page.locator("#tabs >> text=Wall").count() == 1
        page.wait_for_timeout(300)
        page.evaluate("fetch('/api/rejects').then(r => r.json()).then(r => { window.left = r.length; })")
        until(page, "window.left === 0")
