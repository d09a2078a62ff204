"""Cities that adopt sanctuary policies against those that do not, 1999 to 2019, staggered.

Police agencies of cities with 25,000 residents and more, followed year by year; a city is treated from the
year in which an instrument that limits inquiries into status, or that declines detainers, was adopted at a
date a source gives. The estimand is the proportional effect on recorded crimes from the year of adoption to
five years later, on the cities that adopted. The headline holds their crimes against those they would have
had, had their rate moved with that of cities nothing ever named (`expected_counts`), with chance read off
other cities of their size. Every other estimator, scale, comparison group and sample of
`spec` stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...estimators import Estimates
from ...panels.store import load
from ...results import stored
from ..designs.city_sample import PANELS, CitySample, SampleRules, sample_of, with_treatment
from ..designs.expected_counts import by_city, expected_crimes
from ..designs.paired_tests import judged
from ..designs.specification import Specification
from ..published.margins import published_size
from . import inference
from .fits import estimate, mean_effect, stacked_counts
from .results import CityStudy
from .spec import SPEC, StaggeredCitiesSpec

_KEY = ["definition", "outcome"]


class Samples:
    """Samples of given panels under a study's rules, each made once.

    Parameters
    ----------
    panels : mapping of str to pandas.DataFrame
        `PANELS` by name.
    spec : StaggeredCitiesSpec, optional
    """

    def __init__(self, panels: Mapping[str, pd.DataFrame], spec: StaggeredCitiesSpec = SPEC) -> None:
        self.panels, self.spec = panels, spec
        self.treated: dict[tuple[str, bool], pd.DataFrame] = {}
        self.made: dict[SampleRules, CitySample] = {}

    def of(self, definition: str, outcome: str, one: Specification | None = None) -> CitySample:
        """Return the sample of a specification, of the headline when none is given."""
        changed = (one or self.spec.headline).sample
        rules = self.spec.rules.replace(definition=definition, outcome=outcome, **changed)
        if rules not in self.made:
            key = (definition, rules.include_state_laws)
            if key not in self.treated:
                self.treated[key] = with_treatment(self.panels, rules)
            self.made[rules] = sample_of(self.treated[key], self.panels["series_breaks"], rules)
        return self.made[rules]


@stored
def run(spec: StaggeredCitiesSpec = SPEC) -> CityStudy:
    """Run the study on the committed panels, once a process for each specification."""
    return study(_committed(), spec)


@stored
def precision(spec: StaggeredCitiesSpec = SPEC) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``headline`` and ``trends`` of the study on the committed panels, without the rest of it."""
    samples = Samples(_committed(), spec)
    return headline(samples), _trends(events_of(samples), spec=spec)


def _committed() -> dict[str, pd.DataFrame]:
    return {name: load(name) for name in PANELS}


def headline(samples: Samples) -> pd.DataFrame:
    """Return the headline of every treatment and outcome; see `CityStudy`."""
    return _judged(
        pd.DataFrame([_headline(samples, *cell) for cell in _cells(spec=samples.spec)]), spec=samples.spec
    )


def events_of(samples: Samples) -> dict[tuple[str, str], Estimates]:
    """Return the stacked Poisson event study of every treatment and co-primary outcome."""
    return {
        cell: stacked_counts(samples.of(*cell).frame, spec=samples.spec)
        for cell in samples.spec.primary_cells
    }


def _trends(events: Mapping[tuple[str, str], Estimates], *, spec: StaggeredCitiesSpec) -> pd.DataFrame:
    return _rows({cell: inference.trends(fit, spec=spec) for cell, fit in events.items()})


def study(panels: Mapping[str, pd.DataFrame], spec: StaggeredCitiesSpec = SPEC) -> CityStudy:
    """Run the study on given panels; the order of their rows does not matter."""
    samples = Samples(panels, spec)
    cells = spec.primary_cells
    frames = {cell: samples.of(*cell).frame for cell in cells}
    events = events_of(samples)
    main = headline(samples)
    head: Any = main.set_index(_KEY)
    return CityStudy(
        spec=spec,
        ledgers=_ledgers(samples),
        treated=_treated(samples),
        headline=main,
        forks=_forks(samples, cells, events),
        methods=_stack(
            {c: inference.methods(frames[c], head.loc[c].to_dict(), events[c], spec=spec) for c in cells}
        ),
        family=_family(frames, spec=spec),
        cities=_stack(
            {c: by_city(expected_crimes(frames[c], spec.horizon), level=spec.level) for c in cells}
        ),
        influence=_stack({c: inference.influence(frames[c], spec=spec) for c in cells}),
        scale=_rows({c: inference.scale_gap(frames[c], spec=spec) for c in cells}),
        trends=_trends(events, spec=spec),
        weights=_rows({c: inference.negative_weights(frames[c]) for c in cells}),
        events=events,
    )


def _cells(*, spec: StaggeredCitiesSpec) -> list[tuple[str, str]]:
    """Return the headline's treatments and outcomes: for the union the co-primary ones alone."""
    union = [name for name in spec.treatments if name not in spec.main_treatments]
    return [(d, o) for d in spec.main_treatments for o in spec.outcomes] + [
        (d, o) for d in union for o in spec.primary
    ]


def _headline(samples: Samples, definition: str, outcome: str) -> dict[str, Any]:
    frame = samples.of(definition, outcome).frame
    found = estimate(frame, samples.spec.headline, spec=samples.spec)
    return {"definition": definition, "outcome": outcome, **found} | inference.crimes(
        expected_crimes(frame, samples.spec.horizon)
    )


def _judged(table: pd.DataFrame, *, spec: StaggeredCitiesSpec) -> pd.DataFrame:
    """Add what each estimate could have shown; margins in log points."""
    published = np.where(table["outcome"].eq(spec.published_for), published_size(spec.margin_claim), np.nan)
    margins = {
        "share": pd.Series(spec.margin_share, index=table.index),
        "published": pd.Series(published, index=table.index) / table["rate_expected"],
    }
    ones = pd.Series(1.0, index=table.index)
    return judged(table, mean=ones, margins=margins, power=spec.power, level=spec.level)


def _forks(
    samples: Samples, cells: list[tuple[str, str]], events: Mapping[tuple[str, str], Estimates]
) -> pd.DataFrame:
    rows = []
    for cell in cells:
        for fork in samples.spec.specifications:
            frame = samples.of(cell[0], cell[1], fork).frame
            shared = fork.estimator == "stacked_counts"
            found = (
                _shared(frame, events[cell], spec=samples.spec)
                if shared
                else estimate(frame, fork, spec=samples.spec)
            )
            names = {name: getattr(fork, name) for name in ("group", "name", "scale", "estimator")}
            rows.append(dict(zip(_KEY, cell, strict=True)) | names | found)
    return pd.DataFrame(rows)


def _shared(frame: pd.DataFrame, events: Estimates, *, spec: StaggeredCitiesSpec) -> dict[str, Any]:
    """Return the mean of an event study that was fitted already, with the frame's counts."""
    cities = frame.loc[frame["cohort"].gt(0), "ori"].nunique()
    counts = {"rows": len(frame), "agencies": frame["ori"].nunique(), "cities": cities, "problem": ""}
    return counts | mean_effect(events, spec)


def _family(frames: Mapping[tuple[str, str], pd.DataFrame], *, spec: StaggeredCitiesSpec) -> pd.DataFrame:
    parts = {
        definition: inference.family({o: frames[definition, o] for o in spec.primary}, spec=spec)
        for definition in spec.main_treatments
    }
    return pd.concat(parts, names=["definition"]).reset_index("definition").reset_index(drop=True)


def _ledgers(samples: Samples) -> pd.DataFrame:
    return _stack({cell: samples.of(*cell).ledger for cell in _cells(spec=samples.spec)})


def _treated(samples: Samples) -> pd.DataFrame:
    parts = []
    for definition in samples.spec.treatments:
        frame = samples.of(definition, next(iter(samples.spec.primary))).frame
        cities = frame[frame["cohort"].gt(0)].drop_duplicates("ori")
        columns = ["ori", "city", "state", "cohort", "residents", "size"]
        parts.append(cities[columns].sort_values(["cohort", "state", "city"]).assign(definition=definition))
    return pd.concat(parts, ignore_index=True)


def _stack(tables: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, names=_KEY).reset_index(_KEY).reset_index(drop=True)


def _rows(rows: Mapping[tuple[str, str], Mapping[str, float]]) -> pd.DataFrame:
    return pd.DataFrame([dict(zip(_KEY, cell, strict=True)) | dict(row) for cell, row in rows.items()])
