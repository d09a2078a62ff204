"""Weights that two-way fixed effects puts on each treated cell's effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..core.checks import as_list
from ..core.entry import takes_frame
from ..core.frame import Arrays, Effect, prepare
from ..core.reported import Reported, new_axes
from ..core.result import Sample
from ..errors import NotIdentifiedError
from ..linalg.least_squares import least_squares, norms
from ..linalg.threads import same_bits
from ..regression.ols import as_effects

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, repr=False)
class CellWeights(Reported):
    """Weights of a regression coefficient on the effects of treated rows.

    Attributes
    ----------
    weight : numpy.ndarray, shape (n,)
        By used row; they sum to one over treated rows and are zero elsewhere.
    negative, positive : int
        Treated rows of negative and of positive weight.
    negative_sum : float
        Sum of the negative weights.
    estimate : float or None
        The coefficient, when an outcome is named.
    sensitivity : float or None
        Smallest standard deviation of effects across treated rows with which the coefficient is
        compatible with an average effect of zero.
    sample : Sample
    """

    weight: np.ndarray
    negative: int
    positive: int
    negative_sum: float
    estimate: float | None
    sensitivity: float | None
    sample: Sample

    @property
    def negative_share(self) -> float:
        """Share of treated rows whose weight is negative."""
        return self.negative / (self.negative + self.positive)

    def tidy(self, data: pd.DataFrame | None = None, columns: Sequence[str] = ()) -> pd.DataFrame:
        """Return the used rows' positions, or the named columns of `data`, beside their weights."""
        if data is None:
            rows = np.flatnonzero(np.asarray(self.sample.rows))
            return pd.DataFrame({"row": rows, "weight": self.weight})
        return data[self.sample.rows][list(columns)].assign(weight=self.weight)

    def glance(self) -> pd.DataFrame:
        """Return one row of the counts and sums."""
        names = ("negative", "positive", "negative_share", "negative_sum", "estimate", "sensitivity")
        return pd.DataFrame([{name: getattr(self, name) for name in names}])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the weights of treated rows in order, those below zero in another color.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure when omitted.

        Returns
        -------
        matplotlib.axes.Axes
        """
        weight = np.sort(self.weight[self.weight != 0])
        ax = new_axes(ax, xlabel="treated rows, by weight", ylabel="weight of the row's effect")
        for chosen, label in ((weight < 0, "negative"), (weight > 0, "positive")):
            ax.bar(np.flatnonzero(chosen), weight[chosen], width=1.0, label=f"{label} ({chosen.sum()})")
        ax.axhline(0, color="0.6", linewidth=0.8, zorder=0)
        ax.legend(frameon=False, fontsize="small")
        return ax


@takes_frame
@same_bits
def twfe_weights(
    data: pd.DataFrame,
    *,
    treatment: str,
    effects: Sequence[Effect],
    outcome: str | None = None,
    covariates: Sequence[str] = (),
    weights: str | None = None,
) -> CellWeights:
    """Return the weights behind a fixed-effects coefficient when effects differ across cells.

    Under parallel trends the coefficient is a weighted sum of the treated cells' effects; where weights are
    negative it can have the opposite sign of all of them.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period, or individuals within.
    treatment : str
        Non-negative; usually 0 and 1.
    effects : sequence of str or tuple of str
        The effects of the regression, e.g. ``["unit", "year"]``.
    outcome : str, optional
        Adds the estimate and the sensitivity measure; rows that lack it are dropped.
    covariates : sequence of str
        Numeric columns that enter linearly; those that are absorbed or collinear are dropped and named.
    weights : str, optional
        Positive regression weights; rows of weight zero are dropped and counted.

    Returns
    -------
    CellWeights

    Raises
    ------
    NotIdentifiedError
        The treatment does not vary once the effects are absorbed.

    Notes
    -----
    de Chaisemartin and D'Haultfoeuille (2020, doi:10.1257/aer.20181169), theorem 1 and corollary 1.
    Singletons are dropped: their residual is zero.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import twfe_weights
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["first"] = [0 if u < 2 else 2002 if u < 4 else 2003 for u in frame["unit"]]
    >>> frame["treated"] = ((frame["first"] > 0) & (frame["year"] >= frame["first"])).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> twfe_weights(frame, treatment="treated", effects=["unit", "year"]).negative
    0
    """
    arrays = prepare(
        data,
        outcome=treatment,
        columns=[*as_list(covariates), *as_list(outcome)],
        effects=as_effects(effects),
        weights=weights,
    )
    dose = arrays.outcome.copy()
    y = None if outcome is None else arrays.columns[:, -1].copy()
    residual = _residual(arrays, len(as_list(covariates)))
    w = np.ones(len(dose)) if arrays.weights is None else arrays.weights
    product = w * dose * residual
    if not product.sum() > 1e-12 * (w * dose**2).sum():
        raise NotIdentifiedError(f"treatment {treatment!r} does not vary once the effects are absorbed")
    weight = product / product.sum()
    estimate = None if y is None else float((w * residual) @ y / product.sum())
    treated = dose != 0
    return CellWeights(
        weight=weight,
        negative=int((weight[treated] < 0).sum()),
        positive=int((weight[treated] > 0).sum()),
        negative_sum=float(weight[weight < 0].sum()),
        estimate=estimate,
        sensitivity=None if estimate is None else _sensitivity(estimate, weight, (w * dose)),
        sample=arrays.sample(),
    )


def _residual(arrays: Arrays, covariates: int) -> np.ndarray:
    before = norms(arrays.joint, arrays.weights)
    columns = np.asfortranarray(arrays.joint[:, : 1 + covariates])
    joint = arrays.absorber().residualize(columns, overwrite=True)
    if not covariates:
        residual = joint[:, 0]
    else:
        fit = least_squares(joint[:, 0], joint[:, 1:], before[1 : 1 + covariates], arrays.weights)
        residual = fit.residual
    size = np.sqrt(np.sum(residual**2 * (1.0 if arrays.weights is None else arrays.weights)))
    return residual if size > 1e-9 * before[0] else np.zeros_like(residual)


def _sensitivity(estimate: float, weight: np.ndarray, mass: np.ndarray) -> float:
    share = mass / mass.sum()
    treated = share > 0
    relative = weight[treated] / share[treated]
    spread = float(np.sqrt(share[treated] @ (relative - 1.0) ** 2))
    return abs(estimate) / spread if spread > 0 else np.inf
