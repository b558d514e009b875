from __future__ import annotations

import pytest

from lsl_shared.errors import FetchError
from lsl_tools.fetching.web import address_of, check_address, open_address
from tests.support.picture_server import Server, status


@pytest.mark.parametrize("address", ["http://localhost:8000/a", "https://example.org", "HTTPS://example.org/x?y=1"])
def test_web_addresses_are_taken(address: str) -> None:
    assert check_address(address) == address


@pytest.mark.parametrize(
    "address",
    ["", "example.org/a", "file:///etc/passwd", "ftp://example.org/a", "http://", "http:///a", "http://a:99999/",
     "http://[::1", "http://a/b c", "http://a/\r\nX: y", "javascript:alert(1)"],
)  # fmt: skip
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(FetchError, match="begins with https"):
        check_address(address)


def test_paths_are_quoted_below_the_address() -> None:
    assert address_of("http://a/b/", "c d/e#f?.jpe") == "http://a/b/c%20d/e%23f%3F.jpe"


def test_a_redirect_down_from_https_is_refused(server: Server) -> None:
    from urllib.request import Request

    from lsl_tools.fetching.web import _Redirects

    with pytest.raises(FetchError, match="from https to http"):
        _Redirects().redirect_request(Request("https://a/b"), None, 302, "", None, "http://a/c")  # type: ignore[arg-type]


def test_headers_go_with_a_redirect(server: Server) -> None:
    server.on("/a", status(307, Location="/b"))
    server.on("/b", status(200))
    open_address(server.address + "/a", {"User-Agent": "me", "Range": "bytes=5-"}, 1.0).close()
    (headers,) = server.asked("/b")
    assert (headers["User-Agent"], headers["Range"]) == ("me", "bytes=5-")
