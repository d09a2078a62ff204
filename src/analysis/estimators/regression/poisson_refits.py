"""A Poisson regression fitted again without each group in turn, each fit begun where the whole one ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..core.frame import Arrays, Effect, dense_codes, prepare
from ..errors import NotIdentifiedError
from ..linalg.threads import one_blas_thread
from .poisson import fit_where_it_exists
from .poisson_irls import PoissonFit


def poisson_refits(
    data: pd.DataFrame,
    *,
    outcome: str,
    treatment: Sequence[str],
    effects: Sequence[Effect],
    without: str,
    offset: str | None = None,
) -> tuple[Floats, Floats]:
    """Return the coefficients of a Poisson regression, and those without each group of rows in turn.

    The estimand and the rows left out are those of `analysis.estimators.poisson`; a fit without a group
    starts from the whole fit's means, which changes how many steps it takes and nothing else.

    Parameters
    ----------
    data : pandas.DataFrame
        One row per unit and period.
    outcome : str
        Non-negative column.
    treatment : sequence of str, length k
    effects : sequence of str or tuple of str
        Effects to absorb, at least one.
    without : str
        Column of the groups left out in turn, in order of their labels.
    offset : str, optional
        Column added to the linear predictor, e.g. the log of population.

    Returns
    -------
    whole : numpy.ndarray, shape (k,)
    refits : numpy.ndarray, shape (groups, k)
        Missing where a term is absorbed or does not vary, or every outcome is zero, once the group has gone.

    Raises
    ------
    ColumnError, NotIdentifiedError, NotConvergedError
        As `analysis.estimators.poisson`.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["treated"] = ((frame["unit"] < 3) & (frame["year"] >= 2002)).astype(float)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> whole, refits = poisson_refits(
    ...     frame, outcome="y", treatment=["treated"], effects=["unit", "year"], without="unit"
    ... )
    >>> whole.shape, refits.shape
    ((1,), (6, 1))
    """
    with one_blas_thread():
        arrays = prepare(data, outcome=outcome, columns=treatment, effects=effects, offset=offset)
        groups = dense_codes(data[without])
        # A fit takes the effects off its columns in place: the whole fit gets columns of its own.
        used, fit = fit_where_it_exists(replace(arrays, joint=arrays.joint.copy(order="F")))
        start = np.full(len(data), np.nan)
        start[used.rows] = np.log(fit.mean)
        k = len(treatment)
        refits = [
            _refit(arrays.keep(groups[arrays.rows] != group, "left out"), start, k)
            for group in range(int(groups.max()) + 1)
        ]
        return _coefficients(fit, k), np.array(refits)


def _refit(arrays: Arrays, start: Floats, k: int) -> Floats:
    try:
        return _coefficients(fit_where_it_exists(arrays, start=start)[1], k)
    except NotIdentifiedError:
        return np.full(k, np.nan)


def _coefficients(fit: PoissonFit, n: int) -> Floats:
    found = np.full(n, np.nan)
    found[fit.linear.kept] = fit.linear.coefficient
    return found
