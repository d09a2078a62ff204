"""Effects by what the policy could change: within classes of the county's dose, and along it.

Every city of an adopting county has one weight and one difference from the comparison of its class; all
statistics are weighted means and regressions of these, and every error leaves out each adopting state, with
the comparison made anew.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ...estimators.core.intervals import t_interval
from ...estimators.resampling.jackknife import jackknife_error
from ..city_power.estimates import TInference
from ..city_power.permutations import Assignments, observed
from ..city_power.precision import LogRatios, comparison_means
from ..city_power.windows import Windows
from ..credibility.counties import leads
from .design import CountyDesign
from .sample import compared_within
from .spec import CitiesInCountiesSpec

WITHIN = ("dose_class",)
HIGH_LESS_PLACEBO, SLOPE = "high less placebo", "per detainer per 1,000 residents"


def dose_effects(frame: pd.DataFrame, *, spec: CitiesInCountiesSpec) -> pd.DataFrame:
    """Return effects by class, their contrast and the slope, with the same at the false date.

    Returns
    -------
    pandas.DataFrame
        ``term`` (a class, `HIGH_LESS_PLACEBO` or `SLOPE`); columns of `TInference.row`; ``adopters,
        adopting_states, others``; ``fake_estimate, fake_p``; of classes also ``leads_p, leads_power,
        leads_drift``. The slope is of the log ratio in the dose across classes.
    """
    design = CountyDesign(compared_within(frame, WITHIN, spec=spec), WITHIN, spec=spec)
    main = statistics(design.made, design.table, spec=spec)
    table = design.false_windows()
    false = statistics(design.ratios(table), table, spec=spec)
    share = float(np.log1p(spec.margin_share))
    rows: list[dict[str, Any]] = []
    for term in main:
        found = TInference(*main[term], spec.level).row(share)
        fake = t_interval(*false[term], spec.level) if term in false else {}
        row = {"term": term} | found | _counts(design, term)
        row |= {"fake_estimate": fake.get("estimate", np.nan), "fake_p": fake.get("p_value", np.nan)}
        rows.append(row | (_class_leads(frame, term, spec) if term in spec.classes else {}))
    return pd.DataFrame(rows)


def statistics(
    made: LogRatios, table: Windows, *, spec: CitiesInCountiesSpec
) -> dict[str, tuple[float, float, int]]:
    """Return estimate, jackknife error and degrees of freedom of every term."""
    drawn = observed(table)
    state = table.cities["state"].to_numpy()
    full = _terms(made, table, drawn, np.ones(len(state), bool), spec)
    treated = np.unique(state[drawn.rows[0]])
    left = [_terms(made, table, drawn, state != name, spec) for name in treated]
    found = {}
    for term, estimate in full.items():
        refits = np.array([one.get(term, np.nan) for one in left])
        moved = np.isfinite(refits) & (refits != estimate)
        if moved.sum() >= 2:
            error = jackknife_error(estimate, refits[moved])
            found[term] = (estimate, float(error), int(moved.sum()) - 1)
    return found


def _terms(
    made: LogRatios, table: Windows, drawn: Assignments, kept: np.ndarray, spec: CitiesInCountiesSpec
) -> dict[str, float]:
    """Return every statistic from the cities kept."""
    here = drawn.rows[0][kept[drawn.rows[0]]]
    dates = drawn.dates[0][kept[drawn.rows[0]]]
    some = LogRatios(
        table, made.ratios, np.where(kept, made.weights, 0.0), made.expected, made.cell, made.state
    )
    mean = comparison_means(some, Assignments(here[None, :], dates[None, :]))[0]
    weight = made.weights[dates, here]
    difference = made.ratios[dates, here] - mean
    about = table.cities.iloc[here]
    label, dose = about["dose_class"].to_numpy(), about[spec.dose].to_numpy(float)
    good = np.isfinite(difference) & (weight > 0)
    found = {
        name: float(np.average(difference[at], weights=weight[at]))
        for name in spec.classes
        if (at := good & (label == name)).any()
    }
    first, last = spec.classes[0], spec.classes[-1]
    if first in found and last in found:
        found[HIGH_LESS_PLACEBO] = found[last] - found[first]
    root = np.sqrt(weight[good])
    design = np.column_stack([np.ones(good.sum()), dose[good]]) * root[:, None]
    found[SLOPE] = float(np.linalg.lstsq(design, difference[good] * root, rcond=None)[0][1])
    return found


def _counts(design: CountyDesign, term: str) -> dict[str, int]:
    cities = design.table.cities
    rows = cities.iloc[design.drawn.rows[0]]
    never = cities[design.table.never]
    ends = (design.spec.classes[0], design.spec.classes[-1])
    names = {HIGH_LESS_PLACEBO: ends, SLOPE: design.spec.classes}.get(term, (term,))
    rows, never = rows[rows["dose_class"].isin(names)], never[never["dose_class"].isin(names)]
    return {"adopters": len(rows), "adopting_states": rows["state"].nunique(), "others": len(never)}


def _class_leads(frame: pd.DataFrame, term: str, spec: CitiesInCountiesSpec) -> dict[str, float]:
    inside = frame[frame["dose_class"].eq(term)].reset_index(drop=True)
    return leads(CountyDesign(inside, (), spec=spec).path.estimates(spec.level))
