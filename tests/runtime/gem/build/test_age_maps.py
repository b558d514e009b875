from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import Gem, Model, annotate, build_age_gems, write_movie
from lsl_runtime.gem.build.age_axis import AgeAxis, parse_age
from lsl_shared import Annotations, ConfigError, GemError, Store, Timetable, expression
from lsl_shared.timetable import plain_order

TABLE = Timetable(("4", "5", "7"), (0.0, 10.0, 40.0), (10.0, 40.0, 100.0))


@pytest.fixture
def store(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> Path:
    path = make_store(40)
    annotate(path, Model.load(make_bundle(), "cpu"))
    return path


def test_a_map_is_the_weighted_mean_of_the_stain(store: Path) -> None:
    (found,) = build_age_gems(store, [150], bandwidth=20, view="all")
    with Store(store) as images, Annotations(store.with_suffix(".annotations.h5")) as given:
        table, age = given.timetable("stage"), given.age("stage")
        place = table.positions(age)
        width = np.diff(table.positions(np.array([130.0, 170.0])))[0] / 2
        at = table.positions(np.array([150.0]))[0]
        total, weight, groups = 0.0, 0.0, images.groups()
        for group in np.unique(groups):
            rows = [k for k in np.flatnonzero(groups == group) if abs(place[k] - at) <= 3 * width]
            near = [np.exp(-(((place[k] - at) / width) ** 2) / 2) for k in rows]
            for row, kernel in zip(rows, near, strict=True):
                share = max(near) * kernel / sum(near)
                total, weight = (
                    total + share * expression(images.read(int(row), int(row) + 1)[0]).density,
                    weight + share,
                )
    np.testing.assert_allclose(found.gem, total / weight, atol=1e-5)
    assert found.stage == "150min" and found.selection.startswith("bandwidth 20 minutes, worth ")


def test_all_ages_come_of_one_pass_or_of_as_many_as_there_is_room_for(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = list[int]()
    together = build_age_gems(store, [100, 160, 240], on_progress=passed.append)
    assert sum(passed) == 40
    monkeypatch.setattr("lsl_runtime.gem.build.age_maps._ROOM", 1)
    for one, alone in zip(together, build_age_gems(store, [100, 160, 240], on_progress=passed.append), strict=True):
        np.testing.assert_array_equal(one.gem, alone.gem)
        assert one.band is not None and alone.band is not None
        np.testing.assert_allclose(one.band, alone.band, atol=1e-6)
    assert sum(passed) == 4 * 40


def _axis(places: list[float], groups: list[int]) -> AgeAxis:
    return AgeAxis("stage", TABLE, np.arange(len(places)), np.array(places), np.array(groups))


def test_a_gene_counts_once_however_many_images_it_has() -> None:
    weights, _, effective = _axis([1.5] * 10, [0] * 9 + [1]).weights(25, 10)
    np.testing.assert_allclose([weights[:9].sum(), weights[9], effective], [1, 1, 2])


def test_few_genes_widen_the_usual_bandwidth() -> None:
    many, few = _axis([1.5] * 30, list(range(30))), _axis([1.5] * 3, list(range(3)))
    assert many.weights(25, None)[1] == 0.75 and few.weights(25, None)[1] > 1.5


def test_no_bandwidth_reaches_an_image_of_another_time() -> None:
    axis = _axis([0.2] * 3, [0, 1, 2])
    assert axis.weights(15, None)[0].all() and not axis.weights(70, None)[0].any()  # 1.0 and 2.3 classes away
    assert axis.weights(70, 60)[0].all(), "unless one is given"
    assert axis.is_near(15) and not axis.is_near(70)


def test_nobody_near_and_ages_beyond_are_told(store: Path) -> None:
    with pytest.raises(GemError, match=r"no image lies within .* the nearest is at"):
        build_age_gems(store, [259], bandwidth=0.01)
    with pytest.raises(ConfigError, match="from 80 to 260 minutes"):
        build_age_gems(store, [2000])
    with pytest.raises(ConfigError, match="above 0"):
        build_age_gems(store, [150], bandwidth=-1)
    with pytest.raises(GemError, match="no image with an age"):
        build_age_gems(store, [150], genes=["nobody"])


@pytest.mark.parametrize(("text", "age"), [("220", 220), ("220min", 220), ("3,5 h", 210), ("90 minutes", 90)])
def test_ages_are_read_as_people_type_them(text: str, age: float) -> None:
    assert parse_age(text, TABLE) == age


@pytest.mark.parametrize(("text", "table", "told"), [
    ("soon", TABLE, "type a number"), ("3 days", TABLE, "ages are in minutes"),
    ("9min", plain_order(["9"]), "classes are counted"), ("-5", TABLE, "type a number"),
])  # fmt: skip
def test_other_ages_are_refused(text: str, table: Timetable, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        parse_age(text, table)


@pytest.fixture
def gems(store: Path) -> Iterator[tuple[Gem, ...]]:
    yield build_age_gems(store, [100, 160, 240], view="all")


def test_films_hold_a_frame_a_map(gems: tuple[Gem, ...], tmp_path: Path) -> None:
    import cv2
    from PIL import Image

    for name in ("film.apng", "film.gif"):
        write_movie(gems, tmp_path / name)
        with Image.open(tmp_path / name) as film:
            assert getattr(film, "n_frames", 1) == 3
    write_movie(gems, tmp_path / "film.mp4")
    assert cv2.VideoCapture(str(tmp_path / "film.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == 3
    with pytest.raises(ConfigError, match="a film ends in"):
        write_movie(gems, tmp_path / "film.avi")
    assert sorted(path.suffix for path in tmp_path.glob("film*")) == [".apng", ".gif", ".mp4"]
