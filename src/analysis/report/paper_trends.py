"""What the years before adoption say, as the paper shows it: tests, bounds and effects by year."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from .exhibits.figures import Figure
from .exhibits.plots import forest_plot
from .exhibits.tables import Table, frame_table
from .paper import PERCENT, SUBSTITUTE, VIOLENT, told

_BOUNDS_NOTE = (
    "Leads: joint test that adopters moved like the comparison before; of cities and states, "
    "judged by "
    "permuted policies. Power: of that test, for a drift of one log point a year. Fake date: "
    "policies "
    "moved back in time. Bound: interval if trends after adoption differ from one year to the next "
    "by "
    "up to half the largest such difference before [@rambachan2023]; of cities and states, for the "
    "mean "
    "over the years judged."
)


def bounds_table(table: pd.DataFrame) -> Table:
    """Return the tests on the years before adoption and their power, by design."""
    rows = _tested(table)
    columns = ["name", "outcome", "leads_p", "leads_power", "fake_p", *PERCENT, "bound_low", "bound_high"]
    return frame_table(
        rows[columns],
        dict.fromkeys(["leads_p", "fake_p"], "p")
        | {"leads_power": ".0%"}
        | dict.fromkeys([*PERCENT, "bound_low", "bound_high"], "+.1f"),
        names={
            "name": "Design",
            "outcome": "Crime",
            "leads_p": "Leads, p",
            "leads_power": "Power",
            "fake_p": "Fake date, p",
            "percent": "Percent",
            "percent_low": "From",
            "percent_high": "To",
            "bound_low": "Bound from",
            "bound_high": "To",
        },
        caption="Tests on the years before adoption, and intervals if trends may differ, percent.",
        label="bounds",
        notes=[_BOUNDS_NOTE],
    )


def sensitivity_table(table: pd.DataFrame) -> Table:
    """Return intervals under larger and smoother violations of parallel trends, and breakdown values."""
    rows = _tested(table)
    ends = ["whole_low", "whole_high", "smooth_low", "smooth_high"]
    return frame_table(
        rows[["name", "outcome", *ends, "breakdown"]],
        dict.fromkeys(ends, "+.1f") | {"breakdown": ".2f"},
        names={
            "name": "Design",
            "outcome": "Crime",
            "whole_low": "All of it, from",
            "whole_high": "To",
            "smooth_low": "Bent drift, from",
            "smooth_high": "To",
            "breakdown": "Breakdown",
        },
        caption="Intervals under larger or smoother departures from parallel trends, percent.",
        label="sensitivity",
        notes=[
            "All of it: trends differ by up to the whole of the largest difference before. Bent drift: the "
            "drift "
            "before goes on, and its slope changes by up to one log point a year. Breakdown: the multiple "
            "of the "
            "largest difference before from which on zero is no longer excluded; zero where the interval "
            "under "
            "parallel trends already includes it [@rambachan2023]."
        ],
    )


def _tested(table: pd.DataFrame) -> pd.DataFrame:
    rows = table[table["leads_p"].notna() | table["fake_p"].notna()]
    kinds = {VIOLENT: "Violent", "property": "Property"}
    return rows.assign(outcome=rows["outcome"].map(kinds))


def events_figure(events: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """Return effects by year relative to adoption of every headline design, with 95% intervals.

    Parameters
    ----------
    events : pandas.DataFrame
        Of `studies.paper.exhibits.events`, log points.
    names : mapping of str to str
        Designs by key.
    """
    rows = events[events["outcome"].eq(VIOLENT)]
    shown = pd.DataFrame(
        {
            "group": rows["key"].map(names),
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
        height=6.4,
        caption="Effects by year relative to adoption: the years before (rust) should lie at zero. Counties: "
        "periods, of which the last is 2013 and 2014 together; states: weights fitted on earlier years "
        "alone. "
        f"95% intervals, of states from donors treated as if they had adopted. {SUBSTITUTE}",
        alt=told(
            "Estimates by year for four designs, {n} in all, from {low:.0f} to {high:.0f} percent; {hold} "
            "include zero.",
            shown,
        ),
        label="events",
    )
