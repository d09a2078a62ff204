"""Matched pairs when the distance pools the covariance within treated and control cities.

The Mahalanobis distance of the main design takes the covariance of all cities, which contains the distance
between the two groups; pooled within groups, :math:`\\sum_g (n_g - 1) S_g / \\sum_g (n_g - 1)`, it does not.
Either is defensible, and pairs change with the choice.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...estimators import match
from ...panels.store import load
from ...results import stored
from ..designs.city_series import CitySeries
from .differences import matched_sample
from .matching import matching_options, pairs_of, pooled
from .sample import treated_cities
from .spec import SPEC, UarSpec
from .study import PANELS, series_of

ALL, WITHIN = "covariance of all cities", "covariance pooled within groups"


@stored
def run() -> pd.DataFrame:
    """Return `choices` on the committed panels."""
    return choices({name: load(name) for name in PANELS}, SPEC)


def choices(panels: Mapping[str, pd.DataFrame], spec: UarSpec) -> pd.DataFrame:
    """Return differences of matched pairs before, in force and in change under both covariances.

    Returns
    -------
    pandas.DataFrame
        ``covariance, outcome, group`` and the columns of `matching.pooled`; ``moved``, the pairs of the main
        coding that are others under the pooled covariance.
    """
    treated = {coding: treated_cities(panels["policies"], coding, spec=spec) for coding in spec.codings}
    series = series_of(panels, treated, spec=spec)
    units = matched_sample(panels, series, spec.main, treated[spec.main], spec.last, spec=spec).design.units
    units = units.sort_values("ori").reset_index(drop=True)
    pairs = {name: pairs_by(units, name, spec=spec) for name in (ALL, WITHIN)}
    moved = int((pairs[ALL].set_index("ori")["control"] != pairs[WITHIN].set_index("ori")["control"]).sum())
    rows = [
        {"covariance": name, "outcome": outcome} | row
        for name, table in pairs.items()
        for outcome in ("violent_without_rape", "property")
        for row in _differences(table, series, outcome, spec=spec)
    ]
    return pd.DataFrame(rows).assign(moved=moved)


def _differences(table: pd.DataFrame, series: CitySeries, outcome: str, *, spec: UarSpec):
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
