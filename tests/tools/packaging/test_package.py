from __future__ import annotations

import importlib.util
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from lsl_runtime import Model
from lsl_shared import BundleError, ConfigError, DataFileError
from lsl_tools.cli import app
from lsl_tools.packaging import package
from lsl_tools.packaging.package import package_model
from tests.support.bands import write_bundle

# The library leaves files open that it reads.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
needs_library = pytest.mark.skipif(
    importlib.util.find_spec("bioimageio") is None, reason="bioimageio.core is not installed (extra bioimage)"
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runtime tests' bundle, whose answers are known by hand."""
    return write_bundle(tmp_path_factory.mktemp("run") / "model", split={"secret": "train"})


@pytest.fixture(scope="module")
def packed(bundle: Path) -> Path:
    return package_model(bundle, bundle.parent / "model.zip", name="Bands of darkness", authors=["Ada Lovelace"])


@needs_library
def test_the_model_zoos_own_test_passes(packed: Path) -> None:
    import bioimageio.core

    summary = bioimageio.core.test_model(packed, devices=["CPUExecutionProvider"])
    assert summary.status == "passed"


@needs_library
def test_another_answer_does_not_pass(packed: Path, tmp_path: Path) -> None:
    """The test is a test: a package whose expected probabilities are others is refused."""
    import bioimageio.core

    folder = tmp_path / "changed"
    zipfile.ZipFile(packed).extractall(folder)
    expected = np.load(folder / "test_probabilities.npy")
    np.save(folder / "test_probabilities.npy", expected[:, ::-1])
    text = json.loads((folder / "bioimageio.yaml").read_text())
    for output in text["outputs"]:
        output["test_tensor"].pop("sha256")
    (folder / "bioimageio.yaml").write_text(json.dumps(text))
    assert bioimageio.core.test_model(folder / "bioimageio.yaml").status != "passed"
    with pytest.raises(BundleError, match=r"does not pass the test of bioimageio\.core .*probabilities"):
        package._try_out(bioimageio.core, folder / "bioimageio.yaml", Path("bundle"))


@needs_library
def test_unzipped_it_is_the_bundle_without_the_images_names(packed: Path, bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed) as package:
        assert "split.csv" not in package.namelist()
        assert not any(b"secret" in package.read(name) for name in package.namelist())
        package.extractall(tmp_path)
    loaded, original = Model.load(tmp_path, "cpu", verify=True), Model.load(bundle, "cpu")
    assert loaded.digest == original.digest
    image = np.load(tmp_path / "test_image.npy")
    np.testing.assert_array_equal(next(original.classify(image))["features"], np.load(tmp_path / "test_features.npy"))


@needs_library
def test_description_says_what_was_asked(packed: Path) -> None:
    with zipfile.ZipFile(packed) as package:
        text = json.loads(package.read("bioimageio.yaml"))
    assert (text["name"], text["authors"], text["license"]) == (
        "Bands of darkness", [{"name": "Ada Lovelace"}], "CC-BY-4.0"
    )  # fmt: skip
    assert text["weights"]["onnx"]["opset_version"] == 13
    assert text["cite"][0]["doi"] == "10.1109/TNNLS.2021.3106831"
    assert [output["id"] for output in text["outputs"]] == ["logits", "probabilities", "features"]


@needs_library
def test_a_licence_that_is_none_leaves_nothing_behind(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="license"):
        package_model(bundle, tmp_path / "model.zip", license="my own")
    assert list(tmp_path.iterdir()) == []


@needs_library
def test_command(bundle: Path, packed: Path, tmp_path: Path) -> None:
    refused = CliRunner().invoke(app, ["package", str(bundle), str(packed)])
    assert refused.exit_code == 1 and "exists; add --overwrite" in refused.output
    done = CliRunner().invoke(app, ["package", str(bundle), str(tmp_path / "m.zip"), "--author", "Ada Lovelace"])
    assert done.exit_code == 0 and "its test outputs reproduced" in done.output, done.output


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(package, "import_module", absent)
    with pytest.raises(ConfigError, match=r"pip install 'lsl-toolkit\[bioimage\]'"):
        package_model("model", tmp_path / "model.zip")


def test_the_place_is_tried_before_the_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(package, "_libraries", lambda: (None, None))
    (tmp_path / "file").touch()
    with pytest.raises(DataFileError, match=r"model\.zip: cannot be written \(Not a directory\)"):
        package_model(tmp_path / "no bundle", tmp_path / "file" / "model.zip")


@needs_library
def test_the_saliency_graph_as_the_model_and_static_variants(bundle: Path, tmp_path: Path) -> None:
    import bioimageio.core

    package_model(bundle, tmp_path / "maps.zip", saliency=True, static=True)
    summary = bioimageio.core.test_model(tmp_path / "maps.zip", devices=["CPUExecutionProvider"])
    assert summary.status == "passed"
    zipfile.ZipFile(tmp_path / "maps.zip").extractall(tmp_path / "maps")
    text = json.loads((tmp_path / "maps" / "bioimageio.yaml").read_text())
    assert text["weights"]["onnx"]["source"] == "saliency.onnx"
    assert [one["id"] for one in text["inputs"]] == ["image", "class_index"]
    assert "saliency" in [one["id"] for one in text["outputs"]]
    assert {"classifier.onnx", "saliency-static.onnx"} <= {one["source"] for one in text["attachments"]}
    assert Model.load(tmp_path / "maps", "cpu").digest == Model.load(bundle, "cpu").digest
