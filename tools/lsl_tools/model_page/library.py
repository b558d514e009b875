"""ONNX Runtime Web and a reader of TIFF, in the versions that the page is made with: which files, and where they lie.

They are not part of this code. `make page-library` lets npm fetch them when a wheel is built; `fetch_library` lets npm
fetch them once into the user's cache. Whatever lies there is taken only if its SHA-256 is the one below.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lsl_shared.errors import ConfigError
from lsl_shared.files.atomic import atomic_path

__all__ = ["PACKAGES", "RUNTIME_VERSION", "Library", "cache_folder", "fetch_library", "find_library"]

RUNTIME_VERSION: Final = "1.30.0"
PACKAGES: Final = (f"onnxruntime-web@{RUNTIME_VERSION}", "utif@3.1.0", "pako@1.0.11")
"""As npm names them."""
_PATIENCE = 240.0
"""Seconds until npm is given up."""


@dataclass(frozen=True)
class _Pinned:
    package: str
    member: str
    digest: str

    @property
    def name(self) -> str:
        return self.member.rpartition("/")[2]


_FILES: Final = {
    "runtime": _Pinned(
        PACKAGES[0], "dist/ort.wasm.min.js", "faece07e84faa9001f5104bbe4e5c70861d06cb2376a0dea1fa0ad33a67adc81"
    ),
    "loader": _Pinned(
        PACKAGES[0],
        "dist/ort-wasm-simd-threaded.mjs",
        "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
    ),
    "wasm": _Pinned(
        PACKAGES[0],
        "dist/ort-wasm-simd-threaded.wasm",
        "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    ),
    "tiff": _Pinned(PACKAGES[1], "UTIF.js", "e3e76115f49571e39624c3316a76b3c4c5b2c5ca518dfec4b66a9f7af8c6d059"),
    "inflate": _Pinned(
        PACKAGES[2], "dist/pako_inflate.min.js", "2ca27e9a8dae569cdeac42752ed1aed1afeff7f19282d3cc12c0aaa54a08bc04"
    ),
}
_INSTALLED: Final = Path(__file__).with_name("library")
"""Where the wheel has them."""
_CURE: Final = (
    "Add --allow-download, which lets npm fetch them once (30 MB; npm comes with Node.js). On a machine without a "
    f"net: `npm pack {' '.join(PACKAGES)}` elsewhere, and --library FOLDER here"
)


@dataclass(frozen=True)
class Library:
    """The files that a page is made of beside our own."""

    runtime: bytes
    """ONNX Runtime's JavaScript."""
    loader: bytes
    """The module that starts its WebAssembly."""
    wasm: bytes
    tiff: bytes
    """UTIF."""
    inflate: bytes
    """pako, which UTIF unpacks with."""


def find_library(given: Path | None = None) -> Library:
    """The files in `given`, else where they were installed, else in the user's cache.

    A folder holds them as npm lays them out (node_modules), as npm packs them (.tgz), or side by side. Raises
    ConfigError that says how to come by them.
    """
    for folder in [given] if given is not None else [_INSTALLED, cache_folder()]:
        if folder.is_dir() and (found := _all_of(folder)) is not None:
            return found
    if given is not None:
        wanted = ", ".join(pinned.name for pinned in _FILES.values())
        raise ConfigError(f"--library {given}: expected {wanted} of {', '.join(PACKAGES)}, unchanged. {_CURE}")
    raise ConfigError(f"the page needs ONNX Runtime Web ({', '.join(PACKAGES)}), which is not here. {_CURE}")


def fetch_library(folder: Path | None = None) -> Path:
    """Lets npm fetch the packages, puts the files into `folder`, the user's cache by default, and returns it.

    Raises ConfigError where there is no npm, or where it fails.
    """
    target = cache_folder() if folder is None else folder
    npm = shutil.which("npm")
    if npm is None:
        raise ConfigError(
            f"npm, which fetches ONNX Runtime Web, is not on this machine: install Node.js, or `npm pack "
            f"{' '.join(PACKAGES)}` elsewhere and name that folder with --library"
        )
    with tempfile.TemporaryDirectory() as packed:
        reason = _packed([npm, "pack", "--silent", "--fetch-retries=1", *PACKAGES], Path(packed))
        found = None if reason else _all_of(Path(packed))
    if found is None:
        told = reason or "the files are others"
        raise ConfigError(f"npm did not fetch {', '.join(PACKAGES)} ({told}). Is there a network?")
    for entry, pinned in _FILES.items():
        with atomic_path(target / pinned.name) as temporary:
            temporary.write_bytes(getattr(found, entry))
    return target


def _packed(command: list[str], folder: Path) -> str:
    """Runs npm in a folder; '' or, in one line, why it failed."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        return f"no answer in {_PATIENCE:.0f} s"
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["it failed"]
    return lines[-1][:200] if done.returncode else ""


def cache_folder() -> Path:
    """Where the files are kept for this user."""
    usual = Path.home() / ("AppData/Local" if sys.platform == "win32" else ".cache")
    told = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    return Path(told or usual) / "lsl-toolkit" / f"page-library-{RUNTIME_VERSION}"


def _all_of(folder: Path) -> Library | None:
    """The files in a folder, None where one lacks or is another."""
    found = {entry: _file(folder, pinned) for entry, pinned in _FILES.items()}
    return None if None in found.values() else Library(**{entry: data or b"" for entry, data in found.items()})


def _file(folder: Path, pinned: _Pinned) -> bytes | None:
    return next((data for data in _candidates(folder, pinned) if _digest(data) == pinned.digest), None)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _candidates(folder: Path, pinned: _Pinned) -> Iterator[bytes]:
    package = pinned.package.partition("@")[0]
    beside = (pinned.name, pinned.member, f"{package}/{pinned.member}", f"node_modules/{package}/{pinned.member}")
    for path in (folder / place for place in beside):
        if path.is_file():
            yield path.read_bytes()
    packed = folder / f"{pinned.package.replace('@', '-')}.tgz"
    if packed.is_file():
        try:
            with tarfile.open(packed) as archive:
                member = archive.extractfile(f"package/{pinned.member}")
                yield b"" if member is None else member.read()
        except (tarfile.TarError, KeyError, EOFError, OSError):
            return
