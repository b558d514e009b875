from __future__ import annotations

from lsl_tools.importing.remarks import Remarks


def test_each_remark_once_with_its_count_and_the_first_picture() -> None:
    remarks = Remarks()
    remarks.add("a.png", ("a gamma", "several pages"))
    remarks.add("b.png", ())
    remarks.add("c.png", ("several pages",))
    assert remarks.told() == ("1 image(s) with a gamma (a.png)", "2 image(s) with several pages (a.png)")


def test_twenty_are_told() -> None:
    remarks = Remarks()
    remarks.add("a.png", map(str, range(50)))
    assert len(remarks.told()) == 21
    assert remarks.told()[-1] == "… and 30 more remarks"
