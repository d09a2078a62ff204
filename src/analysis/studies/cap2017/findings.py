"""What the county study finds for each published claim: the matched comparison, with its notes."""

from __future__ import annotations

import math

import pandas as pd

from ..published.claims import Finding
from .fits import MATCHED
from .results import CountyStudy

_LIST = (
    "The report's list of counties, its covariates and its matching could not be read; "
    "a cited list and our own matching stand in for them."
)
#: What else is known of a claim; held by a test.
_MORE = {
    "cap_crime": " Under all four designs the interval lies above the printed figure.",
    "cap_poverty": " The unadjusted interval reaches the printed figure, the matched one does not.",
    "cap_unemployment": " Under no design but the unadjusted one does the interval reach the printed figure.",
}
_NO_FILE = "No file among the sources counts public assistance by county."
_SELECTED = "The other class was chosen because its difference is lowest, which the interval ignores."


def findings_of(study: CountyStudy) -> dict[str, Finding]:
    """Return what the study finds for each claim of ``published/cap2017.csv``: the matched comparison."""
    crime, economy = study.main, study.economy
    classes = study.classes[study.classes["class"].eq(study.spec.central)]
    rows = {
        "cap_crime": (_one(crime), "per 10,000 residents", _LIST),
        "cap_crime_large_central_metro": (_one(classes), "per 10,000 residents", _LIST),
        "cap_crime_most_in_large_central_metro": (
            study.contrasts["central"],
            "per 10,000 residents",
            f"{_LIST} {_SELECTED}",
        ),
        "cap_income_most_in_smallest": (study.contrasts["income"], "US dollars a year", _LIST),
        "cap_year": ({"estimate": float(study.spec.year)}, "calendar year", ""),
    }
    outcomes = {
        "cap_income": "median_household_income_nominal",
        "cap_poverty": "poverty_rate",
        "cap_unemployment": "unemployment_rate",
        "cap_labor_force": "labor_force_share",
        "cap_employment": "employed_share",
    }
    for claim, outcome in outcomes.items():
        rows[claim] = (_one(economy[economy["outcome"].eq(outcome)]), study.spec.economy[outcome][1], _LIST)
    for claim in ("cap_public_assistance", "cap_children_public_assistance"):
        rows[claim] = ({"estimate": math.nan}, "percentage points", _NO_FILE)
    return {
        claim: _finding(claim, row, unit, note + _MORE.get(claim, ""))
        for claim, (row, unit, note) in rows.items()
    }


def _one(table: pd.DataFrame, design: str = MATCHED) -> dict[str, float]:
    row = table[table["design"] == design]
    return {name: float(row[name].iloc[0]) for name in ("estimate", "conf_low", "conf_high")}


def _finding(claim: str, row: dict[str, float], unit: str, note: str) -> Finding:
    kept = {name: row[name] for name in ("estimate", "conf_low", "conf_high") if name in row}
    return Finding(claim, unit=unit, note=note, **kept)
