"""What a hostile page or program can do to lsl-review: nothing, and the server stays up.

    python tools/bench/review_hostile.py STORE OUT

Asks a server on a copy of STORE what it must refuse: a page of another origin (in headless Chromium: by script, in a
frame, as an image), a rebound Host, wrong and missing tokens, oversized and endless bodies, JSON that makes no sense,
paths that lead elsewhere, 200 connections that say nothing. After each it must still answer the page. Prints a line
each; the exit status is 1 if one was let through.
"""

from __future__ import annotations

import http.client
import http.server
import json
import shutil
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import typer
from playwright.sync_api import sync_playwright
from review_client import Client, Server, client

app = typer.Typer(add_completion=False, help=__doc__)
_CONNECTIONS = 200


@app.command()
def hostile(store: Path, out: Path) -> None:
    """Asks, prints, and says whether all was refused."""
    work = out / "hostile.h5"
    for old in out.glob("hostile*"):
        old.unlink()
    shutil.copy(store, work)
    bad = 0
    with Server(work) as server, client(server.address) as page:
        for name, work_of in CASES.items():
            told, is_refused = work_of(page)
            stands = json.loads(page.get("/api/start"))["waiting"] == 0
            bad += not (is_refused and stands)
            print(f"{'ok ' if is_refused and stands else 'BAD'} {name}: {told}{'' if stands else '; answers came in'}")
    sys.exit(bool(bad))


def status(page: Client, method: str = "GET", path: str = "/api/start", body: bytes = b"", **headers: str) -> int:
    """The status of one request on a connection of its own; a header of '' is left out."""
    connection = http.client.HTTPConnection(page.host, timeout=10)
    given = page.headers | {"origin": f"http://{page.host}", "content-type": "application/json"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection.putrequest(method, path, skip_host="host" in given, skip_accept_encoding=True)
    for name, value in given.items():
        if value:
            connection.putheader(name, value)
    if body and "content-length" not in given:
        connection.putheader("content-length", str(len(body)))
    try:
        connection.endheaders()
        if body:
            connection.send(body)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


LABEL = json.dumps({"kind": "label", "rows": [0], "value": "9", "task": "stage", "who": "x", "key": "key-00001",
                    "force": True}).encode()  # fmt: skip


def statuses(*asked: tuple[str, Callable[[Client], int]]) -> Callable[[Client], tuple[str, bool]]:
    """A case that is made of requests, each refused by its status."""

    def case(page: Client) -> tuple[str, bool]:
        found = [(name, one(page)) for name, one in asked]
        return ", ".join(f"{name} {code}" for name, code in found), all(not 200 <= code < 400 for _, code in found)

    return case


def post(**headers: str) -> Callable[[Client], int]:
    """A label, sent with these headers."""
    return lambda page: status(page, "POST", "/api/answer", LABEL, **headers)


def sent(body: bytes) -> Callable[[Client], int]:
    """Some bytes in place of an answer."""
    return lambda page: status(page, "POST", "/api/answer", body)


def got(path: str) -> Callable[[Client], int]:
    """Something that is not there to be had."""
    return lambda page: status(page, "GET", path)


def endless(page: Client) -> tuple[str, bool]:
    """A body in chunks that goes on and on."""
    host, port = page.host.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        head = f"POST /api/answer HTTP/1.1\r\nHost: {page.host}\r\nOrigin: http://{page.host}\r\n"
        head += (
            f"Cookie: {page.headers['cookie']}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        raw.sendall(head.encode())
        sent_kib = 0
        try:
            for count in range(1, 4001):
                raw.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                sent_kib = 64 * count
            return "64 KiB 4,000 times", False
        except OSError:
            return f"closed after {sent_kib:,} KiB", True


def connections(page: Client) -> tuple[str, bool]:
    """Many connections that say nothing, while the page goes on."""
    host, port = page.host.split(":")
    idle = [socket.create_connection((host, int(port)), timeout=10) for _ in range(_CONNECTIONS)]
    for one in idle[::2]:
        one.sendall(b"POST /api/answer HTTP/1.1\r\nHost: ")
    answered = status(page)
    for one in idle:
        one.close()
    return (
        f"{len(idle)} open, half of them in the middle of a request; the page is answered {answered}",
        answered == 200,
    )


def other_page(page: Client) -> tuple[str, bool]:
    """A page of another origin in a browser that is signed in."""
    with _site(EVIL.replace("HERE", f"http://{page.host}").encode()) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = browser.new_context()
        mine = context.new_page()
        mine.goto(f"http://{page.host}/?token={page.token}")
        evil = context.new_page()
        evil.goto(address)
        evil.wait_for_function("window.done === true", timeout=20000)
        found: dict[str, str] = evil.evaluate("window.found")
        framed = evil.frames[1].url if len(evil.frames) > 1 else ""
        browser.close()
    told = ", ".join(f"{name} {result}" for name, result in found.items())
    return f"{told}, frame shows {framed or 'nothing'}", not any("read" in result for result in found.values())


EVIL = """<!doctype html><title>another page</title><iframe name="frame" src="HERE/"></iframe><script>
window.found = {};
const label = JSON.stringify({kind: "label", rows: [0], value: "9", task: "stage", who: "x", key: "key-00009",
  force: true});
const attempt = (name, work) => work.then((told) => { found[name] = told; }, () => { found[name] = "blocked"; });
const image = (path) => new Promise((done) => { const one = new Image(); one.onload = () => done("read");
  one.onerror = () => done("blocked"); one.src = "HERE" + path; });
Promise.all([
  attempt("fetch", fetch("HERE/api/start", {credentials: "include"}).then((r) => r.text()).then(() => "read")),
  attempt("post", fetch("HERE/api/answer", {method: "POST", credentials: "include", mode: "no-cors", body: label,
    headers: {"content-type": "text/plain"}}).then((r) => r.type)),
  attempt("json", fetch("HERE/api/answer", {method: "POST", credentials: "include", body: label,
    headers: {"content-type": "application/json"}}).then((r) => "read")),
  attempt("image", image("/thumbnail/0")),
  attempt("script", import("HERE/page/main.js").then(() => "read")),
]).then(() => { window.done = true; });
</script>"""


class _site:  # noqa: N801, used as a function
    """Serves one page on another port, so of another origin; a `with` block gives its address."""

    def __init__(self, content: bytes) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *told: object) -> None:
                """Says nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://localhost:{self._server.server_address[1]}/"

    def __exit__(self, *told: object) -> None:
        self._server.shutdown()
        self._server.server_close()


CASES: dict[str, Callable[[Client], tuple[str, bool]]] = {
    "another page in the same browser": other_page,
    "rebound Host": statuses(("get", lambda page: status(page, host="evil.example")),
                             ("post", post(host="evil.example:80"))),
    "token": statuses(("none", post(cookie="")), ("wrong", post(cookie="lsl-review-1=x; lsl-review-80=y")),
                      ("in the address", got("/?token=wrong"))),
    "origin": statuses(("another", post(origin="http://evil.example")), ("null", post(origin="null")),
                       ("none", post(origin="")), ("fetch metadata", post(sec_fetch_site="cross-site"))),
    "form": statuses(("urlencoded", post(content_type="application/x-www-form-urlencoded")),
                     ("text", post(content_type="text/plain"))),
    "body": statuses(("1 MiB", sent(b"x" * 2**20)), ("said 1 GiB", post(content_length=str(2**30))),
                     ("deep", sent(b"[" * 100000)), ("no JSON", sent(b"\xff\xfe")), ("a number", sent(b"7")),
                     ("negative row", sent(LABEL.replace(b"[0]", b"[-1]"))),
                     ("far row", sent(LABEL.replace(b"[0]", b"[999999999]"))),
                     ("no class", sent(LABEL.replace(b'"9"', b'"<b>"')))),
    "endless body": endless,
    "paths": statuses(("up", got("/page/../cli.py")), ("encoded", got("/page/%2e%2e/cli.py")),
                      ("store", got("/store.h5")), ("row", got("/thumbnail/99999999")), ("reject", got("/reject/0")),
                      ("map", got("/map/0?for=../x"))),
    "200 connections": connections,
}  # fmt: skip


if __name__ == "__main__":
    app()
