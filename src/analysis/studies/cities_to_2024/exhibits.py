"""Tables and figures of the paper on cities through 2024; nothing is estimated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .study import CitiesTo2024

_SHOWN = ["estimate", "conf_low", "conf_high"]


def percent(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its effects, intervals and detectable changes in percent."""
    columns = [*_SHOWN, "detectable", "block_low", "block_high", "fake_estimate"]
    return table.assign(**{name: 100 * np.expm1(table[name]) for name in columns if name in table})


def main_rows(study: CitiesTo2024) -> pd.DataFrame:
    """Return the rows of the main choice, in percent, with the names of policies and outcomes."""
    table = percent(study.effects[study.effects["choice"].eq(next(iter(study.spec.choices)))])
    return table.assign(
        policy=table["definition"].map(study.spec.treatments),
        offense=table["outcome"].map(study.spec.outcomes),
    ).reset_index(drop=True)


def choices_forest(study: CitiesTo2024) -> pd.DataFrame:
    """Return every choice by policy and offense as groups of a forest; the main one stands out."""
    table = percent(study.effects)
    spec = study.spec
    groups = table["definition"].map(spec.treatments) + ", " + table["outcome"].map(spec.outcomes).str.lower()
    made = table.assign(
        group=groups, name=table["choice"], highlight=table["choice"].eq(next(iter(spec.choices)))
    )
    order = {name: place for place, name in enumerate(spec.treatments)}
    made = made.sort_values("definition", key=lambda names: names.map(order), kind="stable")
    made = made.sort_values("group", key=lambda names: names.map(_first_places(made["group"])), kind="stable")
    return made[["group", "name", *_SHOWN, "highlight"]].reset_index(drop=True)


def _first_places(names: pd.Series) -> dict[str, int]:
    return {name: place for place, name in enumerate(names.drop_duplicates())}


def figures(study: CitiesTo2024) -> dict[str, Any]:
    """Return what is said of the study, by name, effects in percent; keys begin with ``later_``.

    ``later_standing``: rows of the main choice that are admitted and stand after Holm, in words;
    ``later_standing_blocks``: those of them whose interval by state blocks leaves out zero too.
    """
    rows, spec = main_rows(study), study.spec
    stands = rows["admitted"] & rows["p_holm"].le(1 - spec.level)
    blocks = rows["block_low"].gt(0) | rows["block_high"].lt(0)
    violent = rows[rows["outcome"].eq(next(iter(spec.outcomes)))].set_index("definition")
    said: dict[str, Any] = {}
    for key in spec.treatments:
        row: Any = violent.loc[key]
        said |= {f"later_{key}": row["estimate"], f"later_{key}_low": row["conf_low"]}
        said |= {f"later_{key}_high": row["conf_high"], f"later_{key}_used": int(row["compared"])}
    words = rows["policy"].str.lower() + ", " + rows["offense"].str.lower()
    return said | {
        "later_rows": len(rows),
        "later_excluding": int((rows["conf_low"].gt(0) | rows["conf_high"].lt(0)).sum()),
        "later_failing": words[~rows["admitted"]].tolist(),
        "later_standing": words[stands].tolist(),
        "later_standing_blocks": words[stands & blocks].tolist(),
        **_top(study, rows, stands),
        "later_power": float(violent["power_share"].max()),
        "later_margin": spec.margin_share,
        "later_filled": int(study.filled["filled"].max()),
        "later_of_index": int(study.filled["of_the_index"].max()),
        "later_agreement": float(study.agreement["within"].min()),
        "later_first": spec.rules.first_cohort,
        "later_last": spec.rules.last_cohort,
        "later_end": spec.rules.last_year,
    }


def _top(study: CitiesTo2024, rows: pd.DataFrame, stands: pd.Series) -> dict[str, Any]:
    """Return the row that says most, and the same row by the last choice of rules."""
    top = (
        rows[stands].sort_values("p_holm").iloc[:1] if stands.any() else rows.sort_values("p_value").iloc[:1]
    )
    best = top.iloc[0]
    same = percent(study.effects)
    last = list(study.spec.choices)[-1]
    other = same[
        same["choice"].eq(last)
        & same["definition"].eq(best["definition"])
        & same["outcome"].eq(best["outcome"])
    ].iloc[0]
    return {
        "later_top": f"{best['policy'].lower()}, {best['offense'].lower()}",
        "later_top_estimate": best["estimate"],
        "later_top_low": best["conf_low"],
        "later_top_high": best["conf_high"],
        "later_top_holm": best["p_holm"],
        "later_top_block_low": best["block_low"],
        "later_top_block_high": best["block_high"],
        "later_top_out": other["estimate"],
        "later_top_out_low": other["conf_low"],
        "later_top_out_high": other["conf_high"],
    }
