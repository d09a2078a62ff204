"""Who adopts and by whose word: summary, raw means, treated counties, sources, and choices about both."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from ...panels.store import load
from ..city_power import headline as city_headline
from ..staggered_cities.spec import SPEC as CITIES
from ..synthetic import statutes
from ..uar2017 import pooled_covariance
from . import headline as answers
from .headline import VIOLENT


def summary_rows() -> pd.DataFrame:
    """Return adopting and never-adopting cities side by side in their first year: summary and balance.

    ``trait``, the means of both kinds, and the difference in pooled standard deviations.
    """
    rows = []
    for definition in CITIES.main_treatments:
        frame = city_headline.samples().of(definition, VIOLENT).frame
        first = frame.sort_values("year").groupby("ori").first()
        adopts = first["cohort"].gt(0)
        traits = {
            "Residents, first year": first["residents"],
            "Violent crimes per 100,000, first year": first["rate"],
            "Years observed": frame.groupby("ori")["year"].nunique().reindex(first.index),
            "In the South (share)": first["region"].eq("South").astype(float),
            "In the West (share)": first["region"].eq("West").astype(float),
        }
        for trait, values in traits.items():
            groups = [values[adopts].astype(float), values[~adopts].astype(float)]
            spread = float(np.sqrt((groups[0].var() + groups[1].var()) / 2))
            rows.append(
                {
                    "definition": CITIES.treatments[definition],
                    "trait": trait,
                    "adopts": groups[0].mean(),
                    "never": groups[1].mean(),
                    "difference": (groups[0].mean() - groups[1].mean()) / spread,
                    "cities": int(adopts.sum()),
                    "others": int((~adopts).sum()),
                }
            )
    return pd.DataFrame(rows)


def raw_means() -> dict[str, pd.Series]:
    """Return violent crimes per 100,000 by year, all residents together, of adopters and of the others."""
    lines = {}
    for definition, name in CITIES.treatments.items():
        if definition in CITIES.main_treatments:
            frame = city_headline.samples().of(definition, VIOLENT).frame
            whole = frame[frame.groupby("ori")["year"].transform("nunique").eq(frame["year"].nunique())]
            for adopts, label in ((True, f"{name}: adopters"), (False, f"{name}: never")):
                part = whole[whole["cohort"].gt(0).eq(adopts)].groupby("year")[["count", "population"]].sum()
                lines[label] = part["count"] / part["population"] * 1e5
    return lines


def county_list() -> pd.DataFrame:
    """Return the treated counties by state: ``state, counties, names``."""
    frame = answers.county_panels()[1].frame
    counties = load("counties").set_index("fips")
    treated = frame[frame["treated"].gt(0)].drop_duplicates("fips")
    names = treated["fips"].map(counties["county_name"]).astype(str)
    grouped = treated.assign(name=names).groupby("state")["name"]
    return grouped.agg(counties="size", names=lambda texts: ", ".join(sorted(texts))).reset_index()


def source_rows() -> pd.DataFrame:
    """Return the rows of the policy list by type of source: ``type, rows, places, example``."""
    rows = load("policy_rows")
    hosts = rows["source_url"].map(lambda url: urlsplit(str(url)).netloc.removeprefix("www.").lower())
    kinds = rows["source_type"] if "source_type" in rows else hosts.map(source_type)
    table = pd.DataFrame({"type": kinds, "host": hosts})
    grouped = table.groupby("type")["host"]
    most = grouped.agg(lambda values: ", ".join(values.value_counts().head(3).index))
    found = pd.DataFrame({"rows": grouped.size(), "example": most}).sort_values("rows", ascending=False)
    return found.reset_index()


def source_type(host: str) -> str:
    """Return the type of a source by its host, in the order of `_SOURCE_TYPES`."""
    for name, ends in _SOURCE_TYPES.items():
        if any(host == end or host.endswith(end) for end in ends):
            return name
    return "Other site"


#: Types of source by the end of the host's name, the first that fits; used where the panel has no types.
_SOURCE_TYPES = {
    "Advocacy, against such policies": ("cis.org", "fairus.org", "alipac.us", "ojjpac.org", "amren.com"),
    "Advocacy, for such policies": ("ilrc.org", "aclu.org", "nilc.org", "nwirp.org", "californialei.org"),
    "Copy of a data set": ("github.com", "githubusercontent.com"),
    "Court": ("uscourts.gov", "courtlistener.com"),
    "Government": (".gov", ".us", "legistar.com", "municode.com", "civicplus.com"),
}


def statute_figures() -> dict[str, Any]:
    """Return the states' estimates on statutes alone, each dated by its act, per 100,000."""
    rows: Any = statutes.run().query("scale == 'rate'").set_index("outcome")
    found: dict[str, Any] = {"statutes": int(rows["states"].iloc[0])}
    for key, outcome in {"violent": VIOLENT, "property": answers.PROPERTY}.items():
        found |= {f"statutes_{key}{end}": rows.loc[outcome, of] for end, of in _ENDS.items()}
    return found


def covariance_figures() -> dict[str, Any]:
    """Return the matched difference before adoption under both covariances, and the pairs that move."""
    rows: Any = pooled_covariance.run()
    before = rows[rows["outcome"].eq(VIOLENT) & rows["group"].eq("before")].set_index("covariance")
    found = {"covariance_moved": int(rows["moved"].iloc[0])}
    for key, name in {"all": pooled_covariance.ALL, "within": pooled_covariance.WITHIN}.items():
        found |= {f"before_{key}{end}": before.loc[name, of] for end, of in _ENDS.items()}
    return found


_ENDS = {"": "estimate", "_low": "conf_low", "_high": "conf_high"}
