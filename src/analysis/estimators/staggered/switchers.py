"""Effects on units that switch treatment on or off (de Chaisemartin and D'Haultfoeuille 2024)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..core.checks import require_level, require_option
from ..core.entry import takes_frame
from ..core.result import Estimates
from ..errors import EstimationError, NotIdentifiedError
from ..linalg.threads import same_bits
from ..regression.few_clusters import cluster_df
from .multiplier_bootstrap import cluster_sums, uniform_band
from .switchers_fit import Comparison, Horizon, Problem, compare, horizon
from .treatment_paths import Paths, treatment_paths
from .wide_panel import WidePanel, wide_panel

DIRECTIONS = ("both", "in", "out")
VARIANCES = ("pool", "cohort")
CORRECTIONS = ("cells", "none")


@takes_frame
@same_bits
def switchers(
    data: pd.DataFrame,
    *,
    outcome: str,
    treatment: str,
    unit: str,
    time: str,
    window: tuple[int, int] | None = None,
    direction: str = "both",
    normalized: bool = False,
    same_units: bool = False,
    weights: str | None = None,
    cluster: str | None = None,
    variance: str = "pool",
    correction: str = "cells",
    draws: int = 0,
    level: float = 0.95,
    seed: int | None = None,
) -> Estimates:
    """Estimate the effect of having switched treatment, for treatments that go on, off, or change dose.

    The estimand at event time e is the mean, over units that change treatment, of the effect e periods
    after their first change of having followed their path instead of keeping their first treatment
    (with its sign turned for decreases), under parallel trends among units of equal first treatment.
    A unit that switches back later stays what it is: a unit that switched, whose path then includes the
    return. With ``normalized=True`` the effect is divided by the mean accumulated change of treatment:
    a weighted average of effects of present and past treatment. Event times below -1 are placebos: the
    change from ``-1`` back to ``e``, with the controls of event time ``-2 - e``.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period. Rows without an outcome still tell the treatment's path.
    outcome, treatment, unit, time : str
        Columns; `treatment` numeric. Dropped and counted: incomplete rows; units with treatments both
        above and below their first; units not observed in the period before their first change.
    window : (int, int), optional
        First and last event time, e.g. ``(-4, 5)``; all that can be estimated when omitted.
    direction : {"both", "in", "out"}
        All changes, increases only (joiners), or decreases only (leavers).
    normalized : bool
        Effects per unit of treatment received.
    same_units : bool
        Only switchers whose effect is estimated at every event time from 0 to the window's end.
    weights : str, optional
        Positive sampling weights; the mean of each unit's.
    cluster : str, optional
        Clusters of units, constant within unit; the unit when omitted.
    variance : {"pool", "cohort"}
        Controls' changes vary around the mean of the controls, or of the controls that switch in the
        same period. Dates and directions of changes are taken as given.
    correction : {"cells", "none"}
        Squared deviations times n/(n-1) of their group, a lone switcher's around the mean of it and its
        controls; or neither. ``"cells"`` needs ``variance="pool"``. Inference is by t with
        clusters less one degrees of freedom.
    draws : int
        Number of random draws.
    level : float
        Confidence level of intervals, between 0 and 1.
    seed : int, optional
        Seed of random draws; the same seed gives the same bits.

    Returns
    -------
    Estimates
        Keyed by ``event_time``; `tidy` says how many switchers, and clusters of them, each row rests on
        (``treated_units``, ``treated_clusters``). ``extra["ledger"]`` has each comparison's units and why
        it is missing; ``extra["overall"]`` the total effect over event times from 0 on per unit of current
        treatment change; ``extra["exposure"]`` the mean accumulated change by event time.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    KeyNotUniqueError
        A unit has two rows in one period.
    EstimationError
        An option is none of those named, or options contradict each other.
    NotIdentifiedError
        If no unit switches, or none can be compared.

    References
    ----------
    de Chaisemartin and D'Haultfoeuille (2024), doi:10.1162/rest_a_01414; (2020),
    doi:10.1257/aer.20181169.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import switchers
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> switchers(
    ...     frame, outcome="y", unit="unit", time="year", treatment="treated", window=(-1, 0)
    ... ).coef().round(3).to_dict()
    {0: 1.5}
    """
    _require(window, direction, variance, correction, level)
    paths = treatment_paths(data, unit=unit, time=time, treatment=treatment)
    wide = _wide(data, paths, outcome, treatment, unit, time, weights, cluster)
    problem = _problem(wide, paths, direction, variance, correction)
    if not problem.may_switch.any():
        raise NotIdentifiedError(f"no unit changes {treatment!r} in direction {direction!r}")
    events = _events(problem, window)
    if same_units:
        problem = replace(problem, may_switch=_at_all(problem, [e for e in events if e >= 0]))
    found, fits, ledger = _compared(problem, events, paths, treatment)
    design: dict[str, Any] = {
        "outcome": outcome,
        "treatment": treatment,
        "direction": direction,
        "normalized": normalized,
        "same_units": same_units,
        "weights": weights,
        "cluster": cluster or unit,
        "variance": variance,
        "correction": correction,
        "df": cluster_df(wide.sample.clusters or 0, cluster or unit),
    }
    extra: dict[str, Any] = {"ledger": ledger, "exposure": _exposure(fits)}
    make = _Maker(wide, design, draws, level, seed)
    if after := [fit for event, fit in fits.items() if event >= 0]:
        cells = [c for e in fits if e >= 0 for c in found[e]]
        extra["overall"] = make(pd.DataFrame({"term": ["total effect"]}), [cells], *_total(after), {})
    estimate, influence = _scaled(fits, normalized)
    keys = pd.DataFrame({"event_time": list(fits)})
    return make(keys, [found[e] for e in fits], estimate, influence, extra)


def _require(
    window: tuple[int, int] | None, direction: str, variance: str, correction: str, level: float
) -> None:
    require_level(level)
    choices = {
        "direction": (direction, DIRECTIONS),
        "variance": (variance, VARIANCES),
        "correction": (correction, CORRECTIONS),
    }
    for name, (chosen, allowed) in choices.items():
        require_option(name, chosen, allowed)
    if variance == "cohort" and correction == "cells":
        raise EstimationError("correction='cells' needs variance='pool'; with 'cohort' use 'none'")
    if window is not None and not (window[0] <= -1 and window[1] >= 0):
        raise EstimationError(f"window must start at -1 or before and end at 0 or after, not {window}")


def _wide(
    data: pd.DataFrame,
    paths: Paths,
    outcome: str,
    treatment: str,
    unit: str,
    time: str,
    weights: Any,
    cluster: str | None,
) -> WidePanel:
    """Return outcomes with the unit's position among all paths in place of a cohort."""
    wide = wide_panel(
        data,
        outcome=outcome,
        unit=unit,
        time=time,
        cohort=None,
        first=paths.row_unit.astype(np.float64),
        covariates=treatment,
        weights=weights,
        cluster=cluster,
    )
    row = wide.cohort.astype(int)
    wide = wide.keep(~paths.crosses[row], "unit with treatments above and below its first")
    row = wide.cohort.astype(int)
    return wide.keep(~paths.is_undated[row], "unit not observed just before its first change")


def _problem(wide: WidePanel, paths: Paths, direction: str, variance: str, correction: str) -> Problem:
    row = wide.cohort.astype(int)
    outcome = np.full((len(row), len(paths.periods)), np.nan)
    outcome[:, wide.periods.astype(int)] = wide.outcome
    sign = paths.sign[row]
    wanted = {"both": sign != 0, "in": sign > 0, "out": sign < 0}[direction]
    mean = np.nanmean(wide.weights, axis=1)
    return Problem(
        outcome=outcome,
        treatment=paths.treatment[row],
        weights=mean / mean.mean(),
        baseline=paths.baseline[row],
        sign=sign,
        switch=paths.switch[row],
        last=paths.last[row],
        may_switch=wanted,
        centring=variance,
        is_scaled=correction == "cells",
    )


def _events(problem: Problem, window: tuple[int, int] | None) -> list[int]:
    periods = problem.outcome.shape[1]
    first, last = window or (-periods, periods)
    return [e for e in range(max(first, -periods), min(last, periods) + 1) if e != -1]


def _at_all(problem: Problem, events: list[int]) -> np.ndarray:
    """Return which switchers have an effect at every event time."""
    kept = problem.may_switch.copy()
    for event in events:
        here = np.zeros(len(kept), bool)
        for cell in compare(problem, event):
            if not cell.reason:
                here[cell.switchers] = True
        kept &= here
    if not kept.any():
        raise NotIdentifiedError(f"no switcher is estimated at all of {events}: end the window earlier")
    return kept


def _total(fits: list[Horizon]) -> tuple[np.ndarray, np.ndarray]:
    """Return the sum of effects over the sum of treatment changes, and its influence."""
    mass = np.array([fit.mass for fit in fits])
    dose = mass @ np.array([fit.dose for fit in fits])
    effect = mass @ np.array([fit.effect for fit in fits]) / dose
    influence = np.column_stack([fit.influence for fit in fits]) @ mass / dose
    return np.array([effect]), influence[:, None]


def _exposure(fits: dict[int, Horizon]) -> pd.Series:
    values = [fit.exposure for fit in fits.values()]
    return pd.Series(values, index=pd.Index(list(fits), name="event_time"), name="exposure")


def _ledger(comparisons: dict[int, list[Comparison]], paths: Paths) -> pd.DataFrame:
    cells = [cell for group in comparisons.values() for cell in group]
    return pd.DataFrame(
        {
            "event_time": [c.event for c in cells],
            "baseline": [c.baseline for c in cells],
            "switch_time": [paths.periods[c.switch] for c in cells],
            "direction": ["in" if c.sign > 0 else "out" for c in cells],
            "switchers": [len(c.switchers) for c in cells],
            "controls": [len(c.controls) for c in cells],
            "not_estimated": [c.reason for c in cells],
        }
    )


class _Maker:
    """Builds `Estimates` that share a sample and a design."""

    def __init__(
        self, wide: WidePanel, design: Mapping[str, Any], draws: int, level: float, seed: Any
    ) -> None:
        self.wide, self.design, self.draws, self.level, self.seed = wide, design, draws, level, seed

    def _switched(self, groups: list[list[Comparison]]) -> dict[str, np.ndarray]:
        """Return how many switchers, and clusters of them, each group of comparisons rests on."""
        units = [np.unique(np.concatenate([c.switchers for c in group])) for group in groups]
        clusters = [len(np.unique(self.wide.cluster[own])) for own in units]
        return {
            "treated_units": np.array([len(own) for own in units]),
            "treated_clusters": np.array(clusters),
        }

    def __call__(
        self,
        keys: pd.DataFrame,
        groups: list[list[Comparison]],
        estimate: Floats,
        influence: Floats,
        extra: dict[str, Estimates | pd.DataFrame | pd.Series],
    ) -> Estimates:
        sums = cluster_sums(influence, self.wide.cluster)
        covariance = sums.T @ sums
        panel = {"cluster": self.wide.cluster, "units": self.wide.units}
        return Estimates(
            method="switchers",
            keys=keys,
            estimate=estimate,
            covariance=covariance,
            sample=self.wide.sample,
            design=self.design,
            level=self.level,
            overrides={
                **uniform_band(sums, estimate, covariance, self.draws, self.level, self.seed),
                **self._switched(groups),
            },
            influence=influence * len(influence),
            seed=self.seed,
            extra={**extra, "panel": panel},
        )


def _compared(
    problem: Problem, events: list[int], paths: Paths, treatment: str
) -> tuple[dict[int, list[Comparison]], dict[int, Horizon], pd.DataFrame]:
    comparisons = {e: list(compare(problem, e)) for e in events}
    found = {e: [c for c in cells if not c.reason] for e, cells in comparisons.items()}
    fits = {e: horizon(problem, cells) for e, cells in found.items() if cells}
    ledger = _ledger(comparisons, paths)
    if not fits:
        reasons = ledger["not_estimated"].value_counts().to_dict()
        raise NotIdentifiedError(f"no change of {treatment!r} can be compared: {reasons}")
    return found, fits, ledger


def _scaled(fits: Mapping[int, Horizon], normalized: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return effects and their influence, per unit of exposure when normalized."""
    scale = np.array([fit.exposure if normalized else 1.0 for fit in fits.values()])
    effects = np.array([fit.effect for fit in fits.values()])
    return effects / scale, np.column_stack([fit.influence for fit in fits.values()]) / scale
