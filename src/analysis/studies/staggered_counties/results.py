"""What the staggered county study returns."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from .spec import StaggeredCountiesSpec


@dataclass(frozen=True)
class StaggeredCounties:
    """Everything the study found, as tables; effects in log points unless a unit is named.

    Attributes
    ----------
    spec : StaggeredCountiesSpec
        What the study was told to do.
    ledger, adopters : pandas.DataFrame
        Counties by the step that left them out; adopters in the sample by state with mean ``exposure``.
    mean_exposure : float
        Share of the adopters' person-years of 2013-14 under the policy.
    headline, jackknifed : pandas.DataFrame
        The headline by ``outcome``; for the outcomes followed, with errors from leaving out each state.
    exposure : pandas.DataFrame
        By ``outcome``, the effect per full exposure, were it at once and constant.
    without_state : pandas.DataFrame
        Refits of the headline by ``outcome`` and ``state`` left out, with that state's ``treated``.
    forks : pandas.DataFrame
        Every specification for the outcomes followed.
    years, years_in_states : pandas.DataFrame
        Differences by period relative to 2012 from 2000 on, by ``outcome``, and for violent and property
        crime the same from 2008 on with state-by-year effects; ``pretest_p`` tests all periods before.
    rings : pandas.DataFrame
        By ``outcome`` and ``term``: adopters, and comparison counties by distance to the nearest.
    tests : pandas.DataFrame
        Jackknife, wild bootstrap and swapped policies, by ``outcome``, on changes of logarithms.
    rates : pandas.DataFrame
        Headline in crimes per 100,000 with the detectable effect and tests of equivalence.
    steps, likeness : pandas.DataFrame
        Changes within and across the two crime files; what the splice does among counties without policies.
    early, early_counties : pandas.DataFrame
        Adopters until 2012 together by ``outcome``, and one by one.
    pairs : int
        Adjacent pairs across state borders that differ.
    """

    spec: StaggeredCountiesSpec
    ledger: pd.DataFrame
    adopters: pd.DataFrame
    mean_exposure: float
    headline: pd.DataFrame
    jackknifed: pd.DataFrame
    exposure: pd.DataFrame
    without_state: pd.DataFrame
    forks: pd.DataFrame
    years: pd.DataFrame
    years_in_states: pd.DataFrame
    rings: pd.DataFrame
    tests: pd.DataFrame
    rates: pd.DataFrame
    steps: pd.DataFrame
    likeness: pd.DataFrame
    early: pd.DataFrame
    early_counties: pd.DataFrame
    pairs: int
