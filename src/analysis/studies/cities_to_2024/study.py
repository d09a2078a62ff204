"""Cities through 2024: adoptions of 2015 to 2022, with the city-years of 2021 that a monthly index fills.

`spec` was committed before any estimate and is the record of what was decided. Treatment dates come from a
cited list of this project.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ... import estimators as est
from ...panels.store import load
from ...results import stored
from ..city_power.choice import chosen
from ..city_power.estimates import CityDesign, TInference
from ..credibility.counties import leads
from ..designs.city_sample import PANELS as CITY_PANELS
from ..designs.city_sample import CitySample, sample_of, with_treatment
from .spec import SPEC, CitiesTo2024Spec

PANELS = (*CITY_PANELS, "city_year_rtci")


@dataclass(frozen=True)
class CitiesTo2024:
    """What the study found, as tables; effects are log points.

    Attributes
    ----------
    spec : CitiesTo2024Spec
    filled : pandas.DataFrame
        By ``definition, outcome``: city-years of 2021 from the index in the sample, adopters' among them.
    agreement : pandas.DataFrame
        By ``outcome``: city-years that both the FBI's table and the index hold, the median ratio of the
        index to the table, and the share within a twentieth.
    effects : pandas.DataFrame
        By ``choice, definition, outcome``: columns of `CityDesign.row`; of the main choice also ``p_holm``,
        ``leads_p, leads_power, leads_drift, fake_estimate, fake_p, admitted``.
    ledger : pandas.DataFrame
        By ``definition, step``: rows and agencies, main choice, first outcome.
    """

    spec: CitiesTo2024Spec
    filled: pd.DataFrame
    agreement: pd.DataFrame
    effects: pd.DataFrame
    ledger: pd.DataFrame


@stored
def run(spec: CitiesTo2024Spec = SPEC) -> CitiesTo2024:
    """Run the study on the committed panels, once a process for each specification."""
    return study({name: load(name) for name in PANELS}, spec)


def study(panels: Mapping[str, pd.DataFrame], spec: CitiesTo2024Spec = SPEC) -> CitiesTo2024:
    """Run the study on given panels, of the names in `PANELS`."""
    rows: list[dict[str, Any]] = []
    ledgers, filled = [], []
    main = next(iter(spec.choices))
    for choice, definition, outcome, sample in _samples(panels, spec):
        key = {"choice": choice, "definition": definition, "outcome": outcome}
        design = CityDesign(sample.frame, chosen())
        rows.append(key | _row(design, spec, choice == main))
        if choice == main:
            filled.append(key | _filled(sample.frame, panels, spec))
            ledgers.append(sample.ledger.assign(definition=definition, outcome=outcome))
    ledger = pd.concat(ledgers, ignore_index=True)
    return CitiesTo2024(
        spec=spec,
        filled=pd.DataFrame(filled).drop(columns="choice"),
        agreement=agreement(panels, spec),
        effects=_family(pd.DataFrame(rows), spec),
        ledger=ledger[ledger["outcome"].eq(next(iter(spec.outcomes)))].drop(columns="outcome"),
    )


def _samples(
    panels: Mapping[str, pd.DataFrame], spec: CitiesTo2024Spec
) -> Iterator[tuple[str, str, str, CitySample]]:
    """Yield the sample of every choice, policy and outcome; a treatment is worked out once."""
    tables = {True: with_index(panels, spec), False: panels["city_year"]}
    for definition in spec.treatments:
        rules = spec.rules.replace(definition=definition)
        treated = {f: with_treatment({**panels, "city_year": t}, rules) for f, t in tables.items()}
        for choice, (fill, out) in spec.choices.items():
            first, last = rules.first_year, rules.last_year
            cities = treated[fill]
            cities = cities[cities["year"].between(first, last) & ~cities["year"].isin(out)]
            fewest = rules.fewest_years - len(out)
            for outcome in spec.outcomes:
                one = rules.replace(outcome=outcome, fewest_years=fewest)
                yield choice, definition, outcome, sample_of(cities, panels["series_breaks"], one)


def _row(design: CityDesign, spec: CitiesTo2024Spec, main: bool) -> dict[str, Any]:
    """Return the estimate; of the main choice also the state blocks and the tests before adoption."""
    share = float(np.log1p(spec.margin_share))
    if main:
        return design.row(share) | _tests(design, spec)
    fits = design.fits
    found = TInference(float(fits.estimate[0]), float(fits.jackknife[0]), float(fits.df[0]), spec.level)
    return found.row(share) | {"compared": design.drawn.rows.shape[1], "states": int(fits.df[0]) + 1}


def with_index(panels: Mapping[str, pd.DataFrame], spec: CitiesTo2024Spec) -> pd.DataFrame:
    """Return `city_year` with the years of `spec.filled` that it lacks, of agencies it holds otherwise.

    A row of the index takes the agency's place and county; its residents are those that the index panel
    carries, of the nearest year printed. Nothing that the FBI's table holds is replaced.
    """
    cities, index = panels["city_year"], panels["city_year_rtci"]
    lacking = index[index["year"].isin(spec.filled) & ~index["is_in_city_year"]]
    about = cities.sort_values("year").drop_duplicates("ori", keep="last")
    about = about[["ori", "city", "place_fips", "county_fips"]]
    rows = lacking.merge(about, on="ori", how="inner", validate="many_to_one")
    rows = rows.reindex(columns=[name for name in cities.columns if name in rows])
    rows = rows.assign(rape_definition="revised")
    return pd.concat([cities, rows], ignore_index=True)


def agreement(panels: Mapping[str, pd.DataFrame], spec: CitiesTo2024Spec) -> pd.DataFrame:
    """Return how far index and table differ in the city-years that both hold; see `CitiesTo2024`."""
    both = panels["city_year_rtci"].merge(
        panels["city_year"], on=["ori", "year"], suffixes=("_index", ""), validate="one_to_one"
    )
    rows = []
    for outcome in spec.outcomes:
        known = both[both[outcome].gt(0) & both[f"{outcome}_index"].notna()]
        ratio = known[f"{outcome}_index"].astype(float) / known[outcome].astype(float)
        near = (ratio - 1).abs().lt(0.05).mean()
        rows.append({"outcome": outcome, "rows": len(ratio), "median": ratio.median(), "within": float(near)})
    return pd.DataFrame(rows)


def _tests(design: CityDesign, spec: CitiesTo2024Spec) -> dict[str, float]:
    """Return the tests before adoption; none with few adopting states."""
    if design.fits.df[0] + 1 < spec.fewest_states:
        return {}
    fake = design.fake_date(spec.fake_shift)
    found = design.events()[0].estimates(spec.level)
    return leads(found) | {"fake_estimate": fake["fake_estimate"], "fake_p": fake["fake_p_value"]}


def _filled(
    frame: pd.DataFrame, panels: Mapping[str, pd.DataFrame], spec: CitiesTo2024Spec
) -> dict[str, int]:
    index = panels["city_year_rtci"]
    lacking = index[index["year"].isin(spec.filled) & ~index["is_in_city_year"]]
    there = frame[frame["year"].isin(spec.filled)]
    taken = there[there["ori"].isin(lacking["ori"])]
    adopters = taken[taken["cohort"].gt(0)]
    return {"of_the_index": len(lacking), "filled": len(taken), "adopters": len(adopters)}


def _family(table: pd.DataFrame, spec: CitiesTo2024Spec) -> pd.DataFrame:
    main = table["choice"].eq(next(iter(spec.choices)))
    holm = est.adjust_p_values(table.loc[main, "p_value"].tolist(), method="holm")
    table.loc[main, "p_holm"] = holm["p_value_adjusted"].to_numpy()
    passed = table["leads_p"].gt(spec.admit) & table["fake_p"].gt(spec.admit)
    return table.assign(admitted=passed)
