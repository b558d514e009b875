"""Bad model bundles."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bad_inputs.bad import EARLIER, Bad

__all__ = ["bad_models"]

WHOLE = EARLIER / "run" / "model"
FILES = ("manifest.json", "classifier.onnx")


def bad_models() -> Iterator[Bad]:
    """No bundle at all; files of it that are missing, cut off or of another kind; manifests that make no sense."""
    yield Bad("model", "absent", lambda path: None)
    yield Bad("model", "an empty folder", lambda path: path.mkdir())
    yield Bad("model", "a file", lambda path: path.write_text("model"))
    yield Bad("model", "a broken link", lambda path: path.symlink_to("nowhere"))
    for file in FILES:
        yield Bad("model", f"without {file}", _copied(lambda path: path.unlink(), file))
        yield Bad("model", f"{file} cut off", _copied(lambda path: path.write_bytes(path.read_bytes()[:400]), file))
        yield Bad("model", f"{file} empty", _copied(lambda path: path.write_bytes(b""), file))
        yield Bad("model", f"{file} a text", _copied(lambda path: path.write_text("no model"), file))
        yield Bad("model", f"{file} a folder", _copied(_a_folder, file))
    yield Bad("model", "another program's graph", _copied(_other_graph, "classifier.onnx"))
    yield Bad("model", "graphs swapped", _swapped)
    for name, changes in _MANIFESTS.items():
        yield Bad("model", f"manifest {name}", _with_manifest(changes))


def _copied(change: Callable[[Path], object], file: str) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        shutil.copytree(WHOLE, path)
        change(path / file)

    return make


def _a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _swapped(path: Path) -> None:
    shutil.copytree(WHOLE, path)
    first, second = path / "classifier.onnx", path / "saliency.onnx"
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)


def _other_graph(path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("a", "b")]
    graph = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "other", value[:1], value[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), str(path))


def _with_manifest(changes: dict[str, Any] | list[Any] | None) -> Callable[[Path], object]:
    def change(path: Path) -> None:
        told = json.loads(path.read_text())
        path.write_text(json.dumps({**told, **changes} if isinstance(changes, dict) else changes))

    return _copied(change, "manifest.json")


_MANIFESTS: dict[str, dict[str, Any] | list[Any] | None] = {
    "of a newer version": {"version": 99},
    "of another format": {"format": "something"},
    "that is a list": [1, 2, 3],
    "that is null": None,
    "without tasks": {"tasks": []},
    "of an image size of texts": {"image_size": ["a", "b"]},
    "of an image size below zero": {"image_size": [-1, -1]},
    "whose tasks are numbers": {"tasks": [1, 2]},
}
