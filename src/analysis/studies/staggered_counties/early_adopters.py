"""The few counties that declined detainers by 2012, whose years before and after are known one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..designs.expected_counts import Expected, by_city, expected_crimes, observed_to_expected, treated_rows
from .sample import county_treatment, period_counts
from .spec import StaggeredCountiesSpec


def early_frame(
    panels: Mapping[str, pd.DataFrame], outcome: str, *, spec: StaggeredCountiesSpec
) -> pd.DataFrame:
    """Return yearly rows 2000-2012 of counties that adopted in these years and of those not named by 2012.

    In the shape that `expected_counts.expected_crimes` takes, ``ori`` standing for the county.
    """
    counties = county_treatment(panels, spec.long_rules, spec=spec)
    cohort = (
        counties["cohort"]
        .where(counties["cohort"].between(spec.first + 1, spec.last_yearly))
        .fillna(0)
        .astype(int)
    )
    always = counties["cohort"].le(spec.first).fillna(False).astype(bool)
    named = counties["exposed_from"].le(spec.last_yearly).fillna(False).astype(bool)
    kept = (cohort.gt(0) | ~named) & ~always & ~counties["has_boundary_break"].astype(bool)
    rows = period_counts(panels, spec.long_rules, spec=spec)
    rows = rows[rows["year"].le(spec.last_yearly) & rows["fips"].map(kept).eq(True)]
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
        size=np.digitize(residents, spec.sizes) - 1,
    )


def early(
    panels: Mapping[str, pd.DataFrame], outcome: str, *, spec: StaggeredCountiesSpec
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return observed over expected crimes of the early adopters together, and each of them.

    The interval comes from other counties of the size class put through the same computation.
    """
    table: Expected = expected_crimes(early_frame(panels, outcome, spec=spec), spec.horizon)
    found = observed_to_expected(table, draws=spec.draws, seed=spec.seed, level=spec.level)
    del found["df"]
    row = {"outcome": outcome, **found, "treated": len(treated_rows(table))}
    return row, by_city(table, level=spec.level).assign(outcome=outcome)
