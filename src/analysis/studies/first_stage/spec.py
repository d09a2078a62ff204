"""The specification of the first stage, frozen and committed before declines were set against policy dates.

Known beforehand: the totals of declined detainers by year and facility, and the rough trials that the plan of
this study reports (the share declined in fiscal year 2015 in counties with and without a policy, and
Philadelphia). What follows was not adapted to them.

Counts of declines are small and mostly zero, and the volume that a policy could bear on differs a
thousandfold between counties: the model is Poisson with the county's detainers of fiscal years 2008 to 2015
as exposure. No file counts all detainers by county and year, so the exposure is one figure a county; effects
of the year carry the nation's volume. Declines are those ICE recorded, a lower bound; what changes in
recording, by county and at the time of its policy, cannot be told from what changes in declining.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..designs.study_spec import Frozen, StudySpec


@dataclass(frozen=True)
class FirstStageSpec(StudySpec):
    """What the study does, and from which numbers."""

    #: What a county does: it holds nobody beyond release on request of the immigration authorities.
    definition: str = "detainers"
    #: Whether a statewide law dates every county of its state.
    include_state_laws: bool = True
    #: Whole calendar years of declines. 2007 begins in October; 2015 ends in July with most outcomes blank.
    years: tuple[int, int] = (2008, 2014)
    #: Adoptions followed: with a year before in the data, and a year after begun.
    adopted: tuple[int, int] = (2009, 2014)
    #: Comparison counties are named by no policy, law or list up to and including this year.
    clean_through: int = 2014
    #: Event times, both ends pooled; the year before adoption is the reference.
    window: tuple[int, int] = (-4, 1)
    reference: int = -1
    #: Fewest detainers of fiscal years 2008-2015 at local jails: below it nothing could change.
    least_volume: float = 10.0
    #: States left out in turn, by the name of the sample; the first keeps all.
    samples: Mapping[str, tuple[str, ...]] = Frozen(
        {"all states": (), "without California": ("CA",), "without California and New York": ("CA", "NY")}
    )
    #: Years of adoption whose counties count as bound in fiscal year 2015.
    bound_by: int = 2014
    #: A county's first year of declines is the first with this many; fewer may be one officer's record.
    begins_with: int = 3
    #: Years after adoption in which the first declines still agree with the date.
    slack: int = 1
    #: Fewest detainers of fiscal year 2015 in which a policy that binds should have shown.
    visible_volume: int = 10
    #: A decliner without a row declined this many over all years.
    decliner: int = 5
    level: float = 0.95
    power: float = 0.8


SPEC = FirstStageSpec()
