"""LibreOffice without its windows: what becomes of a table that is opened and saved in some language."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

__all__ = ["LANGUAGES", "PROGRAM", "saved_as"]

PROGRAM: Final = shutil.which("soffice") or shutil.which("libreoffice")
LANGUAGES: Final = ("en-US", "de-DE")
_SETTINGS: Final = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse">
<value>{language}</value></prop></item>
</oor:items>
"""


def saved_as(table: Path, ending: str, language: str, folder: Path) -> Path:
    """Opens a table in a language and saves it with another ending, without the dot, below `folder`."""
    profile, target = folder / "profile", folder / f"{language}-{table.suffix[1:]}-{ending}"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_SETTINGS.format(language=language))
    command = [str(PROGRAM), "--headless", f"-env:UserInstallation={profile.as_uri()}", "--convert-to", ending]
    subprocess.run([*command, "--outdir", target, table], check=True, capture_output=True, timeout=180)
    return target / f"{table.stem}.{ending}"
