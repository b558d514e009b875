"""What this machine's processor has for networks in eight bits, as Linux tells it."""

from __future__ import annotations

from pathlib import Path

__all__ = ["int8_units"]

CPUINFO = Path("/proc/cpuinfo")
UNITS = ("amx_int8", "avx512_vnni", "avx_vnni", "avx_vnni_int8", "asimddp", "i8mm")
"""The names of instructions that multiply and add eight-bit numbers, x86 and ARM."""


def int8_units() -> tuple[str, ...] | None:
    """The eight-bit units of the first processor, () for none; None where the system does not tell."""
    try:
        lines = CPUINFO.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    told = next((line for line in lines if line.split(":")[0].strip() in ("flags", "Features")), None)
    if told is None:
        return None
    found = set(told.partition(":")[2].split())
    return tuple(name for name in UNITS if name in found)
