"""The chosen design on the cities that adopted: estimates, both kinds of draws, influence and robustness.

Every interval comes with what the same distribution says of excluded sizes, power and detectable changes.
Log points throughout.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ... import estimators as est
from ...estimators.resampling.placebo_inversion import PlaceboInference
from .counts import crimes, log_ratios
from .events import Path, bounds, breakdown, leads, path
from .permutations import Assignments, by_size, observed, permuted
from .precision import Fits, LogRatios, expected_at_trend, log_ratio_table, weighted_fits
from .specification import BY_SIZE, BY_STATE, DRAWS, LEVEL, POWER, PRECISION, SEED, Candidate
from .windows import Windows, windows

#: Permuted data sets behind placebo means and block intervals of every estimate.
PLACEBO_DRAWS = 999
#: Fake dates: so many years before adoption, judged on the years between alone.
FAKE_SHIFT = 4


@dataclass(frozen=True)
class TInference:
    """An estimate judged by t: the one distribution behind its interval, power and excluded sizes."""

    estimate: float
    std_error: float
    df: float
    level: float = LEVEL

    def row(self, share: float) -> dict[str, float]:
        """Return broom columns with ``detectable``, ``excluded`` and ``power_share`` (to find `share`).

        Parameters
        ----------
        share : float
            An effect in log points, either sign.
        """
        half = stats.t.ppf((1 + self.level) / 2, self.df) * self.std_error
        one = stats.t.ppf(self.level, self.df) * self.std_error
        seen = est.minimum_detectable_effect(self.std_error, power=POWER, level=self.level, df=self.df)
        critical, shift = half / self.std_error, share / self.std_error
        return {
            "estimate": self.estimate,
            "std_error": self.std_error,
            "df": self.df,
            "p_value": float(2 * stats.t.sf(abs(self.estimate) / self.std_error, self.df)),
            "conf_low": self.estimate - half,
            "conf_high": self.estimate + half,
            "excluded": abs(self.estimate) + one,
            "detectable": float(np.ravel(seen)[0]),
            "power_share": float(
                stats.nct.sf(critical, self.df, shift) + stats.nct.cdf(-critical, self.df, shift)
            ),
        }


class CityDesign:
    """One sample of cities under one candidate of the weighted kind.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `CitySample`.
    candidate : Candidate
        Its trend and weights are used; the standard error is the jackknife over states.
    """

    def __init__(self, frame: pd.DataFrame, candidate: Candidate) -> None:
        if candidate.estimator != PRECISION:
            raise ValueError(f"{candidate.name} is no weighted design")
        self.frame, self.candidate = frame, candidate
        self.table: Windows = windows(frame)
        self.drawn: Assignments = observed(self.table)

    @cached_property
    def made(self) -> LogRatios:
        """Log ratios and weights of every city and date."""
        return log_ratio_table(self.table, self.candidate.trend, self.candidate.weights)

    @cached_property
    def fits(self) -> Fits:
        """The fit on the cities that adopted."""
        return weighted_fits(self.made, self.drawn)

    @cached_property
    def placebos(self) -> dict[str, Fits]:
        """The fits on data permuted by size and by state."""
        return {
            how: weighted_fits(self.made, permuted(self.table, how, draws=PLACEBO_DRAWS, seed=SEED))
            for how in (BY_SIZE, BY_STATE)
        }

    def row(self, share: float = 0.05) -> dict[str, Any]:
        """Return the estimate with its interval, its placebo means and the interval by state blocks.

        Returns
        -------
        dict
            Columns of `TInference.row`; ``compared`` (cities), ``states``, ``effective`` (cities, by weight),
            ``largest_share`` (of the weight); ``placebo_mean``, ``placebo_spread`` (permuted by size),
            ``block_mean``; ``block_low, block_high, block_p`` (the t statistic judged by data permuted by
            state); ``rate_expected`` (per 100,000, of the adopters in the years judged).
        """
        fits = self.fits
        found = TInference(float(fits.estimate[0]), float(fits.jackknife[0]), float(fits.df[0])).row(share)
        size, state = self.placebos[BY_SIZE], self.placebos[BY_STATE]
        weight = self.weights()["weight"]
        return found | {
            "compared": self.drawn.rows.shape[1],
            "states": int(fits.df[0]) + 1,
            "effective": float(fits.effective[0]),
            "largest_share": float(weight.max()),
            "placebo_mean": float(size.estimate.mean()),
            "placebo_spread": float(size.estimate.std(ddof=1)),
            "block_mean": float(state.estimate.mean()),
            **self._by_blocks(state),
            **self._rates(),
        }

    def _by_blocks(self, state: Fits) -> dict[str, float]:
        """Return the interval and p-value by the distribution of t over data permuted by state."""
        error = float(self.fits.jackknife[0])
        statistic = float(self.fits.estimate[0]) / error
        judged = PlaceboInference(statistic, state.estimate / state.jackknife, LEVEL)
        low, high = judged.interval()
        return {
            "block_low": low * error,
            "block_high": high * error,
            "block_p": judged.p_value(),
            "block_excluded": judged.excluded() * error,
            "block_detectable": judged.detectable(POWER) * error,
        }

    def _rates(self) -> dict[str, float]:
        after, expected = crimes(self.table, self.drawn, self.candidate.trend)
        rows, dates = self.drawn.rows[0], self.drawn.dates[0]
        people = self.table.people_after[dates, rows].sum()
        return {
            "observed": float(after.sum()),
            "expected": float(expected.sum()),
            "people": float(people),
            "rate_expected": float(expected.sum() / people * 1e5),
        }

    def weights(self) -> pd.DataFrame:
        """Return adopting cities with their share of the weight and of the crimes expected of them."""
        rows, dates = self.drawn.rows[0], self.drawn.dates[0]
        weight = self.made.weights[dates, rows]
        expected = crimes(self.table, self.drawn, self.candidate.trend)[1][0]
        cities = self.table.cities.iloc[rows][["ori", "city", "state", "region", "cohort", "residents"]]
        found: pd.DataFrame = cities.reset_index(drop=True).assign(
            weight=weight / weight.sum(), crimes=expected / expected.sum()
        )
        return found

    def without_each(self) -> pd.DataFrame:
        """Return ``city, state, cohort, weight, estimate, moved`` without each adopting city in turn."""
        rows, dates = self.drawn.rows[0], self.drawn.dates[0]
        count = len(rows)
        keep = np.array([[j for j in range(count) if j != i] for i in range(count)])
        left = weighted_fits(self.made, Assignments(rows[keep], dates[keep])).estimate
        table = self.weights()[["city", "state", "cohort", "weight"]]
        return table.assign(estimate=left, moved=left - self.fits.estimate[0])

    def events(self) -> tuple[Path, dict[str, float], pd.DataFrame]:
        """Return the path by year, the joint test of its leads, and bounds on the mean effect."""
        found = path(self.made, self.drawn)
        placebo = path(self.made, by_size(self.table, draws=PLACEBO_DRAWS, seed=SEED + 2))
        return found, leads(found, placebo) | {"breakdown": breakdown(found)}, bounds(found)

    def fake_date(self, shift: int = FAKE_SHIFT) -> dict[str, float]:
        """Return what is found when every city adopts `shift` years early, on years before adoption."""
        table = windows(self.frame, shift=shift, after=shift - 1)
        drawn = observed(table)
        fits = weighted_fits(log_ratio_table(table, self.candidate.trend, self.candidate.weights), drawn)
        found = TInference(float(fits.estimate[0]), float(fits.jackknife[0]), float(fits.df[0])).row(0.05)
        names = ("estimate", "conf_low", "conf_high", "p_value", "detectable")
        return {f"fake_{name}": found[name] for name in names} | {"fake_compared": drawn.rows.shape[1]}


def counts_by_choice(frame: pd.DataFrame, trend: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return the log ratio of summed counts, judged three ways: ``choice`` and inference columns.

    Never-adopters drawn with replacement and the trend estimated anew (Conley and Taber 2011); dates
    permuted among all cities of the size class, adopters among them, trend estimated anew (exact if adoption
    is exchangeable within size classes); the same with the trend held fixed, as first published here.
    """
    table = windows(frame)
    drawn = observed(table)
    estimate = float(log_ratios(table, drawn, trend)[0])
    everyone = _all_cities(table, by_size_of_all(table, draws=DRAWS, seed=SEED), trend)
    rows = {
        "Never-adopting cities, trend estimated anew": log_ratios(
            table, by_size(table, draws=DRAWS, seed=SEED), trend
        ),
        "All cities of the class permuted, trend estimated anew": everyone,
        "All cities of the class permuted, trend held fixed": _held_fixed(table),
    }
    return pd.DataFrame([{"choice": name} | _judged(estimate, draws) for name, draws in rows.items()])


def _judged(estimate: float, draws: np.ndarray) -> dict[str, float]:
    found = PlaceboInference(estimate, draws, LEVEL)
    low, high = found.interval()
    return {
        "estimate": estimate,
        "placebo_mean": found.mean,
        "conf_low": low,
        "conf_high": high,
        "p_value": found.p_value(),
        "excluded": found.excluded(),
        "detectable": found.detectable(POWER),
    }


def by_size_of_all(table: Windows, *, draws: int, seed: int) -> Assignments:
    """Permute the dates among all cities of the size class with a comparison, adopters among them."""
    everyone = replace(table, cities=table.cities.assign(cohort=0))
    rows, dates = table.treated()
    size = table.cities["size"].to_numpy()
    random = np.random.default_rng(seed)
    chosen = np.empty((draws, len(rows)), int)
    order = random.random((draws, len(size)))
    for k, (row, date) in enumerate(zip(rows, dates, strict=True)):
        pool = np.flatnonzero((size == size[row]) & everyone.usable[date])
        chosen[:, k] = pool[order[:, pool].argmin(axis=1)]
        np.put_along_axis(order, chosen[:, [k]], np.inf, axis=1)
    return Assignments(chosen, np.broadcast_to(dates, chosen.shape))


def _all_cities(table: Windows, drawn: Assignments, trend: tuple[str, ...]) -> np.ndarray:
    """Return the ratios when all who are not drawn are the comparison, adopters among them."""
    return log_ratios(replace(table, cities=table.cities.assign(cohort=0)), drawn, trend)


def _held_fixed(table: Windows) -> np.ndarray:
    drawn = by_size_of_all(table, draws=DRAWS, seed=SEED)
    expected = expected_at_trend(table)[drawn.dates, drawn.rows]
    after = table.after[drawn.dates, drawn.rows]
    found: np.ndarray = np.log(after.sum(axis=1) / expected.sum(axis=1))
    return found
