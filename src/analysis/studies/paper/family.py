"""Family-wise error over the paper's rows: Romano and Wolf's step-down on draws that all rows share.

Rows share places: the cities of a state lie in its counties, and a state's rule covers both. What moves
together is what a state carries. With :math:`d_{ks}` the influence of state s on the estimate of row k
(`influence`), one draw multiplies every state by one standard normal :math:`g_s` that all rows share (a
multiplier bootstrap by state):

.. math:: z^*_k = \\sum_s g_s d_{ks} / (\\sum_s d_{ks}^2)^{1/2}

A row's own p-value stays the one printed beside it, whatever distribution it is of:
:math:`z_k = \\Phi^{-1}(1 - p_k / 2)` is held against the draws, so that a family of one row keeps its own.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from ...estimators.resampling.multiple_testing import step_down

DRAWS, SEED = 99_999, 20_261_124


def step_down_p(
    p_values: pd.Series, moved: pd.DataFrame, *, draws: int = DRAWS, seed: int = SEED
) -> pd.Series:
    """Return p-values that hold for the whole family.

    Parameters
    ----------
    p_values : pandas.Series
        Of each row alone.
    moved : pandas.DataFrame
        Influence of every state (columns) on each row, all rows of `p_values` among its index; zero where a
        row has none of a state.
    draws, seed : int
        Of the multipliers.

    Returns
    -------
    pandas.Series
        In the order of `p_values`: never below the row's own but for the error of simulation, and never
        falling from a row to one with a larger p-value.

    Raises
    ------
    ValueError
        If no state moves a row.

    References
    ----------
    Romano, J. P. and Wolf, M. (2005). Econometrica 73, 1237-1282. doi:10.1111/j.1468-0262.2005.00615.x
    """
    share = moved.loc[p_values.index].to_numpy(float)
    length = np.sqrt((share**2).sum(axis=1, keepdims=True))
    if (still := length[:, 0] == 0).any():
        raise ValueError(f"no state moves {p_values.index[still][0]}")
    random = np.random.default_rng(seed)
    drawn = random.standard_normal((draws, share.shape[1])) @ (share / length).T
    observed = stats.norm.isf(p_values.to_numpy(float) / 2)
    return pd.Series(step_down(observed, drawn)[1], index=p_values.index)
