"""The county study's tables in the shape its figures and tables take; nothing is estimated here."""

from __future__ import annotations

import pandas as pd

from .fits import ADJUSTED, DIFFERENCE, MATCHED, WITHIN
from .results import CountyStudy

#: What each design holds constant, in the order of the main table.
DESIGNS = {
    DIFFERENCE: "Unadjusted",
    MATCHED: "Matched, nearest neighbour",
    ADJUSTED: "Regression-adjusted",
    WITHIN: "Regression-adjusted, within states",
}
_SHOWN = ["estimate", "conf_low", "conf_high"]


def main_forest(table: pd.DataFrame) -> pd.DataFrame:
    """Return the main designs as rows of a forest: ``name, estimate, conf_low, conf_high, highlight``."""
    return table.assign(name=table["design"].map(DESIGNS), highlight=table["design"].eq(MATCHED))[
        ["name", *_SHOWN, "highlight"]
    ]


def forest(study: CountyStudy) -> pd.DataFrame:
    """Return all estimates of the crime difference as rows of a forest.

    Rows of regression-adjusted estimates are highlighted; a variant's second row has no name.
    """
    main, matchings, variants = study.main, study.matchings, study.variants
    first = main_forest(main).assign(group="Main designs", highlight=main["design"].isin([ADJUSTED, WITHIN]))
    other = matchings.iloc[1:].assign(group="Other matching", highlight=False)
    rest = variants[variants["group"] != study.spec.main.group]
    again = rest["name"].eq(rest["name"].shift())
    rest = rest.assign(highlight=rest["design"].eq(ADJUSTED), name=rest["name"].mask(again, ""))
    columns = ["group", "name", *_SHOWN, "highlight"]
    return pd.concat([part[columns] for part in (first, other, rest)], ignore_index=True)


def class_forest(classes: pd.DataFrame) -> pd.DataFrame:
    """Return differences by urban-rural class as rows of a forest, one group a class."""
    order = list(DESIGNS)
    table = classes.assign(order=classes["design"].map(order.index)).sort_values(["class", "order"])
    counts = table["name"] + " (" + table["treated"].astype(str) + " declining)"
    return table.assign(
        group=counts.groupby(table["class"]).transform("first"),
        name=table["design"].map(DESIGNS),
        highlight=table["design"].eq(MATCHED),
    )[["group", "name", *_SHOWN, "highlight"]]


def before_forest(before: pd.DataFrame) -> pd.DataFrame:
    """Return matched and adjusted differences by year, as shares of the comparison mean in percent."""
    table = before[before["design"].isin([MATCHED, ADJUSTED])]
    shares = {name: 100 * table[name] / table["comparison_mean"] for name in _SHOWN}
    return table.assign(
        **shares,
        group=table["design"].map(DESIGNS),
        name=table["year"].astype(str),
        highlight=table["year"].eq(table["year"].max()),
    ).sort_values(["group", "year"])[["group", "name", *_SHOWN, "highlight"]]


def love(study: CountyStudy) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return standardised differences by covariate before matching, and after each kind of it."""
    table = study.balance.assign(name=study.balance["covariate"].map(study.spec.covariates))
    kinds = {str(kind): rows for kind, rows in table.groupby("matching", sort=False)}
    after = {kind.removeprefix("Nearest, "): _by_name(rows, "smd_after") for kind, rows in kinds.items()}
    return _by_name(next(iter(kinds.values())), "smd_before"), after


def _by_name(rows: pd.DataFrame, column: str) -> dict[str, float]:
    return dict(zip(rows["name"], rows[column], strict=True))


def map_classes(counties: pd.DataFrame) -> dict[str, str]:
    """Return each county's class for a map, by FIPS."""
    out = counties["declines"].eq(0) & ~counties["is_graded"]
    classes = counties["how"].replace(
        {"none known": "comparison", "doubtful": "named, not surely bound: left out"}
    )
    return dict(zip(counties["fips"], classes.mask(out, "comparison, but no usable crime rate"), strict=True))


def powers(power: pd.DataFrame) -> dict[str, pd.Series]:
    """Return power by true difference, one curve a design."""
    parts = {design: power[power["design"] == design] for design in DESIGNS}
    return {DESIGNS[design]: rows.set_index("effect")["power"] for design, rows in parts.items()}


def economy_table(study: CountyStudy) -> pd.DataFrame:
    """Return one row an outcome: the comparison mean, each design's difference, the matched interval.

    Income is in thousands of dollars, so that a format serves all rows.
    """
    economy = study.economy
    names = {outcome: name for outcome, (name, _) in study.spec.economy.items()}
    numbers = ["comparison_mean", "estimate", "conf_low", "conf_high", "detectable"]
    scale = economy["outcome"].eq("median_household_income_nominal").map({True: 1e-3, False: 1.0})
    table = economy.assign(**{name: economy[name] * scale for name in numbers})
    wide = table.pivot(index="outcome", columns="design", values="estimate")
    near = table[table["design"] == MATCHED].set_index("outcome")
    result = near[["comparison_mean"]].join(wide[[DIFFERENCE, MATCHED]]).join(near[["conf_low", "conf_high"]])
    result = result.join(wide[[ADJUSTED, WITHIN]]).join(near["detectable"]).loc[list(names)]
    result.insert(0, "name", [names[outcome] for outcome in result.index])
    return result.reset_index(drop=True)
