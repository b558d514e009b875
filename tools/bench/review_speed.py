"""How fast is lsl-review on a store of a genome's size?

    python tools/bench/review_speed.py STORE OUT [--images 36908] [--scroll 5000] [--answers 1000]

STORE has annotations with features beside it. Its chunks and its rows of annotations are repeated until there are so
many images (OUT/large.h5). Then: the time from a server that stands to a first wall, all pictures in sight shown, in
headless Chromium; the time of each thumbnail while a person scrolls through so many; the memory of the server; the time
until an answer is acknowledged, which is when it is on the disk.
"""

from __future__ import annotations

import time
from pathlib import Path

import h5py
import numpy as np
import psutil
import typer
from playwright.sync_api import sync_playwright
from review_client import Client, Server, client

from lsl_shared import Store, annotations_path

app = typer.Typer(add_completion=False, help=__doc__)
_AT_ONCE = 25
"""Thumbnails that come into sight with one turn of the wheel."""


@app.command()
def speed(store: Path, out: Path, images: int = 36908, scroll: int = 5000, answers: int = 1000) -> None:
    """Makes the large store, and prints a line a figure."""
    large = out / "large.h5"
    if not annotations_path(large).exists():
        repeat_store(store, large, images)
        repeat_annotations(annotations_path(store), annotations_path(large), large, images)
    with Server(large, "--task", "stage") as server:
        print(f"first wall after {first_wall(server):.2f} s ({images:,} images)", flush=True)
        process = psutil.Process(server.process.pid)
        with client(server.address) as asking:
            times = thumbnails(asking, images, scroll)
            told = percentiles(times)
            print(f"{len(times):,} thumbnails: {told}, {np.mean(times <= 0.05):.1%} within 50 ms", flush=True)
            print(f"server: {process.memory_info().rss / 2**20:,.0f} MiB after scrolling", flush=True)
            times = acknowledged(asking, images, answers)
            print(
                f"{len(times):,} answers: {percentiles(times)}, {np.mean(times <= 0.03):.1%} within 30 ms", flush=True
            )
            print(f"server: {process.memory_info().rss / 2**20:,.0f} MiB at the end", flush=True)


def first_wall(server: Server) -> float:
    """Seconds from a server that stands to a page on which every picture in sight is there; the browser runs before."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        begun = time.monotonic()
        page.goto(server.address)
        page.wait_for_selector(".card img")
        script = "() => [...document.querySelectorAll('.card:not([hidden]) img')].every(one => one.naturalWidth > 0)"
        while not page.evaluate(script):
            page.wait_for_timeout(10)
        took = time.monotonic() - begun
        browser.close()
    return took


def thumbnails(asking: Client, images: int, scroll: int) -> np.ndarray:
    """Seconds for each thumbnail of a wall that is scrolled through, from the beginning of a line of cards on."""
    rows = np.frombuffer(asking.get("/api/order?sort=next&only=open"), np.uint32)[:scroll]
    times = []
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        asking.get(f"/api/cards?rows={','.join(map(str, part))}")
        for row in part:
            begun = time.monotonic()
            asking.get(f"/thumbnail/{row}")
            times.append(time.monotonic() - begun)
    return np.array(times)


def acknowledged(asking: Client, images: int, answers: int) -> np.ndarray:
    """Seconds until each of so many labels is acknowledged."""
    rows = np.random.default_rng(0).choice(images, answers, replace=False)
    times = []
    for row in rows.tolist():
        begun = time.monotonic()
        asking.label(row, "9")
        times.append(time.monotonic() - begun)
    return np.array(times)


def percentiles(times: np.ndarray) -> str:
    """Median, 95th percentile and longest in ms."""
    median, high = np.quantile(times, [0.5, 0.95]) * 1000
    return f"median {median:.1f} ms, 95 % within {high:.1f} ms, longest {times.max() * 1000:.0f} ms"


def repeat_store(store: Path, large: Path, images: int) -> None:
    """Writes the chunks of a store again and again, under new ids."""
    with Store(store) as opened, h5py.File(store) as source, h5py.File(large, "w") as target:
        target.attrs["format"], target.attrs["version"] = "lsl-store", 1
        pixels, chunk = source["images"], opened.chunk_images
        whole = len(opened) // chunk
        made = target.create_dataset(
            "images", (images, *pixels.shape[1:]), np.uint8, chunks=pixels.chunks, compression="gzip",
            maxshape=(None, *pixels.shape[1:]),
        )  # fmt: skip
        for place, start in enumerate(range(0, images, chunk)):
            mask, data = pixels.id.read_direct_chunk((place % whole * chunk, 0, 0, 0))
            made.id.write_direct_chunk((start, 0, 0, 0), data, mask)
        rows = rows_of(images, whole * chunk)
        for name in ("gene", "view", "source", "split"):
            texts = [f"{text}-{row // (whole * chunk)}" if text and name == "gene" else text
                     for row, text in enumerate(source[f"samples/{name}"].asstr()[...][rows])]  # fmt: skip
            target.create_dataset(f"samples/{name}", data=texts, dtype=h5py.string_dtype())
        ids = [f"image{row:06d}" for row in range(images)]
        target.create_dataset("samples/id", data=ids, dtype=h5py.string_dtype())
        for name in opened.tasks:
            labels = target.create_dataset(f"labels/{name}", data=source[f"labels/{name}"][...][rows])
            labels.attrs.update(dict(source[f"labels/{name}"].attrs))


def repeat_annotations(given: Path, large: Path, store: Path, images: int) -> None:
    """Writes the rows of annotations again and again, for the images of `store`."""
    with h5py.File(given) as source, h5py.File(large, "w") as target, Store(store) as opened:
        target.attrs.update(dict(source.attrs))
        rows = rows_of(images, len(source["id"]) // opened.chunk_images * opened.chunk_images)
        found = dict[str, h5py.Dataset]()
        source.visititems(lambda name, item: found.__setitem__(name, item) if isinstance(item, h5py.Dataset) else None)
        for name, stored in found.items():
            is_text = h5py.check_string_dtype(stored.dtype) is not None
            values = stored.asstr()[...] if is_text else stored[...]
            if len(values) == len(source["id"]):
                values = list(opened.ids) if name == "id" else values[rows]
            made = target.create_dataset(name, data=values, dtype=h5py.string_dtype() if is_text else stored.dtype)
            made.attrs.update(dict(stored.attrs))
        for name in [one for one in source if one != "store"]:
            group = source[name]
            if name in target and isinstance(group, h5py.Group):
                target[name].attrs.update(dict(group.attrs))


def rows_of(images: int, known: int) -> np.ndarray:
    """Which image of the store each image repeats."""
    return np.arange(images) % known


if __name__ == "__main__":
    app()
