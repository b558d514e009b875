"""The command lsl-review."""

from __future__ import annotations

import getpass
import shlex
from pathlib import Path
from typing import Annotated

import typer

from lsl_shared.process.terminal import Debug, new_app, plain_errors, say
from lsl_tools.options import ExistingStore

__all__ = ["app", "main"]

app = new_app("Look at the images of a store, correct and give labels, and train again, in a browser.")

_OTHERS = "Other machines"


@app.command()
def review(
    store: ExistingStore = Path("store.h5"),
    who: Annotated[str, typer.Option(help=r"Your name, kept with every answer.  \[default: your user name]")] = "",
    annotations: Annotated[
        Path | None, typer.Option(help=r"What the model said.  \[default: beside the store]")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(metavar="BUNDLE", help=r"The model that explains.  \[default: that of the annotations]"),
    ] = None,
    task: Annotated[str, typer.Option(help=r"The task to label.  \[default: the store's fine task]")] = "",
    second: Annotated[
        float, typer.Option(help="Share of the labelled images that are labelled a second time.", min=0.0, max=1.0)
    ] = 0.2,
    photographs: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where the photographs lie that were set aside; else it is found out."),
    ] = None,
    train: Annotated[
        str, typer.Option(metavar="OPTIONS", help="Options of lsl-train for training again, in quotes.")
    ] = "",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
    port: Annotated[int, typer.Option(help="The port; 0 takes any that is free.", min=0, max=65535)] = 0,
    host: Annotated[
        str, typer.Option(help="The address to listen at; other machines need TLS.", rich_help_panel=_OTHERS)
    ] = "127.0.0.1",
    certificate: Annotated[
        Path | None, typer.Option(help="The certificate for TLS, PEM.", rich_help_panel=_OTHERS)
    ] = None,
    key: Annotated[Path | None, typer.Option(help="Its key, PEM.", rich_help_panel=_OTHERS)] = None,
    plain_http: Annotated[
        bool,
        typer.Option(
            "--plain-http", help="Serve other machines without TLS: who listens can read all.", rich_help_panel=_OTHERS
        ),
    ] = False,
    debug: Debug = False,
) -> None:
    """Look at the images of a store, correct and give labels, and train again, in a browser.

    The page shows which images to label next, what the model takes them for, and why. Each answer is on the disk before
    the page says so, in STORE's name with .review.jsonl; the store takes them when you save, train again, or stop.

    Example: lsl-annotate store.h5 --features && lsl-review store.h5
    Example: lsl-review store.h5 --who Berta --second 0.3
    """
    with plain_errors(debug, "Every answer is in the journal; the same command goes on from here."):
        _require_server()
        from lsl_tools.review.request import checked_name
        from lsl_tools.review.serving import Address, serve
        from lsl_tools.review.session import Settings

        settings = Settings(
            store=store,
            who=checked_name(who or getpass.getuser()),
            annotations=annotations,
            model=model,
            task=task,
            second=second,
            photographs=photographs,
            train=tuple(shlex.split(train)),
        )
        address = Address(host, port, certificate, key, plain_http)
        saved = serve(settings, address, say, browser=browser)
        changed = f"{saved.answers:,} answers saved: {saved.labels:,} labels changed"
        say(changed if saved.answers else "all answers are saved")
        for name in saved.conflicts[:5]:
            say(f"note: {name} had got another label in the store; your answer holds, both are in its history")


def _require_server() -> None:
    """Raises ConfigError where the extra is not installed."""
    from importlib.util import find_spec

    from lsl_shared.errors import ConfigError

    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        raise ConfigError("lsl-review needs a server: pip install 'lsl-toolkit[review]'")


def main() -> None:
    """Runs the command line."""
    app()
