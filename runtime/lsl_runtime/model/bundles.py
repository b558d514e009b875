"""Which model bundle a command takes when none is named: that of the newest finished run."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from lsl_shared.errors import BundleError
from lsl_shared.files.manifest import MANIFEST

__all__ = ["naming", "newest_bundle"]


def newest_bundle(folder: str | Path = ".") -> Path:
    """The bundle of the newest complete run under `folder`/runs. Raises BundleError that says what makes one."""
    manifests = sorted(Path(folder).glob(f"runs/*/model/{MANIFEST}"), key=lambda path: path.stat().st_mtime)
    if not manifests:
        raise BundleError(
            Path(folder) / "runs", "no finished run here. `lsl-train` makes one; or name a bundle with --model"
        )
    return manifests[-1].parent


def naming(bundle: str | Path) -> tuple[object, ...]:
    """The words of a command line that name a bundle; none without one, and for the one that is taken by itself."""
    if not str(bundle):
        return ()
    with suppress(BundleError, OSError):
        if newest_bundle().samefile(bundle):
            return ()
    return ("--model", Path(bundle))
