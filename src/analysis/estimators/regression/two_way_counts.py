"""Poisson regression of counts on unit and period effects alone, on a table of units by periods."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import NotConvergedError

Floats = npt.NDArray[np.float64]

#: Period effects of a sweep may differ from those of the one before by this share.
TOLERANCE = 1e-12
#: Sweeps after which a table that has not converged is given up.
SWEEPS = 200


def period_effects(
    counts: Floats, exposure: Floats, *, tolerance: float = TOLERANCE, sweeps: int = SWEEPS
) -> Floats:
    r"""Return the period effects, relative to the first period, of a Poisson regression with unit effects.

    With counts :math:`y_{it}`, exposure :math:`n_{it}` and :math:`E[y_{it}] = n_{it} a_i b_t`, the likelihood
    equations :math:`a_i = \sum_t y_{it} / \sum_t n_{it} b_t` and :math:`b_t = \sum_i y_{it} / \sum_i n_{it}
    a_i` are solved in turn until no :math:`b_t` moves.

    Parameters
    ----------
    counts, exposure : numpy.ndarray, shape (units, periods)
        Cells where `counts` is missing are left out.
    tolerance : float, optional
        Largest relative change of an effect between sweeps that counts as none.
    sweeps : int, optional
        Most sweeps.

    Returns
    -------
    numpy.ndarray, shape (periods,)

    Raises
    ------
    NotConvergedError
        If effects still move after the last sweep.

    Examples
    --------
    >>> import numpy as np
    >>> period_effects(np.array([[10.0, 20.0], [5.0, 10.0]]), np.ones((2, 2))).round(6).tolist()
    [1.0, 2.0]
    """
    seen = ~np.isnan(counts)
    y, n = np.where(seen, counts, 0.0), np.where(seen, exposure, 0.0)
    effects = np.ones(counts.shape[1])
    for _ in range(sweeps):
        units = y.sum(axis=1) / np.maximum(n @ effects, tolerance)
        new: Floats = y.sum(axis=0) / (units @ n)
        new /= new[0]
        if np.abs(new / effects - 1).max() < tolerance:
            return new
        effects = new
    raise NotConvergedError(f"period effects still move after {sweeps} sweeps; raise `sweeps`")
