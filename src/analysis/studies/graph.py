"""The results that notebooks, the paper and the README read, each computed once and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..results.dependencies import reach
from .cap2017 import study as cap2017
from .cities_in_counties import study as cities_in_counties
from .cities_to_2024 import study as cities_to_2024
from .city_power import headline as cities
from .city_power import union
from .credibility import counties, smoothness
from .dose import study as dose
from .first_stage import study as first_stage
from .literature import activation_tests, arellano2017, findings, secure_communities, synthesis
from .measurement import study as measurement
from .paper import headline, influence, lists, power, specification_curve
from .paper import stage as paper_stage
from .staggered_cities import study as staggered_cities
from .staggered_counties import study as staggered_counties
from .states_to_2023 import study as states_to_2023
from .synthetic import history, leads, nine_cities, state_laws, statutes
from .uar2017 import pooled_covariance
from .uar2017 import study as uar2017

from . import matching_methods  # isort: skip


@dataclass(frozen=True)
class Result:
    """A stored function that needs no arguments, and about how many seconds it takes when not stored.

    The seconds, on two slow cores, only order the work and say what is left; no result depends on them.
    """

    call: Callable[[], Any]
    seconds: float

    @property
    def module(self) -> str:
        """Return the name of the function's module."""
        return self.call.__module__


RESULTS = {
    "staggered cities": Result(staggered_cities.run, 60),
    "statewide rules": Result(state_laws.run, 60),
    "staggered counties": Result(staggered_counties.run, 40),
    "measurement": Result(measurement.run, 30),
    "Urban Affairs Review": Result(uar2017.run, 12),
    "Center for American Progress": Result(cap2017.run, 8),
    "nine cities, synthetic": Result(nine_cities.run, 8),
    "nine cities": Result(history.run, 3),
    "ways to match": Result(matching_methods.run, 5),
    "border counties": Result(arellano2017.run, 10),
    "Secure Communities": Result(secure_communities.run, 5),
    "first stage": Result(first_stage.run, 5),
    "dose": Result(dose.run, 10),
    "cities in counties": Result(cities_in_counties.run, 10),
    "states to 2023": Result(states_to_2023.run, 10),
    "cities to 2024": Result(cities_to_2024.run, 25),
    "tests of cities": Result(cities.tests, 20),
    "leads of cities": Result(cities.events, 10),
    "other designs of cities": Result(cities.alternatives, 10),
    "permuted cities": Result(cities.trial_results, 1),
    "cities, counties and states in one stack": Result(union.figures, 5),
    "comparisons of counties": Result(counties.table, 20),
    "bounds of counties": Result(smoothness.table, 10),
    "leads of states": Result(leads.table, 20),
    "statutes": Result(statutes.run, 5),
    "pooled covariance": Result(pooled_covariance.run, 5),
    "activation": Result(activation_tests.activation, 5),
    "influence": Result(influence.influence, 5),
    "parts of the list": Result(lists.table, 10),
    "choices of lists": Result(lists.choices, 10),
    "specification curve": Result(specification_curve.curve, 2),
    "findings": Result(findings.findings, 10),
    "literature": Result(synthesis.run, 5),
    "power": Result(power.run, 10),
    "headline": Result(headline.figures, 20),
    "what policies did": Result(paper_stage.figures, 5),
}


def needs(name: str, among: Iterable[str]) -> tuple[str, ...]:
    """Return those of the results, in their order, whose modules this result's module uses.

    They are computed before it, so that no process waits for what another computes.
    """
    own = RESULTS[name].module
    used = reach([own]) - {own}
    return tuple(other for other in among if RESULTS[other].module in used)


def is_stored(name: str) -> bool:
    """Tell whether a result is in the store and all it rests on is as it was."""
    there: bool = RESULTS[name].call.is_stored()  # type: ignore[attr-defined]
    return there


def compute(name: str) -> None:
    """Compute and keep a result; it stays in the store, for others to read."""
    RESULTS[name].call()
