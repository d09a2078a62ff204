"""The trial: every candidate on permuted data, its rejection rate and detectable change, and the winner.

Nothing here reads a crime count of an adopting city: `permutations` hands dates of adoption to cities that
never adopt, and adopting cities enter no trend, mean or weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from .complete import synthetic, timing
from .complete import trial as complete_trial
from .counts import log_ratios
from .hierarchical import hierarchical_effects
from .permutations import Assignments, by_size, permuted
from .precision import log_ratio_table, weighted_fits
from .specification import (
    BY_SIZE,
    BY_STATE,
    CANDIDATES,
    COUNTS,
    DRAWS,
    FEW_DRAWS,
    HIERARCHICAL,
    HIGHEST_SIZE,
    JACKKNIFE,
    LEVEL,
    PLACEBO,
    POWER,
    PRECISION,
    SEED,
    SYNTHETIC,
    TIE,
    TIMING,
    Candidate,
)
from .windows import Windows, windows


@dataclass(frozen=True)
class Drawn:
    """Estimates of one candidate over permuted data sets, and the critical values it tests with.

    Attributes
    ----------
    estimate : numpy.ndarray, shape (D,)
    low, high : numpy.ndarray, shape (D,) or float
        The test rejects below `low` and above `high`.
    """

    estimate: np.ndarray
    low: np.ndarray | float
    high: np.ndarray | float

    def rejection(self, effect: float = 0.0) -> float:
        """Return the share of data sets in which the test rejects, all estimates shifted by an effect."""
        shifted = self.estimate + effect
        return float(np.mean((shifted < self.low) | (shifted > self.high)))

    def detectable(self, power: float = POWER) -> float:
        """Return the smallest effect, log points, found with the power asked for whichever its sign."""
        sizes = np.arange(0.0, 1.0, 0.001)
        worse = np.array([min(self.rejection(size), self.rejection(-size)) for size in sizes])
        enough = np.minimum.accumulate(worse[::-1])[::-1] >= power
        return float(sizes[enough][0]) if enough.any() else float("inf")


def trial(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row per candidate, treatment and way to permute.

    Parameters
    ----------
    frames : mapping of str to pandas.DataFrame
        Frames of `CitySample` by treatment.

    Returns
    -------
    pandas.DataFrame
        ``candidate, treatment, how, draws`` (with an estimate), ``mean, spread`` (of the estimates, log
        points), ``rejected`` (share, no effect, 5% test) and ``detectable`` (log points).
    """
    rows = []
    for treatment, frame in frames.items():
        bench = Bench(frame)
        for how in (BY_SIZE, BY_STATE):
            for candidate in CANDIDATES:
                drawn = bench.run(candidate, how)
                rows.append({"candidate": candidate.name, "treatment": treatment, "how": how} | _row(drawn))
    return pd.DataFrame(rows)


def _row(drawn: Drawn) -> dict[str, float]:
    return {
        "draws": len(drawn.estimate),
        "mean": float(drawn.estimate.mean()),
        "spread": float(drawn.estimate.std(ddof=1)),
        "rejected": drawn.rejection(),
        "detectable": drawn.detectable(),
    }


class Bench:
    """Permuted data sets of one treatment, each made once, and the fits on them, each computed once."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame, self.table = frame, windows(frame)
        self.data: dict[tuple[str, bool], Assignments] = {}
        self.fits: dict[tuple[Any, ...], tuple[np.ndarray, ...]] = {}

    def run(self, candidate: Candidate, how: str) -> Drawn:
        """Return one candidate's estimates on permuted data with the critical values of its own inference.

        Placebo quantiles come from other draws, by size class, than the ones they judge.
        """
        estimate, clustered, jackknife, df = self._fitted(candidate, how)
        kept = np.isfinite(estimate)
        if candidate.inference == PLACEBO:
            reference = self._fitted(candidate, _REFERENCE)[0]
            low, high = np.nanquantile(reference, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
            return Drawn(estimate[kept], float(low), float(high))
        error = jackknife if candidate.inference == JACKKNIFE else clustered
        reach = (stats.t.ppf((1 + LEVEL) / 2, df) * error)[kept]
        return Drawn(estimate[kept], -reach, reach)

    def _fitted(self, candidate: Candidate, how: str) -> tuple[np.ndarray, ...]:
        """Return estimates, clustered and jackknife standard errors and degrees of freedom, each (D,)."""
        key = (candidate.estimator, candidate.trend, candidate.weights, how)
        if key not in self.fits:
            self.fits[key] = self._fit(candidate, self._drawn(how, candidate.estimator in _FEW))
        return self.fits[key]

    def _drawn(self, how: str, few: bool) -> Assignments:
        if (how, few) not in self.data:
            self.data[how, few] = _data_sets(self.table, how, few)
        return self.data[how, few]

    def _fit(self, candidate: Candidate, data: Assignments) -> tuple[np.ndarray, ...]:
        missing, normal = np.full(len(data), np.nan), np.full(len(data), np.inf)
        if candidate.estimator == COUNTS:
            return log_ratios(self.table, data, candidate.trend), missing, missing, normal
        if candidate.estimator in (PRECISION, HIERARCHICAL):
            made = log_ratio_table(self.table, candidate.trend, candidate.weights or "model")
            if candidate.estimator == HIERARCHICAL:
                return hierarchical_effects(made, data), missing, missing, normal
            fits = weighted_fits(made, data)
            return fits.estimate, fits.clustered, fits.jackknife, fits.df
        fit = {TIMING: timing, SYNTHETIC: synthetic}[candidate.estimator]
        estimate, error = complete_trial(self.frame, self.table, data, fit).T
        return estimate, error, missing, normal


_REFERENCE = "reference draws"
_FEW = (TIMING, SYNTHETIC)


def _data_sets(table: Windows, how: str, few: bool) -> Assignments:
    draws = FEW_DRAWS if few else DRAWS
    if how == _REFERENCE:
        return by_size(table, draws=draws, seed=SEED + 1, replace=not few)
    if how == BY_SIZE:
        return by_size(table, draws=draws, seed=SEED, replace=False)
    return permuted(table, how, draws=draws, seed=SEED)


def ranking(results: pd.DataFrame) -> pd.DataFrame:
    """Return candidates by the rule of `specification`, the winner first.

    Returns
    -------
    pandas.DataFrame
        ``candidate, largest_rejection`` (over treatments and ways), ``detectable`` (mean over treatments,
        permuted by size), ``distance`` (of the rejection by size from 5%), ``admitted``.
    """
    sized = results[results["how"].eq(BY_SIZE)].groupby("candidate", sort=False)
    table = pd.DataFrame(
        {
            "largest_rejection": results.groupby("candidate", sort=False)["rejected"].max(),
            "detectable": sized["detectable"].mean(),
            "distance": (sized["rejected"].mean() - (1 - LEVEL)).abs(),
        }
    ).reset_index()
    table["admitted"] = table["largest_rejection"].le(HIGHEST_SIZE)
    if not table["admitted"].any():
        return table.sort_values(["largest_rejection", "detectable"], ignore_index=True)
    best = table.loc[table["admitted"], "detectable"].min()
    near = table["admitted"] & table["detectable"].le(best + TIE)
    order = np.where(near, table["distance"], np.where(table["admitted"], 1 + table["detectable"], np.inf))
    return (
        table.assign(order=order)
        .sort_values(["order", "detectable"], ignore_index=True)
        .drop(columns="order")
    )


def winner(results: pd.DataFrame) -> Candidate:
    """Return the candidate that the rule takes."""
    name = ranking(results)["candidate"].iloc[0]
    return next(candidate for candidate in CANDIDATES if candidate.name == name)
