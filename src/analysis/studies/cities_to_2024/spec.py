"""The specification of cities through 2024, frozen and committed before any estimate of it was read.

This file is the record. Known beforehand: the paper's cities to 2019, and how many cities adopted when. Not
known: what crime did in the adopting cities of 2015 to 2022 after 2019.

The design is the paper's (`city_power.choice`): log ratios by information, trends by region, errors by
leaving out each adopting state. What is new is the data: adoptions of 2015 to 2022, years from 2010 to 2024,
and the city-years of 2021 that the FBI's table lacks taken from a monthly index of agencies' own counts where
it has twelve months. The index counts rape otherwise, so that the total without rape is the one filled.

COVID years: comparison cities lived through the same years, and the trend of the region is theirs; the main
row keeps 2020 and 2021. The choices are shown beside it: both left out, and 2021 not filled. The row that
leaves them out is the answer to whoever thinks that adopting cities met the pandemic otherwise.

Rule for what is said: a policy and outcome whose leads or false adoption, four years early, reject at `admit`
is shown and nothing is claimed of it. Holm's p-values are over the rows of the main choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..designs.city_sample import SampleRules
from ..designs.study_spec import Frozen, StudySpec

_RULES = SampleRules(first_year=2010, last_year=2024, first_cohort=2015, last_cohort=2022, fewest_years=12)


@dataclass(frozen=True)
class CitiesTo2024Spec(StudySpec):
    """What the study does, and from which numbers."""

    #: The sample; treatment and outcome are set for each estimate. Twelve of fifteen years suffice, since
    #: 2021 is missing for many.
    rules: SampleRules = _RULES
    #: Policies studied apart, and the union of both.
    treatments: Mapping[str, str] = Frozen(
        {"status_inquiry": "Status inquiry", "detainers": "Detainers", "any_limit": "Any limit"}
    )
    outcomes: Mapping[str, str] = Frozen(
        {"violent_without_rape": "Violent without rape", "property": "Property"}
    )
    #: Years filled from the index.
    filled: tuple[int, ...] = (2021,)
    #: Choices by name: whether filled, and years left out; the first is the main one.
    choices: Mapping[str, tuple[bool, tuple[int, ...]]] = Frozen(
        {
            "All years, 2021 filled": (True, ()),
            "2021 not filled": (False, ()),
            "2020 and 2021 left out": (False, (2020, 2021)),
        }
    )
    #: Before adoption a city needs three years; a false adoption so many years early is judged on the rest.
    fake_shift: int = 4
    #: Fewest adopting states with which leads are tested.
    fewest_states: int = 5
    admit: float = 0.10
    margin_share: float = 0.05
    level: float = 0.95
    power: float = 0.8


SPEC = CitiesTo2024Spec()
