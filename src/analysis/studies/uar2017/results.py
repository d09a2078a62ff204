"""What the rebuilt Urban Affairs Review study returns."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from .spec import UarSpec


@dataclass(frozen=True)
class Results:
    """Every table of the study. Rates and differences are crimes per 100,000 residents.

    Attributes
    ----------
    spec : UarSpec
        What the study was told to do.
    treated : pandas.DataFrame
        Treated cities by ``coding``: dates, sources, the matched city, or ``unmatched_because``.
    units : pandas.DataFrame
        Cities entering the matching by ``coding``, with covariates.
    ledger : pandas.DataFrame
        Places by ``coding``, arm and what became of them in the matching; they add up to the panel.
    changes : pandas.DataFrame
        Before and after: one row a coding, period, city, outcome and window.
    before_after, before_after_dropped : pandas.DataFrame
        Their means with errors and judgement; cities left out by reason.
    excess, excess_summary : pandas.DataFrame
        The same less the matched city's change, main coding and the paper's years.
    by_chance : pandas.DataFrame
        Main coding: whether each city's change in violent crime without rape goes beyond chance.
    pairs, balance : pandas.DataFrame
        One-to-one matches and balance by ``coding``.
    differences : pandas.DataFrame
        Matched and unmatched differences by ``coding, estimator, group, year, outcome``; ``year`` is missing
        for those pooled over years (groups ``before``, ``after``, ``change``).
    spreads, detectable : pandas.DataFrame
        Standard deviations of each design, and the effect each could see by number of cities.
    """

    spec: UarSpec
    treated: pd.DataFrame
    units: pd.DataFrame
    ledger: pd.DataFrame
    changes: pd.DataFrame
    before_after: pd.DataFrame
    before_after_dropped: pd.DataFrame
    excess: pd.DataFrame
    excess_summary: pd.DataFrame
    by_chance: pd.DataFrame
    pairs: pd.DataFrame
    balance: pd.DataFrame
    differences: pd.DataFrame
    spreads: pd.DataFrame
    detectable: pd.DataFrame
