"""Secure Communities under the comparisons that the policies of counties are judged by."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ...panels.store import load
from ...results import stored
from ..credibility.counties import ADMITTED, ALL, COMPARISONS, INSIDE
from ..staggered_counties.fits import broom, two_way
from ..staggered_counties.sample import PANELS, with_rates
from ..staggered_counties.spec import SPEC as COUNTIES
from . import secure_communities


@stored
def activation() -> pd.DataFrame:
    """Return what Secure Communities did to recorded crime under every comparison, with its lead.

    Activation by county from 2008 to 2013 has the same counties, years and counts as the policies here, and
    published studies find nothing. ``outcome, comparison``, the estimate, and ``lead, lead_p``: the effect of
    the year to come given this one, which is zero where counties moved alike before.
    """
    panels: Mapping[str, pd.DataFrame] = {name: load(name) for name in PANELS}
    frame = secure_communities.sample(panels)
    about = panels["counties"].set_index("fips")[["region", "nchs_class_2013"]]
    frame = frame.join(about, on="fips")
    rows = []
    for name, outcome in secure_communities.OUTCOMES.items():
        data = with_rates(frame, outcome)
        for comparison in (ALL, INSIDE, ADMITTED):
            effects = COMPARISONS[comparison]
            found = broom(two_way(data, "activated", effects), COUNTIES.level, term="activated")
            ahead = broom(two_way(data, ["activated", "to_come"], effects), COUNTIES.level, term="to_come")
            rows.append(
                {"outcome": name, "comparison": comparison}
                | found
                | {"lead": ahead["estimate"], "lead_p": ahead["p_value"]}
            )
    return pd.DataFrame(rows)
