"""The few counties that declined detainers by 2012, whose years before and after are known one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..staggered_cities.expected_counts import (
    Expected,
    by_city,
    expected_crimes,
    placebo_places,
    ratio,
    tested,
    treated_rows,
)
from .sample import county_treatment, period_counts
from .spec import DRAWS, FIRST, LAST_YEARLY, LEVEL, SEED, SIZES, CountyRules

_RULES = CountyRules(first_year=FIRST)


def early_frame(panels: Mapping[str, pd.DataFrame], outcome: str) -> pd.DataFrame:
    """Return yearly rows 2000-2012 of counties that adopted in these years and of those not named by 2012.

    In the shape that `staggered_expected.expected_crimes` takes, ``ori`` standing for the county.
    """
    counties = county_treatment(panels, _RULES)
    cohort = (
        counties["cohort"].where(counties["cohort"].between(FIRST + 1, LAST_YEARLY)).fillna(0).astype(int)
    )
    always = counties["cohort"].le(FIRST).fillna(False).astype(bool)
    named = counties["exposed_from"].le(LAST_YEARLY).fillna(False).astype(bool)
    kept = (cohort.gt(0) | ~named) & ~always & ~counties["has_boundary_break"].astype(bool)
    rows = period_counts(panels, _RULES)
    rows = rows[rows["year"].le(LAST_YEARLY) & rows["fips"].map(kept).eq(True)]
    rows = rows[rows[outcome].notna()].sort_values(["fips", "year"], ignore_index=True)
    residents = rows.groupby("fips")["people"].transform("first")
    named_by = panels["policies"].query("kind != 'state' and definition == 'detainers'")
    names = named_by.assign(fips=named_by["counties"].str.split(";")).explode("fips").drop_duplicates("fips")
    about = pd.DataFrame({"cohort": cohort, "state": counties["state"], "region": counties["region"]})
    made = rows.rename(columns={"fips": "ori", "people": "population"}).join(about, on="ori")
    return made.assign(
        unit=made["ori"],
        city=made["ori"].map(names.set_index("fips")["place"]).fillna(made["ori"]),
        count=made[outcome],
        residents=residents,
        size=np.digitize(residents, SIZES) - 1,
    )


def early(panels: Mapping[str, pd.DataFrame], outcome: str) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return observed over expected crimes of the early adopters together, and each of them.

    The interval comes from other counties of the size class put through the same computation.
    """
    table: Expected = expected_crimes(early_frame(panels, outcome))
    rows = treated_rows(table)
    found = ratio(table, rows, table.own[rows])
    draws = placebo_places(table, draws=DRAWS, seed=SEED)
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(draws, [tail, 100 - tail])
    row = {
        "outcome": outcome,
        "estimate": found,
        "std_error": float(draws.std(ddof=1)),
        "p_value": tested(found, draws),
        "conf_low": found - float(high),
        "conf_high": found - float(low),
        "treated": len(rows),
    }
    return row, by_city(table).assign(outcome=outcome)
