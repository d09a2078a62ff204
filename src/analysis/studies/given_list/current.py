"""The list a report is made for, named by the environment, and what the report says of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ...errors import MissingFileError
from ...panels.policies.given import DEFAULT_POLICY, GivenList, read_given
from ...results import stored
from ..published.claims import Finding, claims, compare
from .study import GivenStudy, with_policies

#: Variables of the environment: the file, what the list is called, what its policies limit unless it says.
FILE, NAME, POLICY = "ANALYSIS_GIVEN_LIST", "ANALYSIS_GIVEN_NAME", "ANALYSIS_GIVEN_POLICY"


@dataclass(frozen=True)
class Said:
    """What a report says of a given list.

    Attributes
    ----------
    study : GivenStudy
    headlines : pandas.DataFrame
        Every design under the given list, ours, their intersection and their union.
    comparison, tally : pandas.DataFrame
        Place by place, and counted by definition.
    verdicts : pandas.DataFrame
        The paper's statements on its list held against this one.
    """

    study: GivenStudy
    headlines: pd.DataFrame
    comparison: pd.DataFrame
    tally: pd.DataFrame
    verdicts: pd.DataFrame

    @property
    def given(self) -> GivenList:
        """The list."""
        return self.study.given

    @property
    def own(self) -> pd.DataFrame:
        """Headlines under the given list that have a number."""
        rows = self.headlines
        return rows[rows["list"].eq(self.given.name) & rows["problem"].eq("")]

    @property
    def without_number(self) -> pd.DataFrame:
        """Headlines under the given list that have none, with the reason."""
        rows = self.headlines
        return rows[rows["list"].eq(self.given.name) & rows["problem"].ne("")]


@stored
def current() -> Said:
    """Return what a report says of the list that the environment names.

    Raises
    ------
    MissingFileError
        If the environment names no list.
    """
    if not (file := os.environ.get(FILE)):
        remedy = "Use `sanctuary report --policies LIST`."
        raise MissingFileError("No list is named.", where=FILE, remedy=remedy)
    place = Path(file)
    options = {"name": os.environ.get(NAME) or place.stem, "policy": os.environ.get(POLICY) or DEFAULT_POLICY}
    return said_of(with_policies(read_given(place), source=place.name, **options))


def said_of(study: GivenStudy) -> Said:
    """Return everything a report says of a list."""
    comparison = study.comparison()
    return Said(
        study=study,
        headlines=study.compared_headlines(),
        comparison=comparison,
        tally=study.tally(),
        verdicts=sample_verdicts(study.given),
    )


def sample_verdicts(given: GivenList) -> pd.DataFrame:
    """Return the verdicts on the first paper's statements on its list of cities, tested on the given one.

    They are facts about a list, not about crime. Lines whose name is no place of the panels count as well:
    the paper's list is what it is, whether or not these data know the place.
    """
    cities = given.rows[given.rows["kind"].eq("city")].drop_duplicates(["given", "state"])
    elsewhere = cities[~cities["geoid"].fillna("").str.startswith("11")]
    first = cities["adopted"].str[:4].astype(int).min() if len(cities) else None
    found = {
        "uar_cities": len(cities),
        "uar_cities_without_dc": len(elsewhere),
        "uar_states_19": elsewhere["state"].nunique(),
        "uar_states_20": elsewhere["state"].nunique(),
        "uar_first_adoption": first,
    }
    units = {"uar_states_19": "states", "uar_states_20": "states", "uar_first_adoption": "calendar year"}
    published = {name: claim for name, claim in claims("uar2017").items() if name in found}
    findings = {
        name: Finding(name, value, unit=units.get(name, "cities"))
        for name, value in found.items()
        if value is not None
    }
    return compare(published, findings, descriptions=True)
