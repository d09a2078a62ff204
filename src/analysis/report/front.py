"""The sentences and the figure that open the report and the README."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from .exhibits.figures import Figure
from .exhibits.plots import forest_plot
from .prose import Prose, say

_CITY = (
    "**Matched cities.** Before a rule against asking about immigration status, violent crime without rape "
    "was "
    "{before:.0f} per 100,000 residents higher in adopting cities than in their matches ({pairs_before} "
    "pairs); "
    "while the rule was in force it was {after:.0f} higher ({pairs_after} pairs). In the {pairs} pairs "
    "observed "
    "in both periods the difference changed by {change:+.0f} (95% confidence interval {change_low:.0f} to "
    "{change_high:.0f}). The design has 80% power only for a change of {change_seen:.0f}, or "
    "{change_seen_share:.0%} of the mean."
)
_COUNTY = (
    "**Matched counties.** In 2015, counties that declined detainers had {county:+.1f} crimes per 10,000 "
    "people "
    "relative to matched counties (95% confidence interval {county_low:.1f} to {county_high:.1f}, "
    "clustered by "
    "state; printed in the report: {printed:.1f}) and {within:+.1f} ({within_low:.1f} to {within_high:.1f}) "
    "relative to counties of the same state."
)
_STAGGERED = (
    "**Places followed over time.** From 1999 to 2019, violent crime without rape changed by "
    "{violent:+.1%} in "
    "{treated} cities that came to forbid questions about immigration status, relative to cities of the same "
    "region that never did (95% confidence interval {violent_low:+.1%} to {violent_high:+.1%}); these cities "
    "carry the information of {effective:.0f} weighted alike. Homicide changed by {homicide:+.1%} "
    "({homicide_low:+.1%} to {homicide_high:+.1%}). Of {headlines} intervals by policy and offense {holds} "
    "include zero. The design has 80% power for a change of {violent_seen:.0%} in violent crime."
)
_TALLY = (
    "**Verdicts.** Of {claims} statements of the two papers, {results} are results that a design here can be "
    "compared with: {agrees} agree, {consistent} are consistent, {not_contradicted} are not contradicted and "
    "{differs} differ. {untested} more could not be tested, and {not_graded} describe samples and are not "
    "graded."
)
CAVEAT = (
    "Neither paper’s list of treated places could be obtained. Ours is a cited substitute, so these are the "
    "published designs rebuilt, not the published computations repeated."
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
        f"confidence intervals. {CAVEAT}",
        alt="Forest plot of differences in percent with 95% confidence intervals: matched cities before, "
        "during "
        "and in change; counties in one year under four designs; cities followed over time by offense.",
        label="headline",
        xlabel="difference, percent of the comparison mean",
    )
