"""Bounds on the counties' effect if the drift before the policy may bend by a stated amount."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ... import estimators as est
from ...panels.store import load
from ...results import stored
from ..staggered_counties.sample import PANELS, county_sample, with_rates
from ..staggered_counties.spec import SPEC as COUNTIES
from .counties import ADMITTED, ALL, COMPARISONS, INSIDE, OUTCOMES, event_path

#: Log points by which the slope of a drift may change from one period to the next.
SMOOTHNESS = (0.0, 0.005, 0.01)


@stored
def table() -> pd.DataFrame:
    """Return confidence sets of the effect on 2013 and 2014, by comparison and outcome, log points.

    ``comparison, outcome``, ``smooth_low_0, smooth_high_0`` and on, one pair for each of `SMOOTHNESS`
    (Rambachan and Roth 2023, doi:10.1093/restud/rdad018).
    """
    frame = county_sample({name: load(name) for name in PANELS}, spec=COUNTIES).frame
    rows: list[dict[str, Any]] = []
    for comparison in (ADMITTED, INSIDE, ALL):
        for outcome in OUTCOMES:
            events = event_path(with_rates(frame, outcome), COMPARISONS[comparison])
            sets = est.honest_bounds(
                events,
                restriction="smoothness",
                values=SMOOTHNESS,
                target=0,
                points=200,
                level=COUNTIES.level,
            )
            found = {
                f"smooth_{end}_{row['value']:g}": float(row[f"conf_{end}"])
                for row in sets.dropna(subset="value").to_dict("records")
                for end in ("low", "high")
            }
            rows.append({"comparison": comparison, "outcome": outcome} | found)
    return pd.DataFrame(rows)


@stored
def events() -> pd.DataFrame:
    """Return effects by period against 2012 in the admitted comparison, log points.

    ``outcome, time`` (0: 2013 and 2014 together) and columns of an estimate.
    """
    frame = county_sample({name: load(name) for name in PANELS}, spec=COUNTIES).frame
    parts = [
        event_path(with_rates(frame, outcome), COMPARISONS[ADMITTED])
        .tidy()
        .rename(columns={"event_time": "time"})
        .assign(outcome=outcome)
        for outcome in OUTCOMES
    ]
    return pd.concat(parts, ignore_index=True)
