"""Several estimators for staggered adoption on one data set, in one vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..core.calendar import event_positions
from ..core.checks import as_list, require_columns, require_level, require_option
from ..core.entry import takes_frame
from ..core.reported import Reported, plot_rows
from ..core.result import Estimates
from ..errors import EstimationError
from ..regression.event_study import event_study
from ..regression.ols import ols
from .efficient_timing import efficient_timing
from .extended_twfe import extended_twfe
from .group_time import GroupTime, group_time
from .imputation import imputation, two_stage
from .interaction_weighted import interaction_weighted
from .local_projection import local_projection
from .stacked import stacked
from .switchers import switchers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TREATED, _OVERALL = "_treated_now", "overall"


@dataclass(frozen=True, repr=False)
class Comparison(Reported):
    """What several estimators say about the same data.

    Attributes
    ----------
    events : mapping of str to Estimates
        Event-time effects by estimator.
    overall : mapping of str to Estimates
        One average effect by estimator.
    estimands : mapping of str to str
        Over what the average is taken, by estimator: they are not the same average.
    skipped : mapping of str to str
        Why an estimator was not run, or failed.
    level : float
        Confidence level.
    """

    events: Mapping[str, Estimates] = field(repr=False)
    overall: Mapping[str, Estimates] = field(repr=False)
    estimands: Mapping[str, str]
    skipped: Mapping[str, str]
    level: float = 0.95

    def table(self, by: str = "event") -> pd.DataFrame:
        """Return all estimates under one another.

        Parameters
        ----------
        by : {"event", "overall"}

        Returns
        -------
        pandas.DataFrame
            ``estimator``, then ``event_time`` or ``estimand``, the columns of `Estimates.tidy`, ``df`` (of
            t, in every estimator from the number of clusters), ``n`` and ``clusters``.
        """
        require_option("by", by, ("event", _OVERALL))
        chosen = self.events if by == "event" else self.overall
        parts = [self._part(name, result, by) for name, result in chosen.items()]
        return pd.concat(parts, ignore_index=True)

    def tidy(self, by: str = "event") -> pd.DataFrame:
        """Return `table`."""
        return self.table(by)

    def glance(self) -> pd.DataFrame:
        """Return one row: how many estimators ran and were skipped, the level."""
        return pd.DataFrame(
            [{"estimators": len(self.events), "skipped": len(self.skipped), "level": self.level}]
        )

    def plot(self, ax: Axes | None = None, by: str = "event") -> Axes:
        """Draw the estimators side by side, along event time or (``by="overall"``) one below the other."""
        if by == "event":
            return plot_rows(self.table(by), "event_time", "estimator", ax)
        return plot_rows(self.table(by), "estimator", ax=ax)

    def _part(self, name: str, result: Estimates, by: str) -> pd.DataFrame:
        table = result.tidy().drop(columns="term", errors="ignore")
        if by == _OVERALL:
            table.insert(0, "estimand", self.estimands[name])
        table.insert(0, "estimator", name)
        return table.assign(df=result.design["df"], n=result.sample.used, clusters=result.sample.clusters)


@dataclass(frozen=True)
class _Inputs:
    data: pd.DataFrame
    keys: dict[str, Any]
    covariates: list[str]
    control: str
    anticipation: int
    weights: str | None
    cluster: str | None
    window: tuple[int, int]
    level: float

    def options(self, *names: str) -> dict[str, Any]:
        """Return the named options and the keys and level, refusing what the method would ignore."""
        known = ("covariates", "anticipation", "weights", "cluster")
        given = {name: getattr(self, name) for name in known if getattr(self, name)}
        if ignored := [name for name in given if name not in names]:
            raise _Skip(f"does not take {' or '.join(ignored)}")
        wanted = {name: getattr(self, name) for name in names if name in given or name not in known}
        return {**self.keys, **wanted, "level": self.level}


class _Skip(Exception):
    pass


_Pair = tuple[Estimates, Estimates]


def _cells(fit: GroupTime, inputs: _Inputs) -> _Pair:
    return fit.aggregate("event", window=inputs.window), fit.aggregate("simple")


def _group_time(inputs: _Inputs) -> _Pair:
    options = inputs.options("covariates", "control", "anticipation", "weights", "cluster")
    return _cells(group_time(inputs.data, **options, base="universal"), inputs)


def _interaction_weighted(inputs: _Inputs) -> _Pair:
    options = inputs.options("covariates", "anticipation", "weights", "cluster")
    return _cells(interaction_weighted(inputs.data, **options), inputs)


def _extended_twfe(inputs: _Inputs) -> _Pair:
    options = inputs.options("covariates", "control", "anticipation", "weights", "cluster")
    return _cells(extended_twfe(inputs.data, **options), inputs)


def _imputed(estimator: Callable[..., Estimates]) -> Callable[[_Inputs], _Pair]:
    def run(inputs: _Inputs) -> _Pair:
        options = inputs.options("covariates", "anticipation", "weights", "cluster")
        event = estimator(inputs.data, **options, by="event")
        return _within(event, inputs.window), estimator(inputs.data, **options, by=_OVERALL)

    return run


def _stacked(inputs: _Inputs) -> _Pair:
    fit = stacked(inputs.data, **inputs.options("control", "anticipation", "weights", "cluster", "window"))
    return fit, fit.extra[_OVERALL]


def _local_projection(inputs: _Inputs) -> _Pair:
    options = inputs.options("control", "anticipation", "weights", "cluster", "window")
    run = [local_projection(inputs.data, **options, weighting="equal", pooled=p) for p in (False, True)]
    return run[0], run[1]


def _switchers(inputs: _Inputs) -> _Pair:
    options = inputs.options("weights", "cluster", "window")
    del options["cohort"]
    fit = switchers(_with_treatment(inputs), **options, treatment=_TREATED)
    return fit, fit.extra[_OVERALL]


def _efficient_timing(inputs: _Inputs) -> _Pair:
    options = inputs.options("anticipation")
    events = (0, inputs.window[1])
    event = efficient_timing(inputs.data, **options, by="event", events=events)
    return event, efficient_timing(inputs.data, **options)


def _two_way(inputs: _Inputs) -> _Pair:
    options = inputs.options("covariates", "weights", "cluster")
    event = event_study(inputs.data, **options, window=inputs.window)
    keys = {name: options.pop(name) for name in ("unit", "time", "cohort")}
    options.setdefault("cluster", keys["unit"])
    frame = _with_treatment(inputs)
    return event, ols(frame, **options, treatment=_TREATED, effects=[keys["unit"], keys["time"]])


def _with_treatment(inputs: _Inputs) -> pd.DataFrame:
    _, when, first = event_positions(inputs.data, inputs.keys["time"], inputs.keys["cohort"])
    return inputs.data.assign(**{_TREATED: np.where(np.isnan(when), np.nan, when >= first)})


def _within(result: Estimates, window: tuple[int, int]) -> Estimates:
    keep = result.keys["event_time"].between(*window).to_numpy()
    if not keep.any():
        raise _Skip(f"no effect inside the window {window}")
    return Estimates(
        method=result.method,
        keys=result.keys[keep].reset_index(drop=True),
        estimate=result.estimate[keep],
        covariance=result.covariance[np.ix_(keep, keep)],
        sample=result.sample,
        design=result.design,
        level=result.level,
        overrides={name: values[keep] for name, values in result.overrides.items()},
        influence=None if result.influence is None else result.influence[:, keep],
        extra=result.extra,
    )


_ROWS = "treated unit-periods"
_METHODS: dict[str, tuple[Callable[[_Inputs], _Pair], str]] = {
    "group_time": (_group_time, "cells by cohort size"),
    "interaction_weighted": (_interaction_weighted, _ROWS),
    "extended_twfe": (_extended_twfe, _ROWS),
    "imputation": (_imputed(imputation), _ROWS),
    "two_stage": (_imputed(two_stage), _ROWS),
    "stacked": (_stacked, "mean of event times in the window"),
    "local_projection": (_local_projection, "newly treated, mean of the window's periods"),
    "switchers": (_switchers, "switchers by event time in the window"),
    "efficient_timing": (_efficient_timing, "cells by cohort size, random timing"),
    "two_way": (_two_way, "variance-weighted, weights may be negative"),
}
ESTIMATORS = tuple(_METHODS)


@takes_frame
def compare_estimators(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    estimators: Sequence[str] = ESTIMATORS,
    covariates: str | Sequence[str] | None = None,
    control: str = "not_yet",
    anticipation: int = 0,
    weights: str | None = None,
    cluster: str | None = None,
    window: tuple[int, int] = (-4, 4),
    level: float = 0.95,
) -> Comparison:
    """Run several estimators for staggered adoption on the same data.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period.
    outcome : str
        Numeric column; rows without a value are dropped and counted.
    unit : str
        Column of labels of units.
    time : str
        Column of numeric periods, or dates with a `frequency`.
    cohort : str
        First treated period of each unit, constant within it; missing, 0 or infinity for never treated.
    estimators : sequence of str
        Names of the package's functions, and ``two_way`` for two-way fixed effects (`event_study`
        and one treatment dummy), which is biased when effects differ. All when omitted.
    covariates : str or sequence of str, optional
        Numeric columns. An estimator that does not take an option that is given is skipped, with that
        reason, rather than run without it; so for the next four.
    control : {"not_yet", "never"}
        Which units are compared with. Does not apply to ``interaction_weighted``, ``imputation``,
        ``two_stage``, ``efficient_timing``, ``switchers`` and ``two_way``, which say in their own
        documentation with whom they compare.
    anticipation : int
        Periods before adoption in which units may respond.
    weights : str, optional
        Positive weights of rows.
    cluster : str, optional
        Column of clusters of units; the unit when omitted.
    window : (int, int)
        Event times from before -1 to after 0; ``stacked`` and ``local_projection`` use only cohorts
        or periods observed through it, and ``two_way`` pools what lies beyond into its ends.
    level : float
        Confidence level.

    Returns
    -------
    Comparison

    Raises
    ------
    ColumnError
        If a column is absent.
    EstimationError
        On an unknown estimator or window, or if every estimator was skipped.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import compare_estimators
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> keys = {"outcome": "y", "unit": "unit", "time": "year", "cohort": "first"}
    >>> sorted(compare_estimators(frame, **keys, window=(-1, 1)).overall)[:3]
    ['efficient_timing', 'extended_twfe', 'group_time']
    """
    require_level(level)
    names = as_list(covariates)
    require_columns(data, [outcome, unit, time, cohort, *names, weights, cluster])
    if unknown := [name for name in estimators if name not in _METHODS]:
        raise EstimationError(f"no estimator {unknown}; there are {list(ESTIMATORS)}")
    if not (window[0] <= -1 and window[1] >= 0):
        raise EstimationError(f"window must start at -1 or before and end at 0 or after, not {window}")
    keys = {"outcome": outcome, "unit": unit, "time": time, "cohort": cohort}
    inputs = _Inputs(data, keys, names, control, anticipation, weights, cluster, window, level)
    done: dict[str, _Pair] = {}
    skipped: dict[str, str] = {}
    for name in estimators:
        try:
            done[name] = _METHODS[name][0](inputs)
        except (_Skip, EstimationError) as error:
            skipped[name] = str(error)
    if not done:
        raise EstimationError(f"every estimator was skipped: {skipped}")
    return Comparison(
        events={name: pair[0] for name, pair in done.items()},
        overall={name: pair[1] for name, pair in done.items()},
        estimands={name: _METHODS[name][1] for name in done},
        skipped=skipped,
        level=level,
    )
