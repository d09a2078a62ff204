"""Group-time average effects for staggered adoption (Callaway and Sant'Anna 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..core.cell_panel import CellPanel
from ..core.checks import require_level, require_option
from ..core.entry import takes_frame
from ..core.result import Estimates
from ..errors import EstimationError, NotIdentifiedError
from ..linalg.groups import square
from ..linalg.threads import same_bits
from ..regression.few_clusters import cluster_df
from ..regression.wald import WaldTest, joint_test
from .aggregation import aggregate
from .cells import Cell, design_cells
from .group_time_fit import fit_cells
from .multiplier_bootstrap import cluster_sums, uniform_band
from .two_by_two import METHODS
from .wide_panel import WidePanel, wide_panel

PANELS = ("complete", "pairwise", "repeated")


@dataclass(frozen=True, eq=False, repr=False)
class GroupTime(Estimates):
    """Group-time effects: an `Estimates` keyed by ``cohort`` and ``time`` that can be aggregated.

    Attributes
    ----------
    panel : CellPanel
        Units, clusters and cells behind the effects.
    """

    panel: CellPanel = field(kw_only=True, repr=False)

    @same_bits
    def aggregate(
        self,
        by: str = "simple",
        *,
        balance: int | None = None,
        window: tuple[int, int] | None = None,
        draws: int = 0,
        seed: int | None = None,
        level: float | None = None,
    ) -> Estimates:
        """Average the cells without refitting, with the influence of the estimated weights.

        Parameters
        ----------
        by : {"simple", "cohort", "calendar", "event"}
            All treated cells weighted by cohort size; the mean of each cohort; of each period; of
            each event time. The last three carry their own average in ``extra["overall"]``.
        balance : int, optional
            With ``event``, keep only cohorts observed for this many periods after adoption.
        window : tuple of int, optional
            With ``event``, the first and last event time to report.
        draws, seed, level
            As in `group_time`.

        Returns
        -------
        Estimates
            Keyed by ``term``, ``cohort``, ``time`` or ``event_time`` (in periods). `tidy` says how many
            treated units and clusters each row rests on.

        Raises
        ------
        EstimationError
            On an unknown `by`.
        NotIdentifiedError
            If no treated cell is left.
        """
        level = self.level if level is None else level
        return aggregate(self, by, balance=balance, window=window, draws=draws, seed=seed, level=level)

    def pretest(self) -> WaldTest:
        """Return the joint test that all effects before treatment are zero, by F or chi-squared.

        Returns
        -------
        WaldTest

        Raises
        ------
        NotIdentifiedError
            If there is no pre-treatment cell or their covariance is singular.
        """
        before = self.panel.event < 0
        if not before.any():
            raise NotIdentifiedError("no cell before treatment: nothing to test")
        return joint_test(self, before)


@takes_frame
@same_bits
def group_time(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    covariates: str | Sequence[str] | None = None,
    method: str = "dr",
    control: str = "never",
    base: str = "universal",
    anticipation: int = 0,
    panel: str = "pairwise",
    weights: str | None = None,
    cluster: str | None = None,
    trim: float = 0.995,
    draws: int = 0,
    level: float = 0.95,
    seed: int | None = None,
) -> GroupTime:
    """Estimate the average effect on each cohort in each period.

    The estimand is ``ATT(g, t)``: the mean effect at time t on units first treated at g, under
    parallel trends (given covariates, if any) and no anticipation beyond `anticipation` periods.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period.
    outcome, unit, time : str
        Columns. Rows with a missing value in any used column are dropped and counted.
    cohort : str
        First treated period, one of the periods of `time` (or beyond its ends); missing, 0 and infinity mean
        never treated, and 0 is refused where time runs through it. Constant within unit. Periods are counted
        on the grid that the smallest spacing of `time` makes (2, 0.25 or 0.1 apart alike), with gaps kept;
        where spacings are no multiples of it, in order of appearance.
        Units treated from the first period on are dropped and counted.
    covariates : str or sequence of str, optional
        Enter linearly, at the earlier period of each comparison.
    method : {"dr", "ipw", "reg"}
        Doubly robust, inverse propensity (Hajek weights), outcome regression. Without covariates
        the three agree.
    control : {"never", "not_yet"}
        Which units are compared with.
    base : {"universal", "varying"}
        Base of cells before treatment: the last period before (anticipated) treatment, as of the cells
        after it, so that ``aggregate("event")`` is one path around one reference, as plots and
        `honest_bounds` read it; or the period before each, which tests period by period (the default of
        R's did) and has no common reference. Cells after treatment are the same.
    anticipation : int
        Periods before adoption in which units may already respond.
    panel : {"pairwise", "complete", "repeated"}
        What to do when some unit-periods are missing: use in each cell the units observed in both
        of its periods; keep only units observed in all periods; treat rows as repeated
        cross-sections. On a balanced panel the first two agree.
    weights : str, optional
        Positive sampling weights, taken at the earlier period of each comparison.
    cluster : str, optional
        Clusters of units, constant within unit; the unit itself when omitted. No small-sample
        factor is applied (``correction`` is ``"none"``); inference is by t with one degree of freedom
        less than clusters.
    trim : float
        Controls whose propensity is at least this are left out (``dr``, ``ipw``).
    draws : int
        Multiplier-bootstrap draws for uniform bands (columns ``band_low``, ``band_high``); 0 for none.
    level : float
        Confidence level; seed of the draws.
    seed : int, optional
        Confidence level; seed of the draws.

    Returns
    -------
    GroupTime
        Keyed by ``cohort`` and ``time``; `tidy` says how many treated units, and clusters of them, each
        row rests on. ``extra["ledger"]`` says for each cell its base period,
        treated and control units, and why a cell could not be estimated.

    Raises
    ------
    ColumnError, KeyNotUniqueError
        On bad columns or repeated unit-periods.
    NotIdentifiedError
        If there is no treated cohort, no control, or no cell that can be estimated.
    TooFewClustersError
        With one cluster; below thirty a `FewClustersWarning` is given.
    EstimationError
        On an unknown option.

    References
    ----------
    Callaway and Sant'Anna (2021), doi:10.1016/j.jeconom.2020.12.001.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import group_time
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> effects = group_time(frame, outcome="y", unit="unit", time="year", cohort="first")
    >>> effects.aggregate("simple").coef().round(3).to_dict()
    {'att': 1.167}
    """
    _require_options(method, control, base, panel, anticipation, level)
    wide = wide_panel(
        data,
        outcome=outcome,
        unit=unit,
        time=time,
        cohort=cohort,
        covariates=covariates,
        weights=weights,
        cluster=cluster,
    )
    wide = _usable_units(wide, panel, anticipation)
    cohorts = _treated_cohorts(wide, control)
    cells = design_cells(wide.periods, cohorts, base=base, anticipation=anticipation)
    effects, influence, ledger = fit_cells(wide, cells, method, control, anticipation, panel, trim)
    design = {
        "outcome": outcome,
        "estimator": method,
        "control": control,
        "base": base,
        "anticipation": anticipation,
        "panel": panel,
        "weights": weights,
        "cluster": cluster or unit,
        "correction": "none",
        "df": cluster_df(wide.sample.clusters or 0, cluster or unit),
    }
    return _result(wide, cells, effects, influence, ledger, design, draws, level, seed)


def _require_options(
    method: str, control: str, base: str, panel: str, anticipation: int, level: float
) -> None:
    choices = {
        "method": (method, METHODS),
        "control": (control, ("never", "not_yet")),
        "base": (base, ("varying", "universal")),
        "panel": (panel, PANELS),
    }
    for name, (chosen, allowed) in choices.items():
        require_option(name, chosen, allowed)
    if anticipation < 0:
        raise EstimationError(f"anticipation must be zero or more periods, not {anticipation}")
    require_level(level)


def _usable_units(wide: WidePanel, panel: str, anticipation: int) -> WidePanel:
    first = wide.periods[0]
    wide = wide.keep(wide.cohort - anticipation > first, "treated from the first period on")
    if panel == "complete":
        wide = wide.keep(np.all(wide.observed, axis=1), "unit not observed in every period")
    return wide


def _treated_cohorts(wide: WidePanel, control: str) -> Floats:
    cohorts: Floats = np.unique(wide.cohort[np.isfinite(wide.cohort)])
    cohorts = cohorts[cohorts <= wide.periods[-1]]
    if not len(cohorts):
        raise NotIdentifiedError("no cohort starts treatment inside the panel's periods")
    if control == "never" and not np.isinf(wide.cohort).any():
        raise NotIdentifiedError("no never-treated unit: use control='not_yet'")
    return cohorts


def _result(
    wide: WidePanel,
    cells: list[Cell],
    effects: Floats,
    influence: Floats,
    ledger: pd.DataFrame,
    design: dict[str, Any],
    draws: int,
    level: float,
    seed: Any,
) -> GroupTime:
    found = ~np.isnan(effects)
    if not found.any():
        raise NotIdentifiedError(
            f"no cell could be estimated: {ledger['not_estimated'].value_counts().to_dict()}"
        )
    influence = influence if found.all() else influence[:, found]
    keys = ledger.loc[found, ["cohort", "time"]].reset_index(drop=True)
    sums = cluster_sums(influence, wide.cluster)
    units = len(wide.cohort)
    covariance = square(sums) / units**2
    band = uniform_band(sums, effects[found], covariance, draws, level, seed, units)
    inner = _cell_panel(
        wide, [cell for cell, kept in zip(cells, found, strict=True) if kept], design["panel"]
    )
    counts = inner.treated_counts(range(len(keys)))
    return GroupTime(
        method="group_time",
        keys=keys,
        estimate=effects[found],
        covariance=covariance,
        sample=wide.sample,
        design=design,
        level=level,
        overrides={**band, **counts},
        influence=influence,
        seed=seed,
        extra={"ledger": ledger},
        panel=inner,
    )


def _cell_panel(wide: WidePanel, cells: list[Cell], kind: str) -> CellPanel:
    target = np.array([cell.target for cell in cells])
    base = target if kind == "repeated" else np.array([cell.base for cell in cells])
    return wide.cells(np.array([cell.cohort for cell in cells]), target, base, weights=_unit_weights(wide))


def _unit_weights(wide: WidePanel) -> Floats:
    mean = np.where(wide.observed, wide.weights, 0.0).sum(axis=1) / wide.observed.sum(axis=1)
    found: Floats = mean / mean.mean()
    return found
