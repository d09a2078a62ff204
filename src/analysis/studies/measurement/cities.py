"""The city sample under other ways to count: what is done to the panel before the headline is run again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..designs.city_sample import PANELS as CITY_PANELS
from ..designs.city_sample import sample_of, with_treatment
from ..designs.specification import Specification
from ..staggered_cities.fits import estimate
from .spec import MeasurementSpec

PANELS = (*CITY_PANELS, "place_year", "return_a_2013")
Panels = Mapping[str, pd.DataFrame]
#: Counts of the master file by the panel's name; totals are sums where every part is there.
_MASTER = {
    **{name: [name] for name in ("homicide", "robbery", "motor_vehicle_theft")},
    "violent_without_rape": ["homicide", "robbery", "aggravated_assault"],
    "property": ["burglary", "larceny", "motor_vehicle_theft"],
}


def _as_printed(cities: pd.DataFrame, panels: Panels, spec: MeasurementSpec) -> pd.DataFrame:
    return cities


def _legacy_only(cities: pd.DataFrame, panels: Panels, spec: MeasurementSpec) -> pd.DataFrame:
    return cities.assign(violent=cities["violent"].where(cities["rape_definition"].eq("legacy")))


def _estimated(cities: pd.DataFrame, panels: Panels) -> pd.Series:
    people = panels["place_year"].set_index(["place_fips", "year"])["population_place"]
    keys = pd.MultiIndex.from_frame(cities[["place_fips", "year"]])
    return pd.Series(people.reindex(keys).to_numpy(), index=cities.index, dtype="Int64")


def _with_estimates(cities: pd.DataFrame, panels: Panels, spec: MeasurementSpec) -> pd.DataFrame:
    return cities[_estimated(cities, panels).notna()]


def _census(cities: pd.DataFrame, panels: Panels, spec: MeasurementSpec) -> pd.DataFrame:
    """Return the same rows with the place's residents, where its agency polices the place alone."""
    return cities.assign(population=_estimated(cities, panels)).dropna(subset=["population"])


def _complete_2013(cities: pd.DataFrame, panels: Panels, spec: MeasurementSpec) -> pd.DataFrame:
    master = panels["return_a_2013"]
    whole = master.loc[master["months_reported"].eq(12), "ori7"]
    return cities[cities["ori"].str[:7].isin(set(whole))]


def _from_master(cities: pd.DataFrame, panels: Panels, spec: MeasurementSpec) -> pd.DataFrame:
    """Return city-years with 2013 from the master file: scaled to twelve months from three on, or as printed.

    Agencies that Table 8 leaves out in 2013 but prints in another year get a row, as long as the master file
    has residents for them.
    """
    held = _master_counts(panels["return_a_2013"], spec=spec)
    now = cities[cities["year"].eq(spec.master_year)]
    code = now["ori"].str[:7]
    filled = {
        name: held[name].reindex(code).set_axis(now.index).fillna(now[name].astype(float)).astype("Float64")
        for name in _MASTER
    }
    absent = cities[~cities["ori"].isin(now["ori"])].sort_values("year").drop_duplicates("ori", keep="last")
    code = absent["ori"].str[:7]
    made = {name: held[name].reindex(code).set_axis(absent.index).astype("Float64") for name in _MASTER}
    people = held["population"].reindex(code).set_axis(absent.index).astype("Int64")
    added = absent.assign(year=spec.master_year, population=people, **made)
    added = added[added["population"].gt(0).fillna(False) & added[list(_MASTER)].notna().any(axis=1)]
    rest = cities[cities["year"].ne(spec.master_year)]
    rest, added = (part.astype(dict.fromkeys(_MASTER, "Float64")) for part in (rest, added))
    return pd.concat([rest, now.assign(**filled), added]).sort_values(["ori", "year"], ignore_index=True)


def _master_counts(master: pd.DataFrame, *, spec: MeasurementSpec) -> pd.DataFrame:
    own = master[master["covered_by"].isna() & master["months_reported"].ge(spec.enough)].set_index("ori7")
    scale = 12 / own["months_reported"].astype(float)
    counts = {
        name: sum(own[f"{part}_reported"].astype(float) for part in parts) * scale
        for name, parts in _MASTER.items()
    }
    table = pd.DataFrame(counts).clip(lower=0)
    return table.assign(population=own["population"].astype(float))


def _without_2021(cities: pd.DataFrame, panels: Panels, spec: MeasurementSpec) -> pd.DataFrame:
    return cities[cities["year"].ne(2021)]


PREPARED: dict[str, Callable[[pd.DataFrame, Panels, MeasurementSpec], pd.DataFrame]] = {
    "as printed": _as_printed,
    "legacy rape only": _legacy_only,
    "places with estimates": _with_estimates,
    "Census residents": _census,
    "complete in 2013": _complete_2013,
    "master file of 2013": _from_master,
    "without 2021": _without_2021,
}


def city_choices(panels: Panels, *, spec: MeasurementSpec) -> pd.DataFrame:
    """Return every choice for every treatment and outcome it concerns, with its shift.

    Returns
    -------
    pandas.DataFrame
        ``unit, definition, outcome, group, name``, broom columns (log points), ``rows, agencies,
        cities``, and ``shift`` against the headline, or the choice named in ``against``.
    """
    rows = []
    for definition in spec.definitions:
        cities = with_treatment(panels, spec.cities.rules.replace(definition=definition, outcome="homicide"))
        for choice in spec.choices:
            prepared = _large_enough(
                PREPARED[choice.options["prepare"]](cities, panels, spec), choice, spec=spec
            )
            for outcome in choice.options["outcomes"] or spec.outcomes:
                found = city_estimate(prepared, panels, definition, outcome, choice, spec=spec)
                names = {
                    "definition": definition,
                    "outcome": outcome,
                    "group": choice.group,
                    "name": choice.name,
                }
                rows.append(names | found | {"against": choice.options["against"]})
    return with_shifts(pd.DataFrame(rows), ["definition", "outcome"])


def _large_enough(cities: pd.DataFrame, choice: Specification, *, spec: MeasurementSpec) -> pd.DataFrame:
    """Leave out other years and agencies that never reach the fewest residents, as the sample would."""
    years = (
        choice.sample.get("first_year", spec.cities.first),
        choice.sample.get("last_year", spec.cities.last),
    )
    cities = cities[cities["year"].between(*years) & cities["place_fips"].notna()]
    largest = cities["population"].astype(float).groupby(cities["ori"]).transform("max")
    kept: pd.DataFrame = cities[largest >= choice.sample.get("smallest", spec.cities.rules.smallest)]
    return kept


def city_estimate(
    prepared: pd.DataFrame,
    panels: Panels,
    definition: str,
    outcome: str,
    choice: Specification,
    *,
    spec: MeasurementSpec,
) -> dict[str, Any]:
    """Return the city headline under one choice; ``cities`` counts adopting cities with a comparison."""
    count = choice.options["count"] or outcome
    rules = spec.cities.rules.replace(definition=definition, outcome=count, **choice.sample)
    breaks = panels["series_breaks"]
    frame = sample_of(prepared, breaks[~breaks["effect"].isin(list(choice.options["ignore"]))], rules).frame
    return estimate(frame, spec.cities.headline, spec=spec.cities) | {
        "cities": compared_cities(frame, spec=spec)
    }


def compared_cities(frame: pd.DataFrame, *, spec: MeasurementSpec) -> int:
    """Return how many adopting cities the headline compares: `expected_counts.treated_rows`, sooner.

    Those with a crime in enough years before adoption, and a year after it in the same stretch of the series.
    """
    rows = frame[frame["cohort"].gt(0)]
    time = rows["year"] - rows["cohort"]
    before, after = (
        rows[time.between(-spec.cities.horizon.before, -1)],
        rows[time.between(0, spec.cities.horizon.after)],
    )
    last = before.sort_values("year").groupby("ori")["unit"].last()
    grouped = before[before["unit"].isin(last)].groupby("unit")
    usable = grouped["year"].count().ge(spec.cities.horizon.fewest_before) & grouped["count"].sum().gt(0)
    return int(after.loc[after["unit"].isin(usable.index[usable]), "ori"].nunique())


def with_shifts(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the table with ``shift``: the estimate less that of the choice named in ``against``."""
    base = table.set_index([*keys, "name"])["estimate"]
    mine = pd.MultiIndex.from_frame(table[[*keys, "against"]])
    return table.assign(shift=table["estimate"] - base.reindex(mine).to_numpy())


def headline_cities(
    panels: Panels, definition: str, outcome: str = "robbery", *, spec: MeasurementSpec
) -> pd.DataFrame:
    """Return the adopting cities of a headline with residents and Hispanic share of 2010 where known."""
    rules = spec.cities.rules.replace(definition=definition, outcome=outcome)
    frame = sample_of(with_treatment(panels, rules), panels["series_breaks"], rules).frame
    cities = frame[frame["cohort"].gt(0)].drop_duplicates("ori")
    shares = panels["places"].drop_duplicates("place_fips").set_index("place_fips")["hispanic_share_2010"]
    share = cities["place_fips"].map(shares).astype(float)
    return cities.assign(hispanic_share_2010=np.asarray(share, float))[
        ["ori", "residents", "hispanic_share_2010"]
    ]
