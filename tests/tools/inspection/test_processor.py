from __future__ import annotations

from pathlib import Path

import pytest

from lsl_tools.inspection import processor


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512f avx512_vnni avx_vnni_int16\nflags\t\t: amx_int8\n", ("avx512_vnni",)),
        ("Features\t: fp asimd asimddp i8mm\n", ("asimddp", "i8mm")),
        ("flags\t\t: fpu sse avx2\n", ()),
        ("cpu\t: POWER9\n", None),
        (None, None),
    ],
)
def test_units_are_those_of_the_first_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, units: tuple[str, ...] | None
) -> None:
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "cpuinfo")
    if text is not None:
        (tmp_path / "cpuinfo").write_text(text)
    assert processor.int8_units() == units
