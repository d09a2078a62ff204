"""The studies, one folder each; and `with_policies`, for a list of your own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from .given_list.study import GivenStudy

__all__ = ["with_policies"]


def with_policies(
    frame: pd.DataFrame,
    *,
    name: str = "the given list",
    source: str = "data frame",
    policy: str = "status_inquiry",
) -> GivenStudy:
    """Return the studies' panels with another list of treated places.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per place: its name, its state and the date of adoption.
    name : str, default "the given list"
        What the list is called.
    source : str, default "data frame"
        Where it comes from.
    policy : {"status_inquiry", "detainers", "both"}, default "status_inquiry"
        What its policies limit where it does not say.

    Returns
    -------
    GivenStudy
        ``panels`` for any study's ``study``; ``given.doubts``, the lines whose place is ambiguous or unknown;
        and ``comparison()``, ``tally()``, ``headlines()`` and ``compared_headlines()`` with our list.

    Raises
    ------
    AnalysisError
        If a column is missing, a date or state cannot be, or no line means a place.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis import studies
    >>> mine = pd.DataFrame({"city": ["Tulsa", "Omaha"], "state": ["OK", "NE"], "adopted": ["2007", "2010"]})
    >>> given = studies.with_policies(mine, name="my list")
    >>> sorted(set(given.given.policies["place"]))
    ['Omaha city', 'Tulsa city']
    """
    from .given_list.study import with_policies as given

    return given(frame, name=name, source=source, policy=policy)
