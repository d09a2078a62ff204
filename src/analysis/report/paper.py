"""The sentences and figures of the report's paper; every number comes from the studies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from .exhibits.choices import choices_plot
from .exhibits.curves import curves_plot
from .exhibits.figures import Figure
from .exhibits.plots import forest_plot
from .exhibits.tables import Table, frame_table
from .exhibits.values import number
from .front import fill
from .prose import Prose, say

_VIOLENT, _PROPERTY = "violent_without_rape", "property"
_OUTCOMES = {
    _VIOLENT: "violent crime without rape",
    _PROPERTY: "property crime",
    "crime": "all index crime",
}
_POWER = 0.8
STUDIES = {"uar2017": "Urban Affairs Review", "cap2017": "Center for American Progress"}
SUBSTITUTE = "The list of treated places is a cited substitute for the papers’ own."

_ABSTRACT = (
    "**Abstract.** Two studies are quoted whenever sanctuary policies and crime come up: cities that forbid "
    "asking for immigration status show no discernible difference from matched cities "
    "[@gonzalezobrien2019], and counties that decline to hold people for the immigration authorities have "
    "less crime than matched counties [@wong2017]. We rebuild both on the FBI’s published files and ask "
    "again with designs that follow places before and after they adopt. Against what other places lead one "
    "to expect, recorded violent crime without rape differs by {status_estimate:+,.0f} per 100,000 "
    "residents a year (95% interval {status_conf_low:,.0f} to {status_conf_high:,.0f}) in {status_used} "
    "cities that came to forbid such questions, {detain_estimate:+,.0f} ({detain_conf_low:,.0f} to "
    "{detain_conf_high:,.0f}) in {detain_used} cities and {counties_estimate:+,.0f} "
    "({counties_conf_low:,.0f} to {counties_conf_high:,.0f}) in {counties_used} counties that declined "
    "detainers, and {states_estimate:+,.0f} ({states_conf_low:,.0f} to {states_conf_high:,.0f}) in "
    "{states_used} states with a law. **Zero lies within {hold} of these {designs} intervals, and none "
    "shows that nothing changed.** Each rules out, in both directions, changes from some size on: "
    "{status_smallest_margin:,.0f} and {detain_smallest_margin:,.0f} per 100,000 in cities "
    "({status_margin_share:.0%} and {detain_margin_share:.0%} of the mean), {states_smallest_margin:,.0f} "
    "in states ({states_margin_share:.0%}), {counties_smallest_margin:,.0f} in counties "
    "({counties_margin_share:.0%}, with policies in force {exposure:.0%} of the time and trends that "
    "differed before); the two papers’ comparisons, rebuilt, only {in_force_margin_share:.0%} and "
    "{matched_margin_share:.0%}. More property crime is recorded in such counties "
    "({counties_property_percent:+.1f}%, {counties_property_percent_low:.1f} to "
    "{counties_property_percent_high:.1f}) and states ({states_property_percent:+.1f}%, "
    "{states_property_percent_low:.1f} to {states_property_percent_high:.1f}), but not against counties of "
    "the same state ({inside_property_percent:+.1f}%, {inside_property_percent_low:.1f} to "
    "{inside_property_percent_high:.1f}) nor on the years from 1999 on (p = {later_p_value:p}): no "
    "finding.\n\n**What stays unknown** is whether crime changed by less, for a change of {margin:.0%} "
    "would be found in cities and states with a chance of {chance_low:.0%} to {chance_high:.0%}; whether "
    "victims report more or less; and what the papers’ own lists of places would say, which could not be "
    "obtained: ours is a cited substitute."
)


def abstract(figures: Mapping[str, Any]) -> Prose:
    """Return the abstract, made of the figures of `studies.answers.figures`."""
    return fill(_ABSTRACT, figures)


def answers_figure(table: pd.DataFrame) -> Figure:
    """Return every design's answer in percent, printed in crimes per 100,000, with what it rules out."""
    rows = _answer_rows(table)
    return forest_plot(
        rows,
        columns={"shown": "Per 100,000 [95% interval]", "ruled": "Rules out"},
        xlabel="Difference in recorded crimes, percent of the mean",
        caption="Every design on one scale, with 95% intervals; at the right the difference per 100,000 "
        "residents a year, and the smallest change that is ruled out in both directions. Rust: property "
        "crime, "
        f"or all index crime where the design has that alone. {SUBSTITUTE}",
        alt=str(
            say(
                "Forest of {n} differences in two groups, {hold} of them with an interval that holds zero. "
                "The widest intervals are those of matched cities in force; the narrowest those of states, "
                "counties and cities followed over time.",
                n=len(rows),
                hold=_holding(rows),
            )
        ),
        label="answers",
        height=3.75,
    )


def _answer_rows(table: pd.DataFrame) -> pd.DataFrame:
    shown = [_interval(row, ",.0f") for row in table.to_dict("records")]
    kinds = {_VIOLENT: "violent", _PROPERTY: "property", "crime": "all crime"}
    return pd.DataFrame(
        {
            "group": table["group"],
            "name": table["name"] + ": " + table["outcome"].map(kinds) + table["used"].map(" ({:,})".format),
            "estimate": table["percent"],
            "conf_low": table["percent_low"],
            "conf_high": table["percent_high"],
            "highlight": table["outcome"].ne(_VIOLENT),
            "shown": shown,
            "ruled": [f"±{number(value, ',.0f')}" for value in table["smallest_margin"]],
        }
    )


def _interval(row: Mapping[Any, Any], spec: str) -> str:
    value, low, high = (number(row[name], spec) for name in ("estimate", "conf_low", "conf_high"))
    return f"{'+' if row['estimate'] > 0 else ''}{value} [{low}, {high}]"


def answers_table(table: pd.DataFrame) -> Table:
    """Return the same as a table, with the mean and what each design could find."""
    shown = table.assign(outcome=table["outcome"].map(_OUTCOMES).str.capitalize())
    columns = ["group", "name", "outcome", "used", "mean", "estimate", "conf_low", "conf_high", "detectable"]
    return frame_table(
        shown[[*columns, "smallest_margin", "power_share"]],
        {
            "used": "count",
            "mean": ",.0f",
            "detectable": ",.0f",
            "smallest_margin": ",.0f",
            "power_share": ".0%",
        }
        | dict.fromkeys(["estimate", "conf_low", "conf_high"], "+,.0f"),
        names={
            "name": "Design",
            "outcome": "Crime",
            "used": "Places",
            "mean": "Mean",
            "estimate": "Difference",
        }
        | {"conf_low": "From", "conf_high": "To", "detectable": "Detectable", "smallest_margin": "Rules out"}
        | {"power_share": "Power"},
        group="group",
        caption="Every design: crimes per 100,000 residents a year.",
        label="answers",
        notes=[
            "Cities and counties over time: the effect in percent times the mean. Detectable: a difference "
            "found four times in five. Rules out: the smallest change excluded in both directions, by two "
            "tests of equivalence at the size of one in twenty. Power: the chance to find a change of one "
            "in twenty of the mean. Counties: over two years, in part of which policies were in force. "
            f"{SUBSTITUTE}"
        ],
    )


def choices_figure(rows: pd.DataFrame) -> Figure:
    """Return every choice and what it does to the headline of `studies.answers.choices`, one at a time."""
    return choices_plot(
        rows.rename(columns={"percent": "estimate"}),
        limits=(-25, 30),
        xlabel="Violent crime without rape, percent of what is expected",
        caption="Every choice and what it does to the headline of cities that forbid status inquiries, "
        "violent crime without rape: each row is the headline with that one choice made, and the fewest "
        "others where it is not admitted alone. Open: what the headline chose. Rust: the interval leaves "
        "zero out. A dash: no "
        f"estimate is admitted. Placebo intervals rest on fewer draws than in @fig:cities. {SUBSTITUTE}",
        alt=str(
            say(
                "A page of {n} choices in {forks} groups. Most estimates lie near the headline; {moved} "
                "have an interval that leaves zero out.",
                n=len(rows) - 1,
                forks=rows["fork"].nunique() - 1,
                moved=int(rows["overturns"].sum()),
            )
        ),
        label="choices",
    )


def choices_sentence(rows: pd.DataFrame) -> Prose:
    """Return what the choices do to the headline: its interval, their range, and those that overturn it."""
    head, others = rows.iloc[0], rows[~rows["base"]].iloc[1:]
    held = others[others["percent"].notna()]
    low, high = (held.loc[held["percent"].agg(of)] for of in ("idxmin", "idxmax"))
    moved = held[held["overturns"]]
    named = [f"{row['choice'].lower()}, {row['changes']}".strip(", ") for row in moved.to_dict("records")]
    return say(
        "The headline is {percent:+.1f}% with an interval from {low:+.1f}% to {high:+.1f}%. {n:count} other "
        "choices have an estimate, between {least:+.1f}% ({least_name}) and {most:+.1f}% ({most_name}). "
        "Intervals that leave zero out: {moved:count} ({named}). Errors by state, which most other "
        "estimators come with, reject too often with so few adopters (@sec:11); a headline that holds zero "
        "is not made a finding by them.",
        percent=head["percent"],
        low=head["conf_low"],
        high=head["conf_high"],
        n=len(held),
        least=low["percent"],
        least_name=low["choice"].lower(),
        most=high["percent"],
        most_name=high["choice"].lower(),
        moved=len(moved),
        named=named or "none",
    )


def cities_figure(rows: pd.DataFrame) -> Figure:
    """Return the headline of cities by policy and offense."""
    return forest_plot(
        rows,
        xlabel="Recorded less expected crimes, percent",
        spec="+.1f",
        caption="Cities from the year of adoption to five years later: recorded crimes less those expected "
        "at the trend of cities that never adopt, by policy and offense (number of cities). Intervals from "
        "other cities "
        f"of the same size put through the same computation. Rust: the total that is compared everywhere. "
        f"{SUBSTITUTE}",
        alt=_told(
            "Forest of {n} estimates in two groups, from {low:.0f} to {high:.0f} percent; {hold} hold zero.",
            rows,
        ),
        label="cities",
    )


def counties_figure(rows: pd.DataFrame) -> Figure:
    """Return some comparisons of counties by outcome."""
    return forest_plot(
        rows,
        xlabel="Effect on recorded crimes of 2013 and 2014, percent",
        spec="+.1f",
        caption="Counties that stopped honouring detainers in 2013 or 2014, against several groups of "
        "others: the proportional effect on recorded crimes of these two years. Rust: the headline. "
        "Intervals by state, of the headline "
        f"by leaving out each state, across borders by state and border. {SUBSTITUTE}",
        alt=_told(
            "Forest of {n} estimates in two groups, from {low:.0f} to {high:.0f} percent; {hold} hold zero. "
            "Property crime lies right of zero against all counties and at zero inside states.",
            rows,
        ),
        label="counties",
    )


def states_figure(rows: pd.DataFrame) -> Figure:
    """Return the joint design of statewide laws by span of years and offense."""
    return forest_plot(
        rows,
        xlabel="Mean effect over the years under a law, percent",
        spec="+.1f",
        caption="All statewide laws since 2014 together, by synthetic difference-in-differences on "
        "logarithms. "
        f"Intervals from donor states treated as if they had a law. {SUBSTITUTE}",
        alt=_told(
            "Forest of {n} estimates in two groups, from {low:.0f} to {high:.0f} percent; {hold} hold zero.",
            rows,
        ),
        label="states",
    )


def power_figure(lines: Mapping[str, pd.Series], marks: Mapping[str, float]) -> Figure:
    """Return the chance to find each true effect, by design, with the published effects marked."""
    return curves_plot(
        lines,
        marks=marks,
        level=_POWER,
        limits=(0, 1),
        xspec=".0%",
        yspec=".0%",
        height=3.3,
        xlabel="True effect, share of the mean, either sign",
        ylabel="Chance that the test finds it",
        caption="Chance to find a true effect, by design: violent crime without rape, for matched counties "
        "all index crime. Dashed across: four times in five. Dashed down: the published figures, that of "
        "all crime in counties [@wong2017] and that of violent crime [@manning2022], as a share of the mean "
        "of adopting cities. "
        "Counties over time: an effect on two years in part of which policies were in force. "
        f"{SUBSTITUTE}",
        alt="Rising curves, one a design. Matched cities rise the latest, followed by matched counties; the "
        "designs that follow places over time rise sooner, that of counties the soonest. "
        + " ".join(_passed(lines, *mark, level=_POWER) for mark in marks.items()),
        label="power",
    )


def _passed(lines: Mapping[str, pd.Series], name: str, at: float, *, level: float) -> str:
    """Return how many designs find a published effect with the power asked for, as a sentence."""
    found = [
        line.iloc[line.index.get_indexer(pd.Index([at]), method="nearest")[0]] for line in lines.values()
    ]
    passed = sum(value >= level for value in found)
    return str(
        say(
            "At the mark {name} {n} of {all} curves pass the dashed line.",
            name=name,
            n=passed,
            all=len(found),
        )
    )


def _told(template: str, rows: pd.DataFrame) -> str:
    low, high = rows["estimate"].min(), rows["estimate"].max()
    return str(say(template, n=len(rows), low=low, high=high, hold=_holding(rows)))


def _holding(rows: pd.DataFrame) -> int:
    """Return how many intervals hold zero."""
    return int(((rows["conf_low"] <= 0) & (rows["conf_high"] >= 0)).sum())
