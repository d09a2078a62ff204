"""The parts of the overview: each is computed, or says why it could not be."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, special

from ..core.result import Estimates
from ..errors import EstimationError, FewClustersWarning
from ..regression.wald import WaldTest, joint_test
from ..sensitivity.event_path import EventPath, event_path
from ..sensitivity.honest_did import breakdown_value, honest_bounds
from ..sensitivity.power import minimum_detectable_effect
from ..sensitivity.pretest_power import pretest_power
from ..staggered.compare import Comparison, compare_estimators
from ..staggered.group_time import GroupTime, group_time
from ..staggered.refits import Refits, leave_one_out, placebo_dates
from ..synthetic.synthetic_did import synthetic_did
from .diagnosis import Columns, Panel

POWER = 0.8
"""Probability with which effects and trends are called detectable: the convention of Bloom (1995)."""

MBAR = (0.5, 1.0, 1.5, 2.0)


@dataclass(frozen=True)
class Choices:
    """What the caller chose, or was chosen from the panel."""

    control: str
    anticipation: int
    window: tuple[int, int]
    level: float
    refits: int
    seed: int


@dataclass
class Parts:
    """What was computed; `reasons` says why the rest was not."""

    fit: GroupTime | None = None
    overall: Estimates | None = None
    events: Estimates | None = None
    comparison: Comparison | None = None
    leads: WaldTest | None = None
    lead_power: pd.DataFrame | None = None
    bounds: pd.DataFrame | None = None
    breakdown: float | None = None
    detectable: float | None = None
    by_cohort: Refits | None = None
    by_cluster: Refits | None = None
    placebos: Refits | None = None
    reasons: dict[str, str] = field(default_factory=dict)

    def attempt(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what `make` returns, or None with the reason kept under `name`."""
        try:
            return make()
        except EstimationError as error:
            self.reasons[name] = str(error)
            return None


def choose(
    panel: Panel,
    control: Any,
    anticipation: int,
    window: tuple[int, int] | None,
    level: float,
    refits: int,
    seed: int,
) -> Choices:
    """Return the choices, those left open made from the panel.

    The comparison is with never-treated units where there are two or more, with those not yet treated
    otherwise; the window ends four periods from adoption, or where the panel does.
    """
    first, calendar = panel.first, panel.calendar
    assert first is not None and calendar is not None
    inside = first[np.isfinite(first) & (first - anticipation > calendar.position[0])]
    inside = inside[inside <= calendar.position[-1]]
    if window is None:
        before = int(inside.max() - calendar.position[0])
        window = (-min(4 + anticipation, before), min(4, int(calendar.position[-1] - inside.min())))
    if control is None:
        control = "never" if np.isinf(first).any() else "not_yet"
    return Choices(control, anticipation, window, level, refits, seed)


def compute(panel: Panel, columns: Columns, chosen: Choices) -> Parts:
    """Return every part that the panel admits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FewClustersWarning)
        parts = Parts()
        _main(parts, panel, columns, chosen)
        parts.comparison = _comparison(parts, panel, columns, chosen)
        if parts.events is not None:
            _trends(parts, parts.events, chosen)
        if parts.overall is not None:
            _stability(parts, panel, columns, chosen)
    return parts


def _keys(columns: Columns) -> dict[str, Any]:
    return {"outcome": columns.outcome, "unit": columns.unit, "time": columns.time, "cohort": columns.adopted}


def _options(columns: Columns, chosen: Choices) -> dict[str, Any]:
    return {
        "control": chosen.control,
        "anticipation": chosen.anticipation,
        "weights": columns.weights,
        "cluster": None if columns.cluster == columns.unit else columns.cluster,
        "covariates": list(columns.covariates) or None,
        "level": chosen.level,
    }


def _main(parts: Parts, panel: Panel, columns: Columns, chosen: Choices) -> None:
    fitted = partial(group_time, panel.frame, **_keys(columns), **_options(columns, chosen))
    parts.fit = fit = parts.attempt("group-time effects", fitted)
    if fit is None:
        return
    parts.overall = parts.attempt("average effect", lambda: fit.aggregate("simple"))
    parts.events = parts.attempt("event study", lambda: fit.aggregate("event", window=chosen.window))
    if parts.overall is not None:
        parts.detectable = parts.attempt(
            "detectable effect", partial(_detectable, parts.overall, chosen.level)
        )


def _detectable(overall: Estimates, level: float) -> float:
    found: Any = minimum_detectable_effect(overall, power=POWER, level=level)
    return float(found["minimum_detectable_effect"].iloc[0])


def _comparison(parts: Parts, panel: Panel, columns: Columns, chosen: Choices) -> Comparison | None:
    call = partial(
        compare_estimators, panel.frame, **_keys(columns), **_options(columns, chosen), window=chosen.window
    )
    compared: Comparison | None = parts.attempt("comparison of estimators", call)
    if compared is None:
        return None
    try:
        synthetic = _synthetic(panel, columns, chosen)
    except EstimationError as error:
        skipped = {**compared.skipped, "synthetic_did": str(error)}
        return Comparison(compared.events, compared.overall, compared.estimands, skipped, compared.level)
    overall = {**compared.overall, "synthetic_did": synthetic}
    estimands = {**compared.estimands, "synthetic_did": "treated unit-periods, weighted donors and periods"}
    return Comparison(compared.events, overall, estimands, compared.skipped, compared.level)


def _synthetic(panel: Panel, columns: Columns, chosen: Choices) -> Estimates:
    if ignored := [name for name in ("weights", "anticipation") if _options(columns, chosen)[name]]:
        raise EstimationError(f"does not take {' or '.join(ignored)}")
    found = synthetic_did(
        panel.frame,
        **_keys(columns),
        covariates=list(columns.covariates) or None,
        draws=200,
        level=chosen.level,
        seed=chosen.seed,
    )
    return Estimates(
        method=found.method,
        keys=pd.DataFrame({"term": ["att"]}),
        estimate=found.estimate[:1],
        covariance=found.covariance[:1, :1],
        sample=found.sample,
        design=found.design,
        level=found.level,
        overrides={name: values[:1] for name, values in found.overrides.items()},
        seed=found.seed,
    )


def _trends(parts: Parts, events: Estimates, chosen: Choices) -> None:
    ahead = events.keys["event_time"].to_numpy(float) < -1 - chosen.anticipation
    ahead &= events.std_error > 0
    if not ahead.any():
        parts.reasons["leads"] = "no period before the reference lies in the window"
        return
    parts.leads = parts.attempt("leads", lambda: joint_test(events, ahead))
    path = parts.attempt("bounds", lambda: event_path(events))
    if path is None:
        return
    parts.lead_power = parts.attempt("power of the leads", partial(lead_power, events, path, chosen.level))
    bounds = partial(
        honest_bounds, events, values=MBAR, target="average", level=chosen.level, seed=chosen.seed
    )
    parts.bounds = parts.attempt("bounds", bounds)
    limit = partial(breakdown_value, events, target="average", level=chosen.level, seed=chosen.seed)
    parts.breakdown = parts.attempt("breakdown value", limit)


def lead_power(events: Estimates, path: EventPath, level: float) -> pd.DataFrame:
    """Return the straight-line violation that tests of the leads detect, and what it would do afterwards.

    Parameters
    ----------
    events : Estimates
    path : EventPath
    level : float

    Returns
    -------
    pandas.DataFrame
        One row a test (``joint``: F or chi-squared of all leads; ``single``: some lead significant):
        ``test, power, slope, average_after``: the slope in units of the outcome a period, and the mean
        difference after the reference that it would make when there is no effect.

    Notes
    -----
    A violation of slope s has coefficients ``s d`` at distances d from the reference, so the joint statistic
    is a noncentral F (chi-squared) with ``s**2 d' V**-1 d``; the slope follows from the noncentrality at
    which the test rejects with the power wanted. The other test: Roth (2022), doi:10.1257/aeri.20210236.
    """
    slopes = {"joint": _joint_slope(events, path, level)}
    slopes["single"] = float(pretest_power(events, power=POWER, level=level).slope or np.nan)
    after = float(path.distance[path.k :].mean())
    rows = [(test, POWER, slope, slope * after) for test, slope in slopes.items()]
    return pd.DataFrame(rows, columns=["test", "power", "slope", "average_after"])


def _joint_slope(events: Estimates, path: EventPath, level: float) -> float:
    k, df = path.k, float(np.min(events.design.get("df", np.inf)))
    distance, covariance = path.distance[:k], path.covariance[:k, :k]
    unit = float(distance @ np.linalg.solve(covariance, distance))
    return float(np.sqrt(_noncentrality(k, df, level) / unit))


def _noncentrality(k: int, df: float, level: float) -> float:
    """Return the noncentrality at which an F (chi-squared) test of k coefficients has `POWER`."""
    critical = special.chdtri(k, 1 - level) if np.isinf(df) else special.fdtri(k, df, level)

    def lack(noncentrality: float) -> float:
        below = (
            special.chndtr(critical, k, noncentrality)
            if np.isinf(df)
            else special.ncfdtr(k, df, noncentrality, critical)
        )
        return float(below - (1 - POWER))

    top = 1.0
    while lack(top) > 0:
        top *= 2
    return float(optimize.brentq(lack, 0.0, top))


def _stability(parts: Parts, panel: Panel, columns: Columns, chosen: Choices) -> None:
    options = {**_keys(columns), **_options(columns, chosen), "summary": lambda fit: fit.aggregate("simple")}
    parts.by_cohort = parts.attempt(
        "without each cohort", lambda: leave_one_out(group_time, panel.frame, by=columns.adopted, **options)
    )
    parts.by_cluster = parts.attempt(
        "without each cluster", lambda: _by_cluster(parts, panel, columns, chosen)
    )
    moved = {name: value for name, value in options.items() if name not in ("time", "cohort", "anticipation")}
    parts.placebos = parts.attempt(
        "placebo dates",
        lambda: placebo_dates(
            group_time,
            panel.frame,
            time=columns.time,
            cohort=columns.adopted,
            anticipation=chosen.anticipation,
            **moved,
        ),
    )


def _by_cluster(parts: Parts, panel: Panel, columns: Columns, chosen: Choices) -> Refits:
    """Refit without each of the treated clusters that bear most on the estimate, `refits` of them at most."""
    fit, overall = parts.fit, parts.overall
    assert fit is not None and overall is not None and overall.influence is not None
    of_unit = panel.frame.drop_duplicates(columns.unit).set_index(columns.unit)
    names = (
        fit.panel.units if columns.cluster == columns.unit else of_unit[columns.cluster].loc[fit.panel.units]
    )
    weight = pd.Series(overall.influence[:, 0], index=pd.Index(np.asarray(names))).groupby(level=0).sum()
    treated = pd.Index(np.asarray(names)[np.isfinite(fit.panel.cohort)]).unique()
    largest = weight.loc[treated].abs().sort_values(ascending=False, kind="stable").index[: chosen.refits]
    if len(treated) < 2:
        raise EstimationError("one treated cluster: without it nothing is left to estimate")
    fits, failed = {}, {}
    for name in largest:
        rest = panel.frame[panel.frame[columns.cluster] != name]
        try:
            fits[name] = group_time(rest, **_keys(columns), **_options(columns, chosen)).aggregate("simple")
        except EstimationError as error:
            failed[name] = str(error)
    if not fits:
        raise EstimationError(f"no refit without a treated cluster is possible: {failed}")
    return Refits(columns.cluster, overall, fits, failed)
