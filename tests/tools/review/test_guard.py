from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from lsl_tools.review.guard import MOST_BODY, Guard, Places, TooLongError

TOKEN = "a-token-of-the-test"
HERE, COOKIE = "127.0.0.1:8765", f"lsl-review-8765={TOKEN}"
PAGE = {"host": HERE, "cookie": COOKIE}
POST = PAGE | {"origin": f"http://{HERE}", "content-type": "application/json"}


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


async def echo(request: Request) -> Response:
    return PlainTextResponse(await request.body() or b"the page")


def too_long(request: Request, problem: Exception) -> Response:
    return PlainTextResponse("too long", status_code=413)


APP = Starlette(routes=[Route("/", echo, methods=["GET", "POST"])], exception_handlers={TooLongError: too_long})


def asked(
    headers: dict[str, str], method: str = "GET", query: str = "", body: Sequence[bytes] = (b"",), kind: str = "http"
) -> Answer:
    """What the guard answers to a request, sent to it as a server would."""
    guard, answer, left = Guard(APP, Places(["127.0.0.1", "localhost"], 8765, "http"), TOKEN), Answer(), list(body)

    async def receive() -> dict[str, Any]:
        chunk = left.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(left)}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        elif message["type"] == "http.response.body":
            answer.body += message["body"]
        else:
            answer.status = message["code"]

    scope = {"type": kind, "method": method, "path": "/", "query_string": query.encode(), "http_version": "1.1",
             "headers": [(name.encode(), value.encode()) for name, value in headers.items()]}  # fmt: skip
    asyncio.run(guard(scope, receive, send))
    return answer


def test_the_address_with_the_token_leads_to_the_page_with_a_cookie() -> None:
    answer = asked({"host": HERE}, query=f"token={TOKEN}")
    assert (answer.status, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(COOKIE) and "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert asked(PAGE).body == b"the page"
    assert asked(POST, "POST", body=[b"1", b"2"]).body == b"12"


@pytest.mark.parametrize(
    ("headers", "method", "query", "status"),
    [
        ({"host": HERE}, "GET", "", 403),
        ({"host": HERE}, "GET", "token=another", 403),
        ({"host": HERE, "cookie": "lsl-review-8765=another"}, "GET", "", 403),
        ({"host": HERE, "cookie": f"lsl-review-1={TOKEN}"}, "GET", "", 403),
        (PAGE | {"host": "evil.example:8765"}, "GET", "", 421),
        ({"host": "evil.example"}, "GET", f"token={TOKEN}", 421),
        (PAGE | {"origin": "http://evil.example"}, "GET", "", 403),
        (PAGE | {"origin": "null"}, "GET", "", 403),
        (PAGE | {"sec-fetch-site": "cross-site"}, "GET", "", 403),
        (PAGE | {"content-type": "application/json"}, "POST", "", 403),
        (POST | {"origin": "http://evil.example"}, "POST", "", 403),
        (POST | {"origin": "http://127.0.0.1:1"}, "POST", "", 403),
        (POST | {"content-type": "text/plain"}, "POST", "", 415),
        (POST | {"content-length": str(MOST_BODY + 1)}, "POST", "", 413),
        (POST | {"content-length": "many"}, "POST", "", 413),
    ],
)  # fmt: skip
def test_all_else_is_refused(headers: dict[str, str], method: str, query: str, status: int) -> None:
    answer = asked(headers, method, query)
    assert (answer.status, TOKEN in answer.body.decode(), "set-cookie" in answer.headers) == (status, False, False)


def test_a_body_that_goes_on_is_cut_off() -> None:
    chunks = [b"x" * 65536] * 20
    assert asked(POST, "POST", body=chunks).status == 413


def test_every_answer_forbids_what_the_page_does_not_need() -> None:
    for answer in (asked(PAGE), asked({"host": HERE})):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy and answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer" and answer.headers["cache-control"] == "no-store"


def test_web_sockets_are_closed() -> None:
    assert asked(PAGE, kind="websocket").status == 1008
