"""Verdicts on the other studies' claims in the shape of their exhibits; nothing here estimates anything."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..published.claims import VERDICTS, claims
from ..published.verdicts import tally
from . import arellano2017 as design
from . import arellano2017_findings
from .arellano2017 import BALANCE, COLUMNS, KINDS, TOTALS, BorderStudy

TABLE = "other_studies"
DESIGN_NAMES = {"dd1": "County and time effects", "dd2": "County and group-by-time effects"}
TRAITS = {
    "density": "Residents per square mile",
    "democratic_2008": "Democratic share of votes",
    "hispanic": "Hispanic share",
    "unemployment": "Unemployment, percent",
    "foreign_born": "Foreign-born share",
    "income": "Median household income, dollars",
}
#: A hyphen that stands for a minus: before a digit and after no word.
_MINUS = r"(?<!\w)-(?=\d)"


def authors() -> pd.Series:
    """Return authors and year of each study, by its name."""
    table = pd.DataFrame([vars(claim) for claim in claims(TABLE).values()]).drop_duplicates("study")
    cited = table.set_index("study")["citation"]
    dated = cited.str.extract(r"^(.*?(?:19|20)\d\d)")[0]
    return dated.fillna(cited.str.split(",").str[0])


def by_study(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return verdicts counted by study, named by its authors, those most tested first; then all together."""
    counts = tally(verdicts)
    counts = counts.assign(study=counts["study"].map(authors()), tested=counts["claims"] - counts["untested"])
    columns = ["study", "claims", *VERDICTS]
    ordered = counts.sort_values(["tested", "claims", "study"], ascending=[False, False, True])[columns]
    whole = ordered[["claims", *VERDICTS]].sum().to_frame().T.assign(study="All")
    return pd.concat([ordered, whole[columns]], ignore_index=True)


def tested(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return the tested claims of all studies but the border design, each under its authors as exhibit."""
    rows = verdicts[verdicts["verdict"].ne("untested") & verdicts["study"].ne(arellano2017_findings.STUDY)]
    return rows.assign(exhibit=rows["study"].map(authors())).reset_index(drop=True)


def differences(rows: pd.DataFrame) -> list[str]:
    """Return one paragraph for each distinct note, after the authors it is about."""
    told = rows["note"].str.replace(_MINUS, "\N{MINUS SIGN}", regex=True)
    return [
        f"{' and '.join(dict.fromkeys(part['exhibit']))}: {note}"
        for note, part in rows.groupby(told, sort=False)
    ]


def reasons(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return why figures are untested: ``reason, claims, studies`` (authors), the most frequent first."""
    rows = verdicts[verdicts["verdict"].eq("untested")]
    rows = rows.assign(who=rows["study"].map(authors()))
    grouped = rows.groupby("note", sort=False)
    table = pd.DataFrame(
        {
            "claims": grouped.size(),
            "studies": grouped["who"].agg(lambda names: "; ".join(dict.fromkeys(names))),
        }
    )
    table = table.rename_axis("reason").reset_index()
    return table.sort_values("claims", ascending=False, kind="stable", ignore_index=True)


def border_estimates(study: BorderStudy, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return printed and our estimates of the border design with errors, and the verdict on both.

    Returns
    -------
    pandas.DataFrame
        ``group, name, part`` (``totals``, ``types``, ``quarters``), ``printed, printed_error``, ``estimate,
        std_error, conf_low, conf_high``, ``verdict, error_verdict``.
    """
    cells = arellano2017_findings.cells(study).merge(
        verdicts[["claim", "printed", "verdict"]], on="claim", validate="1:1"
    )
    errors = verdicts.set_index("claim").loc[list(cells["claim"] + "_se")]
    made = cells.assign(
        part=[_part(row) for row in cells.to_dict("records")],
        group=[_group(row) for row in cells.to_dict("records")],
        name=[_name(row) for row in cells.to_dict("records")],
        printed_error=errors["printed"].to_numpy(),
        error_verdict=errors["verdict"].to_numpy(),
        order=[list(TOTALS).index(name) if name in TOTALS else len(TOTALS) for name in cells["outcome"]],
    )
    quarters = made["part"].eq("quarters")
    ordered = made[quarters].sort_values(["order", "quarter", "column"])
    return pd.concat([made[~quarters], ordered], ignore_index=True).drop(columns="order")


def _part(row: dict[Any, Any]) -> str:
    return "quarters" if pd.notna(row["quarter"]) else "types" if row["outcome"] in design.TYPES else "totals"


def _group(row: dict[Any, Any]) -> str:
    outcome = str(row["outcome"]).capitalize()
    if _part(row) == "quarters":
        return f"{outcome}, {_ORDINALS[int(row['quarter'])]} quarter of the Hispanic share"
    return outcome if _part(row) == "totals" else "By type; group-by-time effects, covariates and trends"


_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth"}


def _name(row: dict[Any, Any]) -> str:
    if _part(row) == "types":
        return str(row["outcome"]).replace("_", " ").capitalize()
    covariates, trends = COLUMNS[row["column"]]
    said = {(False, False): "neither", (True, False): "covariates", (False, True): "trends"}
    more = said.get((covariates, trends), "covariates and trends")
    return more.capitalize() if _part(row) == "quarters" else f"{DESIGN_NAMES[row['design']]}; {more}"


def balance_table(study: BorderStudy) -> pd.DataFrame:
    """Return the means of the border design's balance table as text, printed and ours, by kind of county."""
    ours = study.balance.set_index(["trait", "kind"])["mean"]
    printed = claims(TABLE)
    rows = []
    for trait in BALANCE:
        row = {"trait": TRAITS[trait]}
        for kind in KINDS:
            row[f"printed_{kind}"] = printed[f"{arellano2017_findings.STUDY}_balance_{trait}_{kind}"].printed
            row[f"ours_{kind}"] = arellano2017_findings.shown(trait, ours.loc[(trait, kind)])
        rows.append(row)
    return pd.DataFrame(rows)
