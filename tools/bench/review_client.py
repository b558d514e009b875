"""A server of lsl-review in a process of its own, and a plain client that asks it as the page does."""

from __future__ import annotations

import http.client
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

COMMAND = [sys.executable, "-c", "import sys; from lsl_tools.review.cli import app; app(sys.argv[1:])"]


class Server:
    """`lsl-review STORE` with more options; `address` holds the token. It is killed at the end, unless it has ended."""

    def __init__(self, store: Path, *options: str) -> None:
        command = [*COMMAND, str(store), "--no-browser", "--who", "bench", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.address, self.stands = "", 0.0
        for line in self.process.stdout:
            if line.startswith("http"):
                self.address, self.stands = line.strip(), time.monotonic()
                break

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def kill(self) -> str:
        """Kills it (SIGKILL), and gives what it said of errors."""
        self.process.kill()
        return self.process.communicate()[1]


class Client:
    """One connection to a server, with the page's cookie and headers."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.host, self.token = parts.netloc, parse_qs(parts.query)["token"][0]
        self.headers = {"cookie": f"lsl-review-{parts.port}={self.token}"}
        self._connection = http.client.HTTPConnection(self.host, timeout=30)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def get(self, path: str) -> bytes:
        """What lies at a path."""
        return self._asked("GET", path, None, self.headers)

    def post(self, path: str, entry: Any) -> Any:
        """Sends JSON, and gives what comes back."""
        headers = self.headers | {"content-type": "application/json", "origin": f"http://{self.host}"}
        return json.loads(self._asked("POST", path, json.dumps(entry).encode(), headers))

    def label(self, row: int, name: str, key: str = "") -> Any:
        """Labels one image, whatever its coarse label is."""
        return self.post("/api/answer", {
            "kind": "label", "rows": [row], "value": name, "task": "stage", "who": "bench", "force": True,
            "key": key or new_key(),
        })  # fmt: skip

    def _asked(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise RuntimeError(f"{method} {path}: {response.status} {content[:200]!r}")
        return content


@contextmanager
def client(address: str) -> Iterator[Client]:
    """A client that is closed at the end."""
    made = Client(address)
    try:
        yield made
    finally:
        made.close()


def new_key() -> str:
    """The key of an answer."""
    return secrets.token_hex(8)
