"""The specification curve as the paper shows it."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from ...results import stored
from ..multiverse import joint_test as multiverse_joint
from ..multiverse import study as multiverse
from ..multiverse import summary as multiverse_summary
from ..multiverse.spec import SPEC as CURVE
from .headline import BASE, VIOLENT


class Curve(NamedTuple):
    """The specification curve of one offense: rows, choices by row, its headline, and its figures."""

    rows: pd.DataFrame
    choices: dict[str, pd.DataFrame]
    headline: float
    figures: dict[str, Any]


@stored
def curve() -> Curve:
    """Return the specification curve of violent crime without rape, with the joint test of all offenses."""
    kept = multiverse.admitted(multiverse.results())
    rows = kept[kept["outcome"].eq(VIOLENT)].reset_index(drop=True)
    whole: dict[str, Any] = multiverse_summary.summary(rows)
    names = {"median": "median", "p25": "p25", "p75": "p75", "negative": "negative", "n": "specifications"}
    names |= {"up": "significant_up", "down": "significant_down"}
    joint = multiverse_joint.joint_test(multiverse_joint.results()).set_index("statistic").loc["significant"]
    figures: dict[str, Any] = {name: whole[of] for name, of in names.items()}
    figures |= {"observed": joint["observed"], "usual": joint["usual"], "p": joint["p_value"]}
    return Curve(
        rows.assign(significant=rows["p_value"].lt(CURVE.significant)),
        multiverse_summary.indicators(rows, ["treatment", "estimator", "scale", "comparison", "laws"]),
        float(multiverse_summary.headline(kept, BASE)["percent"]),
        figures,
    )
