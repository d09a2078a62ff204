"""From a fit to its covariance: which estimator, which convention, which degrees of freedom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..core.checks import as_list, numeric, require_columns
from ..core.frame import Arrays, dense_codes
from ..errors import ColumnError, EstimationError
from ..linalg.absorb import Absorber
from ..linalg.least_squares import Linear
from . import covariance as cov
from .cluster_leverage import cluster_design, crv2, crv3
from .conley import Conley, conley_meat
from .leverage import leverage
from .small_sample import Correction, Counts, correct

Covariance = Literal["iid", "HC1", "HC2", "HC3", "CRV1", "CRV2", "CRV3"] | Conley


def resolve(covariance: Covariance | None, cluster: str | Sequence[str] | None) -> Covariance:
    """Return the covariance asked for: CRV1 with a cluster and HC1 without, when none is.

    Raises
    ------
    EstimationError
        An unknown name, or a cluster with a covariance that does not cluster.
    """
    if covariance is None:
        return "CRV1" if as_list(cluster) else "HC1"
    if isinstance(covariance, Conley):
        return covariance
    if covariance not in cov.KINDS:
        raise EstimationError(
            f"unknown covariance {covariance!r}: use one of {', '.join(cov.KINDS)} or Conley"
        )
    if as_list(cluster) and not covariance.startswith("CRV"):
        raise EstimationError(f"covariance {covariance!r} does not cluster: leave out cluster= or use CRV1")
    return covariance


def infer(
    data: pd.DataFrame,
    arrays: Arrays,
    fit: Linear,
    absorber: Absorber,
    covariance: Covariance,
    correction: str,
    names: Sequence[str],
) -> tuple[np.ndarray, Correction, np.ndarray | None]:
    """Return the covariance matrix, the correction applied, and influence by cluster (CRV1, one way)."""
    if isinstance(covariance, Conley):
        return *_conley(data, arrays, fit, absorber, covariance, correction), None
    if covariance.startswith("CRV"):
        return _clustered(arrays, fit, absorber, covariance, correction, names)
    return *_unclustered(arrays, fit, absorber, covariance, correction), None


def count(arrays: Arrays, absorber: Absorber, k: int, clustered: bool) -> Counts:
    """Return what the conventions count for a fit of `k` coefficients."""
    slopes = [0 if item is None else item.shape[1] for item in arrays.slopes]
    sizes = tuple(level * (1 + s) for level, s in zip(absorber.levels, slopes, strict=True))
    clusters = arrays.clusters if clustered else ()
    inside_each = [[cov.nested_in(item, c) for c in clusters] for item in arrays.codes]
    nested = tuple(any(flags) for flags in inside_each)
    inside = [i for i, flag in enumerate(nested) if flag]
    return Counts(
        n=len(arrays.outcome),
        k=k,
        sizes=sizes,
        nested=nested,
        nested_in_all=tuple(bool(flags) and all(flags) for flags in inside_each),
        rank=absorber.rank,
        rank_nested=_rank_of(arrays, inside, sizes),
        clusters=min((int(item.max()) + 1 for item in clusters), default=None),
    )


def _rank_of(arrays: Arrays, which: list[int], sizes: tuple[int, ...]) -> int:
    if len(which) == 1 and arrays.slopes[which[0]] is None:
        return sizes[which[0]]
    return Absorber(
        [arrays.codes[i] for i in which], weights=arrays.weights, slopes=[arrays.slopes[i] for i in which]
    ).rank


def _unclustered(
    arrays: Arrays, fit: Linear, absorber: Absorber, covariance: str, correction: str
) -> tuple[Floats, Correction]:
    counts = count(arrays, absorber, len(fit.kept), clustered=False)
    w = arrays.weights
    if covariance == "iid":
        applied = correct(correction, "iid", counts)
        return applied.factor * cov.iid(fit.bread, fit.residual, w), applied
    applied = correct(correction, "hetero", counts)
    if covariance == "HC1":
        return applied.factor * cov.hetero(fit.bread, fit.columns, fit.residual, w), applied
    power = {"HC2": 1, "HC3": 2}[covariance]
    matrix = cov.hetero(fit.bread, fit.columns, fit.residual, w, _leverage(arrays, fit, covariance), power)
    return matrix, replace(applied, name=f"{covariance} leverage, df {correction}", factor=1.0)


def _leverage(arrays: Arrays, fit: Linear, covariance: str) -> Floats:
    found = leverage(arrays, fit)
    if (found > 1 - 1e-10).any():
        raise EstimationError(
            f"{int((found > 1 - 1e-10).sum())} rows have leverage 1 (fitted perfectly): {covariance} does "
            "not exist; drop singletons and saturated rows, or use HC1"
        )
    return found


def _clustered(
    arrays: Arrays, fit: Linear, absorber: Absorber, covariance: str, correction: str, names: Sequence[str]
) -> tuple[np.ndarray, Correction, np.ndarray | None]:
    cov.require_clusters(arrays.clusters, arrays.cluster_names, covariance)
    applied = correct(correction, "cluster", count(arrays, absorber, len(fit.kept), clustered=True))
    if covariance == "CRV1":
        return _crv1(arrays, fit, applied)
    design = cluster_design(arrays, fit)
    if covariance == "CRV3":
        return crv3(design, names), replace(applied, name=f"jackknife, df {correction}", factor=1.0), None
    matrix, df = crv2(design)
    return matrix, Correction("bias-reduced, df Satterthwaite", 1.0, applied.counted, df), None


def _crv1(
    arrays: Arrays, fit: Linear, applied: Correction
) -> tuple[np.ndarray, Correction, np.ndarray | None]:
    if len(arrays.clusters) > 1:
        matrix = cov.clustered(fit.bread, arrays.clusters, fit.columns, fit.residual, arrays.weights)
        return applied.factor * matrix, applied, None
    scores = cov.cluster_scores(arrays.clusters[0], fit.columns, fit.residual, arrays.weights)
    influence = scores @ fit.bread
    return applied.factor * influence.T @ influence, applied, influence * len(influence)


def _conley(
    data: pd.DataFrame, arrays: Arrays, fit: Linear, absorber: Absorber, spec: Conley, correction: str
) -> tuple[np.ndarray, Correction]:
    require_columns(data, [spec.latitude, spec.longitude, spec.time])
    rows = arrays.rows
    places = [numeric(data, name)[rows] for name in (spec.latitude, spec.longitude)]
    if any(np.isnan(item).any() for item in places):
        raise ColumnError(f"columns {spec.latitude!r}, {spec.longitude!r} hold missing values in used rows")
    period = None if spec.time is None else dense_codes(data[spec.time][rows])
    factor = fit.residual if arrays.weights is None else fit.residual * arrays.weights
    meat = conley_meat(fit.columns * factor[:, None], places[0], places[1], spec, period)
    applied = correct(correction, "hetero", count(arrays, absorber, len(fit.kept), clustered=False))
    return applied.factor * fit.bread @ meat @ fit.bread, applied


__all__: list[Any] = ["Conley", "Covariance", "count", "infer", "resolve"]
