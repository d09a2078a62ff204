"""The specification of states to 2023, frozen and committed before its outcomes were read.

This file is the record. Known beforehand: the study of statewide rules to 2019 (`synthetic.state_laws`),
Senate Bill 54 to 2019 among them. Not known: any estimate for a state that forbids sanctuary policies, and
any figure of 2020 or later.

Bans are a treatment of their own: a state that forbids its cities and counties to limit cooperation. The five
followed are dated by the panel `state_bans`. Donors are states that no row names, limits and symbolic acts
alike, and that have no ban, at any date. The scale is the logarithm of the rate and the estimator synthetic
difference-in-differences; the law is permuted over the donors, and several laws together over sets of donors.

In 2021 the FBI's estimates rest on incident-based returns that many agencies had not yet begun to send, and
in 2022 on both kinds. Three spans are shown: to 2019, to 2023, and to 2023 without 2021 and 2022. Homicide,
which other records confirm, is the outcome on which the years 2021 and 2022 are judged: if for homicide the
two longer spans differ by less than a standard error of the longer, the longer is the study's; otherwise the
one without these years. Each span is shown with every donor and without gap states: of the residents whom
agencies of ten thousand and more served in the FBI's table of 2019, those still printed in 2021 serve less
than half. A treated state may itself be one, which is said.

A false law is put five years before each, on years before any of them, and must show nothing (p above
`admit`); otherwise nothing is claimed of the outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..designs.study_spec import Frozen, StudySpec


@dataclass(frozen=True)
class StatesTo2023Spec(StudySpec):
    """What the study does, and from which numbers."""

    #: States that forbid sanctuary policies and whose year is followed; each year is that of `state_bans`.
    bans: tuple[str, ...] = ("TX", "IA", "FL", "TN", "AR")
    #: The statewide law with further years, and its year.
    law: tuple[str, int] = ("CA", 2018)
    #: First year. From then on every state has figures, and the two that begin a new series later leave.
    first: int = 1999
    #: Spans by name: last year, and years left out.
    spans: Mapping[str, tuple[int, tuple[int, ...]]] = Frozen(
        {
            "To 2019": (2019, ()),
            "To 2023": (2023, ()),
            "To 2023 without 2021 and 2022": (2023, (2021, 2022)),
        }
    )
    #: Judges 2021 and 2022.
    judge: str = "homicide"
    outcomes: Mapping[str, str] = Frozen(
        {
            "homicide": "Homicide",
            "violent_without_rape": "Violent without rape",
            "property": "Property",
            "motor_vehicle_theft": "Motor vehicle theft",
        }
    )
    #: Donor sets by name: whether gap states serve.
    donors: Mapping[str, bool] = Frozen({"All donors": True, "Without gap states": False})
    #: A gap state's share of residents, agencies' least residents, and the years compared.
    gap_share: float = 0.5
    gap_residents: int = 10_000
    gap_years: tuple[int, int] = (2019, 2021)
    #: No donor: the District of Columbia is a city.
    city_states: tuple[str, ...] = ("DC",)
    #: A false law so many years before, on years before any law followed.
    shift: int = 5
    #: Sets of donors that stand for the laws together.
    draws: int = 4_999
    seed: int = 20_261_124
    admit: float = 0.10
    level: float = 0.95
    power: float = 0.8
    margin_share: float = 0.05


SPEC = StatesTo2023Spec()
