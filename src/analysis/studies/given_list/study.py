"""A given list beside ours: place by place, date by date, and every headline under either, both and all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ...panels.policies.compare import compare_lists, intersection, tally, union
from ...panels.policies.given import DEFAULT_POLICY, GivenList, given_list
from ...panels.store import load
from .headlines import committed_panels, compare_headlines, headlines

#: What our own list is called beside another.
OURS = "this project’s list"
BOTH, ALL = "places on both lists", "places on either list"


@dataclass(frozen=True)
class GivenStudy:
    """What a given list says.

    Attributes
    ----------
    given : GivenList
        The list, its doubts, and the panels it makes.
    panels : mapping of str to pandas.DataFrame
        Every panel of the studies, with the given list in place of ours: give them to any study's ``study``.
    """

    given: GivenList
    panels: Mapping[str, pd.DataFrame]

    def comparison(self) -> pd.DataFrame:
        """Return every place of either list (first: the given one; second: ours), and what differs."""
        return compare_lists(self.given.policies, load("policies"))

    def tally(self) -> pd.DataFrame:
        """Return how many places stand on both lists, on one, or under other years, per definition."""
        return tally(self.comparison())

    def headlines(self) -> pd.DataFrame:
        """Return every design's headline under the given list alone."""
        return headlines(self.panels)

    def compared_headlines(self) -> pd.DataFrame:
        """Return every design's headline under the given list, ours, their intersection and their union."""
        ours, theirs = load("policies"), self.given.policies
        lists = {
            self.given.name: theirs,
            OURS: ours,
            BOTH: intersection(theirs, ours),
            ALL: union(theirs, ours),
        }
        tables = []
        for name, policies in lists.items():
            alone = {"undated_places": self.given.undated_places} if name == self.given.name else {}
            tables.append(compare_headlines({name: policies}, committed_panels() | alone))
        return pd.concat(tables, ignore_index=True)


def with_policies(
    frame: pd.DataFrame,
    *,
    name: str = "the given list",
    source: str = "data frame",
    policy: str = DEFAULT_POLICY,
) -> GivenStudy:
    """Return the studies' panels with another list of treated places.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per place: its name, its state and the date of adoption; see
        `analysis.panels.policies.given.given_list`.
    name, source, policy : str
        What the list is called, where it comes from, and what its policies limit where it does not say.

    Returns
    -------
    GivenStudy
        The panels, and the comparison with ours. Under the given list alone, places that only ours names
        serve as comparison; under the intersection and the union they never do.

    Raises
    ------
    AnalysisError
        If a column is missing, a date or state cannot be, or no line means a place.
    """
    given = given_list(frame, name=name, source=source, policy=policy)
    changed = {"policies": given.policies, "undated_places": given.undated_places}
    return GivenStudy(given=given, panels=committed_panels() | changed)
