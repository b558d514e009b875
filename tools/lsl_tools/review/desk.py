"""All that the page can ask of a store under review, as plain functions: dictionaries in, dictionaries out."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError
from lsl_tools.review.answer import LABEL, REJECT
from lsl_tools.review.atlas import drawn_stage, has_atlas
from lsl_tools.review.bench import beside
from lsl_tools.review.cards import cards, classes_told
from lsl_tools.review.order import Query, ordered, seconds_left, to_label_next
from lsl_tools.review.people import people_told
from lsl_tools.review.pictures import Pictures
from lsl_tools.review.rejects import Rejects
from lsl_tools.review.request import checked_name, parse
from lsl_tools.review.save import Saved
from lsl_tools.review.session import Session
from lsl_tools.review.similar import Features
from lsl_tools.review.suggesting import Suggesting
from lsl_tools.review.teach import Teach
from lsl_tools.review.why import Why, find_bundle

__all__ = ["Desk"]

_MOST_CARDS = 500
Given = dict[str, str]


class Desk:
    """One session with all that the page shows of it."""

    def __init__(self, session: Session) -> None:
        self.session, self._settings = session, session.settings
        self._stamp = secrets.token_hex(4)  # pictures that a browser keeps are of this server alone
        self._pictures = Pictures(session.store)
        self._suggesting = Suggesting()
        self._closed = False
        self._teach = Teach(
            session.path, self._settings.answers, self._settings.train, self._before_round, self._after_round
        )
        self._rejects = Rejects(session.path, self._settings.photographs)
        self._features_kept: Features | None = None
        self._features_read = False
        self._take_model(find_bundle(self._settings.model, self._settings.answers, session.path.parent))

    def close(self) -> None:
        """Ends what runs beside it; what is not saved stays in the journal."""
        self._closed = True
        self._teach.stop()
        self._suggesting.close()

    def start(self, given: Given) -> dict[str, Any]:
        """What the page needs to begin with."""
        images, session = self.session.images, self.session
        coarse = images.coarse_space
        return {
            "stamp": self._stamp, "store": session.path.name, "who": self._settings.who, "task": images.space.name,
            "images": images.count, "height": images.shape[1], "width": images.shape[2],
            "classes": classes_told(images), "coarse": list(coarse.classes) if coarse else [],
            "coarseTask": coarse.name if coarse else "", "views": sorted({str(view) for view in images.views}),
            "people": sorted({str(name) for name in images.by if name}),
            "noAnswers": session.no_answers, "noMaps": self._why.problem, "second": self._settings.second,
            "hasScope": images.distance is not None, "hasAge": images.age is not None,
            "hasFlags": bool((images.flags != "").any()),
            "hasSure": images.promised,
            "hasAtlas": has_atlas(images.space.classes), "rejects": len(self._rejects.left(session.ledger)),
            "hasFeatures": images.has_features, "hasDoubts": bool((images.doubt > 0).any()),
        } | self._state()  # fmt: skip

    def order(self, given: Given) -> tuple[NDArray[np.uint32], bool]:
        """The rows to show, and whether their order is the one to stay."""
        query, session = Query.of(given), self.session
        with session.lock:
            rows = ordered(session.images, query, session.ledger, self._settings.second, self._suggesting.rows)
        return rows, query.sort != "next" or not self._suggesting.busy

    def cards(self, given: Given) -> list[dict[str, Any]]:
        """The cards of `rows`, numbers with commas between them; `second` says who must not see the answers."""
        rows = self._rows(given.get("rows", ""))
        with self.session.lock:
            return cards(self.session.images, self.session.ledger, rows, given.get("second", ""))

    def beside(self, given: Given) -> dict[str, Any]:
        """What stands on the bench beside the image at `row`, with the cards of all images in it."""
        (row,) = self._rows(given.get("row", ""))[:1] or (0,)
        with self.session.lock:
            told = beside(self.session.images, self._features(), row)
            shown = [*told["gene"], *(one["row"] for one in told["similar"])]
            shown += [other for one in told["references"] for other in one["rows"]]
            return told | {"cards": cards(self.session.images, self.session.ledger, dict.fromkeys([row, *shown]))}

    def changes(self, given: Given) -> dict[str, Any]:
        """What changed since the page asked last: rows, the training, whether all must be read anew."""
        since = given.get("since", "0")
        rows = self.session.changed_since(int(since) if since.isdigit() else 0)
        return {"rows": rows, "teach": self._teach.told()} | self._state()

    def people(self, given: Given) -> dict[str, Any]:
        """Agreement and disagreements; how many images are left to label a second time for `who`."""
        with self.session.lock:
            images, ledger = self.session.images, self.session.ledger
            left = 0
            if given.get("who"):
                left = len(seconds_left(images, checked_name(given["who"]), ledger, self._settings.second))
            return people_told(ledger, images.space) | {"left": left}

    def rejects(self, given: Given) -> list[dict[str, Any]]:
        """The photographs that were set aside and that nobody decided on."""
        with self.session.lock:
            return self._rejects.left(self.session.ledger)

    def answer(self, asked: Any) -> dict[str, Any]:
        """Keeps an answer; it is on the disk when this returns."""
        count = self.session.images.count
        if isinstance(asked, dict) and asked.get("kind") == REJECT:
            rows = asked.get("rows")
            asked = {**asked, "task": self._rejects.name(rows[0] if isinstance(rows, list) and rows else None)}
            count = self._rejects.count
        checked = parse(asked, count)
        rows = self.session.answer(checked)
        return self._after(rows, checked.who if checked.kind == "second" else "")

    def undo(self, asked: Any) -> dict[str, Any]:
        """Undoes a person's last answer."""
        entry = asked if isinstance(asked, dict) else {}
        checked = parse({**entry, "kind": LABEL, "rows": [0]}, 1)
        rows, count = self.session.undo(checked.who, checked.key)
        second = checked.who if entry.get("second") is True else ""
        return self._after(rows, second) | {"undone": count}

    def save(self, asked: Any) -> dict[str, Any]:
        """Writes the answers into the store."""
        if self._teach.busy:
            raise ConfigError("a training reads the store: the answers are safe, and go into the store before the next")
        saved = self._save()
        return {"labels": saved.labels, "answers": saved.answers, "turned": saved.turned, "taken": saved.taken,
                "conflicts": saved.conflicts[:20]} | self._state()  # fmt: skip

    def teach(self, asked: Any) -> dict[str, Any]:
        """Starts or stops a training."""
        action = asked.get("action") if isinstance(asked, dict) else None
        if action not in ("start", "stop"):
            raise ConfigError("action is start or stop")
        self._teach.start() if action == "start" else self._teach.stop()
        return {"teach": self._teach.told()} | self._state()

    def thumbnail(self, row: int, given: Given) -> bytes:
        """A small picture of an image."""
        return self._pictures.thumbnail(self._row(row))

    def image(self, row: int, given: Given) -> bytes:
        """An image as it lies in the store."""
        return self._pictures.whole(self._row(row))

    def map(self, row: int, given: Given) -> bytes:
        """What speaks for class `for`, and not for class `against`, as a veil over the image."""
        return self._why.png(row, self._pictures.pixels(self._row(row)), given.get("for", ""), given.get("against", ""))

    def atlas(self, row: int, given: Given) -> bytes:
        """The drawing of a class, by its place among the classes."""
        classes = self.session.images.space.classes
        if not has_atlas(classes) or row >= len(classes):
            raise ConfigError("there is no such drawing")
        return drawn_stage(classes[row])

    def reject(self, row: int, given: Given) -> bytes:
        """A photograph that was set aside, or what is `made` of it."""
        return self._rejects.picture(row, bool(given.get("made")))

    def begin(self) -> None:
        """Begins to find out which images to label next."""
        if not self.session.no_answers and not self._closed:
            self._suggesting.begin(self.session.path, self._settings.answers, self.session.images.space.name)

    def _after(self, rows: tuple[int, ...], second: str) -> dict[str, Any]:
        with self.session.lock:
            told = cards(self.session.images, self.session.ledger, rows, second)
        return {"cards": told} | self._state()

    def _state(self) -> dict[str, Any]:
        images, session = self.session.images, self.session
        return {
            "place": len(session.touched), "version": session.version, "waiting": session.waiting,
            "labelled": int((images.label >= 0).sum()), "open": int(to_label_next(images).sum()),
            "orderBusy": self._suggesting.busy,
        }  # fmt: skip

    def _features(self) -> Features | None:
        if not self._features_read:
            self._features_kept = None if self.session.no_answers else Features.read(self._settings.answers)
            self._features_read = True
        return self._features_kept

    def _take_model(self, bundle: Path | None) -> None:
        self._why = Why(bundle, self.session.images.space.name)
        self._features_kept, self._features_read = None, False

    def _before_round(self) -> dict[str, int]:
        """Saves the answers for a training; how many labels there are, and how often the model's guess was right."""
        self._save()
        with self.session.lock:
            images = self.session.images
            before = sum(one.answers for one in self._teach.rounds)
            given = [one for one in self.session.ledger.given(LABEL) if one.guess][before:]
            return {"labels": int((images.label >= 0).sum()), "answers": len(given),
                    "accepted": sum(one.guess == one.value for one in given)}  # fmt: skip

    def _save(self) -> Saved:
        """Writes the answers into the store; pictures of images that were turned are made anew."""
        saved = self.session.save()
        if saved.turned or saved.taken:
            self._pictures.clear()
            self._why.clear()
        return saved

    def _after_round(self, bundle: Path) -> None:
        self.session.reload()
        self._take_model(bundle)
        self.begin()

    def _rows(self, text: str) -> list[int]:
        numbers = text.split(",")[:_MOST_CARDS]
        if not all(number.isdigit() and len(number) < 12 for number in numbers):
            raise ConfigError("rows are whole numbers with commas between them")
        return [self._row(int(number)) for number in numbers]

    def _row(self, row: int) -> int:
        if not 0 <= row < self.session.images.count:
            raise ConfigError(f"there is no image {row}")
        return row
