"""How far the forks of each design lie apart, and which of them turn what its headline says."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ...estimators.core.intervals import excludes_zero
from ..cap2017 import study as cap2017
from ..synthetic.spec import STATE_LAWS
from ..uar2017 import study as uar2017
from ..uar2017.spec import SPEC as UAR_SPEC
from . import headline as answers
from .exhibits import percent
from .headline import OUTCOMES, VIOLENT

_INTERVAL = ["estimate", "conf_low", "conf_high"]


def fragile() -> pd.DataFrame:
    """Return how far each design's forks lie apart, in percent, and which turn what the headline says."""
    counties = percent(answers.county_forks().query("scale != 'rate' and problem == ''"))
    laws = answers.state_variants()
    laws = laws[laws["scale"].eq("log") & laws["variant"].ne(STATE_LAWS.placebo)]
    states = percent(laws).rename(columns={"variant": "name"})
    parts = {"Matched cities: violent": _pairs(), "Counties of 2015: all": _one_year()}
    parts["Cities: violent"] = _city_choices()
    for outcome, title in zip(OUTCOMES, ("violent", "property"), strict=True):
        parts[f"Counties: {title}"] = counties[counties["outcome"].eq(outcome)]
        parts[f"States: {title}"] = states[states["outcome"].eq(outcome)]
    return pd.DataFrame([{"design": name} | _apart(rows) for name, rows in parts.items()])


def _apart(rows: pd.DataFrame) -> dict[str, Any]:
    """Summarise forks, the headline first."""
    head, others = rows.iloc[0], rows.iloc[1:]
    out = excludes_zero(rows["conf_low"], rows["conf_high"])
    turns = list(others.loc[out.iloc[1:].to_numpy() != bool(out.iloc[0]), "name"].astype(str))
    return {
        "headline": head["estimate"],
        "forks": len(others),
        "lowest": others["estimate"].min(),
        "highest": others["estimate"].max(),
        "below": int(others["conf_high"].lt(0).sum()),
        "above": int(others["conf_low"].gt(0).sum()),
        "what": "; ".join(turns[:1]) + (" and others" if len(turns) > 1 else "") or "none",
    }


def _pairs() -> pd.DataFrame:
    """Return the change of matched pairs under every coding and estimator, the main ones first."""
    rows = uar2017.run().differences
    rows = rows[rows["outcome"].eq(VIOLENT) & rows["group"].eq("change") & rows["year"].isna()]
    rows = rows[rows["conf_low"].notna()]
    first = rows["coding"].eq(UAR_SPEC.main) & rows["estimator"].eq("one-to-one")
    shares = {name: 100 * rows[name] / rows["mean_control"] for name in _INTERVAL}
    named = rows.assign(**shares, name=rows["coding"] + ", " + rows["estimator"], first=first)
    return named.sort_values("first", ascending=False, kind="stable")


def _one_year() -> pd.DataFrame:
    """Return the counties' difference under every design, matching and choice of data."""
    found = cap2017.run()
    variants = found.variants[found.variants["group"].ne("Main")]
    variants = variants.assign(name=variants["group"] + ": " + variants["name"])
    parts = [found.main.assign(name=found.main["design"]), found.matchings.iloc[1:], variants]
    rows = pd.concat(parts, ignore_index=True)
    shares = {name: 100 * rows[name] / rows["comparison_mean"] for name in _INTERVAL}
    named = rows.assign(**shares, first=rows["name"].eq("matched"))
    return named.sort_values("first", ascending=False, kind="stable")


def _city_choices() -> pd.DataFrame:
    """Return the headline of cities and every choice that changes neither the policy nor the offense."""
    rows = answers.choices()
    rows = rows[~rows["base"] & ~rows["fork"].isin(["Treatment", "Outcome"]) & rows["percent"].notna()]
    return rows.assign(estimate=rows["percent"], name=rows["choice"])
