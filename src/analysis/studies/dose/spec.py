"""The specification of the dose design, frozen and committed before crime was set against the dose.

Known beforehand: the average effects of the staggered county study on the same counties. Not known: any
difference by dose.

A policy can change crime only through the people whom a jail would have handed over and did not. The dose is
how many that could be, from volume before treatment: detainers at a county's local jails in fiscal years 2008
to 2014 (all years pooled less fiscal year 2015) per 1,000 residents and year. Its last year overlaps the
policies of 2014; the share of non-citizens in 2006 to 2010 is the check that does not. Comparison counties of
the same class of dose move with the same period effects, so that a class of adopters is held against places
with as many immigrants to decline. Adopters with hardly a detainer are a placebo: nothing could change.
Comparison counties that declined without a row in the policy list leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..designs.study_spec import Frozen, StudySpec


@dataclass(frozen=True)
class DoseSpec(StudySpec):
    """What the study does, and from which numbers."""

    #: Outcomes in order; the first offenses hang least on willingness to report.
    outcomes: Mapping[str, str] = Frozen(
        {
            "homicide": "Homicide",
            "robbery": "Robbery",
            "motor_vehicle_theft": "Motor vehicle theft",
            "violent_without_rape": "Violent without rape",
            "property": "Property",
        }
    )
    #: The dose of the classes, and the check that is measured before every adoption.
    dose: str = "detainers_per_1000"
    check: str = "non_citizen_share"
    #: Fiscal years of the pooled detainers before fiscal year 2015.
    dose_years: int = 7
    #: Fewest detainers over those years: adopters below it are the placebo.
    least_volume: float = 10.0
    #: Quantiles of the other adopters' dose that part the classes, and the classes' names, lowest first.
    quantiles: tuple[float, ...] = (1 / 3, 2 / 3)
    classes: tuple[str, ...] = ("placebo", "low", "middle", "high")
    #: A comparison county with this many recorded declines by 2014 leaves the comparison.
    decliner: int = 5
    #: Years of yearly counts held against a false period, to see what the design makes of nothing.
    false_period: tuple[int, int] = (2011, 2012)
    #: Detectable and excluded effects are given beside this share of the mean.
    margin_share: float = 0.05
    level: float = 0.95
    power: float = 0.8


SPEC = DoseSpec()
