import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from lsl_runtime import Model
from lsl_shared import BundleError, Manifest, Task
from lsl_shared.errors import ExportError
from lsl_shared.files.atomic import write_text
from lsl_shared.files.manifest import CLASSIFIER, CONTRIBUTIONS, MANIFEST, METADATA_KEY, SALIENCY
from lsl_trainer.bundle.network_answers import golden_sample
from lsl_trainer.bundle.variants import half_bundle, int8_bundle
from lsl_trainer.graphs.export import export_classifier, export_contributions, export_saliency
from lsl_trainer.graphs.float16 import to_float16
from lsl_trainer.networks.residual import Network, residual_network
from lsl_trainer.settings.network import NetworkConfig

SIZE = (48, 80)


def images(n: int) -> np.ndarray:
    generator = np.random.default_rng(0)
    blobs = generator.integers(0, 256, (n, SIZE[0] // 8, SIZE[1] // 8, 3), dtype=np.uint8)
    return blobs.repeat(8, axis=1).repeat(8, axis=2)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    config = NetworkConfig(widths=(16, 32), strides=(1, 2), pool=4)
    network: Network = residual_network(config, SIZE, 5).train()
    with torch.no_grad():
        for _ in range(5):
            network(torch.from_numpy(images(8)).permute(0, 3, 1, 2) / 255)
    manifest = Manifest(SIZE, (Task("t", tuple("abcde")),), golden=golden_sample(network.eval(), SIZE, 5))
    path = tmp_path_factory.mktemp("bundles") / "model"
    path.mkdir()
    export_classifier(network, manifest, path / CLASSIFIER)
    export_saliency(network, manifest, path / SALIENCY)
    export_contributions(network, manifest, path / CONTRIBUTIONS)
    write_text(path / MANIFEST, manifest.to_json())
    return path


@pytest.fixture(scope="module")
def half(bundle: Path) -> Path:
    half_bundle(bundle, bundle.with_name("half"))
    return bundle.with_name("half")


def test_the_half_bundle_answers_as_the_whole_one(bundle: Path, half: Path) -> None:
    whole, short = Model.load(bundle, device="cpu"), Model.load(half, device="cpu", verify=True)
    first, second = whole.predict(images(40)), short.predict(images(40))
    np.testing.assert_array_equal(first.class_index, second.class_index)
    assert second.probabilities.dtype == second.features.dtype == np.float32
    assert np.abs(first.probabilities - second.probabilities).max() < 1e-2
    maps, half_maps = (model.saliency(images(40)) for model in (whole, short))
    assert half_maps.dtype == np.float32
    difference, size = (np.linalg.norm(x.reshape(40, -1), axis=1) for x in (half_maps - maps, maps))
    assert np.median(difference / size) < 0.05


def test_what_goes_in_and_out_is_unchanged_and_smaller_on_disk(bundle: Path, half: Path) -> None:
    for name in (CLASSIFIER, SALIENCY):
        signatures = []
        for path in (bundle, half):
            session = onnxruntime.InferenceSession(str(path / name), providers=["CPUExecutionProvider"])
            signatures.append([(x.name, x.type, x.shape) for x in (*session.get_inputs(), *session.get_outputs())])
        assert signatures[0] == signatures[1]
        assert (half / name).stat().st_size < 0.7 * (bundle / name).stat().st_size


def test_contributions_stay_in_float32(bundle: Path, half: Path, tmp_path: Path) -> None:
    whole, short = Model.load(bundle, device="cpu"), Model.load(half, device="cpu")
    index = np.arange(6) % 5
    expected = whole.contributions(images(6), index)
    np.testing.assert_array_equal(short.contributions(images(6), index), expected)
    earlier = tmp_path / "earlier"
    shutil.copytree(bundle, earlier)
    (earlier / CONTRIBUTIONS).unlink()
    half_bundle(earlier, tmp_path / "half")
    assert not (tmp_path / "half" / CONTRIBUTIONS).exists()


def test_the_manifest_and_the_graphs_say_fp16(bundle: Path, half: Path) -> None:
    manifest = Manifest.from_json((half / MANIFEST).read_text(), half)
    assert manifest == replace(Manifest.from_json((bundle / MANIFEST).read_text(), bundle), precision="fp16")
    for name in (CLASSIFIER, SALIENCY, CONTRIBUTIONS):
        entries = {entry.key: entry.value for entry in onnx.load(half / name).metadata_props}
        assert entries[METADATA_KEY] == manifest.to_json()


def test_convolutions_compute_in_float16_and_steps_are_exact(half: Path) -> None:
    graph = onnx.load(half / SALIENCY).graph
    types = {tensor.name: tensor.data_type for tensor in graph.initializer}
    assert {types[node.input[1]] for node in graph.node if node.op_type == "Conv"} == {onnx.TensorProto.FLOAT16}
    operators = [node.op_type for node in graph.node]
    assert "HardSigmoid" not in operators
    assert "Sign" in operators


def test_the_original_graph_is_left_as_it_is(bundle: Path) -> None:
    model = onnx.load(bundle / SALIENCY)
    before = model.SerializeToString()
    to_float16(model)
    assert model.SerializeToString() == before


def test_a_bundle_whose_proof_fails_leaves_nothing(bundle: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    shutil.copytree(bundle, wrong)
    manifest = Manifest.from_json((wrong / MANIFEST).read_text(), wrong)
    assert manifest.golden is not None
    golden = replace(manifest.golden, logits=tuple(-x for x in manifest.golden.logits))
    write_text(wrong / MANIFEST, replace(manifest, golden=golden).to_json())
    with pytest.raises(BundleError, match="golden sample differ"):
        half_bundle(wrong, tmp_path / "half")
    assert [path.name for path in tmp_path.iterdir()] == ["wrong"]


def test_halving_twice_or_onto_something_is_refused(bundle: Path, half: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="holds fp16 graphs"):
        half_bundle(half, tmp_path / "again")
    with pytest.raises(ExportError, match="exists already"):
        half_bundle(bundle, half)


def test_the_int8_bundle_quantizes_the_classifier_alone(bundle: Path, tmp_path: Path) -> None:
    manifest = int8_bundle(bundle, images(16), tmp_path / "int8")
    assert manifest.precision == "int8"
    whole, short = Model.load(bundle, device="cpu"), Model.load(tmp_path / "int8", device="cpu", verify=True)
    first, second = whole.predict(images(40)), short.predict(images(40))
    assert (first.class_index == second.class_index).mean() > 0.9
    assert not np.array_equal(first.probabilities, second.probabilities)
    np.testing.assert_array_equal(whole.saliency(images(2)), short.saliency(images(2)))
