"""Crime by what a detainer policy could change: counties that adopted in 2013 or 2014, by dose before.

The same counties and counts as the staggered county study, parted by how many detainers their jails received
before: what could be detected first, then the effects by class and along the dose, the placebo of adopters
where nothing could change, a false period, and crimes per declined detainer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ... import estimators as est
from ...panels.store import load
from ..designs.study_spec import cached_by_spec
from ..staggered_counties.spec import SPEC as COUNTIES
from .fits import along_dose, by_class, false_period, per_declined
from .sample import PANELS, DoseSample, dose_sample
from .spec import SPEC, DoseSpec


@dataclass(frozen=True)
class Dose:
    """What the study found, as tables; effects are log ratios unless a unit is named.

    Attributes
    ----------
    spec : DoseSpec
    ledger, classes : pandas.DataFrame
        See `DoseSample`.
    power : pandas.DataFrame
        By ``outcome`` and ``dose_class``, what could have been seen: standard error, the smallest effect
        found with `DoseSpec.power`, as a share of the mean and in crimes per 100,000 adopters' residents.
    effects : pandas.DataFrame
        By ``outcome`` and ``dose_class`` with Holm's p-values over outcomes within the class, the largest
        change each interval of twice the size leaves possible (``smallest_margin``), all in log ratios.
    slopes : pandas.DataFrame
        By ``outcome`` and ``dose``: the slope of the effect, and the effect at no dose.
    false_period : pandas.DataFrame
        The design on years before adoption.
    per_declined : pandas.DataFrame
        Crimes per declined detainer by ``outcome``.
    """

    spec: DoseSpec
    ledger: pd.DataFrame
    classes: pd.DataFrame
    power: pd.DataFrame
    effects: pd.DataFrame
    slopes: pd.DataFrame
    false_period: pd.DataFrame
    per_declined: pd.DataFrame


@cached_by_spec
def run(spec: DoseSpec = SPEC) -> Dose:
    """Run the study on the committed panels, once a process for each specification."""
    return study({name: load(name) for name in PANELS}, spec)


def study(panels: Mapping[str, pd.DataFrame], spec: DoseSpec = SPEC) -> Dose:
    """Run the study on given panels, of the names in `PANELS`."""
    sample = dose_sample(panels, spec=spec)
    effects = class_effects(sample, spec)
    slopes = [
        along_dose(sample.frame, outcome, dose, spec=spec)
        for outcome in spec.outcomes
        for dose in (spec.dose, spec.check)
    ]
    false = [false_period(sample.frame, outcome, spec=spec) for outcome in spec.outcomes]
    return Dose(
        spec=spec,
        ledger=sample.ledger,
        classes=sample.classes,
        power=power(sample, effects, spec),
        effects=effects,
        slopes=pd.DataFrame(slopes),
        false_period=pd.concat(false, ignore_index=True),
        per_declined=pd.DataFrame([per_declined(sample.frame, o, spec=spec) for o in spec.outcomes]),
    )


def class_effects(sample: DoseSample, spec: DoseSpec) -> pd.DataFrame:
    """Return the effects by class and outcome, with Holm's p-values and what each leaves possible."""
    table = pd.concat([by_class(sample.frame, o, spec=spec) for o in spec.outcomes], ignore_index=True)
    table["p_holm"] = table.groupby("dose_class")["p_value"].transform(
        lambda values: est.adjust_p_values(values.tolist(), method="holm")["p_value_adjusted"].to_numpy()
    )
    one_sided = [
        est.minimum_detectable_effect(error, power=0.5, level=2 * spec.level - 1, df=df)
        for error, df in zip(table["std_error"], table["df"], strict=True)
    ]
    table["smallest_margin"] = table["estimate"].abs() + np.array(one_sided, float)
    return table


def power(sample: DoseSample, effects: pd.DataFrame, spec: DoseSpec) -> pd.DataFrame:
    """Return what each class could have shown: it reads standard errors and levels before, no estimate."""
    table = effects[["outcome", "dose_class", "std_error", "df"]].copy()
    table["detectable"] = [
        est.minimum_detectable_effect(error, power=spec.power, level=spec.level, df=df)
        for error, df in zip(table["std_error"], table["df"], strict=True)
    ]
    table["detectable_share"] = np.expm1(table["detectable"])
    table["mean_before"] = [
        _rate_before(sample.frame, o, c) for o, c in zip(table["outcome"], table["dose_class"], strict=True)
    ]
    return table.assign(detectable_per_100k=table["detectable_share"] * table["mean_before"])


def _rate_before(frame: pd.DataFrame, outcome: str, dose_class: str) -> float:
    first, last = COUNTIES.base
    rows = frame[
        frame["cohort"].gt(0) & frame["year"].between(first, last) & frame["dose_class"].eq(dose_class)
    ]
    return float(rows[outcome].sum() / rows["people"].sum() * 1e5) if len(rows) else float("nan")
