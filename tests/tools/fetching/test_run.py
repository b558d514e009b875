from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsl_shared import DataFileError, FetchError, Store
from lsl_tools import import_images
from lsl_tools.fetching.image_list import ImageList, read_image_list
from lsl_tools.fetching.run import FetchReport, fetch_images
from tests.support.picture_server import BRISK, Server, body, jpeg, row, status

Write = Callable[..., Path]


@pytest.fixture
def listed(image_list: Write) -> ImageList:
    """Five photographs of two genes."""
    rows = [row(f"dir/insitu{n}.jpe", gene=f"g{n // 3}", fbgn=f"F{n // 3}", code=str(n + 1)) for n in range(5)]
    return read_image_list(image_list(*rows))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "photographs"


def serve(server: Server, numbers: Sequence[int] = range(5)) -> None:
    for number in numbers:
        server.on(f"/x/dir/insitu{number}.jpe", body(jpeg(number)))


def fetch(server: Server, listed: ImageList, folder: Path, **settings: Any) -> FetchReport:
    return fetch_images(listed, server.address + "/x", folder, manners=BRISK, sleep=lambda _: None, **settings)


def test_all_is_fetched_and_imports(server: Server, listed: ImageList, folder: Path, image_list: Write) -> None:
    serve(server)
    annotated = image_list(("g0", "", "F0", "2", "brain"), ("g0", "", "F0", "2", "gut"), name="annot.csv")
    report = fetch(server, listed, folder, annotations=annotated)
    assert (report.fetched, report.there, report.failed, report.ended) == (5, 0, (), "")
    assert (folder / "dir" / "insitu3.jpg").read_bytes() == jpeg(3)
    import_images(report.labels, folder / "store.h5")
    with Store(folder / "store.h5") as store:
        assert list(store.ids) == [f"insitu{n}" for n in range(5)]
        assert list(store.genes) == ["g0", "g0", "g0", "g1", "g1"]
        assert list(store.labels("stage_range")) == [0, 1, 2, 3, 4]
        assert set(store.views) == {"lateral"}
        np.testing.assert_array_equal(store.terms("cv_terms")[:2], [[255, 255], [1, 1]])


def test_what_is_there_is_not_asked_for_again(server: Server, listed: ImageList, folder: Path) -> None:
    serve(server)
    fetch(server, listed, folder)
    (folder / "dir" / "insitu2.jpg").write_bytes(b"damaged")
    server.requests.clear()
    report = fetch(server, listed, folder)
    assert (report.fetched, report.there) == (1, 4)
    assert [path for path, _, _ in server.requests] == ["/x/dir/insitu2.jpe"]


def test_what_fails_is_told_and_the_rest_goes_on(server: Server, listed: ImageList, folder: Path) -> None:
    serve(server, (0, 2, 4))
    server.on("/x/dir/insitu1.jpe", status(500))
    server.on("/x/dir/insitu3.jpe", body(b"<html>", kind="text/html"))
    report = fetch(server, listed, folder)
    assert report.fetched == 3
    assert [image.id for image, _ in report.failed] == ["insitu1", "insitu3"]
    with (folder / "failed.csv").open(newline="") as stream:
        reasons = [line["reason"] for line in csv.DictReader(stream)]
    assert "500" in reasons[0]
    assert "text/html" in reasons[1]
    assert len(report.labels.read_text().splitlines()) == 4
    serve(server)
    assert fetch(server, listed, folder).fetched == 2


def test_an_interrupted_run_is_gone_on_with(server: Server, listed: ImageList, folder: Path) -> None:
    serve(server)
    done: list[int] = []

    def interrupt(count: int) -> None:
        done.append(count)
        if len(done) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_images(listed, server.address + "/x", folder, manners=BRISK, on_progress=interrupt)
    assert len((folder / "labels.csv").read_text().splitlines()) == 3
    assert fetch(server, listed, folder).fetched == 3


def test_a_server_that_is_away_ends_the_run(server: Server, image_list: Write, folder: Path) -> None:
    listed = read_image_list(image_list(*(row(f"{n}.jpe") for n in range(30))))
    report = fetch(server, listed, folder)
    assert len(report.failed) == 20
    assert "20 photographs failed one after the other" in report.ended
    server.on("/x/0.jpe", status(503, Retry_After="86400"))
    report = fetch(server, listed, folder)
    assert "86400 s" in report.ended
    assert len(report.failed) == 0


def test_files_are_named_by_what_they_are_and_never_mixed_up(server: Server, image_list: Write, folder: Path) -> None:
    listed = read_image_list(image_list(row("a b.jpe"), row("a_b.jpe")))
    server.on("/x/a%20b.jpe", body(jpeg(1)))
    server.on("/x/a_b.jpe", body(jpeg(2)))
    report = fetch(server, listed, folder)
    assert (folder / "a_b.jpg").read_bytes() == jpeg(1)
    assert "another photograph is kept as a_b.jpg" in report.failed[0][1]


def test_a_link_out_of_the_folder_is_not_followed(
    server: Server, listed: ImageList, folder: Path, tmp_path: Path
) -> None:
    serve(server)
    (tmp_path / "elsewhere").mkdir()
    folder.mkdir()
    (folder / "dir").symlink_to(tmp_path / "elsewhere")
    report = fetch(server, listed, folder)
    assert report.fetched == 0
    assert "leads out" in report.failed[0][1]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_addresses_and_tables_are_checked_before_anything_is_written(
    server: Server, listed: ImageList, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(FetchError, match="https"):
        fetch_images(listed, "file:///etc", folder)
    with pytest.raises(DataFileError, match=r"none.csv"):
        fetch(server, listed, folder, annotations=tmp_path / "none.csv")
    assert not folder.exists()
    assert server.requests == []


def test_rows_that_were_left_out_are_noted(server: Server, image_list: Write, folder: Path) -> None:
    server.on("/x/a.jpe", body(jpeg()))
    rows = (row("a.jpe"), row("a.jpe", gene="ftz"), row("b.jpe", code="x"))
    report = fetch(server, read_image_list(image_list(*rows)), folder)
    assert any("stage code 'x'" in note for note in report.notes)
    assert any(note.startswith("1 row(s) name a photograph again") for note in report.notes)
