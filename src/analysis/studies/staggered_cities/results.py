"""What the staggered city study returns."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ...estimators import Estimates
from .spec import StaggeredCitiesSpec


@dataclass(frozen=True)
class CityStudy:
    """Every table of the study; effects in log points unless a scale says otherwise.

    Attributes
    ----------
    spec : StaggeredCitiesSpec
        What the study was told to do.
    ledgers : pandas.DataFrame
        What each step of the sample took out, by ``definition`` and ``outcome``.
    treated : pandas.DataFrame
        Adopting cities by ``definition``.
    headline : pandas.DataFrame
        By ``definition, outcome``: the estimate with its interval from other places, crimes observed and
        expected, excess per 100,000, and what could have been seen; see
        `analysis.studies.designs.paired_tests.judged`.
    forks : pandas.DataFrame
        By ``definition, outcome, group, name, scale, estimator``: every fork of the co-primary outcomes.
    methods : pandas.DataFrame
        The same numbers under every way to judge chance.
    family : pandas.DataFrame
        Romano and Wolf's p-values over the co-primary outcomes.
    cities, influence : pandas.DataFrame
        Observed and expected crimes by city; the headline without each.
    scale : pandas.DataFrame
        What designs in rates add: `staggered_cities_inference.scale_gap`.
    trends, weights : pandas.DataFrame
        Years before adoption; negative weights of the two-way regression.
    events : dict
        Stacked Poisson event studies by (definition, outcome).
    """

    spec: StaggeredCitiesSpec
    ledgers: pd.DataFrame
    treated: pd.DataFrame
    headline: pd.DataFrame
    forks: pd.DataFrame
    methods: pd.DataFrame
    family: pd.DataFrame
    cities: pd.DataFrame
    influence: pd.DataFrame
    scale: pd.DataFrame
    trends: pd.DataFrame
    weights: pd.DataFrame
    events: dict[tuple[str, str], Estimates]
