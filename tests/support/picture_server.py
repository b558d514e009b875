"""A server on this machine that does what a test wants of it, and image lists to fetch from it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import cv2
import numpy as np

from lsl_tools.fetching.manners import Manners

Answer = Callable[[BaseHTTPRequestHandler], None]

BRISK = Manners(rate=1000, attempts=3, first_pause=0.01, longest_pause=60, silence=0.3, longest=1.0, largest=200_000)
"""Manners for tests: no waiting."""


class Server:
    """Answers each path by its list of answers in turn, the last one for ever; keeps the requests."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[tuple[str, dict[str, str], float]] = []
        self.stopping = Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def on(self, path: str, *answers: Answer) -> None:
        """Sets the answers of a path such as "/a.jpe"."""
        self.answers[path] = list(answers)

    def asked(self, path: str) -> list[dict[str, str]]:
        """The headers of the requests for a path."""
        return [headers for requested, headers, _ in self.requests if requested == path]

    def stop(self) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append((self.path, dict(self.headers), time.monotonic()))
                answers = server.answers.get(self.path, [status(404)])
                with suppress(BrokenPipeError, ConnectionResetError):
                    (answers.pop(0) if len(answers) > 1 else answers[0])(self)

            def log_message(self, *arguments: object) -> None:
                pass

        return Handler


def status(code: int, **headers: str) -> Answer:
    """An answer without a body."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def body(data: bytes, *, length: int | None = -1, kind: str = "image/jpeg", **headers: str) -> Answer:
    """An answer with that body. `length`: what Content-Length says, -1 the truth, None nothing."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        if length is not None:
            handler.send_header("Content-Length", str(len(data) if length == -1 else length))
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def rest(data: bytes, *, start: int | None = None, **headers: str) -> Answer:
    """The rest of `data`, as the request's Range asks for; from byte `start` on where that is given."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        first = int(handler.headers["Range"].removeprefix("bytes=").removesuffix("-")) if start is None else start
        handler.send_response(206)
        handler.send_header("Content-Type", "image/jpeg")
        handler.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        handler.send_header("Content-Length", str(len(data) - first))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data[first:])

    return answer


def jpeg(seed: int = 0, height: int = 24, width: int = 40) -> bytes:
    """A noise picture as the bytes of a JPEG file."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return bytes(cv2.imencode(".jpg", pixels)[1].tobytes())


def row(
    path: str, *, gene: str = "eve", fbgn: str = "FBgn0000606", code: str = "2", view: str = "lateral"
) -> list[str]:
    """A row of an image list."""
    return ["1", gene, "CG2328", fbgn, "RE00001", path, code, view, "", "hi"]
