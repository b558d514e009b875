from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from lsl_shared.files.store import NOT_ANNOTATED, Store
from lsl_tools.demo.anatomy import visible_tissues
from lsl_tools.demo.dataset import plan_images
from lsl_tools.demo.store import write_demo_store
from lsl_tools.demo.terms import UBIQUITOUS, terms_of, terms_space

PLANS = plan_images(600)


def test_terms_are_of_the_bag() -> None:
    bags = defaultdict(list)
    for plan, row in zip(PLANS, terms_of(PLANS), strict=True):
        bags[plan.gene.name, plan.true_range].append((plan, row))
    space, empty = terms_space(), 0
    for members in bags.values():
        rows = np.stack([row for _, row in members])
        assert (rows == rows[0]).all()
        if rows[0, 0] == NOT_ANNOTATED:
            empty += 1
            assert (rows == NOT_ANNOTATED).all()
            continue
        gene = members[0][0].gene
        shown = set().union(*(visible_tissues(plan.time) for plan, _ in members))
        expected = {name for name, density in gene.tissues.items() if density >= 0.3 and name in shown}
        expected |= {UBIQUITOUS} if gene.everywhere else set()
        assert {space.classes[k] for k in np.flatnonzero(rows[0])} == expected
    assert 0.05 < empty / len(bags) < 0.16


def test_many_terms_most_of_them_rare() -> None:
    terms = terms_of(PLANS)
    shares = (terms == 1).sum(0) / (terms != NOT_ANNOTATED).sum(0)
    assert len(shares) >= 20
    *whole, last = Counter(plan.gene.name for plan in PLANS).values()
    assert set(whole) == {4, 5, 6} and last <= 6
    assert np.median(shares) < 0.1
    assert (shares > 0).all()


def test_tissues_come_and_go() -> None:
    assert "pole cells" in visible_tissues(5.0)
    assert not {"pole cells", "blastoderm"} & visible_tissues(14.0)
    assert {"nerve cord", "midgut", "hindgut", "gonads"} <= visible_tissues(14.0)


def test_the_store_holds_them_and_its_images_are_what_they_were(tmp_path: Path) -> None:
    write_demo_store(tmp_path / "store.h5", images=30)
    with Store(tmp_path / "store.h5") as store:
        np.testing.assert_array_equal(store.terms("cv_terms"), terms_of(plan_images(30)))
        assert store.term_tasks["cv_terms"] == terms_space()
