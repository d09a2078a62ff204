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

VIOLENT, _PROPERTY = "violent_without_rape", "property"
OUTCOMES = {
    VIOLENT: "violent crime without rape",
    _PROPERTY: "property crime",
    "crime": "all index crime",
}
_POWER = 0.8
STUDIES = {"uar2017": "Urban Affairs Review", "cap2017": "Center for American Progress"}
SUBSTITUTE = "The list of treated places is a cited substitute for the papers’ own."

#: What the first sentence of the abstract says when every headline interval includes zero, and otherwise.
_NOTHING_SEEN = (
    "**Abstract.** Recorded violent crime did not change detectably where cities, counties or states limited "
    "their cooperation with immigration authorities, but changes of a few percent would have gone unseen."
)
_SOMETHING_SEEN = (
    "**Abstract.** Recorded violent crime changed detectably in {moved:count} of our {designs:count} main "
    "designs of "
    "cities, counties and states that limited their cooperation with immigration authorities."
)
_ABSTRACT = (
    " We rebuild two widely quoted comparisons, of matched cities [@gonzalezobrien2019] and matched counties "
    "[@wong2017], and then compare places with their own past. Where cities forbade questions about "
    "immigration status, violent crime without rape changed by {status_percent:+.1f}% (confidence interval "
    "{status_percent_low:.1f}% to {status_percent_high:.1f}%); where counties declined detainers, by "
    "{counties_percent:+.1f}% ({counties_percent_low:.1f}% to {counties_percent_high:.1f}%). "
)
_NONE_STANDS = (
    "No estimate both survives correction for the number of tests and passes tests on earlier years. "
)
_SOME_STAND = "{rows_standing:count} estimates survive correction for the number of tests. "
_LISTS = "The papers’ lists of treated places could not be obtained; ours is a cited substitute."


def abstract(figures: Mapping[str, Any]) -> Prose:
    """Return the abstract, made of the figures of `studies.paper.headline.figures`: the answer first."""
    moved = figures["designs"] - figures["hold"]
    opening = _NOTHING_SEEN if moved == 0 else _SOMETHING_SEEN
    family = _NONE_STANDS if figures["rows_standing"] == 0 else _SOME_STAND
    return fill(opening + _ABSTRACT + family + _LISTS, {**figures, "moved": moved})


_BOX = (
    "> **For readers who are not statisticians**\n>\n"
    "> *What was asked.* Whether recorded crime rose or fell after a city, county or state limited its "
    "cooperation with federal immigration authorities.\n>\n"
    "> *What was found.* In {hold:count} of {designs:count} main comparisons of violent crime the data are "
    "compatible with no change, with a rise and with a fall. The comparison of {status_used:count} cities "
    "would usually have found a change of {status_detectable_share:.0%}, that of {counties_used:count} "
    "counties one of {counties_detectable_share:.0%}; smaller changes would usually have been missed.\n>\n"
    "> *What cannot be said.* That such policies have no effect on crime; that they raise it; that they "
    "lower "
    "it; or what they do to crimes that nobody reports.\n>\n"
    "> *Please do not write* “study proves that sanctuary policies do not affect crime”, and please do not "
    "quote a single estimate without its interval."
)


def box(figures: Mapping[str, Any]) -> Prose:
    """Return what was asked, found and cannot be said, for readers who are not statisticians."""
    return fill(_BOX, figures)


_TESTS = {"pass": "pass", "fail": "fail", "no test": "none"}


def answers_figure(table: pd.DataFrame) -> Figure:
    """Return every design's answer in percent, per 100,000, and whether its tests before adoption pass."""
    rows = _answer_rows(table)
    return forest_plot(
        rows,
        columns={"shown": "Per 100,000 [95% interval]", "tests": "Tests"},
        xlabel="Difference in recorded crimes, percent of the mean",
        caption="Every design on one scale, with 95% confidence intervals; at the right, the difference per "
        "100,000 residents a year, and whether the tests on the years before adoption pass. Rust: property "
        f"crime, or all index crime where the design has that alone. {SUBSTITUTE}",
        alt=str(
            say(
                "Forest plot of {n} differences in two groups; {hold} of the intervals include zero. The "
                "widest "
                "are those of matched cities while a policy was in force.",
                n=len(rows),
                hold=_holding(rows),
            )
        ),
        label="answers",
        height=3.0,
    )


def _answer_rows(table: pd.DataFrame) -> pd.DataFrame:
    shown = [_interval(row, ",.0f") for row in table.to_dict("records")]
    kinds = {VIOLENT: "violent", _PROPERTY: "property", "crime": "all crime"}
    return pd.DataFrame(
        {
            "group": table["group"],
            "name": table["name"] + ": " + table["outcome"].map(kinds) + table["used"].map(" ({:,})".format),
            "estimate": table["percent"],
            "conf_low": table["percent_low"],
            "conf_high": table["percent_high"],
            "highlight": table["outcome"].ne(VIOLENT),
            "shown": shown,
            "tests": table["tests"].map(_TESTS),
        }
    )


def _interval(row: Mapping[Any, Any], spec: str) -> str:
    value, low, high = (number(row[name], spec) for name in ("estimate", "conf_low", "conf_high"))
    return f"{'+' if row['estimate'] > 0 else ''}{value} [{low}, {high}]"


_ANSWERS_NOTE = (
    "All from the distribution behind the interval. Detectable: found with 80% power. Excluded: the "
    "smallest change rejected in both directions by two one-sided tests at 5% [@schuirmann1987]; "
    "none "
    "is stated where the tests on the years before adoption fail. Power: to find a change of 5% of "
    "the "
    "mean. Family p: Romano and Wolf’s, over all rows. Tests: a joint test of the years before "
    "adoption and a "
    "fake date of adoption, failing where either has p at or below 0.10. Counties: policies were in "
    f"force for part of the two years. {SUBSTITUTE}"
)


def answers_table(table: pd.DataFrame) -> Table:
    """Return the same as a table: what each design could find, what it excludes, and its tests.

    A size is excluded only where the tests on the years before adoption do not fail.
    """
    shown = table.assign(
        outcome=table["outcome"].map(OUTCOMES).str.capitalize(),
        excluded=table["smallest_margin"].where(table["tests"].ne("fail")),
        tests=table["tests"].map(_TESTS),
    )
    numbers = dict.fromkeys(["percent", "percent_low", "percent_high"], "+.1f")
    numbers |= dict.fromkeys(["mean", "detectable", "excluded"], ",.0f")
    return frame_table(
        shown[["group", "name", "outcome", "used", "mean", *PERCENT, *_JUDGED]],
        numbers | {"used": "count", "power_share": ".0%", "p_family": "p"},
        names={
            "name": "Design",
            "outcome": "Crime",
            "used": "Places",
            "mean": "Mean",
            "percent": "Percent",
            "percent_low": "From",
            "percent_high": "To",
            "detectable": "Detectable",
            "excluded": "Excluded",
            "power_share": "Power",
            "p_family": "Family p",
            "tests": "Tests",
        },
        group="group",
        caption="Every design: difference in percent, and what it could find, per 100,000 residents a year.",
        label="answers",
        notes=[_ANSWERS_NOTE],
    )


PERCENT = ["percent", "percent_low", "percent_high"]
_JUDGED = ["detectable", "excluded", "power_share", "p_family", "tests"]


def choices_figure(rows: pd.DataFrame) -> Figure:
    """Return every choice and what it does to the headline of `studies.answers.choices`, one at a time."""
    return choices_plot(
        rows.rename(columns={"percent": "estimate"}),
        limits=(-25, 30),
        xlabel="Violent crime without rape, percent of what is expected",
        caption="The ratio of summed counts in cities that forbid status inquiries, violent crime without "
        "rape, under every choice. Each row changes one choice, and others only where it cannot be made "
        "alone. Open: the base specification. Rust: the interval excludes zero. A dash: not estimable. "
        f"{SUBSTITUTE}",
        alt=str(
            say(
                "A page of {n} choices in {forks} groups; {moved} have an interval that excludes zero.",
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
        "As a ratio of summed counts the effect is {percent:+.1f}% ({low:+.1f}% to {high:+.1f}%). Changing "
        "one "
        "choice at a time gives {n:count} other estimates, from {least:+.1f}% ({least_name}) to {most:+.1f}% "
        "({most_name}). The intervals of {moved:count} of them exclude zero: {named}. Most rest on standard "
        "errors clustered by state, which reject too often with so few adopters (@sec:11).",
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
        xlabel="Effect on recorded crimes, percent",
        spec="+.1f",
        caption="Cities from the year of adoption to five years later, by policy and offense (number of "
        "cities): weighted mean change against cities of the same region that never adopted. Intervals leave "
        f"out each state in turn. Rust: the outcome all designs share. {SUBSTITUTE}",
        alt=told(
            "Forest plot of {n} estimates in two groups, from {low:.0f} to {high:.0f} percent; {hold} "
            "include "
            "zero.",
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
        caption="Counties that stopped honoring detainers in 2013 or 2014, against several groups of other "
        "counties: the effect on recorded crimes of these two years. Rust: comparisons that pass their tests "
        f"on the years before. Intervals clustered by state. {SUBSTITUTE}",
        alt=told(
            "Forest plot of {n} estimates in two groups, from {low:.0f} to {high:.0f} percent; {hold} "
            "include "
            "zero.",
            rows,
        ),
        label="counties",
    )


def states_figure(rows: pd.DataFrame) -> Figure:
    """Return the joint design of statewide laws by span of years and offense."""
    return forest_plot(
        rows,
        xlabel="Mean effect over the years under a rule, percent",
        spec="+.1f",
        caption="All states with a statewide rule since 2014 together, by synthetic "
        "difference-in-differences "
        "on logarithms (percent). Intervals from donor states treated as if they had adopted. "
        f"{SUBSTITUTE}",
        alt=told(
            "Forest of {n} estimates in two groups, from {low:.0f} to {high:.0f} percent; {hold} include "
            "zero.",
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
        caption="Power by design: violent crime without rape, for matched counties "
        "all index crime. Dashed across: 80% power. Dashed down: the published figures, that of "
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


def told(template: str, rows: pd.DataFrame) -> str:
    """Return a figure's alternative text, filled with number, extremes and intervals that include zero."""
    low, high = rows["estimate"].min(), rows["estimate"].max()
    return str(say(template, n=len(rows), low=low, high=high, hold=_holding(rows)))


def _holding(rows: pd.DataFrame) -> int:
    """Return how many intervals include zero."""
    return int(((rows["conf_low"] <= 0) & (rows["conf_high"] >= 0)).sum())
