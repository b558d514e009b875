"""Serving the page of a store until it is stopped; the answers then go into the store."""

from __future__ import annotations

import secrets
import signal
import socket
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

import uvicorn

from lsl_shared.errors import ConfigError
from lsl_tools.review.desk import Desk
from lsl_tools.review.guard import Guard, Places
from lsl_tools.review.save import Saved
from lsl_tools.review.server import application
from lsl_tools.review.session import Session, Settings

__all__ = ["Address", "serve"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CONNECTIONS = 256
_AFTER_THE_PAGE = 1.5  # seconds: what to label next is found out when the first wall is shown


@dataclass(frozen=True)
class Address:
    """Where the server listens."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 for any that is free."""
    certificate: Path | None = None
    key: Path | None = None
    plain: bool = False
    """Whether other machines may be served without TLS."""

    def check(self) -> None:
        """Raises ConfigError where other machines would be served in clear text without anyone having said so."""
        if (self.certificate is None) != (self.key is None):
            raise ConfigError("--certificate and --key go together")
        if not self.is_local and self.certificate is None and not self.plain:
            raise ConfigError(
                f"--host {self.host} without TLS lets everyone on the network read the token and the images, and label "
                "in your name: add --certificate and --key, or tunnel (ssh -L), or accept it with --plain-http"
            )

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in _LOOPBACK

    @property
    def scheme(self) -> str:
        """http or https."""
        return "https" if self.certificate else "http"


def serve(settings: Settings, address: Address, told: Callable[[str], None], *, browser: bool = True) -> Saved:
    """Serves the page of a store until it is interrupted, and saves the answers at the end.

    `told` gets lines for the user, the page's address first. Raises LslError where it cannot begin, or not save.
    """
    address.check()
    session = Session(settings)
    try:
        if session.waiting:
            told(f"{session.waiting:,} answers of an earlier time were not in the store yet: saving them")
            session.save()
        desk = Desk(session)
        try:
            _run(desk, address, told, browser)
        finally:
            desk.close()
        return session.save()
    finally:
        session.close()


def _run(desk: Desk, address: Address, told: Callable[[str], None], browser: bool) -> None:
    with _listening(address) as listening:
        port, token = listening.getsockname()[1], secrets.token_urlsafe(24)
        hosts = _LOOPBACK if address.is_local else (address.host, socket.gethostname(), *_LOOPBACK)
        guard = Guard(application(desk), Places(hosts, port, address.scheme), token)
        shown = "127.0.0.1" if address.is_local else socket.gethostname() if _is_any(address.host) else address.host
        page = f"{address.scheme}://{shown}:{port}/?token={token}"
        told(page)
        told(
            "Open this address in a browser" + " if none opens by itself" * browser + "; Ctrl + C here saves and ends."
        )
        Timer(_AFTER_THE_PAGE, desk.begin).start()
        if browser:
            Timer(0.3, webbrowser.open, [page]).start()
        _server(guard, address).run([listening])


def _server(guard: Guard, address: Address) -> uvicorn.Server:
    config = uvicorn.Config(
        guard, log_level="warning", access_log=False, server_header=False, limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=15, timeout_graceful_shutdown=3, h11_max_incomplete_event_size=32 << 10, http="h11",
        ws="none", lifespan="off", proxy_headers=False,
        ssl_certfile=address.certificate, ssl_keyfile=address.key,
    )  # fmt: skip
    return _Server(config)


class _Server(uvicorn.Server):
    """Ends at an interrupt without raising it again: the answers are saved after it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ends the server at an interrupt or a request to terminate."""
        before = {one: signal.signal(one, self.handle_exit) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


def _listening(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sends at once on TCP alone
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address.host, address.port))
        listening.listen(_CONNECTIONS)  # whoever opens the page at once waits, and is not refused
    except OSError as problem:
        listening.close()
        raise ConfigError(f"--host {address.host} --port {address.port}: {problem.strerror}; choose another") from None
    return listening


def _is_any(host: str) -> bool:
    return host in ("0.0.0.0", "::")
