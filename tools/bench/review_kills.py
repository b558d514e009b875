"""Is an answer lost when lsl-review is killed?

    python tools/bench/review_kills.py STORE OUT [--kills 200] [--answers 2000] [--seed 0]

A script labels images of a copy of STORE: one answer after the other, now and then many at once, an undo, a save. The
server is killed (SIGKILL) at a random moment, while it starts, answers, or writes the store, and started again. A
request that had no reply is sent again under its key, as the page does. At the end each image must have the label that
the script gave last, each acknowledged answer must be in the journal once, the store's images must have the same bytes,
and no other file may be left. The exit status is 1 if anything differs.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import typer
from review_client import COMMAND, Client, Server, new_key

from lsl_shared import Store
from lsl_shared.files.content_hash import image_digests
from lsl_tools.review.session import Session, Settings

app = typer.Typer(add_completion=False, help=__doc__)
Request = tuple[str, dict[str, Any]]


@app.command()
def kills(store: Path, out: Path, kills: int = 200, answers: int = 2000, seed: int = 0, minutes: float = 600) -> None:
    """Kills, compares, prints. After so many minutes nothing more is asked, and what was is compared."""
    work = out / "killed.h5"
    for old in out.glob("killed*"):
        old.unlink()
    shutil.copy(store, work)
    with Store(store) as opened:
        before, names, count = digests(opened), opened.tasks["stage"].classes, len(opened)
    requests = script(answers, count, names, random.Random(seed))
    landed, acknowledged, asked = labelling(work, requests, kills, random.Random(seed + 1), minutes)
    requests = requests[:asked]
    problems = compare(work, requests, acknowledged, before)
    left = sorted(path.name for path in out.glob("*killed*"))
    if left != ["killed.h5", "killed.review.jsonl"]:
        problems.append(f"left behind: {left}")
    told = ", ".join(f"{number} while {phase}" for phase, number in landed.most_common())
    print(f"{sum(landed.values())} kills ({told}), {len(requests):,} requests, {len(problems)} problems")
    for problem in problems[:20]:
        print(problem)
    sys.exit(bool(problems))


def script(answers: int, count: int, names: tuple[str, ...], chance: random.Random) -> list[Request]:
    """So many requests: labels mostly, some of many images at once, undo, save."""
    requests: list[Request] = []
    for _ in range(answers):
        kind = chance.choices(("label", "many", "undo", "save"), (90, 4, 4, 2))[0]
        entry: dict[str, Any] = {"key": new_key(), "who": "bench"}
        if kind in ("label", "many"):
            rows = chance.sample(range(count), 12 if kind == "many" else 1)
            entry |= {"kind": "label", "task": "stage", "value": chance.choice(names), "rows": rows, "force": True}
        requests.append(("/api/answer" if kind in ("label", "many") else f"/api/{kind}", entry))
    return requests


def labelling(
    work: Path, requests: list[Request], kills: int, chance: random.Random, minutes: float
) -> tuple[Counter[str], set[str], int]:
    """Sends the requests through as many servers as it takes.

    Gives where kills landed, the acknowledged keys, and how many requests were sent.
    """
    landed, acknowledged, done = Counter[str](), set[str](), 0
    ends = time.monotonic() + 60 * minutes
    share = len(requests) / max(kills, 1)
    for number in range(kills + 1):
        is_last = number == kills or time.monotonic() > ends
        requests = requests[: done + 1] if time.monotonic() > ends and number < kills else requests
        until = len(requests) if is_last else round(share * (number + chance.random()))
        if not is_last and chance.random() < 0.1:
            kill_at_start(work, chance)
            landed["starting"] += 1
            continue
        server = Server(work)
        asking, phase = Client(server.address), "idle"
        timer = None
        try:
            while done < len(requests):
                path, entry = requests[done]
                phase = "saving" if path == "/api/save" else "answering"
                if not is_last and done >= until and timer is None:
                    timer = threading.Timer(chance.uniform(0, 0.03), server.process.kill)
                    timer.start()
                asking.post(path, entry)
                acknowledged.add(entry["key"])
                done += 1
        except (OSError, RuntimeError, http.client.HTTPException) as problem:
            if server.process.poll() is None and not timer:
                raise RuntimeError(f"request {done}: {problem}") from None
        if is_last:
            asking.post("/api/save", {})
        if timer is not None:
            timer.join()
        landed[phase] += not is_last
        asking.close()
        server.kill()
        if number % 20 == 19:
            print(f"{number + 1} kills, {done:,} requests", flush=True)
        if is_last:
            break
    return landed, acknowledged, done


def kill_at_start(work: Path, chance: random.Random) -> None:
    """Starts a server and kills it before, or just when, it stands."""
    with subprocess.Popen([*COMMAND, str(work), "--no-browser"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:  # fmt: skip
        time.sleep(chance.uniform(0.2, 1.5))
        process.kill()


def compare(work: Path, requests: list[Request], acknowledged: set[str], before: list[bytes]) -> list[str]:
    """What is not as the script said."""
    problems = []
    with contextlib.closing(Session(Settings(work, "bench"))) as session:
        keys = Counter(answer.key for answer in session.journal.answers)
        for path, entry in requests:
            expected = len(entry.get("rows", [0])) if path != "/api/save" else 0
            found = keys.get(entry["key"], 0)
            coarse = sum(one.key == entry["key"] and one.task != "stage" for one in session.ledger.group(entry["key"]))
            if entry["key"] in acknowledged and found - coarse != expected:
                problems.append(f"{path} {json.dumps(entry)[:80]}: {found - coarse} in the journal, not {expected}")
        expected_labels = played(requests)
        for row, name in expected_labels.items():
            label = session.images.label[row]
            found_name = session.images.space.classes[label] if label >= 0 else ""
            if name is not None and found_name != name:
                problems.append(f"image {row} is {found_name!r}, not {name!r}")
    with Store(work) as opened:
        if digests(opened) != before:
            problems.append("the images have other bytes")
    return problems


def played(requests: list[Request]) -> dict[int, str | None]:
    """The label of each image that the script touched, by a plain replay; None where an undo led back to the store."""
    done: list[dict[str, Any]] = []
    for path, entry in requests:
        if path == "/api/answer":
            done.append(entry)
        elif path == "/api/undo" and done:
            done.pop()
    touched = {row for path, entry in requests if path == "/api/answer" for row in entry["rows"]}
    labels: dict[int, str | None] = dict.fromkeys(touched)
    for entry in done:
        labels |= dict.fromkeys(entry["rows"], entry["value"])
    return labels


def digests(store: Store) -> list[bytes]:
    """SHA-256 of each image."""
    return image_digests(store.read(0, len(store)))


if __name__ == "__main__":
    app()
