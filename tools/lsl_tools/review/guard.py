"""Who may talk to the server: this page alone, with the token, under the address that the server was started for.

Another page that the same browser shows may send requests, under any name that leads here. It does not know the token,
its Origin is another one, and so is its Host after a rebinding of names.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["MOST_BODY", "Guard", "Places"]

MOST_BODY: Final = 256 << 10
_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Places:
    """The names under which the server may be asked, such as 127.0.0.1:8765, by http or https."""

    def __init__(self, hosts: Sequence[str], port: int, scheme: str) -> None:
        names = [f"[{host}]" if ":" in host else host for host in hosts]
        self.hosts = {f"{name}:{port}".lower() for name in names}
        self.origins = {f"{scheme}://{host}" for host in self.hosts}
        self.cookie = f"lsl-review-{port}"


class Guard:
    """Lets through what comes from the page itself; everything else gets a short refusal."""

    def __init__(self, app: ASGIApp, places: Places, token: str) -> None:
        self._app, self._places, self._token = app, places, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _with_headers(refusal, scope, receive, send)
            return
        await _with_headers(self._app, scope, _bounded(receive), send)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """The answer to a request that goes no further; None for one that does."""
        hosts, origin = headers.getlist("host"), headers.get("origin")
        if len(hosts) != 1 or hosts[0].lower() not in self._places.hosts:
            return _refused(421, "this server is not asked under that name")
        changes = scope["method"] not in ("GET", "HEAD")
        if (origin or changes) and (origin or "").lower() not in self._places.origins:
            return _refused(403, "only the page itself may ask")
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return _refused(403, "only the page itself may ask")
        if scope["path"] == "/" and (given := parse_qs(scope["query_string"].decode("latin-1")).get("token")):
            return self._signed_in(given[0])
        if not self._knows(headers):
            return _refused(403, "the address of the page holds a token: open the one that lsl-review printed")
        if changes and not headers.get("content-type", "").startswith("application/json"):
            return _refused(415, "expected application/json")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MOST_BODY:
            return _refused(413, f"at most {MOST_BODY:,} bytes")
        return None

    def _signed_in(self, given: str) -> Response:
        """Keeps the token in a cookie, so that it stands in the address no longer."""
        if not self._is_token(given):
            return _refused(403, "that token is not this server's: open the address that lsl-review printed last")
        answer = RedirectResponse("/", status_code=303)
        secure = any(origin.startswith("https") for origin in self._places.origins)
        answer.set_cookie(self._places.cookie, self._token, httponly=True, samesite="strict", secure=secure)
        return answer

    def _knows(self, headers: Headers) -> bool:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        found = cookies.get(self._places.cookie)
        return found is not None and self._is_token(found.value)

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode())


class TooLongError(Exception):
    """A body goes on beyond what its header said, or had none."""


def _bounded(receive: Receive) -> Receive:
    """Receives no more than MOST_BODY bytes, whatever the header says."""
    total = 0

    async def bounded() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > MOST_BODY:
            raise TooLongError
        return message

    return bounded


def _refused(status: int, told: str) -> Response:
    return PlainTextResponse(told + "\n", status_code=status)


async def _with_headers(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            names = {name for name, _ in message["headers"]}
            ours = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
            message["headers"] = [*message["headers"], *ours]
            if b"cache-control" not in names:
                message["headers"].append((b"cache-control", b"no-store"))
        await send(message)

    await app(scope, receive, sending)
