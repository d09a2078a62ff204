"""What the years before adoption say, as the paper shows it: tests, bounds and effects by year."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from .exhibits.figures import Figure
from .exhibits.plots import forest_plot
from .exhibits.tables import Table, frame_table
from .paper import OUTCOMES, PERCENT, SUBSTITUTE, VIOLENT, told


def bounds_table(table: pd.DataFrame) -> Table:
    """Return the tests on the years before adoption and the bounds if trends differ, by design."""
    rows = table[table["leads_p"].notna() | table["fake_p"].notna()]
    rows = rows.assign(outcome=rows["outcome"].map(OUTCOMES).str.capitalize())
    columns = ["name", "outcome", "leads_p", "fake_p", *PERCENT, "bound_low", "bound_high"]
    return frame_table(
        rows[columns],
        dict.fromkeys(["leads_p", "fake_p"], "p")
        | dict.fromkeys([*PERCENT, "bound_low", "bound_high"], "+.1f"),
        names={
            "name": "Design",
            "outcome": "Crime",
            "leads_p": "Leads, p",
            "fake_p": "Fake date, p",
            "percent": "Percent",
            "percent_low": "From",
            "percent_high": "To",
            "bound_low": "Bound from",
            "bound_high": "Bound to",
        },
        caption="Tests on the years before adoption, and intervals if trends may differ, percent.",
        label="bounds",
        notes=[
            "Leads: joint test that adopters moved like the comparison before; of cities, judged by permuted "
            "policies. Fake date: policies moved back in time. Bound: interval if trends after adoption "
            "differ "
            "from one year to the next by up to half the largest such difference before [@rambachan2023]; of "
            "cities, for the mean over six years."
        ],
    )


def events_figure(events: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """Return effects by year relative to adoption of the headline cities, with 95% intervals.

    Parameters
    ----------
    events : pandas.DataFrame
        Of `studies.city_power.headline.events`, log points.
    names : mapping of str to str
        Treatments by definition.
    """
    rows = events[events["outcome"].eq(VIOLENT)]
    shown = pd.DataFrame(
        {
            "group": rows["definition"].map(names),
            "name": rows["time"].map("{:+d} years".format),
            "estimate": 100 * np.expm1(rows["estimate"]),
            "conf_low": 100 * np.expm1(rows["conf_low"]),
            "conf_high": 100 * np.expm1(rows["conf_high"]),
            "highlight": rows["time"].lt(0),
        }
    )
    return forest_plot(
        shown,
        xlabel="Violent crime without rape against the year before adoption, percent",
        spec="+.1f",
        caption="Cities by year relative to adoption, against cities of the same region: the years before "
        f"(rust) should lie at zero. 95% intervals by state. {SUBSTITUTE}",
        alt=told(
            "Estimates by year for two policies, {n} in all, from {low:.0f} to {high:.0f} percent; {hold} "
            "include zero.",
            shown,
        ),
        label="events",
    )
