"""HTTP and HTTPS alone: any other address is refused, in redirects too, and so is a redirect from HTTPS to HTTP."""

from __future__ import annotations

from http.client import HTTPMessage, HTTPResponse
from typing import IO, cast
from urllib.parse import quote, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from lsl_shared.errors import FetchError

__all__ = ["address_of", "check_address", "open_address"]


def check_address(address: str) -> str:
    """The address, http or https with a host. Raises FetchError for anything else."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or not address.isprintable() or " " in address:
        raise FetchError(f"{address!r}: expected an address that begins with https:// or http://")
    return address


def address_of(base: str, path: str) -> str:
    """The address of a listed path below the server's address."""
    return f"{base.rstrip('/')}/{quote(path)}"


def open_address(address: str, headers: dict[str, str], timeout: float) -> HTTPResponse:
    """The answer to a GET request, redirects followed. Raises FetchError, or urllib's and the system's errors."""
    request = Request(check_address(address), headers=headers)
    return cast(HTTPResponse, _opener().open(request, timeout=timeout))


class _Redirects(HTTPRedirectHandler):
    max_redirections = 5

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        check_address(newurl)
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise FetchError(f"{req.full_url} redirects from https to {newurl}, which is refused")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> OpenerDirector:
    """urllib's opener without its handlers for files, FTP and data."""
    opener = OpenerDirector()
    for handler in (ProxyHandler, HTTPHandler, HTTPSHandler, HTTPDefaultErrorHandler, _Redirects, HTTPErrorProcessor):
        opener.add_handler(handler())
    return opener
