"""Years before and after adoption in the weighted design: leads, their joint test and its power, and bounds.

The log ratio of one year against the year before adoption takes the place of that of whole windows; weights,
comparison cells and standard errors are those of the design itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from ... import estimators as est
from ...estimators import Estimates, Sample
from .permutations import Assignments
from .precision import LogRatios, fits_and_scores
from .specification import LEVEL, POWER

REFERENCE = -1
#: Violations of parallel trends allowed for: multiples of the largest change between two years before
#: adoption, and log points by which the slope of a drift may change from one year to the next.
MAGNITUDES, SMOOTHNESS = (0.5, 1.0), (0.0, 0.005, 0.01)
#: The drift, log points a year, against which the power of the joint test of leads is stated.
DRIFT = 0.01


@dataclass(frozen=True)
class Path:
    """Effects by year relative to adoption, for D data sets.

    Attributes
    ----------
    times : numpy.ndarray of int, shape (E,)
        Without the reference.
    effects : numpy.ndarray, shape (D, E)
    covariance : numpy.ndarray, shape (D, E, E)
        Clustered by state.
    df : numpy.ndarray, shape (D,)
        States with a treated city, less one.
    """

    times: np.ndarray
    effects: np.ndarray
    covariance: np.ndarray
    df: np.ndarray

    def leads_statistic(self) -> np.ndarray:
        """Return the Wald statistic that all leads are zero, over their number, shape (D,)."""
        before = self.times < REFERENCE
        effects = self.effects[:, before]
        covariance = self.covariance[:, before][:, :, before]
        solved = np.linalg.solve(covariance, effects[:, :, None])[:, :, 0]
        found: np.ndarray = (effects * solved).sum(axis=1) / before.sum()
        return found

    def estimates(self, level: float = LEVEL) -> Estimates:
        """Return the first data set as an event study, as bounds and pre-tests take it."""
        return Estimates(
            method="weighted log ratios by year",
            keys=pd.DataFrame({"event_time": self.times}),
            estimate=self.effects[0],
            covariance=self.covariance[0],
            sample=Sample(given=0, used=0, clusters=int(self.df[0]) + 1),
            design={"df": float(self.df[0]), "correction": "states less one"},
            level=level,
        )


def path(made: LogRatios, drawn: Assignments, first: int = -5, last: int = 5) -> Path:
    """Return the effects by year of every data set.

    A city without a count in a year, or in the year before adoption, is left out of that year alone.
    """
    times = np.array([time for time in range(first, last + 1) if time != REFERENCE])
    effects, scores = [], []
    for time in times:
        fits, score = fits_and_scores(_of_year(made, int(time)), drawn)
        effects.append(fits.estimate)
        scores.append(score)
    score = np.stack(scores, axis=1)
    states = score.shape[2]
    covariance = states / (states - 1) * np.einsum("des,dfs->def", score, score)
    return Path(times, np.stack(effects, axis=1), covariance, fits.df)


def _of_year(made: LogRatios, time: int) -> LogRatios:
    """Return log ratios of one year against the year before adoption; no weight where either is missing."""
    table = made.table
    ratios, weights = np.zeros_like(made.ratios), np.zeros_like(made.weights)
    seen = (table.people_before > 0) | (table.people_after > 0)
    for row, date in enumerate(table.dates):
        now, base = (np.flatnonzero(table.years == date + step) for step in (time, REFERENCE))
        if not len(now) or not len(base):
            continue
        both = table.usable[row] & seen[row, :, base[0]] & seen[row, :, now[0]]
        rate = [
            np.log((table.counts[:, at[0]] + 0.5) / np.maximum(table.people[:, at[0]], 1.0))
            for at in (now, base)
        ]
        ratios[row] = np.where(both, rate[0] - rate[1], 0.0)
        weights[row] = np.where(both, made.weights[row], 0.0)
    return LogRatios(table, ratios, weights, made.expected, made.cell, made.state)


def leads(observed: Path, placebo: Path) -> dict[str, float]:
    """Return the joint test of leads by the F distribution and by permuted data, with its power.

    Returns
    -------
    dict
        ``leads_p`` (share of permuted data sets with a statistic as large), ``leads_p_f`` (F with as many
        denominator degrees of freedom as states with adopters less one), ``leads_power`` (chance, by the
        permuted critical value and a noncentral chi-square, to find a drift of `DRIFT` a year),
        ``leads_drift`` (the yearly drift found with 80% power) and ``leads_effects``, the number of leads.
    """
    before = observed.times < REFERENCE
    found, draws = float(observed.leads_statistic()[0]), placebo.leads_statistic()
    draws = draws[np.isfinite(draws)]
    count = int(before.sum())
    away = (observed.times[before] - REFERENCE).astype(float)
    inverse = np.linalg.inv(_pooled(placebo)[np.ix_(before, before)])
    information = float(away @ inverse @ away)
    critical = stats.chi2.ppf(LEVEL, count)

    def power(drift: float) -> float:
        return float(stats.ncx2.sf(critical, count, max(drift**2 * information, 1e-12)))

    grid = np.arange(0.0005, 0.2, 0.0005)
    enough = [size for size in grid if power(size) >= POWER]
    return {
        "leads_p": float((1 + np.count_nonzero(draws >= found)) / (1 + len(draws))),
        "leads_p_f": float(stats.f.sf(found, count, observed.df[0])),
        "leads_power": power(DRIFT),
        "leads_drift": float(enough[0]) if enough else float("inf"),
        "leads_effects": count,
    }


def _pooled(placebo: Path) -> np.ndarray:
    """Return the covariance of effects over permuted data sets."""
    return np.cov(placebo.effects, rowvar=False)


def bounds(observed: Path) -> pd.DataFrame:
    """Return confidence sets of the mean effect over the horizon under limited violations of parallel trends.

    Returns
    -------
    pandas.DataFrame
        ``restriction, value, conf_low, conf_high`` of Rambachan and Roth (2023, doi:10.1093/restud/rdad018);
        the first row of each restriction supposes parallel trends.
    """
    events = observed.estimates()
    parts = [
        est.honest_bounds(events, restriction=name, values=values, target="average", points=200, level=LEVEL)
        for name, values in (("relative_magnitudes", MAGNITUDES), ("smoothness", SMOOTHNESS))
    ]
    return pd.concat(parts, ignore_index=True)


def breakdown(observed: Path) -> float:
    """Return the multiple of the largest change before at which the set no longer excludes zero."""
    return float(est.breakdown_value(observed.estimates(), target="average", level=LEVEL, highest=5.0))
