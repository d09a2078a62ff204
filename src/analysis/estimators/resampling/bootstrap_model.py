"""From a frame to the designs, sums and covariance that wild bootstrap tests share."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ..core.checks import as_list, require_option
from ..core.frame import Arrays, dense_codes, prepare
from ..core.result import Sample
from ..errors import EstimationError, FewClustersWarning, NotIdentifiedError, TooFewClustersError
from ..linalg.absorb import Absorber
from ..regression.inference import count
from ..regression.small_sample import Correction, correct
from .cluster_sums import Design, Fit, WildSums, fit, partial_out, wild_sums
from .crossed_effects import Effects

FEW_CLUSTERS = 10
FEW_TREATED = 4
ABSORBED = 1e-9
ALTERNATIVES = ("two-sided", "equal-tailed", "greater", "less")


@dataclass(frozen=True)
class Model:
    """A regression ready to be bootstrapped.

    Attributes
    ----------
    arrays : Arrays
    design : Design
    fitted : Fit
    treatments : tuple of str
        Coefficients of interest; they come first among the regressors.
    correction : Correction
        Small-sample convention applied to the CRV1 covariance.
    """

    arrays: Arrays
    design: Design
    fitted: Fit
    treatments: tuple[str, ...]
    correction: Correction

    @property
    def clusters(self) -> int:
        """Clusters with a row."""
        return int(np.count_nonzero(np.bincount(self.design.cluster)))


def build_model(
    data: pd.DataFrame,
    *,
    outcome: str,
    treatment: str | Sequence[str],
    covariates: str | Sequence[str] = (),
    effects: Sequence[Any] = (),
    trends: Mapping[str, Any] | None = None,
    weights: str | None = None,
    cluster: str,
    bootstrap_cluster: str | None = None,
    correction: str = "fixest",
    shared_codes: bool = False,
) -> Model:
    """Check the frame, drop and count rows, partial out, fit.

    Parameters
    ----------
    shared_codes : bool
        Number clusters over the whole frame, not the used rows, so that several outcomes share draws.
    """
    treatments = tuple(as_list(treatment))
    if not treatments:
        raise EstimationError("treatment must name at least one column")
    names = [*treatments, *as_list(covariates)]
    groups = [cluster] if bootstrap_cluster in (None, cluster) else [cluster, bootstrap_cluster]
    effects = [effects] if isinstance(effects, str) else list(effects)
    arrays = prepare(
        data, outcome=outcome, columns=names, effects=effects, trends=trends, weights=weights, cluster=groups
    )
    codes = list(arrays.clusters)
    counts = [int(item.max()) + 1 for item in codes]
    require_clusters(counts, groups)
    if shared_codes:
        whole = [dense_codes(data[name]) for name in groups]
        codes, counts = [item[arrays.rows] for item in whole], [int(item.max()) + 1 for item in whole]
    sets = effects_of(arrays)
    absorber = sets.absorber()
    boot = codes[1] if len(codes) > 1 else None
    design = partial_out(arrays.joint, sets, absorber, codes[0], boot, counts[0], counts[-1])
    require_variation(arrays, design)
    applied = small_sample(arrays, absorber, correction)
    return Model(arrays, design, fit(design), treatments, applied)


def effects_of(arrays: Arrays) -> Effects:
    """Return the effects of the frame, an intercept when there are none."""
    if arrays.codes:
        return Effects(arrays.codes, arrays.slopes, arrays.weights)
    return Effects((np.zeros(len(arrays.outcome), dtype=np.int32),), (None,), arrays.weights)


def small_sample(arrays: Arrays, absorber: Absorber, name: str) -> Correction:
    """Return the convention `name` applied to CRV1 on the first clustering."""
    k = arrays.columns.shape[1]
    if not arrays.codes:
        absorber, k = Absorber([]), k + 1
    return correct(name, "cluster", count(replace(arrays, clusters=arrays.clusters[:1]), absorber, k, True))


def require_clusters(counts: Sequence[int], names: Sequence[str]) -> None:
    """Raise on one cluster, warn on few."""
    for number, name in zip(counts, names, strict=True):
        if number < 2:
            raise TooFewClustersError(
                f"column {name!r} has {number} cluster in the used rows: at least 2 needed"
            )
    if counts[0] < FEW_CLUSTERS:
        warnings.warn(
            f"{counts[0]} clusters in {names[0]!r}: tests may mislead; consider randomization_test",
            FewClustersWarning,
            stacklevel=4,
        )


def require_variation(arrays: Arrays, design: Design) -> None:
    """Raise naming the regressors, or the outcome, that the effects absorb altogether."""
    before = np.sqrt(np.sum(arrays.joint**2, axis=0))
    after = np.sqrt(np.sum(np.column_stack([design.outcome, design.columns]) ** 2, axis=0))
    gone = after <= ABSORBED * np.maximum(before, np.finfo(float).tiny)
    names = np.array(["the outcome", *arrays.names])
    if gone.any():
        raise NotIdentifiedError(
            f"{names[gone].tolist()} does not vary once {list(arrays.effects) or 'the intercept'} is "
            "absorbed: drop it or the effects that absorb it"
        )


def warn_few_treated(model: Model) -> None:
    """Warn when a binary treatment is ever on, or ever off, in very few clusters."""
    for name, column in zip(model.treatments, model.arrays.columns.T, strict=False):
        if not np.isin(column, (0.0, 1.0)).all():
            continue
        on = len(np.unique(model.design.cluster[column == 1]))
        off = model.clusters - on
        if min(on, off) < FEW_TREATED:
            warnings.warn(
                f"treatment {name!r} is on in {on} of {model.clusters} clusters: the wild bootstrap may "
                "mislead (MacKinnon and Webb 2017); consider randomization_test",
                FewClustersWarning,
                stacklevel=4,
            )


def treatment_sums(model: Model, *, restricted: bool, kind: str) -> list[WildSums]:
    """Return the bootstrap sums of each treatment."""
    return [
        wild_sums(model.design, model.fitted, j, restricted=restricted, kind=kind)
        for j in range(len(model.treatments))
    ]


def covariance(model: Model, sums: Sequence[WildSums]) -> np.ndarray:
    """Return the CRV1 covariance of the treatments' coefficients, small-sample factor included."""
    pulls = np.column_stack([item.scores / item.total for item in sums])
    return model.correction.factor * (pulls.T @ pulls)


def require_choices(kind: str, alternative: str) -> None:
    """Raise on an unknown type of bootstrap or alternative."""
    require_option("kind", kind, ("11", "31"))
    require_option("alternative", alternative, ALTERNATIVES)


def labelled(model: Model, **changes: Any) -> Sample:
    """Return the sample ledger of a model."""
    return replace(model.arrays.sample(), clusters=model.clusters, **changes)
