"""The estimates of the dose design: by class, along the dose, a false period, and per declined detainer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ... import estimators as est
from ...estimators.core.frame import Effect
from ...estimators.core.intervals import t_interval
from ...estimators.regression.poisson_refits import poisson_refits
from ...estimators.resampling.jackknife import jackknife_error
from ..staggered_counties.fits import two_way
from ..staggered_counties.sample import with_rates
from ..staggered_counties.spec import SPEC as COUNTIES
from .spec import DoseSpec

Row = dict[str, Any]
_WITHIN_CLASS: list[Effect] = ["fips", ("dose_class", "year")]
PERIOD = COUNTIES.period


def by_class(frame: pd.DataFrame, outcome: str, *, spec: DoseSpec) -> pd.DataFrame:
    """Return the log effect on adopters of each class, against comparison counties of the same class.

    A Poisson regression with county effects, period effects of each class and residents as exposure; errors
    by leaving out each state in turn, with t of one degree of freedom less than states.

    Returns
    -------
    pandas.DataFrame
        By ``dose_class`` and, last, the difference of the highest class and the placebo:
        ``estimate, std_error, df, statistic, p_value, conf_low, conf_high``.
    """
    rows, names = _class_terms(with_rates(frame, outcome), spec)
    full, refits = poisson_refits(
        rows, outcome="count", treatment=names, effects=_WITHIN_CLASS, offset="log_people", without="state"
    )
    full = np.append(full, full[-1] - full[0])
    refits = np.column_stack([refits, refits[:, -1] - refits[:, 0]])
    found = []
    for name, estimate, column in zip([*spec.classes, "high less placebo"], full, refits.T, strict=True):
        known = column[np.isfinite(column)]
        error = jackknife_error(float(estimate), known)
        row = t_interval(float(estimate), error, len(known) - 1, spec.level)
        found.append({"outcome": outcome, "dose_class": name} | row)
    return pd.DataFrame(found)


def along_dose(frame: pd.DataFrame, outcome: str, dose: str, *, spec: DoseSpec) -> Row:
    """Return the slope of the log effect in the dose, and the effect at a dose of zero.

    Counties of a higher dose may move otherwise in 2013-14 whether or not they adopt: the model holds the
    period's slope in the dose of the comparison counties, so that the slope is the adopters' alone.
    """
    rows = with_rates(frame, outcome)
    late = rows["year"].eq(PERIOD).astype(float)
    rows = rows.assign(treated_dose=rows["treated"] * rows[dose], late_dose=late * rows[dose])
    rows = rows[rows[dose].notna()].reset_index(drop=True)
    fit = two_way(rows, ["treated", "treated_dose"], ["fips", "year"], covariates=["late_dose"])
    found: Row = {"outcome": outcome, "dose": dose}
    kept = ("estimate", "std_error", "p_value", "conf_low", "conf_high")
    for term, name in (("treated_dose", "slope"), ("treated", "at_zero")):
        at = fit.row(term=term)
        df = (fit.sample.clusters or 2) - 1
        row = t_interval(float(at["estimate"]), float(at["std_error"]), df, spec.level)
        found |= {f"{name}_{key}": row[key] for key in kept}
    return found


def false_period(frame: pd.DataFrame, outcome: str, *, spec: DoseSpec) -> pd.DataFrame:
    """Return what the design by class makes of years before, as if adoption came in `spec.false_period`."""
    first, last = spec.false_period
    early = frame[frame["year"].le(last)].reset_index(drop=True)
    false = early["cohort"].gt(0) & early["year"].ge(first)
    rows, names = _class_terms(with_rates(early, outcome).assign(treated=false.astype(float)), spec)
    fit = two_way(rows, names, _WITHIN_CLASS)
    df, found = (fit.sample.clusters or 2) - 1, []
    for name, term in zip(spec.classes, names, strict=True):
        at = fit.row(term=term)
        row = t_interval(float(at["estimate"]), float(at["std_error"]), df, spec.level)
        found.append({"outcome": outcome, "dose_class": name} | row)
    return pd.DataFrame(found)


def per_declined(frame: pd.DataFrame, outcome: str, *, spec: DoseSpec) -> Row:
    r"""Return crimes per declined detainer with an Anderson-Rubin interval.

    The instrument is adoption times the dose before it; both the change in the crime rate from 2008-2012 to
    2013-14 and the declines of 2013-14 are per 100,000 person-years, with effects of each class and the dose
    itself held. With reduced forms :math:`a` (crime) and :math:`b` (declines) and their covariance by state,
    the interval holds every :math:`\theta` with
    :math:`(a-\theta b)^2 \le t^2 (v_{aa} - 2\theta v_{ab} + \theta^2 v_{bb})`: valid however weak the
    instrument is, and unbounded where declines hardly moved.

    References
    ----------
    Anderson and Rubin (1949), doi:10.1214/aoms/1177730090.
    """
    rows = _changes(frame, outcome)
    a, vaa, df = _reduced_form(rows, "crime")
    b, vbb, _ = _reduced_form(rows, "declined_rate")
    _, both, _ = _reduced_form(rows, "sum")
    vab = (both - vaa - vbb) / 2
    t = t_interval(0.0, 1.0, df, spec.level)["conf_high"]
    low, high, shape = anderson_rubin(a, b, vaa, vbb, vab, t)
    return {
        "outcome": outcome,
        "estimate": a / b,
        "conf_low": low,
        "conf_high": high,
        "shape": shape,
        "first_stage": b,
        "first_stage_f": b**2 / vbb,
        "reduced_form": a,
        "reduced_form_error": float(np.sqrt(vaa)),
        "df": df,
        "counties": len(rows),
    }


def anderson_rubin(
    a: float, b: float, vaa: float, vbb: float, vab: float, t: float
) -> tuple[float, float, str]:
    """Return the ends of the set of ratios not rejected, and its shape: interval, two rays, or the line.

    Examples
    --------
    >>> anderson_rubin(2.0, 1.0, 0.01, 1e-12, 0.0, 2.0)[2]
    'interval'
    >>> anderson_rubin(2.0, 0.1, 0.01, 1.0, 0.0, 2.0)[2]
    'two rays'
    """
    two, one, none = b**2 - t**2 * vbb, -2 * (a * b - t**2 * vab), a**2 - t**2 * vaa
    inside = one**2 - 4 * two * none
    if inside < 0:
        return -np.inf, np.inf, "whole line"
    roots = sorted(((-one - np.sqrt(inside)) / (2 * two), (-one + np.sqrt(inside)) / (2 * two)))
    return float(roots[0]), float(roots[1]), "interval" if two > 0 else "two rays"


def _changes(frame: pd.DataFrame, outcome: str) -> pd.DataFrame:
    rows = with_rates(frame, outcome)
    early = rows[rows["year"].lt(PERIOD)].groupby("fips")[["count", "people"]].sum()
    late = rows[rows["year"].eq(PERIOD)].set_index("fips")
    before = (early["count"] / early["people"] * 1e5).reindex(late.index)
    table = late.assign(
        crime=late["rate"] - before,
        declined_rate=late["declined"] / late["people"] * 1e5,
        instrument=late["treated"] * late["detainers_per_1000"],
    )
    table["sum"] = table["crime"] + table["declined_rate"]
    return table[table["crime"].notna()].reset_index()


def _reduced_form(rows: pd.DataFrame, outcome: str) -> tuple[float, float, float]:
    fit = est.ols(
        rows,
        outcome=outcome,
        treatment="instrument",
        covariates=["treated", "detainers_per_1000"],
        effects=["dose_class"],
        weights="people",
        cluster="state",
    )
    at = fit.row(term="instrument")
    return float(at["estimate"]), float(at["std_error"]) ** 2, float((fit.sample.clusters or 2) - 1)


def _class_terms(rows: pd.DataFrame, spec: DoseSpec) -> tuple[pd.DataFrame, list[str]]:
    names = [f"treated_{name}" for name in spec.classes]
    terms = {
        term: rows["treated"] * rows["dose_class"].eq(name)
        for term, name in zip(names, spec.classes, strict=True)
    }
    return rows.assign(**terms), names
