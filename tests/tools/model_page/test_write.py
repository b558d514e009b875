from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from lsl_shared import BundleError, ConfigError, Manifest
from lsl_shared.files.manifest import golden_image
from lsl_tools.model_page.library import Library
from lsl_tools.model_page.trial import check_operators
from lsl_tools.model_page.weights import Packed, unpack_graph
from lsl_tools.model_page.write import PageSettings, write_page
from tests.support.bands import CLASSES, BandModel, write_bundle, write_store

LIBRARY = Library(b"runtime", b"loader", b"wasm", b"tiff", b"inflate")
GRAPHS = ("classifier", "saliency", "contributions")


@pytest.fixture(autouse=True)
def no_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsl_tools.model_page.trial.shutil.which", lambda name: None)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("run") / "model", scope=0.5, split={"secret": "train"})


@pytest.fixture(scope="module")
def page(bundle: Path) -> str:
    target = bundle.parent / "page.html"
    write_page(bundle, target, LIBRARY, PageSettings(title="Bands <i>&</i>"))
    return target.read_text(encoding="utf-8")


def inside(page: str, name: str) -> str:
    found = re.search(rf'<script type="[\w/]+" id="{name}">(.*?)</script>', page, re.DOTALL)
    assert found
    return found[1]


def told(page: str) -> dict[str, Any]:
    return dict(json.loads(inside(page, "told")))


def test_the_graphs_come_out_as_they_went_in(page: str, bundle: Path) -> None:
    about = told(page)
    data = bytearray(gzip.decompress(base64.b64decode(inside(page, "model"))))
    packed = Packed(data, about["tensors"], about["graphs"])
    for name in GRAPHS:
        assert unpack_graph(packed, name) == (bundle / f"{name}.onnx").read_bytes()


def test_the_library_is_inside_with_the_lengths_of_its_parts(page: str) -> None:
    parts = gzip.decompress(base64.b64decode(inside(page, "library")))
    found, place = {}, 0
    for name, length in told(page)["library"]:
        found[name], place = parts[place : place + length], place + length
    assert found == asdict(LIBRARY)


def test_the_golden_sample_is_what_is_known_by_hand(page: str) -> None:
    model, golden = BandModel(), told(page)["golden"]
    image = golden_image(16, 40)
    logits = model.logits(image)[0]
    for name in GRAPHS:
        np.testing.assert_allclose(golden["logits"][name], logits, rtol=1e-5)
    best = logits.argmax(keepdims=True)
    rows = [np.array_split(row, 8, axis=1) for row in np.array_split(model.saliency(image, best)[0], 4)]
    np.testing.assert_allclose(golden["saliency"], [block.mean() for row in rows for block in row], rtol=1e-5)
    tiles = np.frombuffer(base64.b64decode(golden["tiles"]), np.uint8).reshape(2, 5, 3)
    assert (tiles.repeat(8, 0).repeat(8, 1) == image[0]).all()


def test_the_page_may_run_its_own_script_alone_and_connect_to_nothing(page: str) -> None:
    rules = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert rules
    parts = dict(part.split(" ", 1) for part in rules[1].split("; "))
    assert (parts["default-src"], parts["connect-src"], parts["form-action"]) == ("'none'", "'none'", "'none'")
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in parts[rule]
    assert "unsafe-inline" not in rules[1]
    assert "'unsafe-eval'" not in rules[1]
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_a_title_is_text_and_never_markup(page: str) -> None:
    assert "<title>Bands &lt;i&gt;&amp;&lt;/i&gt;</title>" in page
    assert "<i>" not in inside(page, "told")


def test_nothing_of_the_training_is_in_it(page: str) -> None:
    assert told(page)["references"] == []
    assert "secret" not in page


def test_images_of_a_store_are_shown_only_where_it_is_named(bundle: Path, tmp_path: Path) -> None:
    store = write_store(tmp_path / "store.h5")
    target = tmp_path / "page.html"
    write_page(bundle, target, LIBRARY, PageSettings(references=store, per_class=3))
    references = told(target.read_text(encoding="utf-8"))["references"]
    labels = [one["label"] for one in references]
    assert sorted(set(labels), key=CLASSES.index) == list(CLASSES)
    assert max(labels.count(name) for name in CLASSES) <= 3
    assert sum(one["shown"] for one in references) == min(8, len(references))
    assert not re.search(r"gene\d|image0", target.read_text(encoding="utf-8"))


def test_a_store_of_another_size_is_refused(bundle: Path, tmp_path: Path) -> None:
    store = write_store(tmp_path / "store.h5", size=(24, 32))
    with pytest.raises(ConfigError, match="another size than the model's 16x40"):
        write_page(bundle, tmp_path / "page.html", LIBRARY, PageSettings(references=store))
    assert not (tmp_path / "page.html").exists()


def test_a_folder_has_the_pieces_beside_the_page(bundle: Path, tmp_path: Path) -> None:
    written = write_page(bundle, tmp_path / "site", LIBRARY, PageSettings(split=True))
    assert written.path == tmp_path / "site" / "index.html"
    assert sorted(path.name for path in (tmp_path / "site").iterdir()) == ["index.html", "library.bin", "model.bin"]
    assert sum(path.stat().st_size for path in (tmp_path / "site").iterdir()) == written.bytes
    assert "connect-src 'self'" in written.path.read_text(encoding="utf-8")
    assert gzip.decompress((tmp_path / "site" / "library.bin").read_bytes()).startswith(b"runtime")


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("page.txt", PageSettings(), r"does not end so\. --split"),
        ("page.html", PageSettings(split=True), "is the name of a page"),
        ("old.html", PageSettings(), "exists; add --overwrite"),
        ("folder.html", PageSettings(), "exists"),
        ("old", PageSettings(split=True), "exists; --split writes a new folder"),
    ],
)
def test_targets_that_do_not_suit_are_refused(
    bundle: Path, tmp_path: Path, name: str, settings: PageSettings, message: str
) -> None:
    (tmp_path / "old.html").write_text("mine")
    (tmp_path / "old").mkdir()
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(ConfigError, match=message):
        write_page(bundle, tmp_path / name, LIBRARY, settings)
    assert (tmp_path / "old.html").read_text() == "mine"


def test_a_damaged_bundle_is_refused_and_the_old_page_stays(bundle: Path, tmp_path: Path) -> None:
    other = write_bundle(tmp_path / "model", gain=4.0)
    (other / "manifest.json").write_bytes((bundle / "manifest.json").read_bytes())
    (tmp_path / "page.html").write_text("mine")
    with pytest.raises(BundleError, match="golden sample differ"):
        write_page(other, tmp_path / "page.html", LIBRARY, overwrite=True)
    assert (tmp_path / "page.html").read_text() == "mine"


def test_operators_that_the_web_runtime_lacks_are_named_when_the_page_is_made(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    nodes = [helper.make_node("ImageDecoder", ["x"], ["z"]), helper.make_node("FastGelu", ["z"], ["y"], domain="other")]
    graph = helper.make_model(helper.make_graph(nodes, "g", [], [value])).SerializeToString()
    with pytest.raises(BundleError, match=r"does not know ImageDecoder, other\.FastGelu: no page can be made"):
        check_operators(graph, tmp_path / "classifier.onnx")


def test_operators_of_a_version_that_is_too_new_are_refused(bundle: Path) -> None:
    model = onnx.load(bundle / "classifier.onnx")
    model.opset_import[0].version = 27
    with pytest.raises(BundleError, match="up to opset 26, and these are of opset 27"):
        check_operators(model.SerializeToString(), bundle / "classifier.onnx")


def test_the_card_says_what_the_manifest_says(bundle: Path, tmp_path: Path) -> None:
    other = write_bundle(tmp_path / "model")
    text = (other / "manifest.json").read_text(encoding="utf-8")
    entries = json.loads(text) | {
        "training": {"method": "plain", "fine_images": 258, "coarse_images": 973},
        "test_metrics": {"accuracy": 0.75, "n_images": 78, "n_genes": 45, "confusion": [[1]]},
    }
    Manifest.from_json(json.dumps(entries), "here")
    (other / "manifest.json").write_text(json.dumps(entries), encoding="utf-8")
    write_page(other, tmp_path / "page.html", LIBRARY, PageSettings(weights="float16", description="Of bands."))
    card = told((tmp_path / "page.html").read_text(encoding="utf-8"))["card"]
    assert card["training"] == {"fine": 258, "coarse": 973, "how": "method plain"}
    assert card["test"] == {"accuracy": 0.75, "n_images": 78, "n_genes": 45}
    assert (card["precision"], card["description"]) == ("float16", "Of bands.")
    assert 0 < float(card["rounding"].removesuffix(" %")) < 0.1
