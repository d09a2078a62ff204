"""The nine histories cut to the shape of their exhibits; nothing here estimates anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from .history import CityHistory

HEADINGS = {
    "adopted": "Adopted",
    "limits": "Limits",
    "instrument": "Instrument",
    "ended": "Ended",
    "role": "Role",
    "source": "Source",
}
SENTENCE = (
    "{city} limited {limits} by an instrument of {first}{ended}. From its first three comparable years "
    "to its last three, homicide went from {start:,.1f} to {end:,.1f} per 100,000 residents, and in the"
    " median comparison city from {middle_start:,.1f} to {middle_end:,.1f}. {gaps}"
)
CAPTION = (
    "{city} (line) beside {k} cities without a policy (grey: their range; second line: their median): "
    "{names}. Dotted lines start a new series; shaded years are not printed or not comparable; dashed: "
    "an instrument begins or ends."
)
ALT = (
    "Five panels of yearly rates for {city}, {first:year} to {last:year}, against a grey range and "
    "median of comparison cities. {gaps} years are shaded in the homicide panel, {breaks} dotted lines "
    "start a new series, {events} dashed lines mark instruments."
)
_LONGEST = 44
_ENDS = 3


def policies(city: CityHistory) -> pd.DataFrame:
    """Return a city's instruments as printed: ``adopted, limits, instrument, ended, role, source``."""
    table = city.policies.astype(object)
    table = table.assign(source=[_host(address) for address in table["source_url"]])
    table["instrument"] = [_short(text) for text in table["instrument"]]
    table["role"] = (
        table["role"].str.replace(" a policy", "").str.replace("later or further source", "further source")
    )
    table["ended"] = table["ended"].where(table["ended"].notna(), "")
    return table[list(HEADINGS)]


def panels(city: CityHistory) -> dict[str, dict[str, pd.Series]]:
    """Return the city's and the median comparison city's series by outcome."""
    return {
        name: {"city": city.rates[outcome], "median comparison city": city.middle[outcome]}
        for outcome, name in city.spec.outcomes.items()
    }


def bands(city: CityHistory) -> dict[str, tuple[pd.Series, pd.Series]]:
    """Return the range of comparison cities by outcome."""
    return {name: (city.low[outcome], city.high[outcome]) for outcome, name in city.spec.outcomes.items()}


def breaks(city: CityHistory) -> dict[str, dict[int, str]]:
    """Return years that start a new series, by outcome, unlabelled: the caption tells of them."""
    return {name: dict.fromkeys(city.breaks[outcome], "") for outcome, name in city.spec.outcomes.items()}


def events(city: CityHistory) -> dict[str, dict[int, str]]:
    """Return the years of instruments, labelled above the first panel alone."""
    bare = dict.fromkeys(city.events, "")
    named = {year: text.replace("status inquiries", "inquiries") for year, text in city.events.items()}
    first = next(iter(city.spec.outcomes.values()))
    return {name: named if name == first else bare for name in city.spec.outcomes.values()}


def overview(cities: Mapping[str, CityHistory]) -> pd.DataFrame:
    """Return one row a city: first dated limit, ends of the homicide series, nearest comparison city."""
    return pd.DataFrame([_overview(city) for city in cities.values()])


def sentence(city: CityHistory) -> dict[str, Any]:
    """Return the values of `SENTENCE`."""
    dated = _dated(city).iloc[0]
    ended = f", which ended in {dated['ended']}" if isinstance(dated["ended"], str) else ""
    limits = {"both": "status inquiries and detainers"}.get(dated["limits"], dated["limits"])
    return {
        "city": city.city,
        "limits": limits,
        "first": str(dated["adopted"]),
        "ended": ended,
        "gaps": _gap_sentence(city),
        **_ends(city),
    }


def caption(city: CityHistory) -> dict[str, Any]:
    """Return the values of `CAPTION`."""
    return {"city": city.city, "k": len(city.neighbours), "names": list(city.neighbours["name"].astype(str))}


def alt(city: CityHistory) -> dict[str, Any]:
    """Return the values of `ALT`."""
    return {
        "city": city.city,
        "first": int(city.rates.index.min()),
        "last": int(city.rates.index.max()),
        "gaps": int(city.rates["homicide"].isna().sum()),
        "breaks": len(city.breaks["homicide"]),
        "events": len(city.events),
    }


def _overview(city: CityHistory) -> dict[str, Any]:
    nearest = city.neighbours.iloc[0]
    return {
        "city": city.city,
        "first_limit": str(_dated(city)["adopted"].iloc[0]),
        "year": int(city.rates["homicide"].dropna().index.max()),
        **_ends(city),
        "nearest": str(nearest["name"]),
        "distance": nearest["distance"],
    }


def _dated(city: CityHistory) -> pd.DataFrame:
    table = city.policies
    return table[table["role"].str.startswith("dates a policy") & table["limits"].ne("symbolic act")]


def _ends(city: CityHistory) -> dict[str, float]:
    own = city.rates["homicide"].dropna()
    middle = city.middle["homicide"].reindex(own.index)
    return {
        "start": own.iloc[:_ENDS].mean(),
        "end": own.iloc[-_ENDS:].mean(),
        "middle_start": middle.iloc[:_ENDS].mean(),
        "middle_end": middle.iloc[-_ENDS:].mean(),
    }


def _gap_sentence(city: CityHistory) -> str:
    everywhere = city.gaps.groupby("year")["outcome"].nunique()
    years = [str(year) for year in everywhere.index[everywhere.eq(len(city.spec.outcomes))]]
    partly = [str(year) for year in everywhere.index[everywhere.lt(len(city.spec.outcomes))]]
    told = f"No offense can be used in {_and(years)}. " if years else ""
    return told + (f"Some offenses cannot be used in {_and(partly)}." if partly else "")


def _and(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else ", ".join(texts[:-1]) + " and " + texts[-1]


def _host(address: str) -> str:
    return urlsplit(address).netloc.removeprefix("www.") or address.split("@")[0][:_LONGEST]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST].rsplit(" ", 1)[0] + " …"
