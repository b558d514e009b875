from __future__ import annotations

import pytest

from lsl_shared import Manifest, Task
from lsl_shared.errors import ConfigError
from lsl_tools.packaging.readme import package_readme
from lsl_tools.packaging.weights_licence import license_of


def manifest(**weights: str) -> Manifest:
    network = {"backbone": "hf:encoder", "weights": {"source": "an encoder", **weights}} if weights else {}
    return Manifest((8, 8), (Task("stage", ("4", "5")),), network=network)


def test_a_network_of_its_own_is_free() -> None:
    assert license_of(manifest(), "") == ("CC-BY-4.0", "")
    assert "Weights of others" not in package_readme(manifest())


def test_the_backbones_licence_is_the_packages() -> None:
    found, told = license_of(manifest(license="apache-2.0", license_from="README.md"), "")
    assert found == "Apache-2.0" and "as that of the weights of an encoder" in told
    assert license_of(manifest(license="apache-2.0"), "MIT") == ("MIT", "")
    assert "- licence: apache-2.0 (README.md)" in package_readme(
        manifest(license="apache-2.0", license_from="README.md")
    )


def test_an_unknown_one_is_told_and_one_of_their_own_asks_a_person() -> None:
    found, told = license_of(manifest(license="unknown"), "")
    assert found == "CC-BY-4.0" and "find out before you publish it" in told
    with pytest.raises(ConfigError, match=r"under 'dinov3-license': read it, .*--license"):
        license_of(manifest(license="dinov3-license"), "")
