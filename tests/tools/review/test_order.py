from __future__ import annotations

import numpy as np
import pytest

from lsl_shared import Annotations, ConfigError, Status
from lsl_tools.review.order import Query, ordered
from lsl_tools.review.session import Session


def rows(session: Session, **query: str) -> list[int]:
    found = ordered(session.images, Query.of(query), session.ledger, 0.2, None)
    return [int(row) for row in found]


def test_filters_hold_for_each_image_shown_and_for_no_other(session: Session) -> None:
    images = session.images
    with Annotations(session.path.with_suffix(".annotations.h5")) as given:
        levels, done = given.sure_level("stage"), given.status != Status.FAILED
    assert 0 < (levels == "stage").sum() < images.count
    for query, holds in (
        ({"only": "sure"}, levels == "stage"),
        ({"only": "unsure"}, done & (levels != "stage")),
        ({"only": "labelled"}, images.label >= 0),
        ({"only": "open"}, (images.label < 0) & (images.coarse == 1)),  # only 4-6 has two of the stages
        ({"only": "scope"}, images.out),
        ({"only": "contradicts"}, images.contradicts()),
        ({"coarse": "9-10"}, images.coarse == 3),
        ({"label": "9"}, np.where(images.label >= 0, images.label, images.guess) == 3),
        ({"find": "GENE00"}, np.array(["gene00" in gene for gene in images.genes])),
        ({"find": "image0001"}, np.array(["image0001" in name for name in images.ids])),
        ({"find": "nowhere"}, np.zeros(images.count, bool)),
        ({"label": "no such class"}, np.zeros(images.count, bool)),
    ):
        assert sorted(rows(session, **query)) == np.flatnonzero(holds).tolist(), query
    assert 0 < len(rows(session, only="open")) < images.count


def test_orders(session: Session) -> None:
    images = session.images
    unsure = images.unsure[rows(session, sort="unsure", only="open")]
    assert len(unsure) > 3 and (np.diff(unsure) <= 0).all() and unsure[0] > unsure[-1]
    assert [images.ids[row] for row in rows(session, sort="id")] == sorted(images.ids)
    genes = [images.genes[row] for row in rows(session, sort="gene")]
    assert genes == [*sorted(gene for gene in genes if gene), *([""] * genes.count(""))]
    assert images.distance is not None
    assert (np.diff(images.distance[rows(session, sort="scope")]) <= 0).all()
    assert images.age is not None
    age = images.age[rows(session, sort="age")]
    given = ~np.isnan(age)
    assert given.any() and given[: given.sum()].all() and (np.diff(age[given]) >= 0).all()
    wrong = images.contradicts()[rows(session, sort="contradicts")]
    assert wrong[: wrong.sum()].all()


def test_what_is_suggested_comes_first_in_its_order(session: Session) -> None:
    open_ = np.array(rows(session, only="open"))
    suggested = open_[::-3]
    found = ordered(session.images, Query(), session.ledger, 0.2, suggested)
    assert found[: len(suggested)].tolist() == suggested.tolist()
    assert sorted(found) == list(range(session.images.count))


def test_unknown_orders_are_refused() -> None:
    with pytest.raises(ConfigError, match="sort is one of"):
        Query.of({"sort": "random; drop"})
