from __future__ import annotations

import csv
from pathlib import Path

from lsl_tools.fetching.image_list import ListedImage
from lsl_tools.fetching.labels_table import write_failed, write_labels
from lsl_tools.fetching.ledger import Entry
from lsl_tools.importing.source import list_source

IMAGE = ListedImage("insitu1", "dir/insitu1.jpe", "eve, the 2nd", "CG2328", "FBgn0000606", "13-17", "lateral")
ENTRY = Entry("dir/insitu1.jpe", "dir/insitu1.jpg", "http://a/dir/insitu1.jpe", 3, "0" * 64)


def test_the_table_is_what_the_import_reads(tmp_path: Path) -> None:
    terms = {("eve, the 2nd", "13-17"): frozenset({"brain", "a|b"})}
    listing = list_source(write_labels(tmp_path, [(IMAGE, ENTRY)], terms))
    (sample,) = listing.samples
    assert (sample.path, sample.id, sample.gene) == (tmp_path / "dir" / "insitu1.jpg", "insitu1", "eve, the 2nd")
    assert (sample.view, dict(sample.labels)) == ("lateral", {"stage_range": "13-17"})
    assert sample.terms == ("a/b", "brain")


def test_without_annotations_there_is_no_column_of_terms(tmp_path: Path) -> None:
    table = write_labels(tmp_path, [(IMAGE, ENTRY)])
    assert table.read_text().splitlines()[0] == "file,id,gene,view,stage_range,cg,fbgn,sha256"


def test_failures_are_listed_with_their_reasons(tmp_path: Path) -> None:
    with write_failed(tmp_path, [(IMAGE, "the server says 404")]).open(newline="") as stream:
        assert list(csv.reader(stream))[1:] == [["insitu1", "dir/insitu1.jpe", "the server says 404"]]
