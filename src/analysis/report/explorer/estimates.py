"""Estimates for the explorer: every specification with its choices, the forest, and power."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ...studies.literature import synthesis
from ...studies.multiverse import study as multiverse
from ...studies.multiverse.spec import SPEC
from .compact import plain, records

_NUMBERS = ("percent", "conf_low", "conf_high", "p_value", "cities", "states")


def specifications() -> dict[str, Any]:
    """Return every specification that has a number: choices as positions of their levels, and the numbers.

    ``forks`` describes the choices in order; ``choices`` holds one text per specification, one letter per
    choice; the numbers are columns. ``joint`` is the joint test over all of them.
    """
    rows = multiverse.admitted(multiverse.results())
    forks = [
        {
            "name": fork.name,
            "title": fork.title,
            "reason": fork.reason,
            "levels": list(fork.levels.values()),
            "headline": list(fork.levels).index(SPEC.curve.headline[fork.name]),
        }
        for fork in SPEC.curve.dimensions
    ]
    letters = [rows[fork.name].map(_letters(fork.levels)) for fork in SPEC.curve.dimensions]
    return {
        "forks": forks,
        "choices": ["".join(row) for row in zip(*letters, strict=True)],
        "spec": rows["spec"].tolist(),
        "significant": SPEC.significant,
        **{name: [plain(value) for value in rows[name]] for name in _NUMBERS},
    }


def _letters(levels: Any) -> dict[str, str]:
    return {level: chr(ord("a") + place) for place, level in enumerate(levels)}


def forest() -> dict[str, Any]:
    """Return every design's headline and the published estimates on the same scales.

    ``designs`` are in crimes per 100,000 and in percent of the mean; ``literature`` in log points.
    """
    from ...studies.paper import headline

    found = synthesis.run()
    own = found.ours.rename(columns={"design": "name"})
    keep = ["name", "outcome", "estimate", "std_error", "conf_low", "conf_high"]
    return {
        "designs": records(headline.table()),
        "published": records(found.published[["claim", "study", *keep, "preferred"]]),
        "own": records(own[[*keep, "treatment", "error"]]),
    }


def power() -> dict[str, Any]:
    """Return the chance to find each true effect, by design, and the published effects."""
    from ...studies.paper import exhibits

    lines = {name: _line(line) for name, line in exhibits.power_curves().items()}
    return {"lines": lines, "marks": {name: float(at) for name, at in exhibits.power_marks().items()}}


def _line(line: pd.Series) -> list[list[float]]:
    effects = line.index.to_numpy(dtype=float)
    return [[float(effect), float(value)] for effect, value in zip(effects, line, strict=True)]
