"""The trial: every candidate on permuted data, its rejection rate and detectable change, and the winner.

Nothing here reads a crime count of an adopting city: `permutations` hands dates of adoption to cities that
never adopt, and adopting cities enter no trend, mean or weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

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
    CLUSTER,
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
        table = windows(frame)
        for how in (BY_SIZE, BY_STATE):
            for candidate in CANDIDATES:
                drawn = run(candidate, frame, table, how)
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


def run(candidate: Candidate, frame: pd.DataFrame, table: Windows, how: str) -> Drawn:
    """Return one candidate's estimates on permuted data with the critical values of its own inference.

    Placebo quantiles come from other draws, by size class and with replacement, than the ones they judge.
    """
    few = candidate.estimator in (TIMING, SYNTHETIC)
    draws = FEW_DRAWS if few else DRAWS
    data = _data_sets(table, how, draws)
    estimate, error, df = _estimates(candidate, frame, table, data)
    kept = np.isfinite(estimate)
    if candidate.inference == PLACEBO:
        judged_by = by_size(table, draws=draws, seed=SEED + 1, replace=not few)
        reference = _estimates(candidate, frame, table, judged_by)[0]
        low, high = np.nanquantile(reference, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Drawn(estimate[kept], float(low), float(high))
    reach = (stats.t.ppf((1 + LEVEL) / 2, df) * error)[kept]
    return Drawn(estimate[kept], -reach, reach)


def _data_sets(table: Windows, how: str, draws: int) -> Assignments:
    if how == BY_SIZE:
        return by_size(table, draws=draws, seed=SEED, replace=False)
    return permuted(table, how, draws=draws, seed=SEED)


def _estimates(candidate: Candidate, frame: pd.DataFrame, table: Windows, data: Assignments):
    """Return estimates, standard errors and degrees of freedom, each of shape (D,)."""
    missing, normal = np.full(len(data), np.nan), np.full(len(data), np.inf)
    if candidate.estimator == COUNTS:
        return log_ratios(table, data, candidate.trend), missing, normal
    if candidate.estimator == PRECISION:
        fits = weighted_fits(log_ratio_table(table, candidate.trend, candidate.weights), data)
        error = fits.jackknife if candidate.inference == JACKKNIFE else fits.clustered
        return fits.estimate, error if candidate.inference in (CLUSTER, JACKKNIFE) else missing, fits.df
    if candidate.estimator == HIERARCHICAL:
        made = log_ratio_table(table, candidate.trend, "model")
        return hierarchical_effects(made, data), missing, normal
    fit = {TIMING: timing, SYNTHETIC: synthetic}[candidate.estimator]
    estimate, error = partial(complete_trial, fit=fit)(frame, table, data).T
    return estimate, error, normal


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
