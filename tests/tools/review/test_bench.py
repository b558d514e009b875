"""What the bench shows beside an image."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import Model
from lsl_shared import Annotations, BundleError, Store
from lsl_tools.review.bench import beside
from lsl_tools.review.session import Session
from lsl_tools.review.similar import Features
from lsl_tools.review.suggesting import Suggesting, suggested_rows
from lsl_tools.review.why import Why, coloured, find_bundle


def test_the_most_similar_labelled_images_by_cosine(session: Session, store: Path) -> None:
    found = Features.read(store.with_suffix(".annotations.h5"))
    assert found is not None
    with Annotations(store.with_suffix(".annotations.h5")) as given:
        vectors = given.features(0, len(given)).astype(np.float64)
    labelled = np.flatnonzero(session.images.label >= 0)
    row = int(labelled[3])
    others = labelled[labelled != row]
    cosines = vectors[others] @ vectors[row] / np.linalg.norm(vectors[others], axis=1) / np.linalg.norm(vectors[row])
    nearest = found.nearest(row, labelled, 4)
    assert [cosine for _, cosine in nearest] == pytest.approx(np.sort(cosines)[::-1][:4], abs=2e-3)
    assert row not in [other for other, _ in nearest]
    assert found.nearest(row, np.array([row]), 4) == []


def test_genes_references_and_the_likeliest_classes(session: Session) -> None:
    images, row = session.images, 30
    told = beside(images, None, row)
    assert told["gene"] and all(images.genes[other] == images.genes[row] and other != row for other in told["gene"])
    assert told["likely"][0] == images.guess[row] and len(set(told["likely"])) == 4
    assert images.probabilities is not None
    np.testing.assert_allclose(told["probabilities"], images.probabilities[row], atol=1e-4)
    for one in told["references"]:
        sure = images.probabilities[one["rows"], one["class"]]
        assert (images.label[one["rows"]] == one["class"]).all() and (np.diff(sure) <= 0).all()
        assert len(set(images.groups[one["rows"]])) == len(one["rows"])
    alone = int(np.flatnonzero(images.genes == "")[0])
    assert beside(images, None, alone)["gene"] == []


def test_the_map_is_orange_where_it_speaks_for_the_class_and_blue_where_against(store: Path) -> None:
    bundle = find_bundle(None, store.with_suffix(".annotations.h5"), store.parent)
    assert bundle is not None
    with Store(store) as opened:
        image = opened.read(3, 4)[0]
    signed = Model.load(bundle, "cpu").contributions(image[None], [0], [3], smooth=2.0)[0]
    veil = coloured(signed)
    orange, strong = veil[..., 0] > veil[..., 2], veil[..., 3] > 40
    assert strong.any() and (orange[strong] == (signed > 0)[strong]).all()
    assert Why(bundle, "stage").png(3, image, "4", "9")[:8] == b"\x89PNG\r\n\x1a\n"
    with pytest.raises(BundleError, match="knows no stage '<b>'"):
        Why(bundle, "stage").png(3, image, "<b>", "")
    with pytest.raises(BundleError, match="no model is there"):
        Why(None, "stage").png(3, image, "4", "")


def test_what_to_label_next_is_found_out_in_a_process_of_its_own(store: Path) -> None:
    answers, suggesting = store.with_suffix(".annotations.h5"), Suggesting()
    suggesting.begin(store, answers, "stage")
    assert suggesting.busy and suggesting._process is not None
    suggesting._process.wait(60)
    ends = time.monotonic() + 20
    while suggesting.busy and time.monotonic() < ends:
        time.sleep(0.02)
    assert suggesting.rows is not None and suggesting.rows.tolist() == suggested_rows(store, answers, "stage")
    suggesting.close()
