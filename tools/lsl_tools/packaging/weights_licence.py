"""The licence of a package whose model holds weights that others have learnt."""

from __future__ import annotations

from lsl_shared.errors import ConfigError
from lsl_shared.files.manifest import Manifest

__all__ = ["DEFAULT_LICENSE", "license_of", "weights_told"]

DEFAULT_LICENSE = "CC-BY-4.0"
_UNKNOWN = "unknown"
_SPDX = ("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-SA-4.0",
         "CC0-1.0", "GPL-3.0-only", "MIT", "MPL-2.0")  # fmt: skip
"""Identifiers as the model zoo wants them spelled."""


def license_of(manifest: Manifest, asked: str) -> tuple[str, str]:
    """The SPDX identifier of a package, and what to tell of it; `asked` holds where it is not empty.

    Else it is that of the weights that the network began with, where they have one. Raises ConfigError where that is
    no SPDX identifier: then a person must decide.
    """
    weights = manifest.network.get("weights") or {}
    theirs, source = str(weights.get("license", _UNKNOWN)), str(weights.get("source", "another network"))
    if asked or not weights:
        return asked or DEFAULT_LICENSE, ""
    if theirs == _UNKNOWN:
        return DEFAULT_LICENSE, (
            f"the model holds weights of {source}, whose licence is unknown; the package says {DEFAULT_LICENSE}: find "
            "out before you publish it, and name the licence with --license"
        )
    known = next((one for one in _SPDX if one.lower() == theirs.lower()), None)
    if known is None:
        raise ConfigError(
            f"the model holds weights of {source}, under {theirs!r}: read it, and name the package's licence with "
            "--license, an SPDX identifier"
        )
    return known, f"licence {known}, as that of the weights of {source} that the model holds"


def weights_told(manifest: Manifest) -> str:
    """For the package's documentation: whose weights the network began with; '' where all are its own."""
    weights = manifest.network.get("weights") or {}
    if not weights:
        return ""
    where = f" ({weights['license_from']})" if "license_from" in weights else ""
    lines = [
        f"- source: {weights.get('source', _UNKNOWN)}",
        f"- licence: {weights.get('license', _UNKNOWN)}{where}",
        *([f"- SHA-256 of their file: {weights['sha256']}"] if "sha256" in weights else []),
    ]
    return "The network began with weights that others had learnt, and holds them or what became of them.\n\n" + (
        "\n".join(lines)
    )
