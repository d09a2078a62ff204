"""The `state_year_2023` panel: the FBI's later edition of its state estimates, 1979-2023.

Beside `state_year`, whose bytes stay: the two are equal through 2018, and `compare_editions` counts the cells.
"""

from __future__ import annotations

import pandas as pd

from ...sources import estimated_state_2023
from ...sources.states import by_usps
from ..columns import panel_model, validate
from ..panel import Built
from ..store import add_rates
from .state_year import KEYS, OUTCOMES, RATES

StateYear2023 = panel_model(
    "StateYear2023",
    [*KEYS, "region", "population", *OUTCOMES, *RATES, "parts_match", "caveats", "is_nibrs_transition"],
    keys=KEYS,
    doc="One row a state and year to 2023; Mississippi from 1995. Figures are the FBI's estimates, not counts.",
)


def build_state_year_2023() -> Built:
    """Return the validated panel; every row of a state enters, the nation's do not."""
    panel = estimated_state_2023.read()
    panel["region"] = panel["state"].map(by_usps("region"))
    panel = add_rates(panel, RATES)[list(StateYear2023.to_schema().columns)]
    panel = panel.sort_values(KEYS, ignore_index=True)
    nation = estimated_state_2023.ROWS - estimated_state_2023.STATE_ROWS
    dropped = {"row of the nation": nation}
    return Built(validate(panel, StateYear2023), [estimated_state_2023.PATH], dropped)


def compare_editions(earlier: pd.DataFrame, later: pd.DataFrame) -> pd.DataFrame:
    """Return, by year, how many cells of the two editions are equal and how many differ.

    Parameters
    ----------
    earlier, later : pandas.DataFrame
        Panels `state_year` and `state_year_2023`.

    Returns
    -------
    pandas.DataFrame
        ``year, cells, equal``: population and the counts of every state of the year; two missing cells are equal.
    """
    names = ["population", *OUTCOMES]
    both = earlier.merge(later, on=KEYS, suffixes=("", "_later"), validate="one_to_one")
    same = pd.DataFrame(
        {
            name: both[name].eq(both[f"{name}_later"]).fillna(False)
            | (both[name].isna() & both[f"{name}_later"].isna())
            for name in names
        }
    )
    table = same.groupby(both["year"]).agg(["size", "sum"]).T.groupby(level=1).sum().T
    return table.rename(columns={"size": "cells", "sum": "equal"})[["cells", "equal"]].reset_index()
