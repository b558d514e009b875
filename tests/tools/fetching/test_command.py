from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from lsl_shared import Store
from lsl_tools.cli import app
from lsl_tools.demo.dataset import demo_images
from tests.support.picture_server import Server, body, jpeg, row

Write = Callable[..., Path]


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["fetch-bdgp", *map(str, arguments), "--rate", "1000"])
    return done.exit_code, done.output


def test_photographs_are_fetched_and_the_next_command_told(server: Server, image_list: Write, tmp_path: Path) -> None:
    server.on("/a.jpe", body(jpeg(1)))
    listed = image_list(row("a.jpe"), row("b.jpe", view="dorsal"))
    code, told = run(listed, tmp_path / "out", "--from", server.address, "--view", "lateral")
    assert code == 0, told
    assert "1 photographs fetched, 0 were there, 0 failed" in told
    assert "labels.csv" in told.splitlines()[-1]


def test_failures_are_told_with_code_3(server: Server, image_list: Write, tmp_path: Path) -> None:
    server.on("/a.jpe", body(jpeg(1)))
    code, told = run(image_list(row("a.jpe"), row("b.jpe")), tmp_path / "out", "--from", server.address)
    assert code == 3
    assert "404" in told


def test_a_run_that_ends_early_says_how_to_go_on(server: Server, image_list: Write, tmp_path: Path) -> None:
    listed = image_list(*(row(f"{n}.jpe") for n in range(25)))
    code, told = run(listed, tmp_path / "out", "--from", server.address)
    assert code == 1
    assert "ended early" in told
    assert "again later to go on" in told


def test_photographs_go_straight_into_a_store(server: Server, image_list: Write, tmp_path: Path) -> None:
    for embryo in demo_images(2, seed=9):  # dark enough to be told from the ground
        ground = np.full((200, 420, 3), 235, np.uint8)
        inside = embryo.image.min(axis=2) < 250
        ground[36:164, 50:370][inside] = embryo.image[inside]
        encoded = cv2.imencode(".png", ground[..., ::-1])[1].tobytes()
        server.on(f"/{embryo.id[-1]}.jpe", body(encoded, kind="image/png"))
    listed = image_list(row("0.jpe", code="1"), row("1.jpe"))
    annotated = image_list(("eve", "", "FBgn0000606", "2", "pair rule"), name="annot.csv")
    store = tmp_path / "store.h5"
    code, told = run(listed, tmp_path / "out", "--from", server.address, "--annotations", annotated, "--into", store)
    assert code in (0, 3), told  # 3 where a drawn embryo was flagged
    with Store(store) as made:
        ids = list(made.ids)
        assert ids == ["0", "1"]
        assert list(made.genes) == ["eve"] * len(ids)
        assert made.shape[1:] == (128, 320)
        assert all((terms[0] == 1) == (id == "1") for id, terms in zip(ids, made.terms("cv_terms"), strict=True))
    server.requests.clear()
    again = run(listed, tmp_path / "out", "--from", server.address, "--into", store)
    assert again[0] == 1
    assert "--overwrite" in again[1]
    assert server.requests == []


@pytest.mark.parametrize(
    ("extra", "told"),
    [(("--from", "ftp://a"), "https"), (("--from", "http://a", "--rate", "0"), "--rate must be greater than 0")],
)
def test_what_cannot_be_is_told_in_a_line(image_list: Write, tmp_path: Path, extra: tuple[str, ...], told: str) -> None:
    done = CliRunner().invoke(app, ["fetch-bdgp", str(image_list(row("a.jpe"))), str(tmp_path / "out"), *extra])
    assert done.exit_code == 1
    assert told in done.output
    assert "Traceback" not in done.output
