"""The paper's first design: each adopting city's crime after adoption against before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ..designs.city_series import CitySeries
from ..designs.paired_tests import paired_difference
from .spec import UarSpec

#: Why a window holds no comparison beyond the reasons a single year has; the first that holds.
OUTSIDE, ENDED, NEW_SERIES = "years outside the period", "policy ended in the window", "a new series begins"


def changes(
    cities: pd.DataFrame,
    series: CitySeries,
    *,
    outcomes: Sequence[str],
    windows: Sequence[int],
    period: tuple[int, int],
) -> pd.DataFrame:
    """Return each city's change across adoption, or why there is none.

    Parameters
    ----------
    cities : pandas.DataFrame
        ``ori``, ``cohort`` and ``ended_year`` (missing: still in force); other columns are kept.
    series : CitySeries
        Of these agencies.
    outcomes : sequence of str
    windows : sequence of int
        Years either side of the year of adoption, which is left out.
    period : (int, int)
        First and last year to use.

    Returns
    -------
    pandas.DataFrame
        One row a city, outcome and window: ``before, after`` (mean rates), ``change``, and ``reason``, empty
        where every year of the window is printed, belongs to one comparable series and lies in `period`.
    """
    cities = cities.astype({name: object for name in cities if cities[name].dtype == "string"})
    parts = [
        _window(cities, series, outcome, window, period).assign(outcome=outcome, window=window)
        for outcome in outcomes
        for window in windows
    ]
    return pd.concat(parts, ignore_index=True)


def _window(
    cities: pd.DataFrame, series: CitySeries, outcome: str, window: int, period: tuple[int, int]
) -> pd.DataFrame:
    offsets = np.array([*range(-window, 0), *range(1, window + 1)])
    years = cities["cohort"].to_numpy(int)[:, None] + offsets
    values, segments, reasons = (
        _at(table, cities["ori"], years)
        for table in (series.values[outcome], series.segments[outcome], series.reasons[outcome])
    )
    tests = [
        (years < period[0]).any(axis=1) | (years > period[1]).any(axis=1),
        (cities["ended_year"] <= cities["cohort"] + window).fillna(False).to_numpy(bool),
    ]
    single = _first(np.where(pd.isna(reasons), "", reasons))
    shifted = np.nanmax(segments, axis=1, initial=-1) != np.nanmin(segments, axis=1, initial=99)
    reason = np.select([*tests, single != "", shifted], [OUTSIDE, ENDED, single, NEW_SERIES], "")
    before, after = values[:, :window].mean(axis=1), values[:, window:].mean(axis=1)
    usable = reason == ""
    return cities.assign(
        before=np.where(usable, before, np.nan),
        after=np.where(usable, after, np.nan),
        change=np.where(usable, after - before, np.nan),
        reason=reason,
    )


def _first(texts: np.ndarray) -> np.ndarray:
    """Return each row's first text that is not empty, or the empty text."""
    found = np.full(len(texts), "", object)
    for column in texts.T:
        found = np.where(found == "", column, found)
    return found


def _at(table: pd.DataFrame, oris: pd.Series, years: np.ndarray) -> np.ndarray:
    """Return the table's cells of each agency in each of its years, missing beyond the table's years."""
    rows = table.index.get_indexer(pd.Index(oris.astype(object)))
    columns = table.columns.get_indexer(pd.Index(years.ravel())).reshape(years.shape)
    cells = table.to_numpy()[rows[:, None], columns]
    return np.where(columns >= 0, cells, np.nan if cells.dtype == float else "")


def summarize(
    table: pd.DataFrame, by: Sequence[str], *, column: str = "change", spec: UarSpec
) -> pd.DataFrame:
    """Return the mean of a column of differences by group, as `paired_difference` does."""
    rows = [
        dict(zip(by, key, strict=True))
        | paired_difference(group[column].to_numpy(float), draws=spec.draws, seed=spec.seed, level=spec.level)
        | {"mean_before": group.loc[group[column].notna(), "before"].mean()}
        for key, group in table.groupby(list(by), sort=False)
    ]
    return pd.DataFrame(rows)


def dropped(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return how many cities each group leaves out by reason; with those used they are all given."""
    left = table[table["reason"] != ""]
    return left.groupby([*by, "reason"], sort=False).size().rename("cities").reset_index()


def against_matches(
    treated: pd.DataFrame, pairs: pd.DataFrame, series: CitySeries, **options: Any
) -> pd.DataFrame:
    """Return each city's change less that of its matched city in the same years.

    Parameters
    ----------
    treated : pandas.DataFrame
        As `changes` takes it.
    pairs : pandas.DataFrame
        ``ori`` and ``control``, one row a pair.
    series : CitySeries
        Of both.
    **options
        As `changes` takes them.

    Returns
    -------
    pandas.DataFrame
        `changes` of the treated city with ``control_change`` and ``excess`` (change less the match's).
    """
    both = treated.merge(pairs[["ori", "control"]], on="ori", how="inner", validate="1:1")
    own = changes(both, series, **options)
    match = changes(both.assign(ori=both["control"]), series, **options)
    excess = own["change"] - match["change"]
    reason = own["reason"].mask(own["reason"].eq("") & match["reason"].ne(""), "match: " + match["reason"])
    return own.assign(control_change=match["change"], excess=excess, reason=reason)


def by_chance(table: pd.DataFrame, series: CitySeries, outcome: str, *, level: float) -> pd.DataFrame:
    """Return whether each city's change goes beyond chance, were crimes independent events.

    Parameters
    ----------
    table : pandas.DataFrame
        `changes` of one window of one year either side; rows with a reason are left out.
    series : CitySeries
    outcome : str
    level : float

    Returns
    -------
    pandas.DataFrame
        The rows with ``p_value`` of the exact conditional test that two Poisson rates are equal, ``beyond``
        (whether it falls below one less the level) and ``change_share``, ``share_low``, ``share_high``:
        change over the year before with the exact interval of the ratio of rates. Crimes come in clusters,
        so intervals are too short and ``beyond`` is said too often.
    """
    used = table[table["reason"].eq("") & table["outcome"].eq(outcome) & table["window"].eq(1)]
    counts, people = series.counts(outcome), series.populations
    rows = [_poisson(row, counts, people, level) for row in used.to_dict("records")]
    return used.reset_index(drop=True).join(pd.DataFrame(rows))


def _poisson(
    row: Mapping[Any, Any], counts: pd.DataFrame, people: pd.DataFrame, level: float
) -> dict[str, float | bool]:
    years = row["cohort"] - 1, row["cohort"] + 1
    before, after = (int(counts.loc[row["ori"], year]) for year in years)
    exposed = [float(people.loc[row["ori"], year]) for year in years]
    share = exposed[1] / sum(exposed)
    test = stats.binomtest(after, before + after, share)
    interval = test.proportion_ci(level)
    low, high = (_ratio(p, exposed) - 1 for p in (interval.low, interval.high))
    return {
        "p_value": test.pvalue,
        "beyond": test.pvalue < 1 - level,
        "change_share": row["after"] / row["before"] - 1 if before else np.nan,
        "share_low": low,
        "share_high": high,
    }


def _ratio(probability: float, exposed: list[float]) -> float:
    return probability / (1 - probability) * exposed[0] / exposed[1] if probability < 1 else np.inf
