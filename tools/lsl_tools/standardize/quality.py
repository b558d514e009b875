"""Why a photograph is set aside: each flag names one rule that its segmentation breaks."""

from __future__ import annotations

from typing import Final

from lsl_tools.standardize.segment.segmentation import Segmentation

__all__ = ["ANTERIOR_UNCERTAIN", "DORSAL_UNCERTAIN", "NO_EMBRYO", "flags_of"]

NO_EMBRYO: Final = "no embryo"
ANTERIOR_UNCERTAIN: Final = "anterior uncertain"
DORSAL_UNCERTAIN: Final = "dorsal uncertain"

LEAST_FIT: Final = 0.8  # intersection over union with an ellipse; embryos with a retracting germ band come to 0.83
LEAST_SUPPORT: Final = 0.72
LEAST_WEAKEST: Final = 0.5  # of an eighth of the outline: one that leaves out a part of the embryo crosses it unseen
AREA: Final = (0.03, 0.75)  # share of the photograph
ASPECT: Final = (1.55, 3.3)
MOST_BORDER: Final = 0.04  # share of the outline that may run along the frame
MOST_RIVAL: Final = 0.92  # worth of the second embryo that may be meant, as a share of the first one's


def flags_of(found: Segmentation | None) -> tuple[str, ...]:
    """The reasons, none for a good segmentation, for which a person should look at a photograph."""
    if found is None:
        return (NO_EMBRYO,)
    if found.standardized:
        return ()
    flags = []
    if found.border > MOST_BORDER:
        flags.append("cut by the frame")
    if found.rival > MOST_RIVAL:
        flags.append("several embryos")
    if not ASPECT[0] <= found.aspect <= ASPECT[1]:
        flags.append(f"length to width {found.aspect:.1f}")
    if found.fit < LEAST_FIT:
        flags.append("not an ellipse")
    if found.support < LEAST_SUPPORT or found.weakest < LEAST_WEAKEST:
        flags.append("outline unclear")
    if not AREA[0] <= found.area <= AREA[1]:
        flags.append(f"covers {100 * found.area:.0f} % of the photograph")
    return tuple(flags)
