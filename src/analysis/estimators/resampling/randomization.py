"""`randomization_test`: p-values from re-assigning the treatment as it was assigned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Ints
from ..core.checks import as_list, require_level, require_option, require_unique
from ..core.entry import takes_frame
from ..core.frame import Arrays, prepare
from ..core.result import Estimates
from ..errors import EstimationError
from ..linalg.threads import same_bits
from .assignments import (
    Assignments,
    Paths,
)
from .bootstrap_model import effects_of, require_variation, small_sample
from .cluster_sums import Design, WildSums, fit, partial_out, wild_sums
from .permuted_statistics import Panel, coefficients, t_statistics
from .randomization_plan import plan_of
from .test_inversion import invert

DESIGNS = ("unit", "cluster", "date")
STATISTICS = ("coefficient", "t")
ALTERNATIVES = ("two-sided", "greater", "less")
TIE = 1e-9


@takes_frame
@same_bits
def randomization_test(
    data: pd.DataFrame,
    *,
    outcome: str,
    treatment: str,
    unit: str,
    time: str | None = None,
    design: str = "unit",
    cluster: str | None = None,
    assigned: str | None = None,
    strata: str | None = None,
    cohort: str | None = None,
    covariates: str | Sequence[str] = (),
    effects: Sequence[str | tuple[str, ...]] = (),
    trends: Mapping[str, str | Sequence[str]] | None = None,
    weights: str | None = None,
    statistic: str = "coefficient",
    alternative: str = "two-sided",
    null: float = 0.0,
    draws: int = 9999,
    seed: int | None = None,
    correction: str = "fixest",
    level: float = 0.95,
    n_jobs: int | None = None,
) -> Estimates:
    """Test the sharp null of a constant effect by re-assigning whole treatment paths.

    The estimate is the least-squares coefficient of `treatment`. Each draw hands the observed paths
    (a place's treatment in every period) to other places, as `design` allows, and runs the same
    regression again, numerically exactly. The test is exact if the treatment was assigned that way.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period, or one row an observation where there is no time; polars, Arrow and
        DuckDB frames are taken as well.
    outcome : str
        Numeric column; rows without a value are dropped and counted.
    treatment : str
        Column of 0 and 1, or of a dose.
    unit : str
        Column of labels of units.
    time : str, optional
        None for a cross-section of units.
    design : {"unit", "cluster", "date"}
        Who swaps paths: units; clusters (a state's law holds for all its units); or, for a 0/1 treatment
        that stays on, ever-treated places swap their start dates and never-treated places stay so.
    cluster : str, optional
        Clusters of the standard error, and the places of design ``"cluster"``; the assigned place when
        omitted.
    assigned : str, optional
        The column whose places hold the dates in design ``"date"``; `unit` when omitted.
    strata : str, optional
        Paths are swapped within its levels only; constant within place.
    cohort : str, optional
        First treated period (missing, 0 or infinity: never) of a 0/1 treatment that stays on. Without it
        a place starts in the first treated period that has a row, which is late if rows are missing.
    covariates : str or sequence of str, optional
        The regression, as in `ols`. No effects: an intercept.
    effects : sequence of str or tuple of str
        The regression, as in `ols`. No effects: an intercept.
    trends : mapping of str to str or sequence of str, optional
        The regression, as in `ols`. No effects: an intercept.
    weights : str, optional
        The regression, as in `ols`. No effects: an intercept.
    statistic : {"coefficient", "t"}
        ``"t"``: divided by its CRV1 standard error, more robust to unequal clusters ([2]_), slower.
    alternative : {"two-sided", "greater", "less"}
        Alternative under test; intervals invert the same test.
    null : float
        The constant effect under test: it is taken off the outcome before re-assigning.
    draws : int
        When there are at most this many distinct assignments each is taken once instead
        (``design["enumerated"]``).
    seed : int, optional
        Needed unless enumerated.
    correction : str
        Small-sample convention of the reported CRV1 standard error.
    level : float
        The interval inverts the test over constant effects; for ``statistic="t"`` it is not computed
        (NaN).
    n_jobs : int, optional
        Processes, as in joblib; a surrounding ``joblib.parallel_config`` (Dask included) is honored.
        Results do not depend on it.

    Returns
    -------
    Estimates
        ``p_value`` is ``(1 + exceeding) / (1 + draws)``, or the share of all assignments when
        enumerated; an assignment exceeds when its statistic is at least the observed one within 1e-9,
        or undefined because the effects absorb it. ``extra``: ``exceeding``, ``undefined``,
        ``statistics`` of the draws at `null`, ``places`` and ``treated_places``.

    Raises
    ------
    ColumnError
        Bad columns; a treatment that varies within place and period; a stratum within place; treatment
        not 0/1 and lasting in design ``"date"``.
    KeyNotUniqueError
        Two rows of a unit and time.
    NotIdentifiedError
        All places have one path; gaps in the panel hide paths that switch; the treatment is absorbed.
    TooFewClustersError
        One place or cluster.

    Notes
    -----
    Young (2019) [1]_; MacKinnon and Webb (2020) [2]_. Rows missing from the panel stay missing: a place
    that is given a path has it in the periods in which it is observed.

    References
    ----------
    .. [1] Young, A. (2019). Quarterly Journal of Economics 134, 557-598. doi:10.1093/qje/qjy029
    .. [2] MacKinnon, J. G. and Webb, M. D. (2020). Journal of Econometrics 218, 435-450.
       doi:10.1016/j.jeconom.2020.04.024

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import randomization_test
    >>> frame = pd.DataFrame({"place": np.repeat(range(8), 3), "year": list(range(3)) * 8})
    >>> frame["on"] = ((frame["place"] < 4) & (frame["year"] > 0)).astype(float)
    >>> frame["rate"] = frame["on"] + np.sin(np.arange(24.0)) + frame["place"] % 3
    >>> frame["group"] = (frame["place"] < 4).astype(int)
    >>> found = randomization_test(
    ...     frame, outcome="rate", treatment="group", unit="place", time="year", draws=99, seed=1
    ... )
    >>> found.tidy()["p_value"].round(2).tolist()
    [0.6]
    """
    require_level(level)
    _require_choices(design, statistic, alternative, draws)
    place = _place(design, unit, cluster, assigned)
    keys = list(dict.fromkeys([cluster or place, place, unit, *as_list(time), *as_list(strata)]))
    arrays = prepare(
        data,
        outcome=outcome,
        columns=[treatment, *as_list(covariates)],
        effects=[effects] if isinstance(effects, str) else list(effects),
        trends=trends,
        weights=weights,
        cluster=keys,
    )
    _require_unique(data[arrays.rows], unit, time)
    codes = dict(zip(keys, arrays.clusters, strict=True))
    plan = plan_of(data, arrays, codes, treatment, place, time, strata, cohort, design, draws, seed)
    regression, panel = _regression(arrays, codes[cluster or place])
    said = {
        "treatment": treatment,
        "unit": unit,
        "place": place,
        "cluster": cluster or place,
        "design": design,
        "strata": strata,
        "statistic": statistic,
        "alternative": alternative,
        "null": null,
        "correction": correction,
    }
    return _result(regression, panel, plan, arrays, codes, said, level, n_jobs)


def _require_choices(design: str, statistic: str, alternative: str, draws: int) -> None:
    for name, value, allowed in (
        ("design", design, DESIGNS),
        ("statistic", statistic, STATISTICS),
        ("alternative", alternative, ALTERNATIVES),
    ):
        require_option(name, value, allowed)
    if draws < 1:
        raise EstimationError(f"draws must be at least 1, not {draws}")


def _place(design: str, unit: str, cluster: str | None, assigned: str | None) -> str:
    if design == "cluster":
        if cluster is None:
            raise EstimationError("design 'cluster' needs cluster=, the column whose levels were assigned")
        return cluster
    return (assigned or unit) if design == "date" else unit


def _require_unique(used: pd.DataFrame, unit: str, time: str | None) -> None:
    require_unique(used.assign(**{} if time else {"_": 0}), unit, time or "_")


def _regression(arrays: Arrays, cluster: np.ndarray) -> tuple[Design, Panel]:
    sets = effects_of(arrays)
    found = partial_out(arrays.joint, sets, sets.absorber(), cluster)
    require_variation(arrays, found)
    both = np.column_stack([found.outcome, found.columns[:, 0]])
    others = found.columns[:, 1:]
    if others.shape[1]:
        weighted = found.weighted(others)
        both = both - others @ np.linalg.solve(weighted.T @ others, weighted.T @ both)
    return found, Panel(both[:, 0], both[:, 1], others, sets, cluster)


def _result(
    regression: Design,
    panel: Panel,
    plan: Assignments,
    arrays: Arrays,
    codes: dict[str, Ints],
    said: dict[str, Any],
    level: float,
    n_jobs: Any,
) -> Estimates:
    sums = wild_sums(regression, fit(regression), 0)
    single = replace(arrays, clusters=(codes[said["cluster"]],))
    applied = small_sample(single, panel.effects.absorber(), said["correction"])
    found, observed, (low, high) = _tested(sums, panel, plan, said, level, n_jobs)
    exceeding = _exceeding(found, observed, said["alternative"])
    variance = applied.factor * sums.std_error**2
    return Estimates(
        method="randomization_test",
        keys=pd.DataFrame({"term": [said["treatment"]]}),
        estimate=np.array([sums.estimate]),
        covariance=np.array([[variance]]),
        sample=replace(single.sample(), units=int(codes[said["unit"]].max()) + 1),
        design=said
        | {"correction": applied.name, "df": applied.df}
        | {"draws": plan.draws, "enumerated": plan.enumerated},
        level=level,
        overrides={
            "statistic": np.array([(sums.estimate - said["null"]) / np.sqrt(variance)]),
            "p_value": np.array([_share(exceeding, plan)]),
            "conf_low": np.array([low]),
            "conf_high": np.array([high]),
        },
        seed=plan.seed,
        extra={
            "exceeding": exceeding,
            "undefined": int(np.isnan(found).sum()),
            "statistics": found,
            **_places(plan.paths),
        },
    )


def _tested(
    sums: WildSums, panel: Panel, plan: Assignments, said: dict[str, Any], level: float, n_jobs: Any
) -> tuple[np.ndarray, float, tuple[float, float]]:
    """Return the statistics of the draws, the observed one, and the interval that inverts the test."""
    estimate, null, alternative = sums.estimate, said["null"], said["alternative"]
    if said["statistic"] == "t":
        shifted = replace(panel, outcome=panel.outcome - null * panel.treatment)
        return t_statistics(shifted, plan, n_jobs), (estimate - null) / sums.std_error, (np.nan, np.nan)
    pairs = coefficients(panel, plan, n_jobs)

    def p_value(other: float) -> float:
        drawn = pairs[:, 0] - other * pairs[:, 1]
        return _share(_exceeding(drawn, estimate - other, alternative), plan)

    bounds = invert(p_value, estimate, sums.std_error, 1 - level, alternative)
    return pairs[:, 0] - null * pairs[:, 1], estimate - null, bounds


def _places(paths: Paths) -> dict[str, int]:
    return {"places": len(paths.label), "treated_places": int((paths.label != _never(paths)).sum())}


def _never(paths: Paths) -> int:
    return -1 if paths.never is None else paths.never


def _exceeding(found: np.ndarray, observed: float, alternative: str) -> int:
    if alternative == "two-sided":
        found, observed = np.abs(found), abs(observed)
    elif alternative == "less":
        found, observed = -found, -observed
    return int(np.count_nonzero(~(found < observed - TIE * abs(observed))))


def _share(exceeding: int, plan: Assignments) -> float:
    return exceeding / plan.draws if plan.enumerated else (1 + exceeding) / (1 + plan.draws)
