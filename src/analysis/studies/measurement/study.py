"""What the headlines owe to how crime is counted, and what a change of reporting could hide.

Every choice of counting that can be varied with these data is varied one at a time, the estimator standing
still: breaks of series, rape, residents, which agencies are printed, which years; for counties the coverage
behind imputed figures. Then the bound that no recount can give: if a policy changes the share of crimes that
people report, recorded crime moves by that much without any crime (Goncalves, Jacome and Weisburst 2024, NBER
32109, find for the opposite policy that reporting fell while recorded crime stood still).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...panels.store import load
from ...results import stored
from ..published.margins import published_figure
from ..staggered_counties.fits import estimate
from ..staggered_counties.sample import PANELS as COUNTY_PANELS
from ..staggered_counties.sample import county_sample
from .cities import PANELS as CITY_PANELS
from .cities import city_choices, headline_cities, with_shifts
from .results import MeasurementStudy
from .spec import CITY, COUNTY, SPEC, MeasurementSpec

PANELS = tuple(dict.fromkeys([*CITY_PANELS, *COUNTY_PANELS]))
_SHOWN = ("estimate", "conf_low", "conf_high")


@stored
def run(spec: MeasurementSpec = SPEC) -> MeasurementStudy:
    """Run the study on the committed panels, once a process for each specification."""
    return study({name: load(name) for name in PANELS}, spec)


def study(panels: Mapping[str, pd.DataFrame], spec: MeasurementSpec = SPEC) -> MeasurementStudy:
    """Run the study on given panels, of the names in `PANELS`."""
    cities = city_choices(panels, spec=spec).assign(unit=CITY)
    counties = county_choices(panels, spec=spec).assign(unit=COUNTY)
    columns = [
        "unit",
        "definition",
        "outcome",
        "group",
        "name",
        *_SHOWN,
        "p_value",
        "treated",
        "shift",
        "against",
    ]
    choices = pd.concat(
        [cities.rename(columns={"cities": "treated"})[columns], counties[columns]], ignore_index=True
    )
    heads = choices[choices["name"].eq("Headline")].reset_index(drop=True)
    sticks = yardsticks(panels, spec=spec)
    return MeasurementStudy(spec, choices, sticks, bounds(heads, spec.reporting), break_even(heads, sticks))


def county_choices(panels: Mapping[str, pd.DataFrame], *, spec: MeasurementSpec) -> pd.DataFrame:
    """Return the county headline under each choice of `COUNTY_CHOICES`, with its shift."""
    rows = []
    for name, changed in spec.county_choices.items():
        frame = county_sample(panels, spec.counties.rules.replace(**changed), spec=spec.counties).frame
        group = "Headline" if not changed else "Imputation and coverage"
        for outcome in spec.outcomes:
            names = {"definition": spec.counties.definition, "outcome": outcome, "group": group, "name": name}
            rows.append(
                names
                | estimate(frame, outcome, spec.counties.headline, spec=spec.counties)
                | {"against": "Headline"}
            )
    return with_shifts(pd.DataFrame(rows), ["definition", "outcome"])


def yardsticks(panels: Mapping[str, pd.DataFrame], *, spec: MeasurementSpec) -> pd.DataFrame:
    """Return what a published change of reporting would do to all crimes reported where adopters live.

    Hispanic residents are supposed to be victims, and to report before, as often as others.
    """
    groups = [
        (CITY, definition, headline_cities(panels, definition, spec=spec)) for definition in spec.definitions
    ]
    counties = county_sample(panels, spec=spec.counties).frame.query("treated > 0")
    groups.append((COUNTY, spec.counties.definition, counties))
    fall = abs(published_figure(spec.yardstick)) / 100
    rows = []
    for unit, definition, people in groups:
        known = people[people["hispanic_share_2010"].notna()]
        share = float(np.average(known["hispanic_share_2010"].astype(float), weights=known["residents"]))
        same = share * fall
        answered = published_figure(spec.elasticity) / spec.per
        rows.append(
            {
                "unit": unit,
                "definition": definition,
                "hispanic_share": share,
                "same": same,
                "undone": share * (1 / (1 - fall) - 1),
                "recorded": float(np.log1p(same) + np.log1p(-answered * same)),
            }
        )
    return pd.DataFrame(rows)


def bounds(heads: pd.DataFrame, reporting: Sequence[float]) -> pd.DataFrame:
    """Return effects on crimes, recorded or not, for supposed changes of reporting.

    Recorded crime is crime times the share reported: the recorded effect is the true one plus
    ``log(1 + reporting)``, in log points.

    Parameters
    ----------
    heads : pandas.DataFrame
        ``unit, definition, outcome, estimate, conf_low, conf_high``: recorded effects.
    reporting : sequence of float
        Proportional changes of the share of crimes that is reported; above -1.
    """
    parts = [
        heads[["unit", "definition", "outcome"]].assign(
            reporting=change, **{name: heads[name] - np.log1p(change) for name in _SHOWN}
        )
        for change in reporting
    ]
    return pd.concat(parts, ignore_index=True)


def break_even(heads: pd.DataFrame, sticks: pd.DataFrame) -> pd.DataFrame:
    """Return at which changes of reporting each recorded effect hides none, a rise or a fall of crimes."""
    names = {"estimate": "none", "conf_low": "rise_below", "conf_high": "fall_above"}
    made: dict[str, Any] = {new: np.expm1(heads[old]) for old, new in names.items()}
    keys = ["unit", "definition"]
    table = heads[["unit", "definition", "outcome", *_SHOWN]].assign(**made)
    table = table.merge(sticks[[*keys, "same", "recorded"]], on=keys, how="left", validate="m:1")
    return table.assign(
        true_at_same=table["estimate"] - np.log1p(table["same"]),
        holds_recorded=table["recorded"].between(table["conf_low"], table["conf_high"]),
    )
