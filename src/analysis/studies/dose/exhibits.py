"""Tables and sentences of the dose design in the shape its pages take; the words follow the data."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...estimators.core.intervals import excludes_zero
from .study import Dose

_SHOWN = ["estimate", "conf_low", "conf_high"]


def percent(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose estimates in log points are percent: 100 (exp(x) - 1)."""
    return table.assign(**{name: 100 * np.expm1(table[name]) for name in _SHOWN})


def classes_forest(study: Dose, outcomes: tuple[str, ...]) -> pd.DataFrame:
    """Return effects by class as groups of a forest by outcome; the placebo stands out."""
    rows = percent(study.effects[study.effects["outcome"].isin(outcomes)])
    rows = rows[rows["dose_class"].isin(study.spec.classes)]
    return _forest(rows, study).assign(highlight=rows["dose_class"].eq(study.spec.classes[0]).to_numpy())


def false_forest(study: Dose) -> pd.DataFrame:
    """Return the highest class as groups of a forest by outcome: what came after, and the false period."""
    parts = {"2013–14, the policies": study.effects, "2011–12, before them": study.false_period}
    made = [
        table[table["dose_class"].eq(study.spec.classes[-1])].assign(when=name)
        for name, table in parts.items()
    ]
    looks = study.afterwards[study.afterwards["dose_class"].eq(study.spec.classes[-1])]
    made.append(looks.assign(when=looks["look"]))
    rows = percent(pd.concat(made, ignore_index=True))
    order = {outcome: at for at, outcome in enumerate(study.spec.outcomes)}
    rows = rows.sort_values("outcome", key=lambda names: names.map(order), kind="stable")
    table = rows.assign(group=rows["outcome"].map(study.spec.outcomes), name=rows["when"])
    table["highlight"] = table["when"].str.contains("before")
    return table[["group", "name", *_SHOWN, "highlight"]].reset_index(drop=True)


def power_table(study: Dose) -> pd.DataFrame:
    """Return the detectable effect by outcome (rows) and class (columns), as a share of the mean."""
    rows = study.power[study.power["dose_class"].isin(study.spec.classes)]
    wide = rows.pivot(index="outcome", columns="dose_class", values="detectable_share")
    wide = wide.loc[list(study.spec.outcomes), list(study.spec.classes)].reset_index()
    wide["outcome"] = wide["outcome"].map(study.spec.outcomes)
    return wide.rename_axis(columns=None)


def slopes_table(study: Dose) -> pd.DataFrame:
    """Return by outcome the slope of the effect in the dose and in the check, with the effect at no dose.

    In percent: for one more detainer per 1,000 residents and year (``dose_``), at none (``zero_``), and for
    ten more non-citizens in a hundred residents (``check_``).
    """
    spec, steps = study.spec, {"dose": 1.0, "check": 0.1}
    by_dose = {
        key: study.slopes[study.slopes["dose"].eq(getattr(spec, key))].set_index("outcome") for key in steps
    }
    table = pd.DataFrame(index=list(spec.outcomes))
    for name in _SHOWN:
        for key, step in steps.items():
            table[f"{key}_{name}"] = 100 * np.expm1(step * by_dose[key][f"slope_{name}"])
        table[f"zero_{name}"] = 100 * np.expm1(by_dose["dose"][f"at_zero_{name}"])
    return table.rename(index=dict(spec.outcomes)).rename_axis("outcome").reset_index()


def failed_before(study: Dose) -> list[str]:
    """Return the outcomes whose highest class moved in the false period: zero is outside the interval."""
    rows = study.false_period[study.false_period["dose_class"].eq(study.spec.classes[-1])]
    found: list[str] = rows.loc[excludes_zero(rows["conf_low"], rows["conf_high"]), "outcome"].tolist()
    return found


def stand_out(study: Dose) -> list[str]:
    """Return the outcomes whose highest class excludes zero after Holm's correction over outcomes."""
    rows = study.effects[study.effects["dose_class"].eq(study.spec.classes[-1])]
    return rows.loc[rows["p_holm"] < 1 - study.spec.level, "outcome"].tolist()


def reading(study: Dose) -> str:
    """Return what the highest class says of the policies, in words that follow the estimates."""
    found, before = set(stand_out(study)), set(failed_before(study))
    if found - before:
        return "and nothing of the kind came before adoption: the rise is the policies' if trends were alike"
    if found:
        return "but those counties moved as much before adoption: the rise cannot be laid to the policies"
    if before:
        return "and those counties moved before adoption already, so that an effect could not be told apart"
    return "and nothing moved before adoption: what the intervals leave out is excluded"


def _forest(rows: pd.DataFrame, study: Dose) -> pd.DataFrame:
    table = rows.assign(group=rows["outcome"].map(study.spec.outcomes), name=rows["dose_class"])
    return table[["group", "name", *_SHOWN]].reset_index(drop=True)
