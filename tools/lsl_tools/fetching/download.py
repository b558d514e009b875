"""Downloading one file: it is asked for again after failures, continued where it broke off, and never trusted."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Final
from urllib.error import HTTPError, URLError

from lsl_shared.errors import FetchError
from lsl_tools.fetching.manners import Manners, Pace, asked_pause, user_agent
from lsl_tools.fetching.web import open_address

__all__ = ["Downloader", "ServerAwayError"]

_BLOCK: Final = 1 << 16
_PASSING_STATUS: Final = (408, 425, 429, 500, 502, 503, 504)
_IMAGE_TYPES: Final = ("image/", "application/octet-stream", "binary/octet-stream")


class ServerAwayError(FetchError):
    """The server asks to be left alone for longer than the manners allow to wait."""


class _PassingError(Exception):
    """A failure that another attempt may mend; `asked` is the pause that the server asks for, in seconds."""

    def __init__(self, reason: str, asked: float = 0.0) -> None:
        super().__init__(reason)
        self.asked = asked


class Downloader:
    """Downloads files, one at a time. `check` receives a file's bytes and raises ValueError where they are damaged."""

    def __init__(
        self, manners: Manners, check: Callable[[bytes], None], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.manners, self._check, self._sleep = manners, check, sleep
        self._pace = Pace(manners.rate, sleep)

    def fetch(self, address: str, part: Path) -> bytes:
        """The file at `address`. `part` holds what came of it so far, for this run and the next.

        Raises FetchError where it is not to be had, ServerAwayError where the run should end.
        """
        for failures in range(1, self.manners.attempts + 1):
            self._pace.wait()
            try:
                return self._checked(address, part, self._attempt(address, part))
            except _PassingError as failure:
                problem = failure
            if problem.asked > self.manners.longest_pause:
                raise ServerAwayError(f"{address}: {problem}, and to be asked again in {problem.asked:.0f} s only")
            if failures < self.manners.attempts:
                self._sleep(self.manners.pause(failures, problem.asked))
        raise FetchError(f"{address}: {problem} ({self.manners.attempts} attempts)")

    def _attempt(self, address: str, part: Path) -> bool:
        """Receives the rest of `part`; returns whether the server said how long it is. _PassingError or FetchError."""
        headers = {"User-Agent": user_agent(), "Accept": "image/*", "Accept-Encoding": "identity"}
        try:
            answer = open_address(address, headers | _going_on(part), self.manners.silence)
        except HTTPError as problem:
            with problem:
                raise self._refused(problem, address, part) from None
        except URLError as problem:
            if isinstance(problem.reason, ssl.SSLCertVerificationError):
                untrusted = f"its certificate is not trusted ({problem.reason.verify_message})"
                raise FetchError(f"{address}: {untrusted}") from None
            raise _PassingError(f"no connection ({problem.reason})") from None
        except (OSError, HTTPException) as problem:
            raise _broken(problem) from None
        with answer:
            return self._receive(answer, address, part)

    def _refused(self, problem: HTTPError, address: str, part: Path) -> Exception:
        if problem.code == 416:  # the file has changed or is complete: from the beginning
            _discard(part)
            return _PassingError("the server cannot go on with the file")
        told = f"the server says {problem.code} {problem.reason}"
        if problem.code in _PASSING_STATUS:
            return _PassingError(told, asked_pause(problem.headers["Retry-After"]))
        return FetchError(f"{address}: {told}")

    def _receive(self, answer: HTTPResponse, address: str, part: Path) -> bool:
        self._check_headers(answer, address)
        start = _start(answer, part)
        length = int(answer.headers["Content-Length"]) if (answer.headers["Content-Length"] or "").isdigit() else None
        if start + (length or 0) > self.manners.largest:
            raise self._too_large(address)
        _remember_version(answer, part)
        received = self._write(answer, address, part, start)
        if length is not None and received != length:
            raise _PassingError(f"the connection broke after {received:,} of {length:,} bytes")
        return length is not None

    def _check_headers(self, answer: HTTPResponse, address: str) -> None:
        if answer.status not in (200, 206):
            raise FetchError(f"{address}: the server says {answer.status} {answer.reason}")
        kind = (answer.headers["Content-Type"] or "").lower().strip()
        if kind and not kind.startswith(_IMAGE_TYPES):
            raise FetchError(f"{address}: is {kind.split(';')[0]}, not an image")
        if (answer.headers["Content-Encoding"] or "identity").lower() != "identity":
            raise FetchError(f"{address}: is sent compressed although that was not asked for")

    def _write(self, answer: HTTPResponse, address: str, part: Path, start: int) -> int:
        """Writes what comes to `part`, from byte `start` on; returns the number of bytes."""
        received, until = 0, time.monotonic() + self.manners.longest
        with part.open("r+b" if start else "wb") as stream:
            stream.seek(start)
            while block := _next_block(answer):
                received += len(block)
                if start + received > self.manners.largest:
                    stream.close()
                    _discard(part)
                    raise self._too_large(address)
                stream.write(block)
                if time.monotonic() > until:
                    raise _PassingError(f"took longer than {self.manners.longest:g} s")
        return received

    def _checked(self, address: str, part: Path, whole: bool) -> bytes:
        """The bytes of a complete `part`. Damage may mean that it was cut off, unless its length was known."""
        data = part.read_bytes()
        _discard(part)
        try:
            self._check(data)
        except ValueError as problem:
            raise FetchError(f"{address}: {problem}") if whole else _PassingError(str(problem)) from None
        return data

    def _too_large(self, address: str) -> FetchError:
        return FetchError(f"{address}: is larger than {self.manners.largest:,} bytes (--largest)")


def _next_block(answer: HTTPResponse) -> bytes:
    """What has come since the last call; b'' at the end. Only the network's failures pass, the disk's do not."""
    try:
        return answer.read1(_BLOCK)
    except (OSError, HTTPException) as problem:
        raise _broken(problem) from None


def _broken(problem: Exception) -> _PassingError:
    return _PassingError(f"the connection broke ({str(problem) or type(problem).__name__})")


def _version_of(part: Path) -> Path:
    return part.with_name(part.name + ".version")


def _going_on(part: Path) -> dict[str, str]:
    """The headers that ask for the rest of `part`, if its version is known."""
    try:
        have, version = part.stat().st_size, _version_of(part).read_text("latin-1")
    except OSError:
        return {}
    return {"Range": f"bytes={have}-", "If-Range": version} if have else {}


def _start(answer: HTTPResponse, part: Path) -> int:
    """The byte of `part` where the answer begins; _PassingError where it is not the piece that was asked for."""
    if answer.status == 200:
        return 0
    have = part.stat().st_size if part.exists() else 0
    goes_on = (answer.headers["Content-Range"] or "").startswith(f"bytes {have}-")
    if not goes_on or answer.headers["ETag"] not in (None, _going_on(part).get("If-Range")):
        _discard(part)
        raise _PassingError("the server sent another piece than asked for")
    return have


def _remember_version(answer: HTTPResponse, part: Path) -> None:
    """Keeps what identifies the file's content, so that two versions are never put together."""
    if answer.status != 200:
        return
    tag = answer.headers["ETag"] or ""
    version = tag if tag.startswith('"') else answer.headers["Last-Modified"] or ""
    part.unlink(missing_ok=True)
    if version.isprintable() and version:
        _version_of(part).write_text(version, "latin-1")
    else:
        _version_of(part).unlink(missing_ok=True)


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    _version_of(part).unlink(missing_ok=True)
