from __future__ import annotations

from lsl_tools.tables.faults import Fault, listed_faults


def test_one_fault_is_a_sentence() -> None:
    assert listed_faults(["line 4: wrong"]) == "line 4: wrong"
    assert str(Fault(4, "wrong")) == "line 4: wrong"
    assert str(Fault(0, "wrong")) == "wrong"


def test_ten_are_told_and_a_count() -> None:
    told = listed_faults([f"line {k}: wrong" for k in range(1200)]).splitlines()
    assert told[0] == "1,200 faults:" and told[-1] == "  and 1,190 more" and len(told) == 12
