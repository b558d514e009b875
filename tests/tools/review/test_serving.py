from __future__ import annotations

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lsl_shared import ConfigError
from lsl_tools.review.cli import app
from lsl_tools.review.guard import Places
from lsl_tools.review.serving import Address
from lsl_tools.review.session import Session


def test_other_machines_are_served_with_tls_or_at_ones_own_risk() -> None:
    Address().check()
    Address("::1").check()
    Address("10.0.0.7", certificate=Path("a.pem"), key=Path("b.pem")).check()
    Address("0.0.0.0", plain=True).check()
    with pytest.raises(ConfigError, match="without TLS lets everyone on the network read the token"):
        Address("0.0.0.0").check()
    with pytest.raises(ConfigError, match="go together"):
        Address(certificate=Path("a.pem")).check()


def test_names_under_which_the_server_is_asked() -> None:
    places = Places(["127.0.0.1", "::1"], 80, "https")
    assert places.hosts == {"127.0.0.1:80", "[::1]:80"}
    assert places.origins == {"https://127.0.0.1:80", "https://[::1]:80"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--host", "0.0.0.0"], "add --certificate and --key"),
        (["--task", "none"], "no such task; the store has: stage_range, stage"),
        (["--who", "a/b"], "a name has"),
        (["--port", "PORT"], "choose another"),
    ],
)
def test_what_cannot_be_served_is_told_in_a_line(store: Path, options: list[str], told: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        words = [str(taken.getsockname()[1]) if word == "PORT" else word for word in options]
        done = CliRunner().invoke(app, [str(store), "--no-browser", *words])
    assert done.exit_code == 1 and told in done.output and len(done.output.splitlines()) <= 2
    assert not store.with_suffix(".review.lock").exists()


def test_a_second_server_is_told_in_a_line(store: Path, session: Session) -> None:
    done = CliRunner().invoke(app, [str(store), "--no-browser"])
    assert done.exit_code == 1 and "is under review by process" in done.output
