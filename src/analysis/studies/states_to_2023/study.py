"""States to 2023: bans on sanctuary policies as a treatment of their own, and Senate Bill 54 with more years.

`spec` was committed before any outcome was read and is the record of what was decided. Treatment dates come
from the panels `state_bans` and `policies`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ... import estimators as est
from ...estimators.resampling.placebo_inversion import PlaceboInference
from ...panels.store import load
from ...results import stored
from ..designs.specification import LOG
from ..designs.synthetic_cases import build_case, fit
from ..synthetic.state_laws import named_states, series_starts
from .spec import SPEC, StatesTo2023Spec

PANELS = ("state_year_2023", "state_bans", "policies", "city_year")
BANS, LAW = "Bans", "Senate Bill 54"


@dataclass(frozen=True)
class StatesTo2023:
    """What the study found, as tables; effects are log points.

    Attributes
    ----------
    spec : StatesTo2023Spec
    laws : pandas.DataFrame
        ``state, start, effective, is_ban, is_gap_state``.
    donors : pandas.DataFrame
        Every other state: ``state, reason`` (empty: a donor), ``is_gap_state``.
    effects : pandas.DataFrame
        By ``law`` (`BANS` together, `LAW`), ``outcome, span, donors``: estimate, interval, p-value,
        detectable and excluded change by permutation over donors, ``power_share``; ``donors_used``.
    single : pandas.DataFrame
        Each ban alone, by ``outcome``, longest span, all donors.
    placebo : pandas.DataFrame
        The false law by ``law, outcome``: ``estimate, p_value``.
    chosen_span : str
        The span that homicide decides; see `spec`.
    gap_in_errors : float
        By how many standard errors homicide differs between the two longer spans, the larger of both laws.
    """

    spec: StatesTo2023Spec
    laws: pd.DataFrame
    donors: pd.DataFrame
    effects: pd.DataFrame
    single: pd.DataFrame
    placebo: pd.DataFrame
    chosen_span: str
    gap_in_errors: float


@stored
def run(spec: StatesTo2023Spec = SPEC) -> StatesTo2023:
    """Run the study on the committed panels, once a process for each specification."""
    return study({name: load(name) for name in PANELS}, spec)


def study(panels: Mapping[str, pd.DataFrame], spec: StatesTo2023Spec = SPEC) -> StatesTo2023:
    """Run the study on given panels, of the names in `PANELS`."""
    gaps = gap_states(panels["city_year"], spec)
    laws = followed(panels, spec).assign(is_gap_state=lambda rows: rows["state"].isin(gaps))
    donors = donor_states(panels, laws, spec).assign(is_gap_state=lambda rows: rows["state"].isin(gaps))
    rates = rate_tables(panels["state_year_2023"], spec)
    effects, single, placebo = [], [], []
    for outcome in spec.outcomes:
        for span in spec.spans:
            for which, with_gaps in spec.donors.items():
                pool = donors[donors["reason"].eq("") & (with_gaps | ~donors["is_gap_state"])]["state"]
                key = {"outcome": outcome, "span": span, "donors": which}
                alone = [_one(law, pool, rates[outcome], span, spec) for law in laws.to_dict("records")]
                effects += [key | row for row in _judged(alone, laws, spec)]
                if span == list(spec.spans)[1] and with_gaps:
                    single += [key | _alone(one, spec) for one in alone[: len(spec.bans)]]
        pool = donors[donors["reason"].eq("")]["state"]
        false = [_false(law, pool, rates[outcome], spec) for law in laws.to_dict("records")]
        placebo += [{"outcome": outcome} | row for row in _judged(false, laws, spec)]
    table = pd.DataFrame(effects)
    span, gap = judged_span(table, spec)
    return StatesTo2023(spec, laws, donors, table, pd.DataFrame(single), pd.DataFrame(placebo), span, gap)


@dataclass(frozen=True)
class _Effect:
    """One law's effect and its donors' placebo effects, in log points."""

    law: str
    state: str
    estimate: float
    placebos: pd.Series


def followed(panels: Mapping[str, pd.DataFrame], spec: StatesTo2023Spec) -> pd.DataFrame:
    """Return the laws followed: the bans in the order of the specification, then the law with more years."""
    bans = panels["state_bans"].set_index("state").loc[list(spec.bans)].reset_index()
    rows = pd.DataFrame(
        {"state": bans["state"], "start": bans["ban_year"].astype(int), "effective": bans["effective"]}
    ).assign(is_ban=True)
    state, year = spec.law
    own = panels["policies"]
    row: Any = own[own["kind"].eq("state") & own["state"].eq(state) & own["adopted_year"].eq(year)].iloc[0]
    law = {"state": state, "start": int(row["adopted_year"]), "effective": row["adopted"], "is_ban": False}
    return pd.concat([rows, pd.DataFrame([law])], ignore_index=True)


def donor_states(
    panels: Mapping[str, pd.DataFrame], laws: pd.DataFrame, spec: StatesTo2023Spec
) -> pd.DataFrame:
    """Return every state without a law followed, with the first reason why it is no donor."""
    figures = panels["state_year_2023"]
    states = sorted(set(figures["state"].astype(str)) - set(laws["state"]))
    named = set(named_states(panels["policies"]).index)
    bans = set(panels["state_bans"]["state"])
    begun = {
        state for state, years in series_starts(figures).items() if any(year > spec.first for year in years)
    }
    tests = {
        "a city": set(spec.city_states),
        "a row of the policy list names it": named,
        "a ban of its own": bans,
        "a new series within the years": begun,
    }
    masks = [np.array([state in kept for state in states]) for kept in tests.values()]
    return pd.DataFrame({"state": states, "reason": np.select(masks, list(tests), "")})


def gap_states(city_year: pd.DataFrame, spec: StatesTo2023Spec) -> set[str]:
    """Return states whose agencies printed in both years serve too few of the first year's residents."""
    first, second = spec.gap_years
    large = city_year[city_year["year"].eq(first) & city_year["population"].ge(spec.gap_residents)]
    large = large[large["violent_without_rape"].notna()]
    later = city_year[city_year["year"].eq(second) & city_year["violent_without_rape"].notna()]
    people = large["population"].astype(float)
    kept = people.where(large["ori"].isin(later["ori"]), 0.0).groupby(large["state"]).sum()
    share = kept / people.groupby(large["state"]).sum()
    return {str(state) for state in share.index[share.lt(spec.gap_share)]}


def rate_tables(figures: pd.DataFrame, spec: StatesTo2023Spec) -> dict[str, pd.DataFrame]:
    """Return crimes per 100,000 residents by state and year, one table an outcome."""
    rows = figures.assign(state=figures["state"].astype(object))
    return {
        name: rows.pivot(index="state", columns="year", values=f"{name}_estimated_per_100k")
        for name in spec.outcomes
    }


def _one(
    law: dict[Any, Any], pool: pd.Series, table: pd.DataFrame, span: str, spec: StatesTo2023Spec
) -> _Effect:
    last, out = spec.spans[span]
    years = [year for year in range(spec.first, last + 1) if year not in out]
    return _fitted(law, int(law["start"]), pool, table, years)


def _false(law: dict[Any, Any], pool: pd.Series, table: pd.DataFrame, spec: StatesTo2023Spec) -> _Effect:
    start = int(law["start"])
    return _fitted(law, start - spec.shift, pool, table, list(range(spec.first, start)))


def _fitted(
    law: dict[Any, Any], start: int, pool: pd.Series, table: pd.DataFrame, years: list[int]
) -> _Effect:
    state = str(law["state"])
    case = build_case(state, state, start, table.loc[[state, *pool]], years, LOG)
    found = fit(case, "synthetic_did")
    return _Effect(BANS if law["is_ban"] else LAW, state, float(found.row["estimate"]), found.placebos)


def _judged(alone: list[_Effect], laws: pd.DataFrame, spec: StatesTo2023Spec) -> list[dict[str, Any]]:
    """Return the mean over bans, judged by sets of donors, and the other law, judged by each donor."""
    bans = [one for one in alone if one.law == BANS]
    law = next(one for one in alone if one.law == LAW)
    mean = float(np.mean([one.estimate for one in bans]))
    return [
        {"law": BANS} | _inference(mean, together(bans, spec), spec) | {"donors_used": len(bans[0].placebos)},
        {"law": LAW}
        | _inference(law.estimate, law.placebos.to_numpy(float), spec)
        | {"donors_used": len(law.placebos)},
    ]


def together(bans: list[_Effect], spec: StatesTo2023Spec) -> np.ndarray:
    """Return means over as many different donors, each a placebo of one ban's years, in random sets."""
    names = bans[0].placebos.index
    table = np.column_stack([one.placebos.reindex(names).to_numpy(float) for one in bans])
    random = np.random.default_rng(spec.seed)
    order = random.random((spec.draws, len(names))).argsort(axis=1)[:, : len(bans)]
    found: np.ndarray = table[order, np.arange(len(bans))].mean(axis=1)
    return found


def _inference(estimate: float, draws: np.ndarray, spec: StatesTo2023Spec) -> dict[str, float]:
    """Return what the permutation says: intervals that are not symmetric, and power for the margin."""
    judged = PlaceboInference(estimate, draws, spec.level)
    low, high = judged.interval()
    share = float(np.log1p(spec.margin_share))
    return {
        "estimate": estimate,
        "std_error": float(draws.std(ddof=1)),
        "conf_low": low,
        "conf_high": high,
        "p_value": judged.p_value(),
        "excluded": judged.excluded(),
        "detectable": judged.detectable(spec.power),
        "power_share": float(np.ravel(judged.power(share))[0]),
        "placebo_mean": float(draws.mean()),
    }


def _alone(one: _Effect, spec: StatesTo2023Spec) -> dict[str, Any]:
    return {"state": one.state} | _inference(one.estimate, one.placebos.to_numpy(float), spec)


def judged_span(effects: pd.DataFrame, spec: StatesTo2023Spec) -> tuple[str, float]:
    """Return the span that the judge decides, and the difference of the longer two in standard errors."""
    longer, without = list(spec.spans)[1:3]
    rows = effects[effects["outcome"].eq(spec.judge) & effects["donors"].eq(next(iter(spec.donors)))]
    wide = rows.pivot(index="law", columns="span", values="estimate")
    error = rows[rows["span"].eq(longer)].set_index("law")["std_error"]
    gap = float(((wide[longer] - wide[without]).abs() / error).max())
    return (longer if gap < 1 else without), gap


def with_family(effects: pd.DataFrame) -> pd.DataFrame:
    """Return rows of one span and donor set with Holm's p-values over all laws and outcomes."""
    holm = est.adjust_p_values(effects["p_value"].tolist(), method="holm")
    return effects.assign(p_holm=holm["p_value_adjusted"].to_numpy())
