from __future__ import annotations

import numpy as np
import pytest

from lsl_shared.errors import ConfigError
from lsl_tools.demo.dataset import demo_images, plan_images


def test_the_same_seed_gives_the_same_bytes_and_a_longer_run_starts_alike() -> None:
    short, long = list(demo_images(4, seed=5)), list(demo_images(7, seed=5))
    for a, b in zip(short, long, strict=False):
        assert (a.id, a.gene, a.stage, a.stage_range_label) == (b.id, b.gene, b.stage, b.stage_range_label)
        for name in ("image", "expression", "landmarks"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_another_seed_gives_other_images() -> None:
    one, other = next(demo_images(1, seed=1)), next(demo_images(1, seed=2))
    assert not np.array_equal(one.image, other.image)


def test_arrays_have_the_promised_shapes_and_ranges() -> None:
    for embryo in demo_images(6, seed=3):
        assert embryo.image.shape == (128, 320, 3) and embryo.image.dtype == np.uint8
        assert embryo.expression.shape == embryo.landmarks.shape == (128, 320)
        assert embryo.expression.dtype == embryo.landmarks.dtype == np.uint8
        assert embryo.landmarks.max() <= 1
        assert embryo.image[0, 0].tolist() == embryo.image[-1, -1].tolist() == [255, 255, 255]


def test_fine_labels_are_true_balanced_and_as_many_as_asked() -> None:
    plans = plan_images(1000, seed=0, fine_fraction=0.28)
    fine = np.array([plan.fine_label for plan in plans])
    assert np.sum(fine >= 0) == 280
    assert set(np.bincount(fine[fine >= 0], minlength=14)) == {20}
    assert all(plan.fine_label in (-1, plan.stage) for plan in plans)


def test_fine_labels_run_out_gracefully() -> None:
    plans = plan_images(60, seed=0, fine_fraction=1.0)
    assert all(plan.fine_label == plan.stage for plan in plans)


def test_two_percent_of_the_coarse_labels_contradict_the_truth() -> None:
    plans = plan_images(3000, seed=4)
    wrong = sum(plan.stage_range_label != plan.true_range for plan in plans)
    assert abs(wrong - 60) < 4 * np.sqrt(3000 * 0.02 * 0.98)


def test_genes_have_4_to_6_images_over_several_stages_and_one_light() -> None:
    plans = plan_images(300, seed=2)[:-12]
    genes = {plan.gene.name for plan in plans[:-12]}
    for name in list(genes)[:20]:
        mine = [plan for plan in plans if plan.gene.name == name]
        assert len(mine) <= 6
        assert len({plan.gene.light for plan in mine}) == len({plan.gene.stain for plan in mine}) == 1
        assert len({plan.stage for plan in mine}) >= 3
    assert len({plan.gene.light for plan in plans}) == len({plan.gene.name for plan in plans})


def test_a_share_of_the_genes_ignores_the_stage() -> None:
    genes = {plan.gene.name: plan.gene for plan in plan_images(2000, seed=0)}
    assert 0.35 < np.mean([gene.stage_independent for gene in genes.values()]) < 0.65


@pytest.mark.parametrize(("n", "share"), [(0, 0.2), (5, 1.5), (5, -0.1), (5, float("nan"))])
def test_numbers_out_of_range_are_refused(n: int, share: float) -> None:
    with pytest.raises(ConfigError):
        plan_images(n, fine_fraction=share)
