"""Looks taken after the frozen estimates were read: each is named so, and none replaces a frozen one.

Declines were hardly recorded before 2011, so that a comparison county's ten becoming fifty weighs on the
proportional scale as much as an adopter's hundred becoming five hundred. The same effect in declines per 100
detainers says how large it is. And a mark of three declines dates large jails early: higher marks show it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ... import estimators as est
from ...estimators.core.intervals import t_interval
from ...estimators.resampling.jackknife import jackknife_error
from .dates import SEEN, dates_and_declines
from .fits import Row
from .spec import FirstStageSpec

#: Fiscal years that a county's exposure pools.
POOLED_YEARS = 8
#: Marks for the first year of declines; the first is the frozen one's.
MARKS = (3, 5, 10, 25)


def declines_per_100(frame: pd.DataFrame, *, spec: FirstStageSpec) -> Row:
    """Return the effect of a policy in declines per 100 detainers of an average year at the county's jails.

    Least squares with cohort and year effects, weighted by detainers; errors by leaving out each state.
    """
    volume = np.exp(frame["log_volume"]) / POOLED_YEARS
    rows = frame.assign(per_100=frame["declined"] / volume * 100, volume=volume)

    def effect(part: pd.DataFrame) -> float:
        fit = est.ols(
            part.reset_index(drop=True),
            outcome="per_100",
            treatment="treated",
            effects=["cohort", "year"],
            weights="volume",
            cluster="state",
        )
        return float(fit.row(term="treated")["estimate"])

    full, states = effect(rows), sorted(rows["state"].unique())
    refits = np.array([effect(rows[rows["state"].ne(state)]) for state in states])
    row = t_interval(full, jackknife_error(full, refits), len(states) - 1, spec.level)
    kept = ("estimate", "std_error", "p_value", "conf_low", "conf_high", "df")
    return {name: row[name] for name in kept}


def by_mark(
    counties: pd.DataFrame, panels: Mapping[str, pd.DataFrame], *, spec: FirstStageSpec
) -> pd.DataFrame:
    """Return the rates of misdated and inert policies under other marks for the first year of declines."""
    rows = []
    for mark in MARKS:
        dates = dates_and_declines(counties, panels, spec=spec.replace(begins_with=mark))
        seen = dates["verdict"].isin(SEEN)
        share = dates.loc[seen, "verdict"].value_counts(normalize=True)
        rows.append({"mark": mark, "seen": int(seen.sum())} | {name: share.get(name, 0.0) for name in SEEN})
    return pd.DataFrame(rows).rename(columns=lambda name: name.replace(" ", "_"))
