"""What the rebuilt county study returns."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from .spec import CapSpec


@dataclass(frozen=True)
class CountyStudy:
    """Everything the county study found, as tables.

    Attributes
    ----------
    spec : CapSpec
        What the study was told to do.
    counties : pandas.DataFrame
        One row a county; see `sample.county_frame`.
    ledger, states : pandas.DataFrame
        Why counties are in or out; declining counties by state.
    balance : pandas.DataFrame
        `balance_table` by ``matching``.
    main : pandas.DataFrame
        One row a ``design``: estimate, errors, sample and detectable difference, crimes per 10,000 people.
    matchings, variants : pandas.DataFrame
        The same under other matchings; under other data, treatments and covariates.
    offenses : pandas.DataFrame
        The same by ``outcome``: violent and property crime apart.
    without_state : pandas.DataFrame
        The matched and adjusted estimate when one ``state`` is left out.
    classes : pandas.DataFrame
        By ``design`` and urban-rural ``class``.
    economy, income_classes : pandas.DataFrame
        By ``outcome`` and ``design``; household income by class.
    before : pandas.DataFrame
        The same counties' difference by ``year`` before the policies, and in 2015.
    randomization : pandas.DataFrame
        Tests that re-assign the treatment between states and within them.
    equivalence, power : pandas.DataFrame
        By ``design``: tests against margins; power and errors of sign and size for supposed differences.
    contrasts : dict of str to dict
        ``central`` (large central metro less the lowest other class, crime), ``income`` (rural less large
        central metro).
    """

    spec: CapSpec
    counties: pd.DataFrame
    ledger: pd.DataFrame
    states: pd.DataFrame
    balance: pd.DataFrame
    main: pd.DataFrame
    matchings: pd.DataFrame
    variants: pd.DataFrame
    offenses: pd.DataFrame
    without_state: pd.DataFrame
    classes: pd.DataFrame
    economy: pd.DataFrame
    income_classes: pd.DataFrame
    before: pd.DataFrame
    randomization: pd.DataFrame
    equivalence: pd.DataFrame
    power: pd.DataFrame
    contrasts: dict[str, dict[str, float]]
