from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from lsl_shared import ConfigError
from lsl_tools.model_page import library
from lsl_tools.model_page.library import PACKAGES, cache_folder, fetch_library, find_library

CONTENTS = {"runtime": b"a", "loader": b"b", "wasm": b"c", "tiff": b"d", "inflate": b"e"}


@pytest.fixture(autouse=True)
def other_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Files of a byte in place of those that are pinned, and no folder but those of the test."""
    pinned = {
        entry: library._Pinned(one.package, one.member, library._digest(CONTENTS[entry]))
        for entry, one in library._FILES.items()
    }
    monkeypatch.setattr(library, "_FILES", pinned)
    monkeypatch.setattr(library, "_INSTALLED", tmp_path / "installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))


def write(folder: Path, layout: str) -> Path:
    """Puts the files into a folder, side by side, as npm installs or as npm packs them."""
    folder.mkdir(parents=True)
    for entry, one in library._FILES.items():
        package = one.package.partition("@")[0]
        if layout == "packed":
            with tarfile.open(folder / f"{one.package.replace('@', '-')}.tgz", "a") as archive:
                member = tarfile.TarInfo(f"package/{one.member}")
                member.size = 1
                archive.addfile(member, io.BytesIO(CONTENTS[entry]))
        else:
            path = folder / (one.name if layout == "beside" else f"node_modules/{package}/{one.member}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(CONTENTS[entry])
    return folder


@pytest.mark.parametrize("layout", ["beside", "installed by npm", "packed"])
def test_the_files_are_found_as_npm_lays_them_out(tmp_path: Path, layout: str) -> None:
    found = find_library(write(tmp_path / "given", layout))
    assert {name: getattr(found, name) for name in CONTENTS} == CONTENTS


def test_the_wheels_own_files_come_first_and_then_the_users_cache(tmp_path: Path) -> None:
    write(cache_folder(), "beside")
    assert find_library().wasm == b"c"
    write(tmp_path / "installed", "beside")
    (cache_folder() / library._FILES["wasm"].name).unlink()
    assert find_library().wasm == b"c"


def test_another_file_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "given", "beside")
    (folder / library._FILES["wasm"].name).write_bytes(b"another version")
    with pytest.raises(ConfigError, match=r"--library .*unchanged.*npm pack onnxruntime-web@1\.30\.0"):
        find_library(folder)


def test_where_there_is_none_the_message_says_how_to_come_by_it() -> None:
    with pytest.raises(ConfigError, match=r"which is not here\. Add --allow-download.*npm pack .*--library FOLDER"):
        find_library()


def test_without_npm_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsl_tools.model_page.library.shutil.which", lambda name: None)
    with pytest.raises(ConfigError, match="install Node"):
        fetch_library()
    assert not cache_folder().exists()


def test_npms_failure_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error network unreachable' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setattr("lsl_tools.model_page.library.shutil.which", lambda name: str(npm))
    with pytest.raises(ConfigError, match=r"npm error network unreachable\)\. Is there a network"):
        fetch_library()


def test_what_npm_packs_goes_into_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    packed = write(tmp_path / "packed", "packed")
    npm = tmp_path / "npm"
    npm.write_text(f'#!/bin/sh\n[ "$*" = "pack --silent --fetch-retries=1 {" ".join(PACKAGES)}" ] && cp {packed}/* .\n')
    npm.chmod(0o755)
    monkeypatch.setattr("lsl_tools.model_page.library.shutil.which", lambda name: str(npm))
    assert fetch_library() == cache_folder()
    assert find_library().runtime == b"a"


def test_npm_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\nexec sleep 30\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path) + ":/bin:/usr/bin")
    monkeypatch.setattr("lsl_tools.model_page.library._PATIENCE", 0.2)
    with pytest.raises(ConfigError, match="no answer in"):
        fetch_library(tmp_path / "library")
