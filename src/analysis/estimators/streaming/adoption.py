"""Group-time average effects on Parquet files: two passes of sums by cohort and pair of periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Floats, Ints
from ..core.checks import require_level, require_option
from ..core.result import Estimates, Sample
from ..errors import EstimationError, NotIdentifiedError
from ..regression.few_clusters import cluster_df
from ..regression.wald import WaldTest, joint_test
from ..staggered.aggregation import KEY, _groups, _Shares
from . import files as io
from .adoption_sums import Design, First, Second, Units, design_of

PANELS = ("pairwise", "complete")


@dataclass(frozen=True, eq=False, repr=False)
class StreamedGroupTime(Estimates):
    """Group-time effects whose unit-level influence was summed as it passed.

    Attributes
    ----------
    second : numpy.ndarray, shape (cells + cohorts, cells + cohorts)
        Covariance of the cells' errors and of the cohorts' shares: all that averages need.
    layout : SimpleNamespace
        Cells (``event, cell_cohort, cell_time``), ``periods``, ``calendar``, cohorts and their shares.
    """

    second: np.ndarray = field(kw_only=True, repr=False)
    layout: SimpleNamespace = field(kw_only=True, repr=False)

    def aggregate(
        self,
        by: str = "simple",
        *,
        balance: int | None = None,
        window: tuple[int, int] | None = None,
        level: float | None = None,
    ) -> Estimates:
        """Average the cells, with the influence of the estimated shares of cohorts.

        Parameters
        ----------
        by : {"simple", "cohort", "calendar", "event"}
        balance, window, level
            As in `GroupTime.aggregate`; there are no bootstrap bands, which need every unit.

        Returns
        -------
        Estimates

        Raises
        ------
        EstimationError, NotIdentifiedError
        """
        require_option("by", by, tuple(KEY))
        groups = _groups(self.layout, by, balance, window)
        if not groups:
            raise NotIdentifiedError("no group-time cell is left to average")
        places, members = [place for place, _ in groups], [chosen for _, chosen in groups]
        weights, onto = self._averages(members, weighted=by != "cohort")
        extra = {}
        if by != "simple":
            overall, own = self._overall(by, places, weights, onto)
            extra["overall"] = self._made(by, "term", ["overall"], overall, own, level, {})
        labels = self.layout.calendar.label(places) if by in ("cohort", "calendar") else places
        return self._made(by, KEY[by], labels, weights, onto, level, extra)

    def pretest(self) -> WaldTest:
        """Return the joint test that all effects before treatment are zero."""
        before = self.layout.event < 0
        if not before.any():
            raise NotIdentifiedError("no cell before treatment: nothing to test")
        return joint_test(self, before)

    def _averages(self, groups: Sequence[np.ndarray], *, weighted: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return weights on cells (cells, groups) and on the rows of `second` (cells + cohorts, groups)."""
        shares = _KnownShares(self.layout)
        weights = np.zeros((len(self.estimate), len(groups)))
        slopes = np.zeros((len(shares.cohorts), len(groups)))
        for j, chosen in enumerate(groups):
            if weighted:
                cohort = self.layout.cell_cohort[chosen]
                weights[chosen, j], slopes[:, j] = shares.estimated(cohort, self.estimate[chosen])
            else:
                weights[chosen, j] = 1.0 / len(chosen)
        return weights, np.vstack([weights, slopes])

    def _overall(
        self, by: str, places: list[float], weights: Floats, onto: Floats
    ) -> tuple[np.ndarray, np.ndarray]:
        place = np.array(places)
        used = place >= 0 if by == "event" else np.ones(len(place), bool)
        if not used.any():
            raise NotIdentifiedError("no treated cell is left to average")
        if by != "cohort":
            return weights[:, used].mean(axis=1, keepdims=True), onto[:, used].mean(axis=1, keepdims=True)
        share, slope = _KnownShares(self.layout).estimated(place, self.estimate @ weights)
        own = (onto @ share)[:, None]
        own[len(self.estimate) :, 0] += slope
        return (weights @ share)[:, None], own

    def _made(
        self,
        by: str,
        key: str,
        labels: Floats | list[float | str],
        weights: Floats,
        onto: Floats,
        level: Any,
        extra: dict[str, Estimates],
    ) -> Estimates:
        return Estimates(
            method="group_time",
            keys=pd.DataFrame({key: labels}),
            estimate=self.estimate @ weights,
            covariance=onto.T @ self.second @ onto,
            sample=self.sample,
            design={**self.design, "aggregation": by},
            level=self.level if level is None else level,
            extra=extra,
        )


class _KnownShares(_Shares):
    def __init__(self, layout: SimpleNamespace) -> None:
        self.cohorts, self._share = layout.cohorts, layout.share


def group_time(
    dataset: io.Dataset,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    control: str = "never",
    base: str = "universal",
    anticipation: int = 0,
    panel: str = "pairwise",
    weights: str | None = None,
    cluster: str | None = None,
    level: float = 0.95,
    memory: str = "800MB",
    threads: int | None = None,
    rows: int = 500_000,
    scratch: str | None = None,
) -> StreamedGroupTime:
    """Estimate the average effect on each cohort in each period, on Parquet files larger than memory.

    The estimand and every number are those of `analysis.estimators.group_time` without covariates.

    Parameters
    ----------
    dataset : path, or sequence of paths
        Parquet files, a pattern of them, or a folder; one row a unit and period.
    outcome, unit, time, cohort, control, base, anticipation, weights, cluster, level
        As in `analysis.estimators.group_time`.
    panel : {"pairwise", "complete"}
    memory, threads, rows, scratch
        As in `ols` of this package; memory for clusters is 8 bytes a cluster and cell.

    Returns
    -------
    StreamedGroupTime
        Keyed by ``cohort`` and ``time``, with ``aggregate`` and ``pretest``; ``extra["ledger"]`` as in
        `analysis.estimators.group_time`.

    Raises
    ------
    ColumnError, KeyNotUniqueError, NotIdentifiedError, TooFewClustersError, EstimationError
        As in `analysis.estimators.group_time`.

    Notes
    -----
    Without covariates a cell is ``mean(dY | cohort) - mean(dY | controls)``; the first pass sums changes by
    cohort and pair of periods, the second squares each unit's (cluster's) influence.
    """
    require_level(level)
    _require_options(control, base, panel, anticipation)
    wanted = io.Wanted((outcome, time), ((unit,),), cluster, weights)
    settings = io.Settings(memory, threads, rows, scratch)
    with io.opened(dataset, wanted, settings, also=(cohort,)) as files:
        design = design_of(files, time, cohort, control, base, anticipation)
        reader = Units(files, design, unit, time, cohort, weights, cluster, panel, anticipation)
        sums = First(design)
        for piece in reader.pieces():
            sums.add(piece)
        reader.count()
        effects, reasons = sums.effects()
        second = Second(design, sums, effects, reader)
        for piece in reader.pieces():
            second.add(piece)
        named = cluster or unit
        plain = {
            "outcome": outcome,
            "estimator": "dr",
            "control": control,
            "base": base,
            "anticipation": anticipation,
            "panel": panel,
            "weights": weights,
            "cluster": named,
            "correction": "none",
            "df": cluster_df(second.clusters, named),
        }
        sample = Sample(files.given, reader.used, reader.dropped, sums.units, second.clusters)
        return _result(design, sums, effects, reasons, second.covariance(), sample, plain, level)


def _require_options(control: str, base: str, panel: str, anticipation: int) -> None:
    require_option("control", control, ("never", "not_yet"))
    require_option("base", base, ("varying", "universal"))
    require_option("panel", panel, PANELS)
    if anticipation < 0:
        raise EstimationError(f"anticipation must be zero or more periods, not {anticipation}")


def _ledger(design: Design, cohort: Floats, count: Ints, reasons: list[str]) -> pd.DataFrame:
    times = design.calendar.label(design.periods)
    return pd.DataFrame(
        {
            "cohort": design.calendar.label(cohort),
            "time": times[[cell.target for cell in design.cells]],
            "base_time": times[[cell.base for cell in design.cells]],
            "treated_units": count[:, 0],
            "control_units": count[:, 1],
            "not_estimated": reasons,
        }
    )


def _result(
    design: Design,
    sums: First,
    effects: Floats,
    reasons: list[str],
    second: Floats,
    sample: Sample,
    plain: dict[str, Any],
    level: float,
) -> StreamedGroupTime:
    found = ~np.isnan(effects)
    if not found.any():
        raise NotIdentifiedError(f"no cell could be estimated: {pd.Series(reasons).value_counts().to_dict()}")
    count = sums.sides()[0].astype(int)
    cohort = np.array([cell.cohort for cell in design.cells])
    when = design.periods[[cell.target for cell in design.cells]]
    ledger = _ledger(design, cohort, count, reasons)
    layout = SimpleNamespace(
        event=(when - cohort)[found],
        cell_cohort=cohort[found],
        cell_time=when[found],
        periods=design.periods,
        calendar=design.calendar,
        cohorts=design.cohorts,
        share=sums.share / sums.share.sum(),
    )
    kept = int(found.sum())
    return StreamedGroupTime(
        method="group_time",
        keys=ledger.loc[found, ["cohort", "time"]].reset_index(drop=True),
        estimate=effects[found],
        covariance=second[:kept, :kept],
        sample=sample,
        design=plain,
        level=level,
        overrides={"treated_units": count[found, 0]},
        extra={"ledger": ledger},
        second=second,
        layout=layout,
    )
