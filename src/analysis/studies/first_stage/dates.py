"""Each dated policy held against the first year in which its county's jails declined."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from .sample import one_new_york
from .spec import FirstStageSpec

#: What became of a date. Rates are among dates that could have been seen: the last two cannot.
VERDICTS = ("agrees", "declines came before", "declines came late", "inert", "too few detainers to tell")
SEEN = VERDICTS[:4]


def dates_and_declines(
    counties: pd.DataFrame, panels: Mapping[str, pd.DataFrame], *, spec: FirstStageSpec
) -> pd.DataFrame:
    """Return one row a county with a dated policy through `spec.adopted`, with a verdict on the date.

    ``first_declines`` is the first calendar year with `spec.begins_with` recorded declines at local
    facilities, 2007 to July 2015. A date agrees when it lies in that year or up to `spec.slack` years before;
    it is inert when no year reaches the mark although fiscal year 2015 brought `spec.visible_volume`
    detainers or more, and too few to tell otherwise. Where nothing shows, ICE's record may be what is silent.

    Returns
    -------
    pandas.DataFrame
        ``fips, county_name, state, cohort, dated_by, adopted, basis, confidence, is_upper_bound, source_type,
        first_declines, declined`` (in all), ``detainers_2015, verdict``.
    """
    dated = counties[counties["cohort"].between(*spec.adopted)].copy()
    years = one_new_york(panels["county_detainers"], ["year"])
    begun = years[years["declined_local"].ge(spec.begins_with)].groupby("fips")["year"].min()
    dated["first_declines"] = dated["fips"].map(begun).astype("Int64")
    dated["declined"] = dated["fips"].map(years.groupby("fips")["declined_local"].sum()).astype("int64")
    first = dated["first_declines"].astype("float64")
    late = first - dated["cohort"]
    few = first.isna() & dated["detainers_2015"].lt(spec.visible_volume)
    tests = [few, first.isna(), late.lt(0), late.gt(spec.slack)]
    names = [VERDICTS[4], VERDICTS[3], VERDICTS[1], VERDICTS[2]]
    dated["verdict"] = np.select(tests, names, VERDICTS[0])
    columns = ["fips", "county_name", "state", "cohort", "dated_by", "adopted", *_SOURCE]
    dated = dated.join(_sources(panels, spec), on="fips")
    return dated[[*columns, "first_declines", "declined", "detainers_2015", "verdict"]].reset_index(drop=True)


def rates_by(dates: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return, by a column, how many dates were seen and what share agrees, is misdated or is inert."""
    seen = dates[dates["verdict"].isin(SEEN)]
    counted = pd.crosstab(seen[by].fillna("not known"), seen["verdict"]).reindex(
        columns=list(SEEN), fill_value=0
    )
    total = counted.sum(axis=1)
    table = counted.rename(columns=lambda name: name.replace(" ", "_"))
    misdated = counted[[VERDICTS[1], VERDICTS[2]]].sum(axis=1) / total
    table = table.assign(seen=total, misdated_share=misdated, inert_share=counted[VERDICTS[3]] / total)
    return table.rename_axis(index=by, columns=None).reset_index()


def decliners_without_row(
    counties: pd.DataFrame, panels: Mapping[str, pd.DataFrame], *, spec: FirstStageSpec
) -> pd.DataFrame:
    """Return counties that declined `spec.decliner` or more and that no policy, law or list names by 2015."""
    years = one_new_york(panels["county_detainers"], ["year"])
    wide = years.groupby("fips").agg(declined=("declined_local", "sum"))
    begun = years[years["declined_local"].gt(0)].groupby("fips")["year"].agg(["min", "max"])
    table = counties.join(wide, on="fips").join(begun, on="fips")
    named = table["exposed_from"].le(2015).fillna(False).astype(bool) | table["cohort"].between(1, 2015)
    table = table[~named & table["declined"].ge(spec.decliner)]
    table = table.rename(columns={"min": "first_year", "max": "last_year"})
    names = ["fips", "county_name", "state", "declined", "first_year", "last_year", "declined_2015"]
    order = table.sort_values(["declined", "fips"], ascending=[False, True])
    return order[[*names, "detainers_2015", "exposed_from"]].reset_index(drop=True)


_SOURCE = ["basis", "confidence", "is_upper_bound", "source_type"]


def _sources(panels: Mapping[str, pd.DataFrame], spec: FirstStageSpec) -> pd.DataFrame:
    """Return what dates each county's own policy: instrument, confidence and kind of source, by ``fips``."""
    policies, rows = panels["policies"], panels["policy_rows"]
    own = policies[policies["definition"].eq(spec.definition) & policies["counties"].notna()].copy()
    own["fips"] = own["counties"].str.split(";")
    own = own.explode("fips").sort_values(
        ["fips", "in_event_time", "adopted_year"], ascending=[True, False, True]
    )
    own = own.drop_duplicates("fips").set_index("fips")
    if "source_type" in rows:
        kinds = rows.drop_duplicates("source_url").set_index("source_url")["source_type"]
        own["source_type"] = own["source_url"].map(kinds)
    else:
        own["source_type"] = own["source_url"].str.extract(r"https?://([^/]+)", expand=False)
    return own[_SOURCE]
