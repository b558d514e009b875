from __future__ import annotations

import pytest

from lsl_runtime.gem.build.settings import Filter, MapSettings
from lsl_shared import ConfigError


def test_settings_outside_their_range_are_named() -> None:
    with pytest.raises(ConfigError, match=r"--floor is a probability, 0 to 1, received 1\.5"):
        Filter(floor=1.5)
    with pytest.raises(ConfigError, match="--floor is a probability"):
        Filter(floor=float("nan"))
    with pytest.raises(ConfigError, match="collections of names"):
        Filter(genes="eve,ftz")
    with pytest.raises(ConfigError, match="--weights must be one of equal, probability, received 'p'"):
        Filter(weights="p")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="mode must be one of mean, fraction, received 'median'"):
        MapSettings(mode="median")  # type: ignore[arg-type]


def test_filter_in_words() -> None:
    assert Filter(view="all").told() == ""
    told = Filter(None, ["a", "b"], ["c"], "probability", 0.25).told()
    assert told == "weighted by probability, probability at least 0.25, only listed genes (2), without listed genes (1)"
