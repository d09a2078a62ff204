"""Tables and figures of the paper on states to 2023; nothing is estimated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .study import BANS, LAW, StatesTo2023, with_family

_SHOWN = ["estimate", "conf_low", "conf_high"]


def percent(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its effects, intervals and detectable changes in percent."""
    columns = [name for name in (*_SHOWN, "detectable") if name in table]
    return table.assign(**{name: 100 * np.expm1(table[name]) for name in columns})


def main_rows(study: StatesTo2023) -> pd.DataFrame:
    """Return the rows of the study's span with every donor, Holm's p-values, and whether each is admitted."""
    rows = study.effects[
        study.effects["span"].eq(study.chosen_span)
        & study.effects["donors"].eq(next(iter(study.spec.donors)))
    ]
    false = study.placebo.set_index(["law", "outcome"])["p_value"]
    keys = pd.MultiIndex.from_frame(rows[["law", "outcome"]])
    rows = with_family(rows).assign(false_p=false.reindex(keys).to_numpy())
    return percent(rows.assign(admitted=rows["false_p"].gt(study.spec.admit))).reset_index(drop=True)


def spans_forest(study: StatesTo2023, law: str) -> pd.DataFrame:
    """Return one law's effects by outcome, span and donors as groups of a forest; the study's stand out."""
    rows = percent(study.effects[study.effects["law"].eq(law)])
    first = next(iter(study.spec.donors))
    names = rows["span"] + np.where(rows["donors"].eq(first), "", ", " + rows["donors"].str.lower())
    mine = rows["span"].eq(study.chosen_span) & rows["donors"].eq(first)
    made = rows.assign(group=rows["outcome"].map(study.spec.outcomes), name=names, highlight=mine)
    return made[["group", "name", *_SHOWN, "highlight"]].reset_index(drop=True)


def single_table(study: StatesTo2023) -> pd.DataFrame:
    """Return each ban alone, one row a state and outcome, in percent."""
    table = percent(study.single)
    return table.assign(outcome=table["outcome"].map(study.spec.outcomes)).reset_index(drop=True)


def figures(study: StatesTo2023) -> dict[str, Any]:
    """Return what is said of the study, by name, effects in percent; keys begin with ``ban_`` or ``law_``."""
    rows, spec = main_rows(study).set_index(["law", "outcome"]), study.spec
    found: dict[str, Any] = {}
    for key, law in (("ban", BANS), ("law", LAW)):
        for short, outcome in (
            ("homicide", "homicide"),
            ("violent", "violent_without_rape"),
            ("property", "property"),
        ):
            row: Any = rows.loc[(law, outcome)]
            found |= {f"{key}_{short}": row["estimate"], f"{key}_{short}_low": row["conf_low"]}
            found |= {f"{key}_{short}_high": row["conf_high"]}
        found |= _judged(key, rows.loc[law], study)
    bans = study.laws[study.laws["is_ban"]]
    return found | {
        "ban_states": len(bans),
        "ban_first": int(bans["start"].min()),
        "ban_last": int(bans["start"].max()),
        "ban_donors": int(rows["donors_used"].max()),
        "ban_margin": spec.margin_share,
        "ban_shift": spec.shift,
        "law_years": int(spec.spans[study.chosen_span][0] - next(iter(spec.spans.values()))[0]),
        "span_gap": study.gap_in_errors,
        "span_last": int(spec.spans[study.chosen_span][0]),
        "span_kept": not spec.spans[study.chosen_span][1],
        "span_gap_states": int(study.donors["is_gap_state"].sum() + study.laws["is_gap_state"].sum()),
    }


def _judged(key: str, own: Any, study: StatesTo2023) -> dict[str, Any]:
    """Return what the rows of one kind of law exclude, fail and could find."""
    spec = study.spec
    return {
        f"{key}_rows": len(own),
        f"{key}_excluding": int((own["conf_low"].gt(0) | own["conf_high"].lt(0)).sum()),
        f"{key}_failing": [spec.outcomes[name].lower() for name in own.index[~own["admitted"]]],
        f"{key}_power": float(own.loc["violent_without_rape", "power_share"]),
        f"{key}_detectable": float(own.loc["violent_without_rape", "detectable"]),
        f"{key}_standing": int((own["p_holm"].le(1 - spec.level) & own["admitted"]).sum()),
    }
