"""Tables of the first stage in the shape its figures take; nothing is estimated."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .dates import VERDICTS
from .study import FirstStage

_SHOWN = ["estimate", "conf_low", "conf_high"]


def events_panels(study: FirstStage) -> dict[str, dict[str, pd.DataFrame]]:
    """Return log ratios by years since adoption, a panel for each sample, the reference year at zero."""
    base = pd.DataFrame([{"year": study.spec.reference, **dict.fromkeys(_SHOWN, 0.0)}])
    panels = {}
    for name in study.spec.samples:
        rows = study.events[study.events["sample"].eq(name)].rename(columns={"event_time": "year"})
        rows = pd.concat([rows[["year", *_SHOWN]], base], ignore_index=True).sort_values("year")
        panels[name[:1].upper() + name[1:]] = {"adopters less others": rows}
    return panels


def common_limits(study: FirstStage) -> tuple[float, float]:
    """Return one range of log ratios for every panel: whole numbers around all intervals."""
    return float(np.floor(study.events["conf_low"].min())), float(np.ceil(study.events["conf_high"].max()))


def ratios_table(study: FirstStage) -> pd.DataFrame:
    """Return how many times as many declines a policy brings, beside the effect per 100 detainers."""
    rows = study.effects[study.effects["adopters_dated_by"].eq("all")]
    rows = rows.merge(study.additive, on="sample", suffixes=("", "_per_100"), validate="one_to_one")
    table = rows[["sample", "adopters", "adopting_states"]].copy()
    for name, column in zip(("ratio", "ratio_low", "ratio_high"), _SHOWN, strict=True):
        table[name] = np.exp(rows[column])
    for name, column in zip(("per_100", "per_100_low", "per_100_high"), _SHOWN, strict=True):
        table[name] = rows[f"{column}_per_100"]
    table["detectable_ratio"] = np.exp(rows["detectable"])
    return table


def shares_forest(study: FirstStage) -> pd.DataFrame:
    """Return shares declined of fiscal year 2015 in percent, as groups of a forest."""
    rows = study.shares.assign(group=study.shares["sample"].str.capitalize(), name=study.shares["group"])
    rows[_SHOWN] = rows[_SHOWN] * 100
    rows["conf_low"] = rows["conf_low"].clip(lower=0.0)
    rows["group"] = rows["group"].str.replace("california", "California").str.replace("new york", "New York")
    return rows.assign(highlight=rows["name"].eq("policy dated"))[["group", "name", *_SHOWN, "highlight"]]


def verdicts_table(study: FirstStage) -> pd.DataFrame:
    """Return dates by verdict, those of a local policy and of a state law apart."""
    counted = pd.crosstab(study.dates["verdict"], study.dates["dated_by"]).reindex(
        list(VERDICTS), fill_value=0
    )
    counted = counted.rename(columns={"local": "local_policy", "state law": "state_law"})
    return counted.rename_axis(columns=None).reset_index()


def sources_table(study: FirstStage) -> pd.DataFrame:
    """Return misdated and inert dates by the kind of source that dates them, the most frequent first.

    Dates of a state law have no source of their own county and stand as such.
    """
    table = study.rates["source_type"].sort_values(["seen", "source_type"], ascending=[False, True])
    names = table["source_type"].replace("not known", "none of the county's own (state law)")
    columns = ["seen", "misdated_share", "inert_share"]
    return table.assign(source_type=names)[["source_type", *columns]].reset_index(drop=True)
