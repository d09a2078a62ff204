"""Cities of 10,000 and more in counties with and without a dated detainer policy, 2005-2019.

`spec` and `sample` were committed before the first estimate and are the record of what was decided. The study
first tests every comparison where there was no policy, takes one by the rule of `spec`, and only then reads
effects, with their power, bounds, the interval of state blocks, and what the county files say beside them.
Treatment dates come from a cited list of this project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ... import estimators as est
from ...panels.store import load
from ...results import stored
from ..credibility.counties import admitted_effect
from .design import CountyDesign, subset
from .dose import HIGH_LESS_PLACEBO, SLOPE, dose_effects
from .sample import PANELS, CountyCities, compared_within, county_cities
from .spec import SPEC, CitiesInCountiesSpec

NO_COMPARISON = ""


@dataclass(frozen=True)
class CitiesInCounties:
    """What the study found, as tables; effects are log points.

    Attributes
    ----------
    spec : CitiesInCountiesSpec
    ledger : pandas.DataFrame
        Agencies by the step that left them out.
    comparisons : pandas.DataFrame
        By ``comparison`` and ``outcome`` (the totals): columns of `CountyDesign.row` and
        `CountyDesign.tests`, ``admitted``.
    chosen : str
        The study's comparison; empty if none is admitted.
    effects : pandas.DataFrame
        By ``outcome`` under the study's comparison (or, unclaimed, the one with the smallest detectable
        change if none is admitted): columns of `CountyDesign.row`, ``p_holm``, and the state blocks.
    events : pandas.DataFrame
        By ``outcome`` (the totals) and ``time``: estimates with intervals, and ``whole_year``.
    bounds : pandas.DataFrame
        By ``outcome``: see `CountyDesign.bounds`.
    subsamples, other_estimators : pandas.DataFrame
        The same comparison on other samples, and by other estimators.
    dose : pandas.DataFrame
        By ``outcome``: see `dose.dose_effects`; ``admitted`` by class.
    county_files : pandas.DataFrame
        By ``outcome``: the effect that the county files give under their admitted comparison.
    """

    spec: CitiesInCountiesSpec
    ledger: pd.DataFrame
    comparisons: pd.DataFrame
    chosen: str
    effects: pd.DataFrame
    events: pd.DataFrame
    bounds: pd.DataFrame
    subsamples: pd.DataFrame
    other_estimators: pd.DataFrame
    dose: pd.DataFrame
    county_files: pd.DataFrame

    @property
    def shown(self) -> str:
        """The comparison of `effects`: the study's, or the one shown though none is admitted."""
        return self.chosen or smallest_detectable(self.comparisons, self.spec)


@stored
def run(spec: CitiesInCountiesSpec = SPEC) -> CitiesInCounties:
    """Run the study on the committed panels, once a process for each specification."""
    return study({name: load(name) for name in (*PANELS, "state_bans")}, spec)


def study(panels: Mapping[str, pd.DataFrame], spec: CitiesInCountiesSpec = SPEC) -> CitiesInCounties:
    """Run the study on given panels, of the names in `PANELS` and ``state_bans``."""
    sample = county_cities(panels, spec=spec)
    frames = {name: sample.frame(name) for name in spec.outcomes}
    comparisons = tested(frames, spec)
    chosen = smallest_detectable(comparisons[comparisons["admitted"]], spec)
    shown = chosen or smallest_detectable(comparisons, spec)
    within = spec.comparisons[shown]
    designs = {
        name: CountyDesign(compared_within(frame, within, spec=spec), within, spec=spec)
        for name, frame in frames.items()
    }
    return CitiesInCounties(
        spec=spec,
        ledger=sample.ledger,
        comparisons=comparisons,
        chosen=chosen,
        effects=_effects(designs, spec),
        events=_events(designs, spec),
        bounds=pd.DataFrame([{"outcome": name} | designs[name].bounds() for name in spec.totals]),
        subsamples=_subsamples(sample, frames, within, set(panels["state_bans"]["state"]), spec),
        other_estimators=_other_estimators(designs, within, spec),
        dose=_dose(frames, spec),
        county_files=pd.DataFrame([{"outcome": name} | admitted_effect(name) for name in spec.totals]),
    )


def tested(frames: Mapping[str, pd.DataFrame], spec: CitiesInCountiesSpec) -> pd.DataFrame:
    """Return every comparison with its tests before the policy; see `CitiesInCounties.comparisons`."""
    rows: list[dict[str, Any]] = []
    for name, within in spec.comparisons.items():
        for outcome in spec.totals:
            design = CountyDesign(compared_within(frames[outcome], within, spec=spec), within, spec=spec)
            rows.append({"comparison": name, "outcome": outcome} | design.row() | design.tests())
    made = pd.DataFrame(rows)
    passed = made["leads_p"].gt(spec.admit) & made["fake_p"].gt(spec.admit)
    return made.assign(admitted=passed.groupby(made["comparison"]).transform("all"))


def smallest_detectable(comparisons: pd.DataFrame, spec: CitiesInCountiesSpec) -> str:
    """Return the comparison with the smallest detectable change in the first total; none: `NO_COMPARISON`."""
    rows = comparisons[comparisons["outcome"].eq(spec.totals[0])]
    if rows.empty:
        return NO_COMPARISON
    at: Any = rows["detectable"].idxmin()
    return str(rows.loc[at, "comparison"])


def _effects(designs: Mapping[str, CountyDesign], spec: CitiesInCountiesSpec) -> pd.DataFrame:
    table = pd.DataFrame(
        [{"outcome": name} | design.row() | design.blocks() for name, design in designs.items()]
    )
    holm = est.adjust_p_values(table["p_value"].tolist(), method="holm")
    return table.assign(p_holm=holm["p_value_adjusted"].to_numpy())


def _events(designs: Mapping[str, CountyDesign], spec: CitiesInCountiesSpec) -> pd.DataFrame:
    parts = []
    for name in spec.totals:
        rows = designs[name].path.estimates(spec.level).tidy().rename(columns={"event_time": "time"})
        parts.append(rows.assign(outcome=name, whole_year=rows["time"].ge(spec.skip)))
    return pd.concat(parts, ignore_index=True)


def _subsamples(
    sample: CountyCities,
    frames: Mapping[str, pd.DataFrame],
    within: tuple[str, ...],
    bans: set[str],
    spec: CitiesInCountiesSpec,
) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for name, rule in spec.subsamples.items():
        for outcome in spec.totals:
            kept = compared_within(subset(frames[outcome], rule, bans, spec=spec), within, spec=spec)
            row = {"subsample": name, "outcome": outcome}
            found = CountyDesign(kept, within, spec=spec).row() if kept["cohort"].gt(0).any() else {}
            rows.append(row | found)
    return pd.DataFrame(rows)


def _other_estimators(
    designs: Mapping[str, CountyDesign], within: tuple[str, ...], spec: CitiesInCountiesSpec
) -> pd.DataFrame:
    """Return two-way regressions with effects of units and of each cell's years, errors by state."""
    effects: list[Any] = ["unit", (*within, "year") if within else "year"]
    rows: list[dict[str, Any]] = []
    for name in spec.totals:
        frame = whole_years(designs[name].frame, spec)
        options: dict[str, Any] = {"treatment": "treated", "effects": effects, "cluster": "state"}
        poisson = est.poisson(frame, outcome="count", offset="log_people", **options)
        logs = frame[frame["count"].gt(0)].reset_index(drop=True)
        wild = est.wild_bootstrap(logs, outcome="log_rate", draws=999, seed=spec.seed, **options)
        for label, fit in {"Two-way Poisson": poisson, "Two-way logarithm, wild bootstrap": wild}.items():
            found = fit.tidy(spec.level).iloc[0]
            kept = ("estimate", "std_error", "conf_low", "conf_high", "p_value")
            rows.append({"outcome": name, "estimator": label} | {key: found[key] for key in kept})
    return pd.DataFrame(rows)


def whole_years(frame: pd.DataFrame, spec: CitiesInCountiesSpec) -> pd.DataFrame:
    """Return rows within five years of adoption, those of years bound in part left out, with a treatment."""
    time = (frame["year"] - frame["cohort"]).where(frame["cohort"].gt(0), -1)
    kept = time.between(-5, -1) | time.between(spec.skip, 5)
    made = frame[kept & frame["count"].notna()].reset_index(drop=True)
    treated = made["cohort"].gt(0) & made["year"].ge(made["cohort"])
    rate = made["count"] / made["population"] * 1e5
    return made.assign(
        treated=treated.astype(float),
        log_people=np.log(made["population"]),
        log_rate=np.log(rate.where(rate > 0)),
    )


def _dose(frames: Mapping[str, pd.DataFrame], spec: CitiesInCountiesSpec) -> pd.DataFrame:
    parts = [dose_effects(frames[name], spec=spec).assign(outcome=name) for name in spec.totals]
    table = pd.concat(parts, ignore_index=True)
    passed = table["fake_p"].gt(spec.admit) & (table["leads_p"].gt(spec.admit) | table["leads_p"].isna())
    admitted = passed.groupby(table["term"]).transform("all")
    return table.assign(admitted=_readable(table["term"], admitted, spec))


def _readable(term: pd.Series, passed: pd.Series, spec: CitiesInCountiesSpec) -> pd.Series:
    """Return which terms may be read: the contrast if both of its classes may be, the slope if all may be."""
    fine = passed.groupby(term).all()
    ends = [spec.classes[0], spec.classes[-1]]
    needed = {HIGH_LESS_PLACEBO: ends, SLOPE: list(spec.classes)}
    able = {name: bool(fine.loc[[name, *needed.get(name, [])]].all()) for name in fine.index}
    return term.map(able).astype(bool)
