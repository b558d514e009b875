"""The server behind the page: what can be asked, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lsl_shared.errors import ConfigError, LslError
from lsl_tools.review.answering import ContradictionError
from lsl_tools.review.desk import Desk
from lsl_tools.review.guard import MOST_BODY, TooLongError

__all__ = ["application"]

_KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FILES = {
    name: f"{_KINDS[name.rpartition('.')[2]]}; charset=utf-8"
    for name in (
        "index.html", "style.css", "bench.css", "main.js", "ask.js", "wall.js", "card.js", "bench.js", "maps.js",
        "keys.js", "choose.js", "people.js", "teach.js", "turns.js", "element.js", "state.js", "dialogs.js", "icon.svg",
    )
}  # fmt: skip
"""What the page is made of; nothing else is served from the disk."""
_FOR_A_DAY = {"cache-control": "private, max-age=86400"}
Result = TypeVar("Result")


def application(desk: Desk) -> Starlette:
    """The application that answers for a desk; a guard stands before it."""
    return Starlette(
        routes=[
            Route("/", _page("index.html")),
            *(Route(f"/page/{name}", _page(name)) for name in _FILES),
            Route("/api/start", _json(desk.start)),
            Route("/api/order", _order(desk)),
            Route("/api/cards", _json(desk.cards)),
            Route("/api/beside", _json(desk.beside)),
            Route("/api/changes", _json(desk.changes)),
            Route("/api/people", _json(desk.people)),
            Route("/api/rejects", _json(desk.rejects)),
            *(
                Route(f"/api/{name}", _posted(work), methods=["POST"])
                for name, work in (
                    ("answer", desk.answer), ("undo", desk.undo), ("save", desk.save), ("teach", desk.teach),
                )
            ),
            Route("/thumbnail/{row:int}", _picture(desk.thumbnail, "image/jpeg")),
            Route("/image/{row:int}", _picture(desk.image, "image/jpeg")),
            Route("/map/{row:int}", _picture(desk.map, "image/png")),
            Route("/atlas/{row:int}", _picture(desk.atlas, "image/jpeg")),
            Route("/reject/{row:int}", _picture(desk.reject, "image/jpeg")),
        ],
        exception_handlers={
            ContradictionError: _told(409), ConfigError: _told(400), LslError: _told(500), TooLongError: _too_long,
        },
    )  # fmt: skip


def _page(name: str) -> Callable[[Request], Any]:
    content = (resources.files("lsl_tools.review") / "page" / name).read_bytes()

    async def endpoint(request: Request) -> Response:
        return Response(content, media_type=_FILES[name])

    return endpoint


def _json(work: Callable[[dict[str, str]], Any]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(work, dict(request.query_params)))

    return endpoint


def _posted(work: Callable[[Any], Any]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            asked = json.loads(await request.body())
        except (ValueError, RecursionError):
            raise ConfigError("expected JSON") from None
        return JSONResponse(await run_in_threadpool(work, asked))

    return endpoint


def _order(desk: Desk) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        rows, is_final = await run_in_threadpool(desk.order, dict(request.query_params))
        headers = {"x-order": "final" if is_final else "for now"}
        return Response(rows.tobytes(), media_type="application/octet-stream", headers=headers)

    return endpoint


def _picture(work: Callable[[int, dict[str, str]], bytes], kind: str) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        made = await run_in_threadpool(work, request.path_params["row"], dict(request.query_params))
        return Response(made, media_type=kind, headers=_FOR_A_DAY if "v" in request.query_params else {})

    return endpoint


def _told(status: int) -> Callable[[Request, Exception], Response]:
    def handler(request: Request, problem: Exception) -> Response:
        return JSONResponse({"problem": str(problem)}, status_code=status)

    return handler


def _too_long(request: Request, problem: Exception) -> Response:
    told = {"problem": f"at most {MOST_BODY:,} bytes"}
    return JSONResponse(told, status_code=413, headers={"connection": "close"})  # the rest of the body is not read
