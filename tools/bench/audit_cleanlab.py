"""Scores of cleanlab for audit.py: run by an interpreter that has cleanlab, which is no dependency of the toolkit.

    PYTHON tools/bench/audit_cleanlab.py IN.npz OUT.npz

IN holds fine and coarse labels and their probabilities, of the labelled images alone; OUT gets how doubtful each label
is, by the label quality (self-confidence, the default), and by `find_label_issues` with its defaults: the issues first.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from cleanlab.count import num_label_issues  # type: ignore[import-not-found]
from cleanlab.filter import find_label_issues  # type: ignore[import-not-found]
from cleanlab.rank import get_label_quality_scores  # type: ignore[import-not-found]


def main(given: str, out: str) -> None:
    doubts: dict[str, Any] = {}
    with np.load(given) as known:
        for task in ("fine", "coarse"):
            labels, probabilities = known[task], known[f"{task}_probabilities"]
            quality = get_label_quality_scores(labels, probabilities)
            issues = find_label_issues(labels, probabilities, n_jobs=1)
            doubts |= {
                f"{task}_quality": 1 - quality,
                f"{task}_issues": issues + (1 - quality),
                f"{task}_count": np.array(num_label_issues(labels, probabilities)),
            }
    np.savez(out, **doubts)


if __name__ == "__main__":
    main(*sys.argv[1:])
