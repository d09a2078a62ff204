"""Tables and figures of the paper on cities inside counties; nothing is estimated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .dose import HIGH_LESS_PLACEBO, SLOPE
from .study import CitiesInCounties

_SHOWN = ["estimate", "conf_low", "conf_high"]


def percent(table: pd.DataFrame, *more: str) -> pd.DataFrame:
    """Return a table with its effects and intervals, and further columns, in percent."""
    columns = [name for name in (*_SHOWN, "detectable", *more) if name in table]
    return table.assign(**{name: 100 * np.expm1(table[name]) for name in columns})


def comparisons_table(study: CitiesInCounties, outcome: str) -> pd.DataFrame:
    """Return one outcome's comparisons in the order of the specification, in percent."""
    table = percent(study.comparisons, "fake_estimate")
    return table[table["outcome"].eq(outcome)].drop(columns="outcome").reset_index(drop=True)


def comparisons_forest(study: CitiesInCounties) -> pd.DataFrame:
    """Return every comparison's effects by outcome as groups of a forest; those with an error alone."""
    table = percent(study.comparisons)
    table = table[table["conf_low"].notna() & table["df"].ge(study.spec.fewest_states - 1)]
    names = study.spec.outcomes
    return table.assign(
        group=table["outcome"].map(names), name=table["comparison"], highlight=table["admitted"]
    )[["group", "name", *_SHOWN, "highlight"]]


def events_panels(study: CitiesInCounties) -> dict[str, dict[str, pd.DataFrame]]:
    """Return log ratios by years since adoption, a panel for each total, the year before at zero."""
    base = pd.DataFrame([{"year": -1, **dict.fromkeys(_SHOWN, 0.0)}])
    panels = {}
    for outcome in study.spec.totals:
        rows = study.events[study.events["outcome"].eq(outcome)].rename(columns={"time": "year"})
        rows = pd.concat([rows[["year", *_SHOWN]], base], ignore_index=True).sort_values("year")
        panels[study.spec.outcomes[outcome]] = {"adopters less others": rows}
    return panels


def subsamples_table(study: CitiesInCounties) -> pd.DataFrame:
    """Return the subsamples, the whole sample first, with both totals side by side, in percent."""
    whole = study.effects[study.effects["outcome"].isin(study.spec.totals)].assign(subsample="All")
    table = percent(pd.concat([whole, study.subsamples], ignore_index=True))
    wide = table.pivot(index="subsample", columns="outcome", values=[*_SHOWN, "adopters"])
    pairs: Any = wide.columns
    wide.columns = pd.Index([f"{outcome}_{name}" for name, outcome in pairs])
    return wide.loc[["All", *study.spec.subsamples]].rename_axis("subsample").reset_index()


def dose_table(study: CitiesInCounties) -> pd.DataFrame:
    """Return effects by class of dose with tests before, in percent."""
    table = percent(study.dose[~study.dose["term"].eq(SLOPE)], "fake_estimate")
    return table.assign(outcome=table["outcome"].map(study.spec.outcomes)).reset_index(drop=True)


def figures(study: CitiesInCounties) -> dict[str, Any]:
    """Return what is said of the study, by name, effects in percent.

    Keys: ``cic_chosen`` (empty if no comparison is admitted), ``cic_shown``, counts of cities; for both
    totals ``cic_violent``, ``cic_property`` with ``_low, _high, _holm, _detectable``; the shown comparison
    without California; the county files' figures; how many comparisons were tested and admitted.
    """
    spec = study.spec
    found: dict[str, Any] = {}
    effects = percent(study.effects).set_index("outcome")
    without = percent(study.subsamples)
    without = without[without["subsample"].eq("Without California")].set_index("outcome")
    files = percent(study.county_files).set_index("outcome")
    for short, outcome in zip(("violent", "property"), spec.totals, strict=True):
        row = effects.loc[outcome]
        found |= _ends(f"cic_{short}", row) | _ends(f"cic_{short}_without", without.loc[outcome])
        found |= _ends(f"cic_{short}_files", files.loc[outcome])
        found |= {f"cic_{short}_holm": row["p_holm"], f"cic_{short}_detectable": row["detectable"]}
    return found | _sizes(study, effects.loc[spec.totals[0]])


def _sizes(study: CitiesInCounties, first: Any) -> dict[str, Any]:
    spec = study.spec
    by_name = study.comparisons.assign(tested=study.comparisons["leads_p"].notna()).groupby("comparison")
    tests = by_name[["tested", "admitted"]].all()
    classes = study.dose[study.dose["term"].isin(spec.classes)].groupby("term")["admitted"].all()
    return {
        "cic_chosen": study.chosen,
        "cic_shown": study.shown,
        "cic_comparisons": len(spec.comparisons),
        "cic_tested": int(tests["tested"].sum()),
        "cic_admitted": int(tests["admitted"].sum()),
        "cic_adopters": int(first["adopters"]),
        "cic_counties": int(first["counties"]),
        "cic_states": int(first["adopting_states"]),
        "cic_others": int(first["others"]),
        "cic_power": float(first["power_share"]),
        "cic_margin": spec.margin_share,
        "cic_largest_state": str(first["largest_state"]),
        "cic_largest_share": float(first["largest_share"]),
        "cic_first": spec.years[0],
        "cic_last": spec.years[1],
        "cic_smallest": spec.smallest,
        "cic_classes": len(spec.classes),
        "cic_classes_admitted": int(classes.sum()),
        "cic_contrast_readable": bool(
            study.dose.set_index("term").loc[[HIGH_LESS_PLACEBO], "admitted"].all()
        ),
    }


def _ends(key: str, row: Any) -> dict[str, float]:
    return {key: row["estimate"], f"{key}_low": row["conf_low"], f"{key}_high": row["conf_high"]}
