"""The estimates of the first stage: Poisson event studies, shares declined, and what became of each date."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ... import estimators as est
from ...estimators.core.intervals import t_interval
from ...estimators.regression.poisson_refits import poisson_refits
from ...estimators.resampling.jackknife import jackknife_error
from .spec import FirstStageSpec

Row = dict[str, Any]
_EFFECTS = ["cohort", "year"]
_POOLED = ("estimate", "std_error", "p_value", "conf_low", "conf_high")


def event_path(frame: pd.DataFrame, *, spec: FirstStageSpec) -> pd.DataFrame:
    """Return log ratios of declines by event time, with cohort and year effects and volume as exposure.

    Cohorts, not counties, have an effect of their own: counties that never declined then count, as they must,
    for a rate of zero. Errors are clustered by state.
    """
    low, high = spec.window
    event = (frame["year"] - frame["cohort"]).clip(low, high).where(frame["cohort"].gt(0))
    times = [time for time in range(low, high + 1) if time != spec.reference]
    names = {time: f"at_{time}" for time in times}
    made = frame.assign(**{name: event.eq(time).astype(float) for time, name in names.items()})
    fit = _fit(made, list(names.values()))
    clusters = (fit.sample.clusters or 2) - 1
    rows = []
    for time, name in names.items():
        found = fit.row(term=name)
        row = t_interval(float(found["estimate"]), float(found["std_error"]), clusters, spec.level)
        rows.append({"event_time": time} | row)
    return pd.DataFrame(rows)


def pooled_effect(frame: pd.DataFrame, *, spec: FirstStageSpec) -> Row:
    """Return the log ratio of declines under a policy, errors by leaving out each state in turn.

    In this balanced panel, with exposure constant in a county, effects of counties instead of cohorts give
    the same ratio to the last digit.
    """
    whole, refits = poisson_refits(
        frame,
        outcome="declined",
        treatment=["treated"],
        effects=_EFFECTS,
        offset="log_volume",
        without="state",
    )
    full, known = float(whole[0]), refits[np.isfinite(refits)]
    row = t_interval(full, jackknife_error(full, known), len(known) - 1, spec.level)
    treated = frame[frame["treated"].gt(0)]
    return {name: row[name] for name in (*_POOLED, "df")} | {
        "ratio": float(np.exp(full)),
        "counties": int(frame["fips"].nunique()),
        "adopters": int(treated["fips"].nunique()),
        "adopting_states": int(treated["state"].nunique()),
        "declined_before": float(frame.loc[frame["treated"].eq(0) & frame["cohort"].gt(0), "declined"].sum()),
        "declined_after": float(treated["declined"].sum()),
    }


def share_declined(counties: pd.DataFrame, *, spec: FirstStageSpec) -> Row:
    """Return declined over all detainers of fiscal year 2015, with an error by leaving out states."""
    total = counties["detainers_2015"].sum()
    share = float(counties["declined_2015"].sum() / total) if total else np.nan
    sums = counties.groupby("state")[["declined_2015", "detainers_2015"]].sum()
    rest = sums.sum() - sums
    refits = (rest["declined_2015"] / rest["detainers_2015"]).to_numpy(float)
    row = t_interval(share, jackknife_error(share, refits), len(refits) - 1, spec.level)
    return {name: row[name] for name in (*_POOLED, "df")} | {
        "counties": len(counties),
        "detainers": int(total),
        "declined": int(counties["declined_2015"].sum()),
    }


def _fit(frame: pd.DataFrame, terms: list[str]) -> est.Estimates:
    return est.poisson(
        frame,
        outcome="declined",
        treatment=terms,
        effects=_EFFECTS,
        offset="log_volume",
        cluster="state",
    )
