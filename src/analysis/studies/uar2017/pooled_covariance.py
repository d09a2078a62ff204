"""Matched pairs under other distances: a covariance pooled within groups, and covariates measured before.

The Mahalanobis distance of the main design takes the covariance of all cities, which contains the distance
between the two groups; pooled within groups, :math:`\\sum_g (n_g - 1) S_g / \\sum_g (n_g - 1)`, it does not.
Either is defensible, and pairs change with the choice. The committed covariates of 2010 and 2015 are measured
after most adoptions; those of the 2000 Census (`spec.COVARIATES_2000`) before the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...estimators import match
from ...panels.store import load
from ...results import stored
from ..designs.city_series import CitySeries
from .differences import matched_sample
from .matching import matching_options, pairs_of, pooled
from .sample import treated_cities, with_census_2000
from .spec import COVARIATES_2000, SPEC, UarSpec
from .study import PANELS, series_of

ALL, WITHIN = "covariance of all cities", "covariance pooled within groups"
CENSUS, CENSUS_WITHIN = "covariates of 2000", "covariates of 2000, covariance pooled within groups"
OUTCOMES = ("violent_without_rape", "property")


@stored
def run() -> pd.DataFrame:
    """Return `choices` on the committed panels."""
    return choices({name: load(name) for name in PANELS}, SPEC)


def choices(panels: Mapping[str, pd.DataFrame], spec: UarSpec) -> pd.DataFrame:
    """Return differences of matched pairs before, in force and in change under every choice of distance.

    Returns
    -------
    pandas.DataFrame
        ``choice, outcome, group`` and the columns of `matching.pooled`; ``pairs``, how many the choice makes
        (a city without a covariate has none), and ``moved``, how many treated cities of the main design have
        another match, or none, under the choice.
    """
    panels = {**panels, "places": with_census_2000(panels["places"], panels["places_2000"])}
    treated = {coding: treated_cities(panels["policies"], coding, spec=spec) for coding in spec.codings}
    series = series_of(panels, treated, spec=spec)
    early = spec.replace(covariates=COVARIATES_2000)
    pairs: dict[str, pd.DataFrame] = {}
    for one, names in ((spec, (ALL, WITHIN)), (early, (CENSUS, CENSUS_WITHIN))):
        sample = matched_sample(panels, series, one.main, treated[one.main], one.last, spec=one)
        units = sample.design.units.sort_values("ori").reset_index(drop=True)
        pairs |= {
            name: pairs_by(units, covariance, spec=one)
            for name, covariance in zip(names, (ALL, WITHIN), strict=True)
        }
    rows = [
        {"choice": name, "outcome": outcome, "pairs": len(table), "moved": moved(pairs[ALL], table)} | row
        for name, table in pairs.items()
        for outcome in OUTCOMES
        for row in _differences(table, series, outcome, spec=spec)
    ]
    return pd.DataFrame(rows)


def moved(main: pd.DataFrame, other: pd.DataFrame) -> int:
    """Return how many treated cities of some pairs have another control, or none, in others."""
    first, second = (pairs.set_index("ori")["control"] for pairs in (main, other))
    return int((first != second.reindex(first.index)).sum())


def _differences(table: pd.DataFrame, series: CitySeries, outcome: str, *, spec: UarSpec) -> Any:
    return pooled(table, series, outcome, range(spec.first, spec.last + 1), spec=spec)


def pairs_by(units: pd.DataFrame, covariance: str, *, spec: UarSpec) -> pd.DataFrame:
    """Return the pairs of least total distance under one of the two covariances."""
    options = matching_options(spec=spec)
    if covariance == WITHIN:
        options = options | {"distance": within_metric(units, list(spec.covariates))}
    found = match(units, method="optimal", replace=False, **options)
    return pairs_of(units, found)


def within_metric(units: pd.DataFrame, covariates: list[str]) -> np.ndarray:
    """Return the inverse of the covariance within groups of standardized covariates, shape (k, k)."""
    values = units[covariates].to_numpy(float)
    standard = (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)
    treated = units["is_treated"].to_numpy(bool)
    groups = [standard[treated], standard[~treated]]
    summed = sum((len(group) - 1) * np.cov(group, rowvar=False) for group in groups)
    return np.linalg.inv(summed / (len(units) - len(groups)))
