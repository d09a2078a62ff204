"""What the studies by synthetic controls return."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..designs.synthetic_cases import Fitted
from .spec import NineCitiesSpec, StateLawsSpec


@dataclass(frozen=True)
class CitiesStudy:
    """Every table of the study. Rates are per 100,000 residents, logarithms in log points.

    Attributes
    ----------
    spec : NineCitiesSpec
    dates : pandas.DataFrame
        Every dated limit: ``case, city, ori, adopted, start, limits, has_older, state_law`` (year of a
        statewide law that came to cover it, if any), ``cannot_serve``, ``before, after`` (comparable years,
        by property crime), ``reason`` (empty: usable).
    cities : pandas.DataFrame
        One row a city: ``city, dates, usable, reason`` (why none of its dates is usable).
    estimates : pandas.DataFrame
        One row a ``case, outcome, scale, method``: see `synthetic_cases.fit`.
    fits : dict
        `Fitted` by (case, outcome, scale, method).
    names : dict of str to str
        Names of donors by agency.
    pool : int
        Cities that no policy names, before gaps.
    """

    spec: NineCitiesSpec
    dates: pd.DataFrame
    cities: pd.DataFrame
    estimates: pd.DataFrame
    fits: dict[tuple[str, str, str, str], Fitted]
    names: dict[str, str]
    pool: int


@dataclass(frozen=True)
class StateStudy:
    """Every table of the study. Rates are per 100,000 residents, logarithms in log points.

    Attributes
    ----------
    spec : StateLawsSpec
    laws : pandas.DataFrame
        ``law, state, start, adopted, content, source_url, first, last, before, after``.
    donors : pandas.DataFrame
        ``law, state, reason``: every state but the treated one, ``reason`` empty for donors.
    estimates : pandas.DataFrame
        One row a ``law, outcome, scale, method``: see `synthetic_cases.fit`.
    fits : dict
        `Fitted` by (law, outcome, scale, method).
    joint : pandas.DataFrame
        All laws since 2014, first law of each state: ``variant, outcome, scale, estimate, std_error,
        conf_low, conf_high`` (normal, placebo error), ``p_value`` (rank among placebos), ``detectable,
        states, donors``.
    sb54 : pandas.DataFrame
        Variants of the published design: ``variant, outcome, method`` and the columns of `fit`.
    """

    spec: StateLawsSpec
    laws: pd.DataFrame
    donors: pd.DataFrame
    estimates: pd.DataFrame
    fits: dict[tuple[str, str, str, str], Fitted]
    joint: pd.DataFrame
    sb54: pd.DataFrame
