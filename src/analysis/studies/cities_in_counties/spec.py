"""The specification of cities inside counties, frozen and committed before any crime count was read by it.

This file and `sample` are the record: their first commits come before the first estimate of this study. Known
beforehand: how many agencies the sample holds by state and year of adoption, and the results of the county
files, of the staggered cities and of the dose design.

Jails are the county's; crime is printed by city. The county files splice 2013 and 2014 into one period,
impute agencies that did not report, and cover adopters for part of that period. Here every agency is printed
in every year, nothing is imputed, and the years judged are those in all of whose months the policy held: the
year of adoption is shown in the event study and left out of the mean.

The estimator is that chosen for the paper's cities on permuted data (`city_power.choice`): log ratios of
single cities weighted by information, errors by leaving out each adopting state, t with one degree of freedom
less than such states. What is not given by that choice is within what cities are compared. Rule: a comparison
is admitted if, for violent and for property crime, neither the joint F test of the leads nor a false adoption
four years early rejects at `admit`. Of the admitted, the one with the smallest detectable change in violent
crime is the study's; a standard error decides that, no estimate does. If none is admitted, nothing is
claimed. Every comparison is shown with its tests, admitted or not.

A class of the dose is admitted by the same two tests on both totals, within the class; and the difference of
the highest class and the placebo is read only if both are. Added after the first run, and stricter: the slope
along the dose is read only if all four classes are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..designs.study_spec import Frozen, StudySpec


@dataclass(frozen=True)
class CitiesInCountiesSpec(StudySpec):
    """What the study does, and from which numbers."""

    #: What a county does: it holds nobody beyond release on request of the immigration authorities.
    definition: str = "detainers"
    #: Whether a statewide law dates every county of its state.
    include_state_laws: bool = True
    #: Years of counts; every agency is printed, with both totals and residents, in each of them.
    years: tuple[int, int] = (2005, 2019)
    #: Fewest residents in the first year.
    smallest: int = 10_000
    #: Adoptions followed: three years of counts before, one whole year under the policy after.
    adopted: tuple[int, int] = (2008, 2018)
    #: Years from adoption on that the mean leaves out, being bound for a part.
    skip: int = 1
    #: The two totals on which comparisons are tested; the family of Holm's p-values is all outcomes.
    totals: tuple[str, ...] = ("violent_without_rape", "property")
    #: Offenses; robbery and motor vehicle theft hang least on victims' willingness to report.
    outcomes: Mapping[str, str] = Frozen(
        {
            "violent_without_rape": "Violent without rape",
            "property": "Property",
            "robbery": "Robbery",
            "motor_vehicle_theft": "Motor vehicle theft",
        }
    )
    #: Within what cities are compared, by name: columns of the sample's frame. A segment is two states whose
    #: counties touch, one an adopter's and the other not.
    comparisons: Mapping[str, tuple[str, ...]] = Frozen(
        {
            "All other cities": (),
            "Same region": ("region",),
            "Same urban-rural class": ("nchs_class_2013",),
            "Same region and class": ("region", "nchs_class_2013"),
            "Same state": ("state",),
            "Same state and class": ("state", "nchs_class_2013"),
            "Across state borders": ("segment",),
        }
    )
    #: Fewest comparison cities in a cell; adopters of cells with fewer have no comparison and leave.
    fewest: int = 5
    #: Fewest adopting states in which four leads can be tested jointly: with fewer a comparison is shown
    #: without tests and cannot be admitted.
    fewest_states: int = 5
    #: Both tests on both totals must have a p-value above this.
    admit: float = 0.10
    #: A false adoption so many years early, judged on the years between alone.
    fake_shift: int = 4
    #: Subsamples under the study's comparison, by name: rules of `design.SUBSETS` with their arguments.
    subsamples: Mapping[str, tuple[str, ...]] = Frozen(
        {
            "Without California": ("states out", "CA"),
            "Without California, Connecticut and New Jersey": ("states out", "CA", "CT", "NJ"),
            "Dated by the county's own policy": ("dated by", "local"),
            "Dated by a statewide law": ("dated by", "state law"),
            "Adopted by 2014": ("adopted by", "2014"),
            "Comparison states without a ban on such policies": ("bans out",),
            "Cities of 50,000 and more": ("residents", "50000"),
        }
    )
    #: The dose: detainers before fiscal year 2015 per 1,000 residents and year of the county, in the classes
    #: of the study `dose`, cut anew at terciles of the adopting counties here.
    dose: str = "detainers_per_1000"
    least_volume: float = 10.0
    quantiles: tuple[float, ...] = (1 / 3, 2 / 3)
    classes: tuple[str, ...] = ("placebo", "low", "middle", "high")
    #: A comparison city leaves if its county declined this many detainers by July 2015 without a row.
    decliner: int = 5
    #: Lower ends of the size classes within which information is learned.
    sizes: tuple[int, ...] = (0, 25_000, 50_000, 100_000, 250_000)
    #: Data sets in which a state's dates go to another state's cities.
    draws: int = 499
    seed: int = 20_261_124
    magnitudes: tuple[float, ...] = (0.5, 1.0)
    #: A change against which power is stated, as a share.
    margin_share: float = 0.05
    level: float = 0.95
    power: float = 0.8


SPEC = CitiesInCountiesSpec()
