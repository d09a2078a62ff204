"""What the yearly border design finds for each figure of Arellano-Bover and Biasi."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..published.claims import Finding
from . import arellano2017 as design
from .arellano2017 import BEFORE_TRENDS, COLUMNS, BorderStudy

STUDY = "arellano2017"
_LOG, _COUNTIES = "log points", "counties"
_UNITS = {"density": "as printed", "unemployment": "percent", "income": "US dollars a year"}
_NEITHER = "Rape is left out of violent and of total crime, because its definition changes in 2013."
_QUARTERS = (
    "By quarter of the adopters' Hispanic share, with group-by-year effects; the published cut is not known."
)


def findings() -> dict[str, Finding]:
    """Return the findings on the committed panels by claim."""
    return findings_of(design.run())


def findings_of(study: BorderStudy) -> dict[str, Finding]:
    """Return the findings by claim: estimates, their standard errors, sizes and means."""
    groups = [*_sizes(study), *_effects(study), *_balance(study)]
    return {finding.claim: finding for finding in groups}


def cells(study: BorderStudy) -> pd.DataFrame:
    """Return every estimate that has a printed one, under the name of its ``claim``."""
    estimates = study.estimates.assign(
        claim=[
            f"{STUDY}_type_{outcome}" if outcome in design.TYPES else f"{STUDY}_{outcome}_{kind}_{column}"
            for outcome, kind, column in study.estimates[["outcome", "design", "column"]].itertuples(
                index=False
            )
        ]
    )
    quarters = study.quarters.assign(
        claim=[
            f"{STUDY}_quartile{quarter}_{outcome}_{column}"
            for quarter, outcome, column in study.quarters[["quarter", "outcome", "column"]].itertuples(
                index=False
            )
        ],
        design="dd2",
    )
    return pd.concat([estimates, quarters], ignore_index=True)


def _effects(study: BorderStudy) -> list[Finding]:
    found = []
    records: Any = cells(study).to_dict("records")
    for row in records:
        note = _note(study, row)
        found += [
            Finding(row["claim"], row["estimate"], row["conf_low"], row["conf_high"], _LOG, note),
            Finding(f"{row['claim']}_se", row["std_error"], unit=_LOG, note=note),
        ]
    return found


def _note(study: BorderStudy, row: dict[Any, Any]) -> str:
    sizes, (_, trends) = study.sizes, COLUMNS[row["column"]]
    told = [
        f"Years, 2013 and 2014 as one, not quarters; {sizes['groups']} adopters of a cited list and "
        f"{sizes['in_stack']} counties around them; the published list and covariates could not be read."
    ]
    told += [f"Trends rest on {BEFORE_TRENDS} years before."] if trends else []
    told += [_NEITHER] if row["outcome"] in ("total", "violent") else []
    told += [_QUARTERS if pd.notna(row["quarter"]) else _dummy(row)]
    return " ".join(told)


def _dummy(row: dict[Any, Any]) -> str:
    value, error, low, high = (
        row[f"dummy_{name}"] for name in ("estimate", "std_error", "conf_low", "conf_high")
    )
    return (
        f"A dummy for the year or period in place of its share under the policy finds {value:.4f} "
        f"(error {error:.4f}; {low:.4f} to {high:.4f})."
    )


def _sizes(study: BorderStudy) -> list[Finding]:
    sizes = study.sizes
    treated = (
        f"Counties with a dated policy of their own in a cited list, statewide laws left aside; "
        f"{sizes['groups']} of them have usable counts and a comparison county, New York City being one."
    )
    controls = (
        f"All counties that touch one of ours; {sizes['compared']} of them are free of laws and of other "
        f"listings, and {sizes['in_stack']} serve in the comparison."
    )
    return [
        Finding(f"{STUDY}_treated", sizes["no_detainer"], unit=_COUNTIES, note=treated),
        Finding(f"{STUDY}_controls", sizes["bordering"], unit=_COUNTIES, note=controls),
    ]


def _balance(study: BorderStudy) -> list[Finding]:
    records: Any = study.balance.to_dict("records")
    return [
        Finding(
            f"{STUDY}_balance_{row['trait']}_{row['kind']}",
            row["mean"],
            unit=_UNITS.get(row["trait"], "share"),
            note=f"Mean of {row['counties']} counties of ours, each alike; weighted by residents it is "
            f"{shown(row['trait'], row['weighted'])}. The published weights are not known.",
        )
        for row in records
    ]


def shown(trait: str, value: float) -> str:
    """Return a mean of the balance table with the digits its row is printed with."""
    return f"{value:,.{_DIGITS.get(trait, 3)}f}"


_DIGITS = {"density": 1, "unemployment": 2, "income": 0}
