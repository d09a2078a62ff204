"""How far to trust a clustered standard error: sizes, leverage and influence of the clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..arrays import Floats, Ints
from ..core.checks import as_list
from ..core.entry import takes_frame
from ..core.frame import Effect, prepare
from ..core.reported import Reported, new_axes
from ..linalg.least_squares import least_squares, norms
from ..linalg.threads import same_bits
from .covariance import require_clusters
from .ols import as_effects, with_intercept

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, repr=False)
class ClusterDiagnostics(Reported):
    """Clusters of a regression, one row each, and what they amount to.

    Attributes
    ----------
    table : pandas.DataFrame
        ``cluster, rows, leverage`` and, for each term, ``partial leverage of TERM``: the cluster's share of
        the residualised term's sum of squares.
    clusters : int
    effective : pandas.DataFrame
        For each ``term`` the effective number of clusters with errors independent within clusters
        (``independent``) and with one common error by cluster (``common``).
    """

    table: pd.DataFrame
    clusters: int
    effective: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """Return `table`: one row for each cluster."""
        return self.table

    def glance(self) -> pd.DataFrame:
        """Return one row: clusters, smallest, median and largest size and leverage."""
        row: dict[str, float] = {"clusters": self.clusters}
        for name in ("rows", "leverage"):
            values = self.table[name]
            row |= {
                f"{name}_min": values.min(),
                f"{name}_median": values.median(),
                f"{name}_max": values.max(),
            }
        return pd.DataFrame([row])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each cluster's leverage against its number of rows, the largest named.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure when omitted.

        Returns
        -------
        matplotlib.axes.Axes
        """
        ax = new_axes(ax, xlabel="rows of the cluster", ylabel="leverage of the cluster")
        ax.plot(self.table["rows"], self.table["leverage"], "o", markersize=4)
        at: Any = self.table["leverage"].idxmax()
        place = (self.table["rows"][at], self.table["leverage"][at])
        name = str(self.table["cluster"][at])
        ax.annotate(name, place, (-5, -3), textcoords="offset points", ha="right", fontsize="small")
        return ax


@takes_frame
@same_bits
def cluster_diagnostics(
    data: pd.DataFrame,
    *,
    outcome: str,
    cluster: str,
    treatment: str | Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    effects: Sequence[Effect] = (),
    trends: Mapping[str, str | Sequence[str]] | None = None,
    weights: str | None = None,
) -> ClusterDiagnostics:
    """Describe the clusters behind a clustered standard error.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period, or one row an observation where there is no time; polars, Arrow and
        DuckDB frames are taken as well.
    outcome : str
        Numeric column; rows without a value are dropped and counted.
    cluster : str
        Column of clusters.
    treatment : str or sequence of str, optional
        Columns that must be identified: an error is raised when one is absorbed or collinear.
    covariates : str or sequence of str, optional
        Numeric columns that enter linearly; those that are absorbed or collinear are dropped and named.
    effects : sequence of str or tuple of str
        Effects to absorb: ``["unit", ("state", "year")]`` absorbs units and state-by-year cells. Without
        any, an intercept is estimated.
    trends : mapping of str to str or sequence of str, optional
        Slopes that differ by level of an effect: ``{"unit": "year"}`` absorbs linear trends of units, and
        their effects.
    weights : str, optional
        Positive regression weights; rows of weight zero are dropped and counted.

    Returns
    -------
    ClusterDiagnostics

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    NotIdentifiedError
        The data cannot tell the effect: nothing to compare with, nothing varies, or no row is left.

    Notes
    -----
    Leverage is the trace of the cluster's part of the hat matrix of the residualised regressors: it sums to
    their number, and clusters far above the average k / G make the usual error too small (MacKinnon,
    Nielsen and Webb 2023, doi:10.1016/j.jeconom.2022.04.001). The effective number is that of Carter,
    Schnepel and Steigerwald (2017, doi:10.1162/REST_a_00639); where it is far below the count, t with G
    - 1 degrees of freedom is too generous.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from analysis.estimators import cluster_diagnostics
    >>> frame = pd.DataFrame({"place": np.repeat(range(8), 3), "year": list(range(3)) * 8})
    >>> frame["on"] = ((frame["place"] < 4) & (frame["year"] > 0)).astype(float)
    >>> frame["rate"] = frame["on"] + np.sin(np.arange(24.0)) + frame["place"] % 3
    >>> cluster_diagnostics(frame, outcome="rate", treatment="on", cluster="place").table.shape
    (8, 5)
    """
    arrays = with_intercept(
        prepare(
            data,
            outcome=outcome,
            columns=[*as_list(treatment), *as_list(covariates)],
            effects=as_effects(effects),
            trends=trends,
            weights=weights,
            cluster=cluster,
        )
    )
    require_clusters(arrays.clusters, arrays.cluster_names, "CRV1")
    before = norms(arrays.joint, arrays.weights)
    joint = arrays.absorber().residualize(arrays.joint, overwrite=True)
    fit = least_squares(joint[:, 0], joint[:, 1:], before[1:], arrays.weights)
    terms = [arrays.names[j] for j in fit.kept]
    root = 1.0 if arrays.weights is None else np.sqrt(arrays.weights)[:, None]
    grams, sums, sizes = _by_cluster(fit.columns * root, arrays.clusters[0])
    labels = _labels(data[cluster][arrays.rows], arrays.clusters[0])
    table = {"cluster": labels, "rows": sizes, "leverage": np.einsum("gij,ji->g", grams, fit.bread)}
    partial, effective = _partial(grams, sums, fit.bread)
    table |= {f"partial leverage of {term}": partial[:, j] for j, term in enumerate(terms)}
    return ClusterDiagnostics(
        pd.DataFrame(table), len(sizes), pd.DataFrame({"term": terms, **effective}).reset_index(drop=True)
    )


def _by_cluster(columns: Floats, codes: Ints) -> tuple[Floats, Floats, Ints]:
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    ends = np.cumsum(sizes)
    pieces = [columns[order[end - size : end]] for size, end in zip(sizes, ends, strict=True)]
    return np.stack([x.T @ x for x in pieces]), np.stack([x.sum(axis=0) for x in pieces]), sizes


def _partial(grams: Floats, sums: Floats, bread: Floats) -> tuple[Floats, dict[str, Floats]]:
    """Return shares of each residualised term's squares by cluster, and effective numbers of clusters."""
    independent = np.einsum("ji,gik,kj->gj", bread, grams, bread)
    common = (sums @ bread) ** 2
    shares = independent / independent.sum(axis=0)
    return shares, {"independent": _effective(independent), "common": _effective(common)}


def _effective(gamma: Floats) -> Floats:
    mean = gamma.mean(axis=0)
    variation = ((gamma - mean) ** 2).mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = len(gamma) / (1 + variation / mean**2)
        return found


def _labels(column: pd.Series, codes: np.ndarray) -> np.ndarray:
    first = np.unique(codes, return_index=True)[1]
    return column.to_numpy()[first]
