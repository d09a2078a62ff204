"""Tables of the staggered county study in the shape its figures take, in percent; nothing is estimated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .results import StaggeredCounties
from .spec import StaggeredCountiesSpec

_SHOWN = ["estimate", "conf_low", "conf_high"]
#: Names of rings, from the near to the far.
RING_NAMES = {
    "treated": "Adopters",
    "ring_0_50": "Others within 50 km",
    "ring_50_100": "Others at 50 to 100 km",
    "ring_100_150": "Others at 100 to 150 km",
}


def percent(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose estimates in log points are percent: 100 (exp(x) - 1)."""
    return table.assign(**{name: 100 * np.expm1(table[name]) for name in _SHOWN})


def outcomes_forest(study: StaggeredCounties) -> pd.DataFrame:
    """Return the headline by outcome, then the effect per full exposure, as groups of a forest."""
    parts = {"2013–14 as they were": study.headline, "Per full exposure": study.exposure}
    made = [
        percent(table).assign(group=group, highlight=group.startswith("Per"))
        for group, table in parts.items()
    ]
    rows = pd.concat(made, ignore_index=True)
    return rows.assign(name=rows["outcome"].map(study.spec.outcomes))[["group", "name", *_SHOWN, "highlight"]]


def forks_forest(study: StaggeredCounties, outcome: str) -> pd.DataFrame:
    """Return one outcome's forks in proportions and logarithms; those inside regions or pairs stand out."""
    rows = study.forks[study.forks["outcome"].eq(outcome) & study.forks["scale"].ne("rate")]
    near = rows["name"].str.contains("Same state|Same region|Across state borders")
    return (
        percent(rows).assign(highlight=near)[["group", "name", *_SHOWN, "highlight"]].reset_index(drop=True)
    )


def years_panels(
    table: pd.DataFrame, outcomes: Sequence[str], *, spec: StaggeredCountiesSpec
) -> dict[str, dict[str, pd.DataFrame]]:
    """Return differences by year as panels of a figure; the two years stand at their middle."""
    rows = percent(table)
    rows = rows.assign(year=rows["year"].where(rows["year"].ne(spec.period), spec.period + 0.5))
    base = pd.DataFrame({"year": [2012.0], "estimate": [0.0], "conf_low": [0.0], "conf_high": [0.0]})
    columns = ["year", *_SHOWN]
    return {
        spec.outcomes[outcome]: {
            "adopters less others": pd.concat(
                [rows.loc[rows["outcome"].eq(outcome), columns], base], ignore_index=True
            ).sort_values("year")
        }
        for outcome in outcomes
    }


def rings_forest(study: StaggeredCounties, outcomes: Sequence[str]) -> pd.DataFrame:
    """Return adopters and rings by outcome as groups of a forest."""
    rows = percent(study.rings[study.rings["outcome"].isin(list(outcomes))])
    return rows.assign(
        group=rows["outcome"].map(study.spec.outcomes),
        name=rows["term"].map(RING_NAMES),
        highlight=rows["term"].ne("treated"),
    )[["group", "name", *_SHOWN, "highlight"]].reset_index(drop=True)


def steps_forest(study: StaggeredCounties, designs: Sequence[str]) -> pd.DataFrame:
    """Return changes within and across the files; those across the splice stand out."""
    rows = percent(study.steps[study.steps["design"].isin(list(designs))])
    return (
        rows.assign(
            group=rows["outcome"].map(study.spec.spliced_outcomes) + ", " + rows["design"],
            name=rows["step"],
            highlight=rows["crosses"],
            order=rows["design"].map(list(designs).index),
        )
        .sort_values(["outcome", "order"], kind="stable", ascending=[False, True])[
            ["group", "name", *_SHOWN, "highlight"]
        ]
        .reset_index(drop=True)
    )
