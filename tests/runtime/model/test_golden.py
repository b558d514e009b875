from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import Model
from lsl_runtime.model.golden import block_means
from lsl_shared import BundleError


def test_sound_bundle_passes(make_bundle: Callable[..., Path]) -> None:
    assert Model.load(make_bundle(), verify=True).manifest.golden is not None


@pytest.mark.parametrize(("entry", "told"), [("logits", "logits"), ("saliency_blocks", "saliency map")])
def test_other_answers_are_refused(make_bundle: Callable[..., Path], entry: str, told: str) -> None:
    bundle = make_bundle()
    manifest = json.loads((bundle / "manifest.json").read_text())
    altered = np.array(manifest["golden"][entry])
    altered.flat[0] += 0.03 * np.linalg.norm(altered)
    manifest["golden"][entry] = altered.tolist()
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match=rf"{told} of the golden sample differ by"):
        Model.load(bundle, verify=True)


def test_bundle_without_golden_sample_cannot_be_verified(make_bundle: Callable[..., Path]) -> None:
    bundle = make_bundle(golden=False)
    assert Model.load(bundle).manifest.golden is None
    with pytest.raises(BundleError, match="no golden sample"):
        Model.load(bundle, verify=True)


def test_block_means_by_loop() -> None:
    saliency = np.random.default_rng(0).random((16, 40), dtype=np.float32)
    expected = [[saliency[4 * i : 4 * i + 4, 5 * j : 5 * j + 5].mean() for j in range(8)] for i in range(4)]
    np.testing.assert_allclose(block_means(saliency), expected, rtol=1e-6)
