"""What each study does with a place: its part, the reason, and the place it is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from ..cap2017.sample import USED, county_frame, dispositions
from ..cap2017.spec import SPEC as CAP
from ..designs.city_sample import CitySample, city_sample
from ..designs.expected_counts import by_city, expected_crimes
from ..staggered_cities.spec import SPEC as CITIES
from ..staggered_counties.sample import KEPT, NEW_YORK, county_dispositions
from ..staggered_counties.spec import SPEC as COUNTIES
from ..synthetic import nine_cities, state_laws
from ..synthetic.history import never_named
from ..synthetic.spec import STATE_LAWS
from ..uar2017 import study as uar2017
from ..uar2017.spec import SPEC as UAR

#: Studies that look at places of each kind, by key, with the name a reader is given.
STUDIES = {
    "uar2017": "Urban Affairs Review, rebuilt: matched cities, status inquiries",
    "cities_status": "Cities followed over time: status inquiries",
    "cities_detainers": "Cities followed over time: detainers",
    "nine_cities": "Nine cities by synthetic control",
    "cap2017": "Center for American Progress, rebuilt: counties of 2015",
    "counties": "Counties followed over time: detainers declined in 2013 or 2014",
    "states": "State laws by synthetic control",
}
TREATED, COMPARISON, OUT = "treated", "comparison", "not used"
#: Outcome by which a city's place in the staggered sample is told; others differ by a few years.
OUTCOME = "violent_without_rape"
_COLUMNS = ["id", "study", "role", "reason", "partner"]
_STAGGERED = {"cities_status": "status_inquiry", "cities_detainers": "detainers"}


def city_roles(panels: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the part of every agency in every study of cities.

    Parameters
    ----------
    panels : mapping of str to pandas.DataFrame
        The committed panels of the staggered city study and ``city_year``, by name.

    Returns
    -------
    pandas.DataFrame
        ``id`` (ori), ``study`` (a key of `STUDIES`), ``role`` (treated, comparison or not used), ``reason``
        (a sentence), ``partner`` (ori of the city it is matched with, or empty); for treated cities of the
        staggered studies also ``observed, expected, log_ratio, conf_low, conf_high`` from adoption on.
    """
    parts = [_uar2017()]
    for study, definition in _STAGGERED.items():
        sample = city_sample(panels, replace(CITIES.rules, definition=definition, outcome=OUTCOME))
        parts.append(_staggered(study, sample))
    parts.append(_nine_cities(panels))
    return pd.concat(parts, ignore_index=True)


def _adopter(row: Mapping[Any, Any], partner: Mapping[Any, Any]) -> tuple[Any, ...]:
    if row["ori"] in partner:
        said = f"Adopted in {row['cohort']}; compared with its matched city."
        return row["ori"], TREATED, said, partner[row["ori"]]
    said = f"Adopted in {row['cohort']}, but cannot be matched: {row['unmatched_because']}."
    return row["ori"], OUT, said, ""


def _uar2017() -> pd.DataFrame:
    results = uar2017.run()
    treated = results.treated[results.treated["coding"].eq(UAR.main)]
    pairs = results.pairs[results.pairs["coding"].eq(UAR.main)]
    units = results.units[results.units["coding"].eq(UAR.main)]
    partner = dict(zip(pairs["ori"], pairs["control"], strict=True))
    back = dict(zip(pairs["control"], pairs["ori"], strict=True))
    rows = [_adopter(row, partner) for row in treated.dropna(subset=["ori"]).to_dict("records")]
    seen = {row[0] for row in rows}
    for ori in units.loc[units["is_treated"].eq(0) & ~units["ori"].isin(seen), "ori"]:
        if ori in back:
            rows.append((ori, COMPARISON, "Matched with a city that adopted.", back[ori]))
        else:
            rows.append(
                (ori, OUT, "In the pool of possible matches; no adopting city was matched with it.", "")
            )
    return _frame("uar2017", rows)


def _staggered(study: str, sample: CitySample) -> pd.DataFrame:
    frame = sample.frame
    years = frame.groupby("ori")["year"].agg(["min", "max"])
    cohort = frame.groupby("ori")["cohort"].first()
    rows = []
    for ori, (first, last) in zip(years.index, years.itertuples(index=False), strict=True):
        if cohort[ori] > 0:
            years_seen = f"its crime of {first} to {last}"
            text = f"Adopted in {cohort[ori]}; {years_seen} is compared with the number expected."
            rows.append((ori, TREATED, text, ""))
        else:
            text = f"One of the cities whose crime of {first} to {last} sets what is expected."
            rows.append((ori, COMPARISON, text, ""))
    gone = sample.left[~sample.left["ori"].isin(years.index)]
    last_step = gone.drop_duplicates("ori", keep="last")
    rows += [(row["ori"], OUT, f"Left out: {row['step']}.", "") for row in last_step.to_dict("records")]
    table = _frame(study, rows)
    found = by_city(expected_crimes(frame, CITIES.horizon), level=CITIES.level)
    numbers = found[["ori", "observed", "expected", "log_ratio", "conf_low", "conf_high"]]
    return table.merge(numbers.rename(columns={"ori": "id"}), on="id", how="left", validate="1:1")


def _nine_cities(panels: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    results = nine_cities.run()
    pool = never_named(panels)
    rows = []
    for ori, dates in results.dates.groupby("ori"):
        usable = dates[dates["reason"].eq(nine_cities.USABLE)]
        why = "; ".join(f"{row.start}: {row.reason}" for row in dates.itertuples())
        if len(usable):
            starts = " and ".join(str(start) for start in usable["start"])
            rows.append(
                (ori, TREATED, f"Studied from {starts} on, against a weighted mean of other cities.", "")
            )
        else:
            rows.append((ori, OUT, f"One of the nine, without a usable date. {why}.", ""))
    seen = {row[0] for row in rows}
    text = "In the pool of cities from which the weighted means are made."
    rows += [(ori, COMPARISON, text, "") for ori in pool if ori not in seen]
    return _frame("nine_cities", rows)


def county_roles(panels: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the part of every county in the studies of counties; see `city_roles` (``id`` is the FIPS)."""
    frame = county_frame(dict(panels), spec=CAP)
    why = dispositions(frame)
    rows = []
    for fips, how, reason in zip(frame["fips"], frame["how"], why, strict=True):
        if reason == USED[1.0]:
            rows.append((fips, TREATED, f"Declined detainers in 2015 ({how}).", ""))
        elif reason == USED[0.0]:
            rows.append((fips, COMPARISON, "No policy, law or list names it by the end of 2015.", ""))
        else:
            rows.append((fips, OUT, f"Left out: {reason}.", ""))
    later = county_dispositions(panels, spec=COUNTIES)
    more = [_later_row(*row) for row in later.itertuples(name=None)]
    return pd.concat([_frame("cap2017", rows), _frame("counties", more)], ignore_index=True)


def _later_row(fips: str, disposition: str, adopts: bool) -> tuple[str, str, str, str]:
    joined = " The five boroughs count as one county." if fips == NEW_YORK else ""
    if disposition != KEPT:
        return fips, OUT, f"Left out: {disposition}.{joined}", ""
    if adopts:
        return fips, TREATED, f"Began to decline detainers in 2013 or 2014.{joined}", ""
    return fips, COMPARISON, f"No policy, law or list names it by the end of 2014.{joined}", ""


def state_roles(panels: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the part of every state in the study of state laws; see `city_roles` (``id`` is USPS)."""
    breaks = state_laws.series_starts(panels["state_year"])
    laws = state_laws.dated_laws(panels["policies"], breaks, spec=STATE_LAWS)
    rates, named = (
        state_laws.rate_tables(panels["state_year"], spec=STATE_LAWS),
        state_laws.named_states(panels["policies"]),
    )
    records: Any = laws.to_dict("records")
    tables = [state_laws.donor_table(law, rates, named, breaks, spec=STATE_LAWS) for law in records]
    donors: pd.DataFrame = pd.concat(tables)
    rows = [
        (
            row["state"],
            TREATED,
            f"Its law of {row['start']} is studied over {row['first']} to {row['last']}.",
            "",
        )
        for row in laws.drop_duplicates("state").to_dict("records")
    ]
    seen = set(laws["state"])
    for state, own in donors[~donors["state"].isin(seen)].groupby("state"):
        used = int(own["reason"].eq("").sum())
        reason = own.loc[own["reason"].ne(""), "reason"]
        text = f"A donor for {used} of {len(own)} laws." if used else f"No donor: {reason.iloc[0]}."
        rows.append((str(state), COMPARISON if used else OUT, text, ""))
    return _frame("states", rows)


def _frame(study: str, rows: Sequence[tuple[Any, str, str, str]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["id", "role", "reason", "partner"])
    return table.assign(study=study)[_COLUMNS]
