"""Agencies printed in every year, with the dated policy of their county; every exclusion counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...panels.breaks.comparability import has_break, series_segment
from ...panels.policies.cohorts import assign_treatment, exposure
from ...sources.county.icpsr import BOROUGHS
from ..dose.sample import doses
from ..dose.spec import SPEC as DOSE
from ..first_stage.sample import NEW_YORK, one_new_york
from ..staggered_counties.border_pairs import border_pairs
from ..staggered_counties.spec import SPEC as COUNTIES
from .spec import CitiesInCountiesSpec

PANELS = (
    *("city_year", "series_breaks", "policies", "undated_places", "counties"),
    *("county_detainers", "county_detainers_pooled"),
)
ADOPTER, COMPARISON = "city of an adopting county", "comparison city"
#: Statements that say nothing of an agency that is printed.
_ABOUT_COVERAGE = "limited_data"
#: Columns of the frame that cells may be made of, beside the state and region.
ABOUT = ("nchs_class_2013", "county_fips", "dose_class", "detainers_per_1000", "dated_by")
_NEVER = 9999


@dataclass(frozen=True)
class CountyCities:
    """The agencies, their counts, and the ledger of those left out.

    Attributes
    ----------
    agencies : pandas.DataFrame
        One row an agency: ``ori, city, state, region, county_fips, nchs_class_2013, residents, size, cohort``
        (of its county; 0: none), ``ended_year, dated_by, detainers_per_1000, dose_class``.
    counts : pandas.DataFrame
        Rows of `city_year` of these agencies.
    breaks : pandas.DataFrame
        Panel ``series_breaks``.
    ledger : pandas.DataFrame
        ``step, agencies``: each once; adopters and comparison cities last.
    """

    agencies: pd.DataFrame
    counts: pd.DataFrame
    breaks: pd.DataFrame
    ledger: pd.DataFrame

    def frame(self, outcome: str) -> pd.DataFrame:
        """Return rows for the design: comparable years of one outcome, a unit for each stretch of a series.

        Exceptional, incomplete and withheld figures leave, and an adopter's years after its policy ended.
        """
        rows = self.counts.merge(self.agencies, on=["ori", "city", "state"], validate="many_to_one")
        about = self.breaks[self.breaks["break_kind"].ne(_ABOUT_COVERAGE)]
        out = rows["year"].gt(rows["ended_year"].fillna(_NEVER))
        for effect in ("withheld", "incomplete", "exceptional"):
            out |= has_break(rows, about, effect, outcome)
        stretch = series_segment(rows, self.breaks, outcome).astype(str)
        people = rows["population"].astype(float)
        count = rows[outcome].astype(float)
        made = rows.assign(unit=rows["ori"] + "/" + stretch, count=count, population=people)
        return made[~out].sort_values(["ori", "year"], ignore_index=True)


def county_cities(panels: Mapping[str, pd.DataFrame], *, spec: CitiesInCountiesSpec) -> CountyCities:
    """Return the sample from the panels named in `PANELS`; the order of their rows does not matter."""
    years = panels["city_year"]
    years = years[years["year"].between(*spec.years)].sort_values(["ori", "year"])
    agencies = _agencies(years, spec).merge(
        _counties(panels, spec), on=["county_fips", "state"], how="left", validate="many_to_one"
    )
    agencies = agencies.assign(city_named=_named_cities(agencies, panels, spec))
    step = _steps(agencies, spec)
    kept = agencies[step.isin([ADOPTER, COMPARISON])].reset_index(drop=True)
    kept = kept.assign(cohort=kept["cohort"].fillna(0).astype("int64"))
    kept["dose_class"] = _dose_classes(kept, spec)
    columns = [*("ori", "city", "state", "region", "residents", "size", "cohort", "ended_year"), *ABOUT]
    counts = years[years["ori"].isin(kept["ori"])]
    kept_columns = ["ori", "city", "state", "year", "population", *spec.outcomes]
    counts = counts[kept_columns].assign(city=counts.groupby("ori")["city"].transform("first"))
    return CountyCities(
        kept[columns],
        counts.astype({"ori": "str", "state": "str"}),
        panels["series_breaks"],
        _ledger(step, spec),
    )


def _agencies(years: pd.DataFrame, spec: CitiesInCountiesSpec) -> pd.DataFrame:
    """Return one row an agency with its first year's figures, and whether every year is printed."""
    told = years[list(spec.totals)].notna().all(axis=1) & years["population"].gt(0)
    whole = told.groupby(years["ori"]).sum().eq(spec.years[1] - spec.years[0] + 1)
    first = years.drop_duplicates("ori")
    columns = ["ori", "city", "state", "place_fips", "county_fips"]
    table = first[columns].assign(
        residents=first["population"].astype(float), whole=first["ori"].map(whole).astype(bool)
    )
    fips = table["county_fips"].where(~table["county_fips"].isin(BOROUGHS), NEW_YORK)
    size = np.digitize(table["residents"].fillna(0), spec.sizes) - 1
    return table.assign(county_fips=fips, size=size).astype({"ori": "str", "state": "str"})


def _counties(panels: Mapping[str, pd.DataFrame], spec: CitiesInCountiesSpec) -> pd.DataFrame:
    """Return one row a county: its cohort, what else names it, its class and its detainers before."""
    counties = panels["counties"].sort_values("fips")
    counties = counties[~counties["fips"].isin(set(BOROUGHS) - {NEW_YORK})]
    table = assign_treatment(
        counties[["fips", "state"]],
        panels["policies"],
        panels["undated_places"],
        spec.definition,
        unit="county",
        include_state_laws=spec.include_state_laws,
    )
    about = counties.set_index("fips")[["region", "nchs_class_2013"]]
    table = table.join(about, on="fips")
    table = table.merge(doses(panels, spec=DOSE), on="fips", how="left", validate="one_to_one")
    declines = one_new_york(panels["county_detainers"], ["year"]).groupby("fips")["declined_local"].sum()
    table["declined"] = table["fips"].map(declines).fillna(0)
    named = table["exposed_from"].le(spec.years[1]).fillna(False).astype(bool)
    kept = ["fips", "state", "region", "nchs_class_2013", "cohort", "ended_year", "dated_by", "declined"]
    table = table.assign(county_named=named)[
        [*kept, "county_named", "detainers_before", "detainers_per_1000"]
    ]
    return table.rename(columns={"fips": "county_fips"}).astype({"state": "str"})


def _named_cities(
    agencies: pd.DataFrame, panels: Mapping[str, pd.DataFrame], spec: CitiesInCountiesSpec
) -> pd.Series:
    """Return which cities a policy, law or list of their own names by the last year."""
    cities = exposure(panels["policies"], panels["undated_places"]).set_index("geoid")["exposed_from"]
    reached = agencies["place_fips"].map(cities).le(spec.years[1])
    return reached.fillna(False).astype(bool)


_STEPS = (
    "agency without a place or county",
    "not printed in every year",
    "fewer residents than the least",
    "county adopted before the years followed",
    "county adopted after the years followed",
    "county named by a policy, law or list, none sure",
    "city named by a policy or list of its own, county not",
    "county declined detainers without a row",
)


def _steps(agencies: pd.DataFrame, spec: CitiesInCountiesSpec) -> pd.Series:
    cohort = agencies["cohort"].astype(float)
    first, last = spec.adopted
    tests = [
        agencies["place_fips"].isna() | agencies["region"].isna(),
        ~agencies["whole"],
        agencies["residents"].lt(spec.smallest) | agencies["residents"].isna(),
        cohort.lt(first),
        cohort.gt(last),
        cohort.isna() & agencies["county_named"].fillna(True).astype(bool),
        cohort.isna() & agencies["city_named"],
        cohort.isna() & agencies["declined"].ge(spec.decliner),
        cohort.notna(),
    ]
    return pd.Series(np.select(tests, [*_STEPS, ADOPTER], COMPARISON), index=agencies.index)


def _ledger(step: pd.Series, spec: CitiesInCountiesSpec) -> pd.DataFrame:
    order = [*_STEPS, ADOPTER, COMPARISON]
    counted = step.value_counts().reindex(order, fill_value=0)
    return counted.rename_axis("step").rename("agencies").reset_index()


def _dose_classes(kept: pd.DataFrame, spec: CitiesInCountiesSpec) -> pd.Series:
    """Return the class of each city's county, cut at quantiles of the adopting counties' dose."""
    some = kept["detainers_before"].ge(spec.least_volume)
    counties = kept[kept["cohort"].gt(0) & some].drop_duplicates("county_fips")
    cuts = counties[spec.dose].quantile(list(spec.quantiles)).to_numpy(float)
    names = np.array(spec.classes[1:])
    by_dose = names[np.searchsorted(cuts, kept[spec.dose].fillna(0).to_numpy(float), side="right")]
    return pd.Series(np.where(some, by_dose, spec.classes[0]), index=kept.index)


def compared_within(
    frame: pd.DataFrame, trend: tuple[str, ...], *, spec: CitiesInCountiesSpec
) -> pd.DataFrame:
    """Return the rows of cells that hold an adopter and `spec.fewest` comparison cities or more.

    For the border design every city of a county in a differing pair stands once in each segment it is in.
    """
    if trend == ("segment",):
        frame = _by_segment(frame)
    cities = frame.drop_duplicates("ori")
    if not trend:
        return frame
    keys = list(trend)
    cells = cities.assign(adopts=cities["cohort"].gt(0), other=cities["cohort"].eq(0)).groupby(keys)
    counted = cells[["adopts", "other"]].sum()
    good = counted.index[counted["adopts"].ge(1) & counted["other"].ge(spec.fewest)]
    at = pd.MultiIndex.from_frame(frame[keys]) if len(keys) > 1 else pd.Index(frame[keys[0]])
    return frame[at.isin(good)].reset_index(drop=True)


def _by_segment(frame: pd.DataFrame) -> pd.DataFrame:
    counties = frame.drop_duplicates("county_fips")[["county_fips", "state", "cohort"]]
    pairs = border_pairs(counties.rename(columns={"county_fips": "fips"}), spec=COUNTIES)
    long = pairs.melt(["segment"], ["one", "other"], value_name="county_fips")
    long = long[["segment", "county_fips"]].drop_duplicates()
    made = frame.merge(long, on="county_fips", how="inner", validate="many_to_many")
    mark = "/" + made["segment"]
    return made.assign(ori=made["ori"] + mark, unit=made["unit"] + mark)
