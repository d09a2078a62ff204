"""Candidates that need complete series: efficient under random timing, and pooled synthetic DiD."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from ... import estimators as est
from .permutations import Assignments
from .windows import Windows


def complete_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of cities with a rate above zero in every year."""
    seen = frame.groupby("ori")["log_rate"].transform("count")
    return frame[seen.eq(frame["year"].nunique())].reset_index(drop=True)


def permuted_frame(frame: pd.DataFrame, table: Windows, rows: np.ndarray, dates: np.ndarray) -> pd.DataFrame:
    """Return never-adopting cities with the drawn ones' dates as cohorts; adopters are left out.

    Every year from the date on counts as treated: neither estimator has a horizon.
    """
    codes = table.cities["ori"].to_numpy()
    never = frame[frame["cohort"].eq(0)]
    cohort = pd.Series(table.dates[dates], index=codes[rows])
    cohort = cohort[~cohort.index.duplicated()]
    return never.assign(cohort=never["ori"].map(cohort).fillna(0).astype(int)).reset_index(drop=True)


def timing(frame: pd.DataFrame) -> tuple[float, float]:
    """Return the efficient estimate under random timing and its standard error.

    Cohorts of one city have no variance within and are left out.
    """
    cities = frame.drop_duplicates("ori")
    sizes = cities["cohort"].map(cities["cohort"].value_counts())
    kept = cities.loc[sizes.gt(1), "ori"]
    found = est.efficient_timing(
        frame[frame["ori"].isin(kept)],
        outcome="log_rate",
        unit="ori",
        time="year",
        cohort="cohort",
    )
    return float(found.estimate[0]), float(np.sqrt(found.covariance[0, 0]))


def synthetic(frame: pd.DataFrame) -> tuple[float, float]:
    """Return pooled synthetic difference-in-differences of logs, its error left to placebo draws."""
    found = est.synthetic_did(
        frame, outcome="log_rate", unit="ori", time="year", cohort="cohort", variance=None, solver="exact"
    )
    return float(found.estimate[0]), float("nan")


def trial(
    frame: pd.DataFrame,
    table: Windows,
    drawn: Assignments,
    fit: Callable[[pd.DataFrame], tuple[float, float]],
) -> np.ndarray:
    """Return estimates and errors of one candidate, shape (D, 2); missing where it has none."""
    rows = complete_rows(frame)
    found = np.full((len(drawn), 2), np.nan)
    for draw in range(len(drawn)):
        data = permuted_frame(rows, table, drawn.rows[draw], drawn.dates[draw])
        try:
            found[draw] = fit(data)
        except est.EstimationError:
            continue
    return found
