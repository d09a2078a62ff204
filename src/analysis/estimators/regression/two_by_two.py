"""Two groups before and after: difference in differences as one regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Bools, Floats
from ..core.checks import as_list, numeric, require_columns
from ..core.entry import takes_frame
from ..core.result import Estimates
from ..errors import ColumnError, NotIdentifiedError
from .inference import Covariance
from .ols import ols


@takes_frame
def two_by_two(
    data: pd.DataFrame,
    *,
    outcome: str,
    treated: str,
    post: str,
    covariates: Sequence[str] = (),
    weights: str | None = None,
    cluster: str | Sequence[str] | None = None,
    covariance: Covariance | None = None,
    correction: str = "fixest",
    level: float = 0.95,
) -> Estimates:
    """Difference in differences of two groups and two spans of time.

    The estimand is the average effect on the treated group after treatment, under parallel trends.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period, or one row an observation where there is no time; polars, Arrow and
        DuckDB frames are taken as well.
    outcome : str
        Numeric column; rows without a value are dropped and counted.
    treated, post : str
        Columns of 0 and 1: the treated group, the periods after.
    covariates : sequence of str
        Numeric columns that enter linearly.
    weights : str, optional
        Positive regression weights; rows of weight zero are dropped and counted.
    cluster : str, optional
        Column of clusters.
    covariance : str or Conley, optional
        ``"iid"``, ``"HC1"``, ``"HC2"``, ``"HC3"``, ``"CRV1"``, ``"CRV2"``, ``"CRV3"`` or `Conley`;
        ``"CRV1"`` with `cluster` and ``"HC1"`` without, when omitted.
    correction : {"fixest", "stata", "linearmodels", "statsmodels", "none"}
        Small-sample convention of the standard errors, with its degrees of freedom.
    level : float
        Confidence level of intervals, between 0 and 1.

    Returns
    -------
    Estimates
        The single term ``"treated x post"``; ``extra["means"]`` holds the four (weighted) cell means
        and row counts.

    Raises
    ------
    ColumnError
        `treated` or `post` holds anything but 0 and 1.
    NotIdentifiedError
        One of the four cells is empty.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import two_by_two
    >>> frame = pd.DataFrame({"place": np.repeat(range(8), 3), "year": list(range(3)) * 8})
    >>> frame["on"] = ((frame["place"] < 4) & (frame["year"] > 0)).astype(float)
    >>> frame["rate"] = frame["on"] + np.sin(np.arange(24.0)) + frame["place"] % 3
    >>> frame["group"], frame["post"] = (frame["place"] < 4).astype(int), (frame["year"] > 0).astype(int)
    >>> two_by_two(frame, outcome="rate", treated="group", post="post", cluster="place").coef().round(
    ...     3
    ... ).to_dict()
    {'treated x post': 0.952}
    """
    require_columns(data, [outcome, treated, post, weights])
    group, after = _binary(data, treated), _binary(data, post)
    name = "treated x post"
    both = pd.DataFrame({name: group * after}, index=data.index)
    frame = pd.concat([data, both], axis=1)
    _require_cells(group, after, treated, post)
    fit = ols(
        frame,
        outcome=outcome,
        treatment=[name, treated, post],
        covariates=as_list(covariates),
        weights=weights,
        cluster=cluster,
        covariance=covariance,
        correction=correction,
        level=level,
    )
    j = int(np.flatnonzero(fit.keys["term"] == name)[0])
    return replace(
        fit,
        method="two_by_two",
        keys=pd.DataFrame({"term": [name]}),
        estimate=fit.estimate[[j]],
        covariance=fit.covariance[[j]][:, [j]],
        influence=None if fit.influence is None else fit.influence[:, [j]],
        design=dict(fit.design)
        | {"df": np.atleast_1d(fit.design["df"])[j if np.ndim(fit.design["df"]) else 0]},
        extra=dict(fit.extra)
        | {"means": _cell_means(data, fit.sample.rows, outcome, treated, post, weights)},
    )


def _binary(data: pd.DataFrame, name: str) -> Floats:
    values = numeric(data, name)
    if not np.isin(values[~np.isnan(values)], (0.0, 1.0)).all():
        raise ColumnError(f"column {name!r} must hold 0 and 1 only")
    return values


def _require_cells(group: Floats, after: Floats, treated: str, post: str) -> None:
    for g in (0.0, 1.0):
        for p in (0.0, 1.0):
            if not ((group == g) & (after == p)).any():
                raise NotIdentifiedError(f"no row has {treated}={g:.0f} and {post}={p:.0f}")


def _cell_means(
    data: pd.DataFrame, rows: Bools | None, outcome: str, treated: str, post: str, weights: Any
) -> pd.DataFrame:
    used = data[rows]
    w = np.ones(len(used)) if weights is None else used[weights].to_numpy(float)
    table = pd.DataFrame({"wy": used[outcome].to_numpy(float) * w, "w": w, "rows": 1})
    cells = table.groupby([used[treated].to_numpy(), used[post].to_numpy()]).sum()
    cells.index.names = [treated, post]
    return cells.assign(mean=cells["wy"] / cells["w"])[["mean", "rows"]].reset_index()
