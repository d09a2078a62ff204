"""Counties that decline detainers against the rest: crime and the economy in 2015.

The design of Wong (2017), The Effects of Sanctuary Policies on Crime and the Economy, Center for American
Progress, on data of the same kind. A county is treated that holds nobody beyond release on request of the
immigration authorities, by a policy of its own or a statewide law in force at the end of 2015; comparison
counties are those no policy, law or list names. Crime is violent and property crime per 10,000 people from
an imputed county file whose property crime includes arson, as the report's does; counties with reports for
less than 80 percent of their people are out. Differences are plain, matched to the nearest comparison county
on who lives there, regression-adjusted, and within states; errors are clustered by state, the level at which
much of the treatment is set. The report's own list, covariates and matching could not be read:
`spec` says what stands in for them and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...estimators import Estimates, balance_table, entropy_balance, randomization_test
from ...panels.store import load
from ..designs.study_spec import cached_by_spec
from ..published.claims import Finding
from ..published.margins import published_size
from .findings import findings_of
from .fits import (
    ADJUSTED,
    DIFFERENCE,
    MATCHED,
    WEIGHT,
    WITHIN,
    equivalence,
    estimate,
    fit_variant,
    matching,
    power_of,
    selected,
    weighted,
)
from .results import CountyStudy
from .sample import CRIME, by_state, county_frame, ledger
from .spec import SPEC, CapSpec
from .urban_classes import by_class, contrast, lowest

PANELS = ("counties", "county_year", "policies", "undated_places")
SAME_STATE = "Nearest, same state"
PRINTED, SHARE = "printed difference", "share of the mean"


@cached_by_spec
def run(spec: CapSpec = SPEC) -> CountyStudy:
    """Run the study on the committed panels, once a process for each specification."""
    return study({name: load(name) for name in PANELS}, spec)


def study(panels: Mapping[str, pd.DataFrame], spec: CapSpec = SPEC) -> CountyStudy:
    """Run the study on given panels, of the names in `PANELS`."""
    frame = county_frame(panels, spec=spec)
    counties = selected(frame, spec.main, spec=spec)
    main, results = _main(counties, spec=spec)
    classes, joint = by_class(counties, spec.treatment, spec=spec)
    everywhere = _everywhere(frame, spec=spec)
    income, income_joint = by_class(everywhere, spec.treatment, "median_household_income_nominal", spec=spec)
    contrasts = {
        "central": contrast(joint[MATCHED], spec.central, lowest(classes, MATCHED, spec.central), spec=spec),
        "income": contrast(income_joint[MATCHED], spec.rural, spec.central, spec=spec),
    }
    return CountyStudy(
        spec=spec,
        counties=frame,
        ledger=ledger(frame),
        states=by_state(frame),
        balance=_balance(counties, spec=spec),
        main=main,
        matchings=_matchings(counties, spec=spec),
        variants=_variants(frame, spec=spec),
        offenses=_outcomes(counties, ["violent_per_10k", "property_per_10k"], spec=spec),
        without_state=_without_state(counties, spec=spec),
        classes=classes,
        economy=_outcomes(everywhere, list(spec.economy), spec=spec),
        income_classes=income,
        before=_before(counties, spec=spec),
        randomization=_randomization(counties, spec=spec),
        equivalence=_equivalence(main, results, spec=spec),
        power=_power(main, results, spec=spec),
        contrasts=contrasts,
    )


def _everywhere(frame: pd.DataFrame, *, spec: CapSpec) -> pd.DataFrame:
    """Return every county whose treatment and covariates are known, whatever its crime file."""
    return frame[frame[spec.treatment].notna() & frame["has_covariates"]].reset_index(drop=True)


def _variants(frame: pd.DataFrame, *, spec: CapSpec) -> pd.DataFrame:
    return pd.DataFrame([row for one in spec.variants for row in fit_variant(frame, one, spec=spec)])


def _designs(counties: pd.DataFrame, *, spec: CapSpec) -> dict[str, tuple[pd.DataFrame, dict[str, Any]]]:
    """Return the four designs: rows and options of the regression that estimates each."""
    return {
        DIFFERENCE: (counties, {}),
        MATCHED: (weighted(counties, matching(counties, spec.treatment, spec=spec)), {"weights": WEIGHT}),
        ADJUSTED: (counties, {"covariates": list(spec.covariates)}),
        WITHIN: (counties, {"covariates": list(spec.covariates), "effects": ["state"]}),
    }


def _main(counties: pd.DataFrame, *, spec: CapSpec) -> tuple[pd.DataFrame, dict[str, Estimates]]:
    rows, fits = [], {}
    for design, (table, options) in _designs(counties, spec=spec).items():
        row, fits[design] = estimate(table, spec.treatment, **options, spec=spec)
        rows.append({"design": design, **row})
    return pd.DataFrame(rows), fits


def _outcomes(counties: pd.DataFrame, outcomes: list[str], *, spec: CapSpec) -> pd.DataFrame:
    rows = []
    for outcome in outcomes:
        known = counties[counties[outcome].notna()].reset_index(drop=True)
        for design, (table, options) in _designs(known, spec=spec).items():
            row, _ = estimate(table, spec.treatment, outcome, **options, spec=spec)
            rows.append({"outcome": outcome, "design": design, **row})
    return pd.DataFrame(rows)


def _matchings(counties: pd.DataFrame, *, spec: CapSpec) -> pd.DataFrame:
    """Return the difference under each matching, with Abadie and Imbens's errors beside those by state."""
    rows = []
    for name, options in spec.matchings.items():
        found = matching(counties, spec.treatment, **options, spec=spec)
        row, _ = estimate(weighted(counties, found), spec.treatment, weights=WEIGHT, spec=spec)
        rows.append({"name": name, **row, "std_error_matching": float(found.std_error[0])})
    used = weighted(counties, matching(counties, spec.treatment, spec=spec))
    row, _ = estimate(used, spec.treatment, weights=WEIGHT, covariates=list(spec.covariates), spec=spec)
    rows.append({"name": "Nearest, then regression", **row})
    found = entropy_balance(
        counties, outcome=CRIME, treatment=spec.treatment, covariates=list(spec.covariates)
    )
    row, _ = estimate(weighted(counties, found), spec.treatment, weights=WEIGHT, spec=spec)
    rows.append({"name": "Entropy balancing", **row, "std_error_matching": float(found.std_error[0])})
    return pd.DataFrame(rows)


def _balance(counties: pd.DataFrame, *, spec: CapSpec) -> pd.DataFrame:
    kinds = {name: spec.matchings[name] for name in list(spec.matchings)[:3]} | {
        SAME_STATE: {"exact": "state"}
    }
    parts = [
        balance_table(
            counties,
            treatment=spec.treatment,
            covariates=list(spec.covariates),
            weights=matching(counties, spec.treatment, **options, spec=spec),
        ).assign(matching=kind)
        for kind, options in kinds.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _without_state(counties: pd.DataFrame, *, spec: CapSpec) -> pd.DataFrame:
    """Return both estimates with the counties of each declining state left out, matched anew."""
    rows = []
    for state in sorted(counties.loc[counties[spec.treatment].eq(1), "state"].unique()):
        rest = counties[counties["state"] != state].reset_index(drop=True)
        designs = _designs(rest, spec=spec)
        for design in (MATCHED, ADJUSTED):
            table, options = designs[design]
            row, _ = estimate(table, spec.treatment, draws=0, **options, spec=spec)
            rows.append({"state": state, "design": design, **row})
    return pd.DataFrame(rows)


def _before(counties: pd.DataFrame, *, spec: CapSpec) -> pd.DataFrame:
    """Return the difference by year in counties the older file covers, each year matched on its own.

    Levels of the two files are never compared: each year is a comparison of counties within one file.
    """
    outcomes = {year: f"crime_{year}" for year in spec.years_before} | {spec.year: CRIME}
    rows = []
    for year, outcome in outcomes.items():
        found = _outcomes(counties, [outcome], spec=spec)
        rows.append(found[found["design"].isin([DIFFERENCE, MATCHED, ADJUSTED])].assign(year=year))
    return pd.concat(rows, ignore_index=True)


def _randomization(counties: pd.DataFrame, *, spec: CapSpec) -> pd.DataFrame:
    """Return tests that re-assign the treatment as it may have been assigned.

    Between states: states in which every county used declines against states in which none does, whole
    states swapped. Within states: counties swapped inside their state, with state effects.
    """
    share = counties.groupby("state")[spec.treatment].transform("mean")
    whole = counties[share.isin([0.0, 1.0])].reset_index(drop=True)
    common: dict[str, Any] = {
        "outcome": CRIME,
        "treatment": spec.treatment,
        "unit": "fips",
        "draws": spec.draws,
        "seed": spec.seed,
    }
    rows = []
    for name, covariates in (("difference", []), ("regression-adjusted", list(spec.covariates))):
        between = randomization_test(
            whole, design="cluster", cluster="state", covariates=covariates, **common
        )
        inside = randomization_test(
            counties, design="unit", strata="state", effects=["state"], covariates=covariates, **common
        )
        rows += [
            _drawn("whole states swapped", name, between, spec=spec),
            _drawn("counties swapped in states", name, inside, spec=spec),
        ]
    return pd.DataFrame(rows)


def _drawn(swapped: str, design: str, result: Estimates, *, spec: CapSpec) -> dict[str, Any]:
    row = result.row(term=spec.treatment)
    return {
        "swapped": swapped,
        "design": design,
        **{name: float(row[name]) for name in ("estimate", "p_value", "conf_low", "conf_high")},
        "counties": result.sample.used,
        "places": result.extra["places"],
        "treated_places": result.extra["treated_places"],
    }


def _equivalence(main: pd.DataFrame, fits: dict[str, Estimates], *, spec: CapSpec) -> pd.DataFrame:
    means = main.set_index("design")["comparison_mean"]
    parts = [
        equivalence(
            fit,
            spec.treatment,
            {PRINTED: published_size(spec.margin_claim, "cap2017"), SHARE: spec.margin_share * means[design]},
            spec=spec,
        ).assign(design=design)
        for design, fit in fits.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _power(main: pd.DataFrame, fits: dict[str, Estimates], *, spec: CapSpec) -> pd.DataFrame:
    """Return power by design for true differences up to twice the printed one, marked ``is_printed``."""
    size = published_size(spec.margin_claim, "cap2017")
    effects = [size * step / 20 for step in range(1, 41)]
    errors = main.set_index("design")["std_error"]
    parts = [
        power_of(float(errors[design]), fits[design].design["df"], effects, spec=spec).assign(design=design)
        for design in fits
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(is_printed=table["effect"].sub(size).abs() < 1e-9)


def findings(spec: CapSpec = SPEC) -> dict[str, Finding]:
    """Return what the study on the committed panels finds for each published claim."""
    return findings_of(run(spec))
