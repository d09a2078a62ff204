"""The headline of each design under several lists of treated places, on one scale.

Each design is run by its own study, on panels whose list alone differs. A design whose kind of policy a list
lacks has no number there, and the reason in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...estimators.errors import EstimationError
from ...panels.policies.cohorts import cohorts
from ...panels.store import load
from ..cap2017.study import PANELS as COUNTY_PANELS
from ..cap2017.study import study as county_study
from ..designs.city_sample import PANELS as CITY_PANELS
from ..staggered_cities import study as staggered
from ..uar2017 import study as uar
from ..uar2017.spec import SPEC as UAR

#: The totals that no change of the definition of rape disturbs.
OUTCOMES = ("violent_without_rape", "property")
PANELS = tuple(dict.fromkeys([*uar.PANELS, *CITY_PANELS, *COUNTY_PANELS]))
#: Fewest adopting places a design is run on: below them its own tests have no distribution to speak of.
FEWEST = 5
_STAGES = {"after": "Matched cities, in force", "change": "Matched cities, change"}
_COUNTY_DESIGNS = ("matched", "within states")
COLUMNS = [
    "design",
    "definition",
    "outcome",
    "treated",
    "estimate",
    "conf_low",
    "conf_high",
    "detectable",
    "problem",
]


def committed_panels() -> dict[str, pd.DataFrame]:
    """Return every panel the designs need, as committed."""
    return {name: load(name) for name in PANELS}


def headlines(panels: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return every design's headline on given panels.

    Parameters
    ----------
    panels : mapping of str to pandas.DataFrame
        `PANELS` by name; see `committed_panels`.

    Returns
    -------
    pandas.DataFrame
        ``design, definition, outcome``, ``treated`` (places used), ``estimate, conf_low, conf_high`` and
        ``detectable`` (what 80% power needs) in percent of the comparison mean, ``problem`` (why there is no
        number; empty otherwise).
    """
    rows = [*_matched_cities(panels), *_staggered(panels), *_counties(panels)]
    return pd.DataFrame(rows).reindex(columns=COLUMNS)


def compare_headlines(
    lists: Mapping[str, pd.DataFrame], panels: Mapping[str, pd.DataFrame] | None = None
) -> pd.DataFrame:
    """Return `headlines` under each list, one row per list, design and outcome.

    Parameters
    ----------
    lists : mapping of str to pandas.DataFrame
        Panels ``policies`` by the name of the list.
    panels : mapping of str to pandas.DataFrame, optional
        The other panels; those committed when omitted.

    Returns
    -------
    pandas.DataFrame
        ``list`` and the columns of `headlines`.
    """
    base = committed_panels() if panels is None else dict(panels)
    tables = {name: headlines(base | {"policies": policies}) for name, policies in lists.items()}
    return pd.concat(tables, names=["list"]).reset_index("list").reset_index(drop=True)


def _matched_cities(panels: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    definition = UAR.codings[UAR.main]
    first, last = UAR.first, UAR.last
    if few := _too_few(panels, definition, "city", first, last):
        return [_missing(name, definition, "violent_without_rape", few) for name in _STAGES.values()]
    try:
        table = uar.study(panels).differences
    except (EstimationError, ValueError, KeyError) as error:
        return [_missing(name, definition, "violent_without_rape", str(error)) for name in _STAGES.values()]
    chosen = table[
        table["coding"].eq(UAR.main)
        & table["estimator"].eq("one-to-one")
        & table["outcome"].isin(OUTCOMES)
        & table["year"].isna()
        & table["group"].isin(list(_STAGES))
    ]
    return [
        _row(_STAGES[row["group"]], definition, row["outcome"], row["used"], row, row["mean_control"])
        for row in chosen.to_dict("records")
    ]


def _staggered(panels: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    samples = staggered.Samples({name: panels[name] for name in CITY_PANELS})
    rows = []
    for definition in ("status_inquiry", "detainers"):
        for outcome in OUTCOMES:
            rows.append(_staggered_row(samples, panels, definition, outcome))
    return rows


def _staggered_row(samples: Any, panels: Any, definition: str, outcome: str) -> dict[str, Any]:
    name = "Staggered cities"
    if few := _too_few(panels, definition, "city", 2000, 2019):
        return _missing(name, definition, outcome, few)
    try:
        # With few cities a permuted ratio can lack expected crimes: the interval is then missing.
        with np.errstate(invalid="ignore", divide="ignore"):
            found = staggered._headline(samples, definition, outcome)
    except (EstimationError, ValueError, KeyError) as error:
        return _missing(name, definition, outcome, str(error))
    if found["problem"]:
        return _missing(name, definition, outcome, found["problem"])
    percent = {n: 100 * np.expm1(found[n]) for n in ("estimate", "conf_low", "conf_high")}
    return _row(name, definition, outcome, found["cities"], percent, 100.0)


def _counties(panels: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    names = [f"Counties of 2015, {design}" for design in _COUNTY_DESIGNS]
    if few := _too_few(panels, "detainers", "county", 0, 2015):
        return [_missing(name, "detainers", "crime", few) for name in names]
    try:
        main = county_study({name: panels[name] for name in COUNTY_PANELS}).main.set_index("design")
    except (EstimationError, ValueError, KeyError) as error:
        return [_missing(name, "detainers", "crime", str(error)) for name in names]
    rows = main.loc[list(_COUNTY_DESIGNS)].to_dict("records")
    return [
        _row(name, "detainers", "crime", row["treated"], row, row["comparison_mean"])
        for name, row in zip(names, rows, strict=True)
    ]


def _too_few(panels: Mapping[str, pd.DataFrame], definition: str, unit: str, first: int, last: int) -> str:
    places = len(cohorts(panels["policies"], definition, unit=unit, first=first, last=last))
    one, many = ("city", "cities") if unit == "city" else ("county", "counties")
    what = one if places == 1 else many
    if places >= FEWEST:
        return ""
    return f"the list has {places} {what} of this kind with a usable date; the design needs {FEWEST}"


def _row(
    name: str, definition: str, outcome: str, treated: Any, found: Mapping[Any, Any], mean: float
) -> dict[str, Any]:
    scaled = {n: 100 * found[n] / mean for n in ("estimate", "conf_low", "conf_high")}
    seen = found.get("detectable")
    scaled["detectable"] = np.nan if seen is None else 100 * seen / mean
    told = {"design": name, "definition": definition, "outcome": outcome, "treated": int(treated)}
    return told | scaled | {"problem": ""}


def _missing(name: str, definition: str, outcome: str, why: str) -> dict[str, Any]:
    return {"design": name, "definition": definition, "outcome": outcome, "treated": 0, "problem": why}
