"""The front page: the question, the answer with its interval, and what may not be read into it."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..exhibits.values import number

#: Key of the design the answer rests on, and its outcome, in the table of `studies.paper.headline`.
KEY, OUTCOME = "status", "violent_without_rape"
LEAD = (
    "Two studies of 2017 are cited whenever sanctuary policies and crime come up. This project rebuilds "
    "both on the FBI’s files and a list of dated, cited policies, and asks again with designs that follow "
    "places before and after they adopt."
)


def answer_row(table: pd.DataFrame) -> dict[str, Any]:
    """Return the row of the design the front page states."""
    found = table[table["key"].eq(KEY) & table["outcome"].eq(OUTCOME)]
    return dict(found.iloc[0])


def answer(row: Mapping[str, Any]) -> str:
    """Return the answer in one sentence; its words follow the interval.

    Parameters
    ----------
    row : mapping
        ``used`` (cities), ``percent, percent_low, percent_high`` and, where there is one, ``tests``: what
        tests on the years before adoption say.
    """
    low, high = (number(row[f"percent{end}"], "+.1f") for end in ("_low", "_high"))
    side = "above" if row["percent"] > 0 else "below"
    start = (
        f"In the {row['used']} cities that came to forbid asking about immigration status, recorded "
        f"violent crime (without rape) stood {number(abs(row['percent']), '.1f')}% {side} what the trend "
        "of other cities leads one to expect over the six years from adoption on, with a 95% interval "
        f"from {low}% to {high}%"
    )
    if row.get("tests") == "fail":
        start += "; tests on the years before adoption do not pass, so the estimate itself is in doubt"
    if row["percent_low"] <= 0 <= row["percent_high"]:
        said = "that establishes neither a rise nor a fall, and it does not establish that nothing changed"
        return f"{start}; {said}."
    word = "higher" if row["percent"] > 0 else "lower"
    return (
        f"{start}; by this design recorded crime was {word} than expected, and other designs stand beside it."
    )


def cannot_be_said(row: Mapping[str, Any], rows: pd.DataFrame) -> list[str]:
    """Return what these data leave open, each a sentence."""
    violent = rows[rows["outcome"].eq(OUTCOME)]
    covers = (violent["percent_low"] <= 0) & (violent["percent_high"] >= 0)
    seen = number(row["detectable_share"], ".0%")
    return [
        f"That the policies change nothing: this design has an 80% chance to find a change of {seen}, and a "
        "smaller chance for every smaller one.",
        f"That all designs agree: {int(covers.sum())} of {len(violent)} intervals for violent crime "
        "include zero, and they rest on different places, years and comparisons.",
        "What the published studies would have found with these data: their lists of places could not be "
        "obtained, and the list used here is a cited substitute.",
        "Anything about crime that nobody reports: a policy could change what victims report and so the "
        "record without changing crime, or the other way around.",
        "Why a single city’s crime rose or fell after a policy: one city moves far more by itself than any "
        "effect discussed here.",
    ]


PLEASE_DO_NOT_WRITE = (
    "“Study proves sanctuary policies do not affect crime.” An interval that includes zero is not proof "
    "of zero.",
    "“Sanctuary cities have more (or less) crime.” They are larger cities, and had more crime before the "
    "policies.",
    "“Crime in this city rose after its policy, so ...” Look at the years before, at other cities, and at "
    "the breaks.",
)


def front_html(
    template: str,
    row: Mapping[str, Any],
    rows: pd.DataFrame,
    *,
    figure: str,
    caption: str,
    head: str,
    about: Mapping[str, str],
) -> str:
    """Return the front page.

    Parameters
    ----------
    template : str
        With ``$names``.
    row, rows
        The answer's row and the table of all designs.
    figure, caption : str
        SVG of the figure, and what it shows.
    head : str
        Tags for search engines and shared links.
    about : mapping of str to str
        ``title, subtitle, version, date, cite``.
    """
    from string import Template

    items = {
        "answer": html.escape(answer(row)),
        "cannot": _items(cannot_be_said(row, rows)),
        "avoid": _items(PLEASE_DO_NOT_WRITE),
        "figure": figure,
        "caption": html.escape(caption),
        "head": head,
    }
    return Template(template).substitute(items | {name: html.escape(text) for name, text in about.items()})


def _items(sentences: Any) -> str:
    return "\n".join(f"<li>{html.escape(text)}</li>" for text in sentences)
