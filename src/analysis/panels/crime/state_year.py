"""The `state_year` panel: the FBI's estimates of crime by state 1979-2019, with rates and caveats."""

from __future__ import annotations

from ...sources import estimated_state
from ...sources.states import by_usps
from ..columns import panel_model, validate
from ..panel import Built
from ..rates import rates_of
from ..store import add_rates

KEYS = ["state", "year"]
OUTCOMES = [f"{name}_estimated" for name in [*estimated_state.COLUMNS, "violent_without_rape"]]
RATES = rates_of("state_year")

StateYear = panel_model(
    "StateYear",
    [
        *KEYS,
        "region",
        "population",
        *OUTCOMES,
        *RATES,
        "parts_match",
        "caveats",
    ],
    keys=KEYS,
    doc="One row a state and year; Mississippi from 1995. Figures are the FBI's estimates, not counts.",
)


def build_state_year() -> Built:
    """Return the validated state-year panel; every row of the file enters."""
    panel = estimated_state.read()
    panel["region"] = panel["state"].map(by_usps("region"))
    panel = add_rates(panel, RATES)
    panel = panel[list(StateYear.to_schema().columns)].sort_values(KEYS).reset_index(drop=True)
    return Built(validate(panel, StateYear), [estimated_state.PATH], {})
