from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from lsl_shared.errors import FetchError
from lsl_tools.fetching.download import Downloader, ServerAwayError
from lsl_tools.fetching.manners import Manners
from lsl_tools.fetching.run import _check_image
from tests.support.picture_server import BRISK, Answer, Server, body, jpeg, rest, status

GOOD = jpeg()


class Patient:
    """A downloader whose pauses are noted instead of slept."""

    def __init__(self, server: Server, part: Path) -> None:
        self.pauses: list[float] = []
        self._downloader = Downloader(BRISK, _check_image, self.pauses.append)
        self._server, self.part = server, part

    def get(self, path: str = "/a") -> bytes:
        return self._downloader.fetch(self._server.address + path, self.part)


@pytest.fixture
def client(server: Server, tmp_path: Path) -> Patient:
    return Patient(server, tmp_path / "part")


def test_a_file_is_fetched_and_nothing_is_left_behind(server: Server, client: Patient) -> None:
    server.on("/a", body(GOOD))
    assert client.get() == GOOD
    assert list(client.part.parent.iterdir()) == []
    (headers,) = server.asked("/a")
    assert headers["User-Agent"].startswith("lsl-toolkit/")


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_passing_failure_is_asked_for_again(server: Server, client: Patient, code: int) -> None:
    server.on("/a", status(code), status(code), body(GOOD))
    assert client.get() == GOOD
    assert len(server.asked("/a")) == 3
    first, second = (pause for pause in client.pauses if pause > 0.002)
    assert 0.005 <= first <= 0.01 <= second <= 0.02


def test_a_failure_that_lasts_is_given_up(server: Server, client: Patient) -> None:
    server.on("/a", status(500))
    with pytest.raises(FetchError, match=r"500 .*\(3 attempts\)"):
        client.get()
    assert len(server.asked("/a")) == 3


@pytest.mark.parametrize("code", [403, 404, 410])
def test_a_file_that_is_not_there_is_asked_for_once(server: Server, client: Patient, code: int) -> None:
    server.on("/a", status(code))
    with pytest.raises(FetchError, match=str(code)):
        client.get()
    assert len(server.asked("/a")) == 1


def test_retry_after_is_honoured(server: Server, client: Patient) -> None:
    server.on("/a", status(503, Retry_After="7"), body(GOOD))
    assert client.get() == GOOD
    assert max(client.pauses) == 7


def test_a_server_that_wants_to_be_left_alone_is(server: Server, client: Patient) -> None:
    server.on("/a", status(429, Retry_After="3600"))
    with pytest.raises(ServerAwayError, match="3600 s"):
        client.get()
    assert len(server.asked("/a")) == 1


def test_a_truncated_file_is_gone_on_with(server: Server, client: Patient) -> None:
    server.on("/a", body(GOOD[:500], length=len(GOOD), ETag='"v1"'), rest(GOOD))
    assert client.get() == GOOD
    second = server.asked("/a")[1]
    assert (second["Range"], second["If-Range"]) == ("bytes=500-", '"v1"')


def test_the_next_run_goes_on_with_what_is_there(server: Server, client: Patient) -> None:
    server.on("/a", body(GOOD[:500], length=len(GOOD), ETag='"v1"'), status(404))
    with pytest.raises(FetchError):
        client.get()
    server.on("/a", rest(GOOD))
    assert Patient(server, client.part).get() == GOOD


@pytest.mark.parametrize("tag", ["", 'W/"weak"'])
def test_without_a_sure_version_the_file_is_fetched_anew(server: Server, client: Patient, tag: str) -> None:
    server.on("/a", body(GOOD[:500], length=len(GOOD), ETag=tag), body(GOOD))
    assert client.get() == GOOD
    assert "Range" not in server.asked("/a")[1]


def test_another_version_replaces_what_is_there(server: Server, client: Patient) -> None:
    other = jpeg(1)
    server.on("/a", body(GOOD[:500], length=len(GOOD), ETag='"v1"'), body(other, ETag='"v2"'))
    assert client.get() == other


@pytest.mark.parametrize("answer", [rest(GOOD, start=100), rest(GOOD, ETag='"v2"'), status(416)])
def test_a_wrong_piece_is_thrown_away(server: Server, client: Patient, answer: Answer) -> None:
    server.on("/a", body(GOOD[:500], length=len(GOOD), ETag='"v1"'), answer, body(GOOD))
    assert client.get() == GOOD
    assert "Range" not in server.asked("/a")[2]


def test_a_file_cut_off_without_a_stated_length_is_fetched_again(server: Server, client: Patient) -> None:
    server.on("/a", body(GOOD[:-40], length=None), body(GOOD))
    assert client.get() == GOOD


def test_a_file_that_is_damaged_on_the_server_is_asked_for_once(server: Server, client: Patient) -> None:
    server.on("/a", body(GOOD[:-40]))
    with pytest.raises(FetchError, match="cut off"):
        client.get()
    assert len(server.asked("/a")) == 1


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (body(b"<html>sorry</html>", kind="text/html"), "is text/html, not an image"),
        (body(b"<html>sorry</html>"), "is not a PNG, JPEG, BMP or TIFF"),
        (body(b"", kind="image/png"), "is empty"),
        (body(GOOD, Content_Encoding="gzip"), "compressed"),
        (status(204), "204"),
    ],
)
def test_what_is_no_image_is_refused(server: Server, client: Patient, answer: Answer, told: str) -> None:
    server.on("/a", answer)
    with pytest.raises(FetchError, match=told):
        client.get()
    assert len(server.asked("/a")) == 1
    assert not client.part.exists()


def test_a_file_that_says_it_is_too_large_is_not_read(server: Server, client: Patient) -> None:
    server.on("/a", body(GOOD, length=10**12))
    with pytest.raises(FetchError, match="larger than 200,000 bytes"):
        client.get()
    assert not client.part.exists()


def test_an_endless_file_is_cut_short(server: Server, client: Patient) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        body(GOOD, length=None)(handler)
        while not server.stopping.is_set():
            handler.wfile.write(bytes(1 << 16))

    server.on("/a", endless)
    with pytest.raises(FetchError, match="larger than 200,000 bytes"):
        client.get()
    assert not client.part.exists()
    assert len(server.asked("/a")) == 1


@pytest.mark.parametrize(("gap", "told"), [(0.05, "longer than 1 s"), (10.0, "connection broke")])
def test_a_server_that_drips_or_falls_silent_is_left(server: Server, tmp_path: Path, gap: float, told: str) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        body(GOOD[:1], length=len(GOOD))(handler)
        while not server.stopping.wait(gap):
            handler.wfile.write(b"\0")
            handler.wfile.flush()

    server.on("/a", slow)
    started = time.monotonic()
    downloader = Downloader(_once(), _check_image, lambda _: None)
    with pytest.raises(FetchError, match=told):
        downloader.fetch(server.address + "/a", tmp_path / "part")
    assert time.monotonic() - started < 3


def test_a_connection_that_is_cut_is_a_passing_failure(server: Server, client: Patient) -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.connection.close()

    server.on("/a", cut, body(GOOD))
    assert client.get() == GOOD


def test_a_server_that_is_not_there_is_told(client: Patient, server: Server) -> None:
    server.stop()
    server.stop = lambda: None  # type: ignore[method-assign]
    with pytest.raises(FetchError, match=r"no connection .*3 attempts"):
        client.get()


@pytest.mark.parametrize(
    "target", ["file:///etc/hostname", "ftp://127.0.0.1/a", "data:image/png;base64,AAAA", "gopher://127.0.0.1/"]
)
def test_redirects_stay_on_the_web(server: Server, client: Patient, target: str) -> None:
    server.on("/a", status(302, Location=target))
    with pytest.raises(FetchError):
        client.get()
    assert len(server.asked("/a")) == 1


def test_redirects_are_followed_but_not_for_ever(server: Server, client: Patient) -> None:
    server.on("/a", status(301, Location="/b"))
    server.on("/b", body(GOOD))
    assert client.get() == GOOD
    server.on("/a", status(302, Location="/a"))
    with pytest.raises(FetchError, match="302"):
        client.get()
    assert len(server.requests) < 12


def test_trouble_with_the_disk_is_not_laid_to_the_server(server: Server, tmp_path: Path) -> None:
    server.on("/a", body(GOOD))
    with pytest.raises(FileNotFoundError, match="gone"):
        Downloader(BRISK, _check_image, lambda _: None).fetch(server.address + "/a", tmp_path / "gone" / "part")
    assert len(server.asked("/a")) == 1


def test_requests_keep_their_distance(server: Server, tmp_path: Path) -> None:
    server.on("/a", body(GOOD))
    downloader = Downloader(_once(rate=20), _check_image)
    for _ in range(4):
        downloader.fetch(server.address + "/a", tmp_path / "part")
    times = [when for _, _, when in server.requests]
    assert times[-1] - times[0] > 0.1  # three gaps of 0.05, and room for a slow start


def test_the_bytes_are_those_of_the_server(server: Server, client: Patient) -> None:
    large = jpeg(2, 200, 300)
    server.on("/a", body(large, length=None))
    assert hashlib.sha256(client.get()).digest() == hashlib.sha256(large).digest()


def _once(**changes: Any) -> Manners:
    return replace(BRISK, attempts=1, **changes)
