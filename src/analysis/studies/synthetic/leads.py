"""The years before a statewide rule in the joint design: leads, their joint test and its power, and bounds.

Weights of synthetic difference-in-differences make the years before adoption fit, so gaps in these years are
no test. Here the weights of every cohort g are fitted on the years before :math:`g - L` alone, and the gap at
event time e is that of year :math:`g + e`, less the gap of the year before adoption:

.. math:: \\hat\\delta_e = \\sum_g n_g (\\Delta_{g, g+e} - \\Delta_{g, g-1}) / \\sum_g n_g,
          \\quad \\Delta_{gt} = \\bar Y_{gt} - \\sum_j \\hat\\omega_{gj} Y_{jt}

over the cohorts seen at e, with :math:`n_g` their states. Its covariance is that over donor states treated as
if they had adopted, as in the joint design; logarithms of rates, so that all is in log points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ... import estimators as est
from ...estimators import Estimates, Sample
from ...estimators.synthetic.did_fit import fit_cohorts
from ...estimators.synthetic.panel import SyntheticPanel
from ...estimators.synthetic.simplex import frank_wolfe_for
from ...panels.store import load
from ...results import stored
from .spec import STATE_LAWS, StateLawsSpec
from .state_laws import PANELS, dated_laws, donor_table, named_states, rate_tables, series_starts

REFERENCE = -1
#: Placebo assignments of the rules to donor states.
DRAWS = 499
#: Violations of parallel trends allowed for, as for cities: multiples of the largest change between two years
#: before adoption, and log points by which the slope of a drift may change from one year to the next.
MAGNITUDES, SMOOTHNESS = (0.5, 1.0), (0.0, 0.005, 0.01)
#: The drift, log points a year, against which the power of the joint test is stated.
DRIFT = 0.01
LAST = 5


@dataclass(frozen=True)
class Adoptions:
    """Rates of states with a rule and of donors, and who adopts when.

    Attributes
    ----------
    rates : pandas.DataFrame
        Index states, columns years; logarithms.
    start : pandas.Series
        First year under a rule, by state.
    donors : list of str
    """

    rates: pd.DataFrame
    start: pd.Series
    donors: list[str]


def adoptions(panels: Mapping[str, pd.DataFrame], outcome: str, *, spec: StateLawsSpec) -> Adoptions:
    """Return the sample of the joint design."""
    rates, breaks = rate_tables(panels["state_year"], spec=spec), series_starts(panels["state_year"])
    laws = dated_laws(panels["policies"], breaks, spec=spec)
    since = laws[laws["first"].eq(spec.first) & laws["start"].ge(spec.joint_from)].drop_duplicates("state")
    start = since.set_index("state")["start"]
    whole = {"law": "all", "state": "", "first": spec.first, "last": spec.last}
    table = donor_table(whole, rates, named_states(panels["policies"]), breaks, spec=spec)
    donors = sorted(set(table.loc[table["reason"].eq(""), "state"]) - set(start.index))
    years = list(range(spec.first, spec.last + 1))
    logs: Any = np.log(rates[outcome].loc[[*start.index, *donors], years].astype(float))
    return Adoptions(logs, start, donors)


def gaps(rates: pd.DataFrame, start: pd.Series, donors: list[str], *, shift: int) -> pd.Series:
    """Return the effects by event time, from `shift` years before adoption to `LAST` after.

    Parameters
    ----------
    rates : pandas.DataFrame
        Index states, columns consecutive years.
    start : pandas.Series
        First treated year by state.
    donors : list of str
    shift : int
        Years before adoption that the weights do not see.

    Returns
    -------
    pandas.Series
        Index event times without `REFERENCE`.
    """
    names, years = [*start.index, *donors], rates.columns.to_numpy(int)
    outcomes = rates.loc[names].to_numpy(float)
    position = np.r_[start.to_numpy(int) - shift - years[0], np.full(len(donors), len(years))]
    panel = SyntheticPanel(
        units=pd.Index(names),
        times=pd.Index(years),
        outcomes=outcomes,
        covariates=np.empty((*outcomes.shape, 0)),
        start=position,
        sample=Sample(given=outcomes.size, used=outcomes.size),
    )
    total = np.zeros((2, shift + LAST + 1))
    for one in fit_cohorts(panel, outcomes, "synthetic_did", False, frank_wolfe_for(DRAWS)):
        gap = outcomes[one.units].mean(axis=0) - one.unit_weights @ outcomes[panel.donors]
        seen = gap[one.pre : one.pre + shift + LAST + 1]
        total[0, : len(seen)] += len(one.units) * (seen - gap[one.pre + shift + REFERENCE])
        total[1, : len(seen)] += len(one.units)
    times = np.arange(-shift, LAST + 1)
    return pd.Series(total[0] / total[1], index=times).drop(REFERENCE)


def placebo_gaps(sample: Adoptions, *, shift: int, draws: int, seed: int) -> np.ndarray:
    """Return the same when donors adopt in place of the states with a rule, shape (draws, event times)."""
    random = np.random.default_rng(seed)
    dates = sample.start.to_numpy(int)
    rows = []
    for _ in range(draws):
        order = list(random.permutation(np.array(sample.donors, object)))
        taken = pd.Series(dates, index=order[: len(dates)])
        rows.append(gaps(sample.rates, taken, order[len(dates) :], shift=shift).to_numpy())
    return np.array(rows)


def as_estimates(effects: pd.Series, drawn: np.ndarray, level: float) -> Estimates:
    """Return the effects with the covariance of the placebo draws, as bounds and pre-tests take them."""
    return Estimates(
        method="synthetic difference-in-differences by year",
        keys=pd.DataFrame({"event_time": effects.index.to_numpy()}),
        estimate=effects.to_numpy(),
        covariance=np.cov(drawn, rowvar=False),
        sample=Sample(given=0, used=0),
        design={"df": np.inf, "correction": "placebo assignments among donors"},
        level=level,
    )


def leads(effects: pd.Series, drawn: np.ndarray, level: float) -> dict[str, float]:
    """Return the joint test of the leads by placebo assignments, with its power.

    Returns
    -------
    dict
        ``leads_p`` (share of placebo assignments with a Wald statistic as large, the one observed included),
        ``leads_power`` (chance, by the noncentral chi-square, to find a drift of `DRIFT` a year),
        ``leads_drift`` (the yearly drift found with 80% power).
    """
    before = effects.index.to_numpy() < REFERENCE
    inverse = np.linalg.inv(np.cov(drawn[:, before], rowvar=False))
    found = float(effects[before] @ inverse @ effects[before])
    draws = np.einsum("de,ef,df->d", drawn[:, before], inverse, drawn[:, before])
    away = (effects.index.to_numpy()[before] - REFERENCE).astype(float)
    information, count = float(away @ inverse @ away), int(before.sum())
    critical = stats.chi2.ppf(level, count)

    def power(drift: float) -> float:
        return float(stats.ncx2.sf(critical, count, max(drift**2 * information, 1e-12)))

    enough = [size for size in np.arange(0.0005, 0.2, 0.0005) if power(size) >= 0.8]
    return {
        "leads_p": float((1 + np.count_nonzero(draws >= found)) / (1 + len(draws))),
        "leads_power": power(DRIFT),
        "leads_drift": float(enough[0]) if enough else float("inf"),
    }


def bounds(events: Estimates, weights: Mapping[int, float]) -> dict[str, float]:
    """Return confidence sets of the mean effect over treated years if trends may differ, and the breakdown.

    ``low_0.5, high_0.5`` and on (relative magnitudes), ``smooth_low_0, smooth_high_0`` and on (smoothness),
    ``breakdown`` (of relative magnitudes), log points.
    """
    given: dict[str, Any] = {"target": weights, "level": events.level}
    found = {"breakdown": float(est.breakdown_value(events, highest=5.0, **given))}
    for name, values in (("relative_magnitudes", MAGNITUDES), ("smoothness", SMOOTHNESS)):
        sets = est.honest_bounds(events, restriction=name, values=values, points=200, **given)
        for row in sets.dropna(subset="value").to_dict("records"):
            mark = "smooth_" if name == "smoothness" else ""
            found |= {f"{mark}{end}_{row['value']:g}": float(row[f"conf_{end}"]) for end in ("low", "high")}
    return found


def seen_weights(start: pd.Series, last: int) -> dict[int, float]:
    """Return the share of treated state-years at each event time from 0 to `LAST`."""
    counts = {time: int((start + time <= last).sum()) for time in range(LAST + 1)}
    return {time: count / sum(counts.values()) for time, count in counts.items() if count}


@stored
def table(spec: StateLawsSpec = STATE_LAWS) -> pd.DataFrame:
    """Return tests and bounds of the joint design: ``outcome`` and the columns of `leads` and `bounds`."""
    return pd.DataFrame([{"outcome": outcome} | _tested(outcome, spec)[1] for outcome in spec.joint_outcomes])


@stored
def events(spec: StateLawsSpec = STATE_LAWS) -> pd.DataFrame:
    """Return effects by year, log points: ``outcome, time`` and columns of an estimate."""
    parts = [
        _tested(outcome, spec)[0].tidy().rename(columns={"event_time": "time"}).assign(outcome=outcome)
        for outcome in spec.joint_outcomes
    ]
    return pd.concat(parts, ignore_index=True)


@stored
def _tested(outcome: str, spec: StateLawsSpec) -> tuple[Estimates, dict[str, float]]:
    sample = adoptions({name: load(name) for name in PANELS}, outcome, spec=spec)
    effects = gaps(sample.rates, sample.start, sample.donors, shift=spec.shift)
    drawn = placebo_gaps(sample, shift=spec.shift, draws=DRAWS, seed=spec.seed)
    made = as_estimates(effects, drawn, spec.level)
    return made, leads(effects, drawn, spec.level) | bounds(made, seen_weights(sample.start, spec.last))
