"""The sentences and the figure that open the report and the README."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from .exhibits.figures import Figure
from .exhibits.plots import forest_plot
from .prose import Prose, say

_CITY = (
    "**Cities.** Against a matched city each, violent crime without rape stood {before:.0f} per 100,000 "
    "residents higher before a rule against asking for immigration status ({pairs_before} pairs) and "
    "{after:.0f} higher while it was in force ({pairs_after} pairs); in the {pairs} pairs seen in both, "
    "the change is {change:+.0f} (95% interval {change_low:.0f} to {change_high:.0f}), and the design "
    "would have missed a change of {change_seen:.0f} ({change_seen_share:.0%} of the mean) one time in "
    "five, and smaller ones more often."
)
_COUNTY = (
    "**Counties.** Counties that declined detainers had {county:+.1f} crimes per 10,000 people in 2015 "
    "against matched counties (95% interval {county_low:.1f} to {county_high:.1f}, clustered by state; "
    "printed in the report: {printed:.1f}) and {within:+.1f} ({within_low:.1f} to {within_high:.1f}) "
    "against others of their own state."
)
_STAGGERED = (
    "**Staggered adoption.** Over 1999–2019, {treated} cities that came to forbid status inquiries "
    "recorded {violent:+.1%} violent crime without rape against what never-adopting cities of their size "
    "lead one to expect (95% interval {violent_low:+.1%} to {violent_high:+.1%}; {violent_rate:+.0f} per "
    "100,000), and {homicide:+.1%} homicide ({homicide_low:+.1%} to {homicide_high:+.1%}); {holds} of "
    "{headlines} such intervals hold zero, and effects under {violent_seen:.0%} of violent crime would "
    "mostly have been missed."
)
_TALLY = (
    "**Claims.** Of {claims} statements of the two papers {agrees} agree with what our data say, "
    "{consistent} are consistent, {differs} differ and {untested} could not be tested."
)
CAVEAT = (
    "The treatment lists of both papers could not be obtained: ours is a cited substitute, so these are "
    "the designs rebuilt, not the computations repeated."
)


def sentences(headline: Mapping[str, Any]) -> list[Prose]:
    """Return what the city, county and staggered designs found, each a sentence, and the tally of claims."""
    return [fill(text, headline) for text in (_CITY, _COUNTY, _STAGGERED, _TALLY)]


def fill(text: str, headline: Mapping[str, Any]) -> Prose:
    """Return a text filled with those of the figures that it names."""
    used = {name: value for name, value in headline.items() if "{" + name in text and _names(text, name)}
    return say(text, **used)


def _names(text: str, name: str) -> bool:
    return "{" + name + ":" in text or "{" + name + "}" in text


def headline_figure(rows: pd.DataFrame) -> Figure:
    """Return the forest plot of all designs as percent of the comparison mean."""
    return forest_plot(
        rows,
        caption="The designs on one scale: differences in percent of the comparison mean, with 95% "
        "intervals. The treatment lists are cited substitutes for the papers' own.",
        alt="Forest plot. Matched cities differ before adoption about as much as after, and the change has "
        "an interval around zero; county differences shrink from unadjusted to within states; intervals of "
        "the staggered design hold zero.",
        label="headline",
        xlabel="difference, percent of the comparison mean",
    )
