from __future__ import annotations

import hashlib
from pathlib import Path

from lsl_tools.fetching.ledger import LEDGER, Entry, Ledger


def entry(folder: Path, name: str, data: bytes = b"abc") -> Entry:
    (folder / name).write_bytes(data)
    return Entry(f"dir/{name}", name, f"http://a/dir/{name}", len(data), hashlib.sha256(data).hexdigest())


def test_what_was_added_is_known_to_the_next_run(tmp_path: Path) -> None:
    first, second = entry(tmp_path, "a.jpg"), entry(tmp_path, "b.jpg")
    for new in (first, second):
        with Ledger(tmp_path) as ledger:
            ledger.add(new)
    with Ledger(tmp_path) as ledger:
        assert (ledger.intact("dir/a.jpg"), ledger.intact("dir/b.jpg")) == (first, second)
    header = "path,file,address,bytes,sha256"
    assert (tmp_path / LEDGER).read_text().splitlines()[0] == header


def test_altered_and_missing_files_are_not_intact(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        for name in ("a.jpg", "b.jpg"):
            ledger.add(entry(tmp_path, name))
        (tmp_path / "a.jpg").write_bytes(b"abd")
        (tmp_path / "b.jpg").unlink()
        assert [ledger.intact(f"dir/{name}") for name in ("a.jpg", "b.jpg", "c.jpg")] == [None] * 3


def test_a_torn_last_line_costs_one_photograph(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        for name in ("a.jpg", "b.jpg"):
            ledger.add(entry(tmp_path, name))
    whole = (tmp_path / LEDGER).read_bytes()
    (tmp_path / LEDGER).write_bytes(whole[:-30])
    with Ledger(tmp_path) as ledger:
        assert ledger.intact("dir/a.jpg")
        assert ledger.intact("dir/b.jpg") is None
        ledger.add(entry(tmp_path, "c.jpg"))
    with Ledger(tmp_path) as ledger:
        assert set(ledger.entries) == {"dir/a.jpg", "dir/c.jpg"}


def test_a_file_belongs_to_one_photograph(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.add(entry(tmp_path, "a.jpg"))
        assert ledger.holds_another("a.jpg", "dir/other.jpe")
        assert not ledger.holds_another("a.jpg", "dir/a.jpg")
        assert not ledger.holds_another("b.jpg", "dir/b.jpg")
