"""Counties that decline detainers against the rest: crime and the economy in 2015.

The design of Wong (2017), The Effects of Sanctuary Policies on Crime and the Economy, Center for American
Progress, on data of the same kind. A county is treated that holds nobody beyond release on request of the
immigration authorities, by a policy of its own or a statewide law in force at the end of 2015; comparison
counties are those no policy, law or list names. Crime is violent and property crime per 10,000 people from
an imputed county file whose property crime includes arson, as the report's does; counties with reports for
less than 80 percent of their people are out. Differences are plain, matched to the nearest comparison county
on who lives there, regression-adjusted, and within states; errors are clustered by state, the level at which
much of the treatment is set. The report's own list, covariates and matching could not be read:
`cap2017_spec` says what stands in for them and why.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

from ...estimators import Estimates, balance_table, entropy_balance, randomization_test
from ...panels.store import load
from ..published.claims import Finding, claims
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
from .sample import by_state, county_frame, ledger
from .spec import (
    CENTRAL,
    COVARIATES,
    CRIME,
    DRAWS,
    ECONOMY,
    MAIN,
    MARGIN_CLAIM,
    MARGIN_SHARE,
    RURAL,
    SEED,
    VARIANTS,
    YEAR,
    YEARS_BEFORE,
)
from .urban_classes import by_class, contrast, lowest

PANELS = ("counties", "county_year", "policies", "undated_places")
TREATMENT = MAIN.treatment
#: Other ways to hold the covariates constant, as options of `match`.
MATCHINGS: dict[str, dict[str, Any]] = {
    "Nearest, scaled covariates": {},
    "Nearest, Mahalanobis": {"distance": "mahalanobis"},
    "Nearest, propensity score": {"distance": "linear_propensity"},
    "Three nearest": {"neighbours": 3},
    "Pairs, none used twice": {"method": "optimal", "replace": False},
}
SAME_STATE = "Nearest, same state"
PRINTED, SHARE = "printed difference", "share of the mean"


@dataclass(frozen=True)
class CountyStudy:
    """Everything the county study found, as tables.

    Attributes
    ----------
    counties : pandas.DataFrame
        One row a county; see `cap2017_sample.county_frame`.
    ledger, states : pandas.DataFrame
        Why counties are in or out; declining counties by state.
    balance : pandas.DataFrame
        `balance_table` by ``matching``.
    main : pandas.DataFrame
        One row a ``design``: estimate, errors, sample and detectable difference, crimes per 10,000 people.
    matchings, variants : pandas.DataFrame
        The same under other matchings; under other data, treatments and covariates.
    offenses : pandas.DataFrame
        The same by ``outcome``: violent and property crime apart.
    without_state : pandas.DataFrame
        The matched and adjusted estimate when one ``state`` is left out.
    classes : pandas.DataFrame
        By ``design`` and urban-rural ``class``.
    economy, income_classes : pandas.DataFrame
        By ``outcome`` and ``design``; household income by class.
    before : pandas.DataFrame
        The same counties' difference by ``year`` before the policies, and in 2015.
    randomization : pandas.DataFrame
        Tests that re-assign the treatment between states and within them.
    equivalence, power : pandas.DataFrame
        By ``design``: tests against margins; power and errors of sign and size for supposed differences.
    contrasts : dict of str to dict
        ``central`` (large central metro less the lowest other class, crime), ``income`` (rural less large
        central metro).
    """

    counties: pd.DataFrame
    ledger: pd.DataFrame
    states: pd.DataFrame
    balance: pd.DataFrame
    main: pd.DataFrame
    matchings: pd.DataFrame
    variants: pd.DataFrame
    offenses: pd.DataFrame
    without_state: pd.DataFrame
    classes: pd.DataFrame
    economy: pd.DataFrame
    income_classes: pd.DataFrame
    before: pd.DataFrame
    randomization: pd.DataFrame
    equivalence: pd.DataFrame
    power: pd.DataFrame
    contrasts: dict[str, dict[str, float]]


def run(panels: dict[str, pd.DataFrame] | None = None) -> CountyStudy:
    """Run the study on the committed panels, or on others of the same names and columns."""
    panels = panels or {name: load(name) for name in PANELS}
    frame = county_frame(panels)
    counties = selected(frame, MAIN)
    main, results = _main(counties)
    classes, joint = by_class(counties, TREATMENT)
    everywhere = frame[frame[TREATMENT].notna() & frame["has_covariates"]].reset_index(drop=True)
    income, income_joint = by_class(everywhere, TREATMENT, "median_household_income_nominal")
    return CountyStudy(
        counties=frame,
        ledger=ledger(frame),
        states=by_state(frame),
        balance=_balance(counties),
        main=main,
        matchings=_matchings(counties),
        variants=pd.DataFrame([row for variant in VARIANTS for row in fit_variant(frame, variant)]),
        offenses=_outcomes(counties, ["violent_per_10k", "property_per_10k"]),
        without_state=_without_state(counties),
        classes=classes,
        economy=_outcomes(everywhere, list(ECONOMY)),
        income_classes=income,
        before=_before(counties),
        randomization=_randomization(counties),
        equivalence=_equivalence(main, results),
        power=_power(main, results),
        contrasts={
            "central": contrast(joint[MATCHED], CENTRAL, lowest(classes, MATCHED, CENTRAL)),
            "income": contrast(income_joint[MATCHED], RURAL, CENTRAL),
        },
    )


@cache
def results() -> CountyStudy:
    """Return the study on the committed panels, run once a process."""
    return run()


def _designs(counties: pd.DataFrame) -> dict[str, tuple[pd.DataFrame, dict[str, Any]]]:
    """Return the four designs: rows and options of the regression that estimates each."""
    return {
        DIFFERENCE: (counties, {}),
        MATCHED: (weighted(counties, matching(counties, TREATMENT)), {"weights": WEIGHT}),
        ADJUSTED: (counties, {"covariates": list(COVARIATES)}),
        WITHIN: (counties, {"covariates": list(COVARIATES), "effects": ["state"]}),
    }


def _main(counties: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Estimates]]:
    rows, fits = [], {}
    for design, (table, options) in _designs(counties).items():
        row, fits[design] = estimate(table, TREATMENT, **options)
        rows.append({"design": design, **row})
    return pd.DataFrame(rows), fits


def _outcomes(counties: pd.DataFrame, outcomes: list[str]) -> pd.DataFrame:
    rows = []
    for outcome in outcomes:
        known = counties[counties[outcome].notna()].reset_index(drop=True)
        for design, (table, options) in _designs(known).items():
            row, _ = estimate(table, TREATMENT, outcome, **options)
            rows.append({"outcome": outcome, "design": design, **row})
    return pd.DataFrame(rows)


def _matchings(counties: pd.DataFrame) -> pd.DataFrame:
    """Return the difference under each matching, with Abadie and Imbens's errors beside those by state."""
    rows = []
    for name, options in MATCHINGS.items():
        found = matching(counties, TREATMENT, **options)
        row, _ = estimate(weighted(counties, found), TREATMENT, weights=WEIGHT)
        rows.append({"name": name, **row, "std_error_matching": float(found.std_error[0])})
    used = weighted(counties, matching(counties, TREATMENT))
    row, _ = estimate(used, TREATMENT, weights=WEIGHT, covariates=list(COVARIATES))
    rows.append({"name": "Nearest, then regression", **row})
    found = entropy_balance(counties, outcome=CRIME, treatment=TREATMENT, covariates=list(COVARIATES))
    row, _ = estimate(weighted(counties, found), TREATMENT, weights=WEIGHT)
    rows.append({"name": "Entropy balancing", **row, "std_error_matching": float(found.std_error[0])})
    return pd.DataFrame(rows)


def _balance(counties: pd.DataFrame) -> pd.DataFrame:
    kinds = {name: MATCHINGS[name] for name in list(MATCHINGS)[:3]} | {SAME_STATE: {"exact": "state"}}
    parts = [
        balance_table(
            counties,
            treatment=TREATMENT,
            covariates=list(COVARIATES),
            weights=matching(counties, TREATMENT, **options),
        ).assign(matching=kind)
        for kind, options in kinds.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _without_state(counties: pd.DataFrame) -> pd.DataFrame:
    """Return both estimates with the counties of each declining state left out, matched anew."""
    rows = []
    for state in sorted(counties.loc[counties[TREATMENT].eq(1), "state"].unique()):
        rest = counties[counties["state"] != state].reset_index(drop=True)
        designs = _designs(rest)
        for design in (MATCHED, ADJUSTED):
            table, options = designs[design]
            row, _ = estimate(table, TREATMENT, draws=0, **options)
            rows.append({"state": state, "design": design, **row})
    return pd.DataFrame(rows)


def _before(counties: pd.DataFrame) -> pd.DataFrame:
    """Return the difference by year in counties the older file covers, each year matched on its own.

    Levels of the two files are never compared: each year is a comparison of counties within one file.
    """
    outcomes = {year: f"crime_{year}" for year in YEARS_BEFORE} | {YEAR: CRIME}
    rows = []
    for year, outcome in outcomes.items():
        found = _outcomes(counties, [outcome])
        rows.append(found[found["design"].isin([DIFFERENCE, MATCHED, ADJUSTED])].assign(year=year))
    return pd.concat(rows, ignore_index=True)


def _randomization(counties: pd.DataFrame) -> pd.DataFrame:
    """Return tests that re-assign the treatment as it may have been assigned.

    Between states: states in which every county used declines against states in which none does, whole
    states swapped. Within states: counties swapped inside their state, with state effects.
    """
    share = counties.groupby("state")[TREATMENT].transform("mean")
    whole = counties[share.isin([0.0, 1.0])].reset_index(drop=True)
    common: dict[str, Any] = {
        "outcome": CRIME,
        "treatment": TREATMENT,
        "unit": "fips",
        "draws": DRAWS,
        "seed": SEED,
    }
    rows = []
    for name, covariates in (("difference", []), ("regression-adjusted", list(COVARIATES))):
        between = randomization_test(
            whole, design="cluster", cluster="state", covariates=covariates, **common
        )
        inside = randomization_test(
            counties, design="unit", strata="state", effects=["state"], covariates=covariates, **common
        )
        rows += [
            _drawn("whole states swapped", name, between),
            _drawn("counties swapped in states", name, inside),
        ]
    return pd.DataFrame(rows)


def _drawn(swapped: str, design: str, result: Estimates) -> dict[str, Any]:
    row = result.row(term=TREATMENT)
    return {
        "swapped": swapped,
        "design": design,
        **{name: float(row[name]) for name in ("estimate", "p_value", "conf_low", "conf_high")},
        "counties": result.sample.used,
        "places": result.extra["places"],
        "treated_places": result.extra["treated_places"],
    }


def printed_margin() -> float:
    """Return the size of the printed difference in crime, per 10,000 people."""
    figure = claims("cap2017")[MARGIN_CLAIM].figure
    assert figure is not None
    return abs(float(figure.value))


def _equivalence(main: pd.DataFrame, fits: dict[str, Estimates]) -> pd.DataFrame:
    means = main.set_index("design")["comparison_mean"]
    parts = [
        equivalence(fit, TREATMENT, {PRINTED: printed_margin(), SHARE: MARGIN_SHARE * means[design]}).assign(
            design=design
        )
        for design, fit in fits.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _power(main: pd.DataFrame, fits: dict[str, Estimates]) -> pd.DataFrame:
    """Return power by design for true differences up to twice the printed one, marked ``is_printed``."""
    size = printed_margin()
    effects = [size * step / 20 for step in range(1, 41)]
    errors = main.set_index("design")["std_error"]
    parts = [
        power_of(float(errors[design]), fits[design].design["df"], effects).assign(design=design)
        for design in fits
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(is_printed=table["effect"].sub(size).abs() < 1e-9)


def findings(study: CountyStudy | None = None) -> dict[str, Finding]:
    """Return what the study, run on the committed panels when none is given, finds for each claim."""
    return findings_of(study or results())
