"""Cities that adopt sanctuary policies against those that do not, 1999 to 2019, staggered.

Police agencies of cities with 25,000 residents and more, followed year by year; a city is treated from the
year in which an instrument that limits inquiries into status, or that declines detainers, was adopted at a
date a source gives. The estimand is the proportional effect on recorded crimes from the year of adoption to
five years later, on the cities that adopted. The headline holds their crimes against those they would have
had, had their rate moved with that of cities nothing ever named (`staggered_expected`), with chance read off
other cities of their size. Every other estimator, scale, comparison group and sample of
`staggered_cities_spec` stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from ...estimators import Estimates
from ...panels.store import load
from ..designs.city_sample import PANELS, CitySample, SampleRules, sample_of, with_treatment
from ..designs.paired_tests import judged
from ..uar2017.power import published_margin
from . import inference
from .expected_counts import by_city, expected_crimes
from .fits import estimate, horizon_mean, stacked_counts
from .spec import (
    FIRST,
    FORKS,
    HEADLINE,
    LAST,
    LEVEL,
    MAIN_TREATMENTS,
    MARGIN_SHARE,
    OUTCOMES,
    POWER,
    PRIMARY,
    TREATMENTS,
    Fork,
)

#: The total whose published effect serves as a margin.
PUBLISHED_FOR = "violent_without_rape"
_KEY = ["definition", "outcome"]
PRIMARY_CELLS = [(definition, outcome) for definition in MAIN_TREATMENTS for outcome in PRIMARY]


@dataclass(frozen=True)
class CityStudy:
    """Every table of the study; effects in log points unless a scale says otherwise.

    Attributes
    ----------
    ledgers : pandas.DataFrame
        What each step of the sample took out, by ``definition`` and ``outcome``.
    treated : pandas.DataFrame
        Adopting cities by ``definition``.
    headline : pandas.DataFrame
        By ``definition, outcome``: the estimate with its interval from other places, crimes observed and
        expected, excess per 100,000, and what could have been seen; see
        `analysis.studies.designs.paired_tests.judged`.
    forks : pandas.DataFrame
        By ``definition, outcome, group, name, scale, estimator``: every fork of the co-primary outcomes.
    methods : pandas.DataFrame
        The same numbers under every way to judge chance.
    family : pandas.DataFrame
        Romano and Wolf's p-values over the co-primary outcomes.
    cities, influence : pandas.DataFrame
        Observed and expected crimes by city; the headline without each.
    scale : pandas.DataFrame
        What designs in rates add: `staggered_cities_inference.scale_gap`.
    trends, weights : pandas.DataFrame
        Years before adoption; negative weights of the two-way regression.
    events : dict
        Stacked Poisson event studies by (definition, outcome).
    """

    ledgers: pd.DataFrame
    treated: pd.DataFrame
    headline: pd.DataFrame
    forks: pd.DataFrame
    methods: pd.DataFrame
    family: pd.DataFrame
    cities: pd.DataFrame
    influence: pd.DataFrame
    scale: pd.DataFrame
    trends: pd.DataFrame
    weights: pd.DataFrame
    events: dict[tuple[str, str], Estimates]


class Samples:
    """Samples of given panels, each made once."""

    def __init__(self, panels: Mapping[str, pd.DataFrame]):
        self.panels = panels
        self.treated: dict[tuple[str, bool], pd.DataFrame] = {}
        self.made: dict[SampleRules, CitySample] = {}

    def of(self, definition: str, outcome: str, fork: Fork = HEADLINE) -> CitySample:
        """Return the sample of a fork."""
        years = {"first_year": FIRST, "last_year": LAST}
        rules = SampleRules(definition, outcome, **(years | fork.rules))
        if rules not in self.made:
            key = (definition, rules.include_state_laws)
            if key not in self.treated:
                self.treated[key] = with_treatment(self.panels, rules)
            self.made[rules] = sample_of(self.treated[key], self.panels["series_breaks"], rules)
        return self.made[rules]


@cache
def run() -> CityStudy:
    """Run the study on the committed panels, once a process."""
    return study(_committed())


@cache
def precision() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``headline`` and ``trends`` of the study on the committed panels, without the rest of it."""
    samples = Samples(_committed())
    return headline(samples), _trends(events_of(samples))


def _committed() -> dict[str, pd.DataFrame]:
    return {name: load(name) for name in PANELS}


def headline(samples: Samples) -> pd.DataFrame:
    """Return the headline of every treatment and outcome; see `CityStudy`."""
    return _judged(pd.DataFrame([_headline(samples, *cell) for cell in _cells()]))


def events_of(samples: Samples) -> dict[tuple[str, str], Estimates]:
    """Return the stacked Poisson event study of every treatment and co-primary outcome."""
    return {cell: stacked_counts(samples.of(*cell).frame) for cell in PRIMARY_CELLS}


def _trends(events: Mapping[tuple[str, str], Estimates]) -> pd.DataFrame:
    return _rows({cell: inference.trends(fit) for cell, fit in events.items()})


def study(panels: Mapping[str, pd.DataFrame]) -> CityStudy:
    """Run the study on given panels; the order of their rows does not matter."""
    samples = Samples(panels)
    cells = PRIMARY_CELLS
    frames = {cell: samples.of(*cell).frame for cell in cells}
    events = events_of(samples)
    main = headline(samples)
    head: Any = main.set_index(_KEY)
    return CityStudy(
        ledgers=_ledgers(samples),
        treated=_treated(samples),
        headline=main,
        forks=_forks(samples, cells, events),
        methods=_stack({c: inference.methods(frames[c], head.loc[c].to_dict(), events[c]) for c in cells}),
        family=_family(frames),
        cities=_stack({c: by_city(expected_crimes(frames[c])) for c in cells}),
        influence=_stack({c: inference.influence(frames[c]) for c in cells}),
        scale=_rows({c: inference.scale_gap(frames[c]) for c in cells}),
        trends=_trends(events),
        weights=_rows({c: inference.negative_weights(frames[c]) for c in cells}),
        events=events,
    )


def _cells() -> list[tuple[str, str]]:
    """Return the headline's treatments and outcomes: for the union the co-primary ones alone."""
    union = [name for name in TREATMENTS if name not in MAIN_TREATMENTS]
    return [(d, o) for d in MAIN_TREATMENTS for o in OUTCOMES] + [(d, o) for d in union for o in PRIMARY]


def _headline(samples: Samples, definition: str, outcome: str) -> dict[str, Any]:
    frame = samples.of(definition, outcome).frame
    found = estimate(frame, HEADLINE)
    return {"definition": definition, "outcome": outcome, **found} | inference.crimes(expected_crimes(frame))


def _judged(table: pd.DataFrame) -> pd.DataFrame:
    """Add what each estimate could have shown; margins in log points."""
    published = np.where(table["outcome"].eq(PUBLISHED_FOR), published_margin(), np.nan)
    margins = {
        "share": pd.Series(MARGIN_SHARE, index=table.index),
        "published": pd.Series(published, index=table.index) / table["rate_expected"],
    }
    ones = pd.Series(1.0, index=table.index)
    return judged(table, mean=ones, margins=margins, power=POWER, level=LEVEL)


def _forks(samples: Samples, cells: list, events: Mapping[tuple[str, str], Estimates]) -> pd.DataFrame:
    rows = []
    for cell in cells:
        for fork in FORKS:
            frame = samples.of(cell[0], cell[1], fork).frame
            shared = fork.estimator == "stacked_counts"
            found = _shared(frame, events[cell]) if shared else estimate(frame, fork)
            names = {name: getattr(fork, name) for name in ("group", "name", "scale", "estimator")}
            rows.append(dict(zip(_KEY, cell, strict=True)) | names | found)
    return pd.DataFrame(rows)


def _shared(frame: pd.DataFrame, events: Estimates) -> dict[str, Any]:
    """Return the mean of an event study that was fitted already, with the frame's counts."""
    cities = frame.loc[frame["cohort"].gt(0), "ori"].nunique()
    counts = {"rows": len(frame), "agencies": frame["ori"].nunique(), "cities": cities, "problem": ""}
    return counts | horizon_mean(events)


def _family(frames: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    parts = {
        definition: inference.family({o: frames[definition, o] for o in PRIMARY})
        for definition in MAIN_TREATMENTS
    }
    return pd.concat(parts, names=["definition"]).reset_index("definition").reset_index(drop=True)


def _ledgers(samples: Samples) -> pd.DataFrame:
    return _stack({cell: samples.of(*cell).ledger for cell in _cells()})


def _treated(samples: Samples) -> pd.DataFrame:
    parts = []
    for definition in TREATMENTS:
        frame = samples.of(definition, next(iter(PRIMARY))).frame
        cities = frame[frame["cohort"].gt(0)].drop_duplicates("ori")
        columns = ["ori", "city", "state", "cohort", "residents", "size"]
        parts.append(cities[columns].sort_values(["cohort", "state", "city"]).assign(definition=definition))
    return pd.concat(parts, ignore_index=True)


def _stack(tables: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, names=_KEY).reset_index(_KEY).reset_index(drop=True)


def _rows(rows: Mapping[tuple[str, str], Mapping[str, float]]) -> pd.DataFrame:
    return pd.DataFrame([dict(zip(_KEY, cell, strict=True)) | dict(row) for cell, row in rows.items()])
