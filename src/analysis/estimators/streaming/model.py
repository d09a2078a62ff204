"""What regressions on files share: the model, its reader, counts, scores and the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..core.checks import as_list, require_level, require_option
from ..core.result import Estimates, Sample
from ..errors import ColumnError, EstimationError, NotIdentifiedError
from ..linalg.least_squares import Scaled, select
from ..regression.few_clusters import require_two, warn_few
from ..regression.ols import INTERCEPT, as_effects, column_ledger, require_identified
from ..regression.small_sample import Correction, Counts
from . import files as io
from .pieces import cut, main_group, sum_to_cells
from .sums import Piece, Reader

_KINDS = ("iid", "HC1", "CRV1")


@dataclass(frozen=True)
class Model:
    """What is estimated: names of regressors, the covariance and its convention."""

    outcome: str
    treatments: list[str]
    names: list[str]
    effects: list[tuple[str, ...]]
    weights: str | None
    cluster: str | None
    offset: str | None
    covariance: str
    correction: str
    singletons: str
    level: float

    @property
    def wanted(self) -> io.Wanted:
        """Return the columns to read."""
        numbers = (self.outcome, *self.names)
        return io.Wanted(numbers, tuple(self.effects), self.cluster, self.weights, self.offset)

    @property
    def terms(self) -> list[str]:
        """Return the regressors, the intercept among them."""
        return self.names if self.effects else [INTERCEPT, *self.names]


def model_of(
    outcome: str,
    treatment: Any,
    covariates: str | Sequence[str],
    effects: Any,
    weights: str | None,
    cluster: str | None,
    offset: Any,
    covariance: str | None,
    correction: str,
    singletons: str,
    level: float,
) -> Model:
    """Return the model, its options checked."""
    require_level(level)
    require_option("singletons", singletons, ("drop", "keep"))
    covariance = covariance or ("CRV1" if cluster else "HC1")
    require_option("covariance", covariance, _KINDS)
    if (covariance == "CRV1") != (cluster is not None):
        raise EstimationError(f"covariance {covariance!r} and cluster {cluster!r} do not go together")
    treatments = as_list(treatment)
    names = [*treatments, *as_list(covariates)]
    if not names:
        raise NotIdentifiedError("no regressor: name a treatment or covariates")
    if len(set(names)) < len(names) or outcome in names:
        raise ColumnError(f"a column is named twice among outcome and regressors: {[outcome, *names]}")
    groups = [tuple(as_list(effect)) for effect in as_effects(effects)]
    return Model(
        outcome,
        treatments,
        names,
        groups,
        weights,
        cluster,
        offset,
        covariance,
        correction,
        singletons,
        level,
    )


def reader_of(files: io.Files, model: Model, *, zeros: bool) -> tuple[Reader, bool]:
    """Return the reader of the rows that are left, and whether they were summed to cells."""
    io.drop_levels(files, singletons=model.singletons == "drop", zeros=zeros)
    main = main_group(files)
    summed = model.covariance != "HC1" and sum_to_cells(files)
    if main is not None:
        cut(files, files.wanted.groups[main])
    return Reader(files, main, intercept=not model.effects, summed=summed), summed


def require_counts(files: io.Files, outcome: str) -> None:
    """Raise unless outcomes are zero or more, some of them more."""
    column = io.quoted("number " + outcome)
    low, total = files.rows(f"SELECT min({column}), sum({column}) FROM complete")[0]
    if low < 0:
        raise ColumnError(f"outcome {outcome!r} holds negative values (lowest {low}): Poisson needs none")
    if total == 0:
        raise NotIdentifiedError("every outcome is zero: a Poisson model has no finite estimate")


def kept_of(model: Model, cross: np.ndarray, squares: np.ndarray) -> tuple[list[int], dict[int, str]]:
    """Return which regressors are identified and why the others are not; a treatment must be."""
    kept, dropped = select(cross[1:, 1:], np.sqrt(squares[1:]))
    require_identified(model.terms, dropped, model.treatments)
    if not kept:
        raise NotIdentifiedError("no regressor varies once the effects are absorbed")
    return kept, dropped


def solve(cross: np.ndarray, kept: Sequence[int]) -> np.ndarray:
    """Return coefficients from cross-products with the outcome first."""
    inner = cross[1:, 1:][np.ix_(kept, kept)]
    return Scaled(inner).solve(cross[1:, 0][list(kept)])


def bread_of(cross: np.ndarray, kept: Sequence[int]) -> np.ndarray:
    """Return the inverse cross-product of the regressors kept."""
    return Scaled(cross[1:, 1:][np.ix_(kept, kept)]).inverse()


def kind_of(covariance: str) -> str:
    """Return what the small-sample conventions call a covariance."""
    return {"iid": "iid", "HC1": "hetero", "CRV1": "cluster"}[covariance]


class Groups:
    """Counts of clusters and which effects are nested in them, gathered piece by piece."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.cluster_levels = None if reader.clusters is None else len(reader.clusters)
        self._main_nested = True
        self._pairs: list[set[int]] = [set() for _ in reader.level_tables]
        self._in_unit = 0

    def add(self, piece: Piece) -> None:
        """Note a piece's units, levels and clusters."""
        self._in_unit += piece.units
        if self._reader.clusters is None or piece.cluster is None:
            return
        if piece.unit is not None:
            one = np.empty(piece.units, np.int64)
            one[piece.unit] = piece.cluster
            self._main_nested &= bool((one[piece.unit] == piece.cluster).all())
        others = [i for i in range(len(self._pairs)) if i != self._reader.main]
        for i, codes in zip(others, piece.dummies, strict=True):
            self._pairs[i].update(np.unique(codes * len(self._reader.clusters) + piece.cluster).tolist())

    @property
    def clusters(self) -> int | None:
        """Number of clusters."""
        if self._reader.files.wanted.cluster is None:
            return None
        return self._in_unit if self.cluster_levels is None else self.cluster_levels

    def require_clusters(self) -> None:
        """Raise with fewer than two clusters, warn with few."""
        name = self._reader.files.wanted.cluster
        if self.clusters is not None and name is not None:
            require_two(self.clusters, name)
            warn_few(self.clusters, name)

    def counts(self, n: int, k: int, units: int, rank: int) -> Counts:
        """Return what the small-sample conventions count."""
        reader = self._reader
        sizes = [units if table is None else len(table) for table in reader.level_tables]
        nested = [self._nested(i, sizes[i]) for i in range(len(sizes))]
        inside = [size for size, flag in zip(sizes, nested, strict=True) if flag]
        whole = rank + (units if reader.main is not None else 0)
        return Counts(
            n=n,
            k=k,
            sizes=tuple(sizes),
            nested=tuple(nested),
            nested_in_all=tuple(nested),
            rank=whole,
            rank_nested=0 if not inside else inside[0] if len(inside) == 1 else whole,
            clusters=self.clusters,
        )

    def _nested(self, i: int, size: int) -> bool:
        if self.clusters is None:
            return False
        if self.cluster_levels is None:
            return i == self._reader.main
        if size < self.cluster_levels:
            return False
        return self._main_nested if i == self._reader.main else len(self._pairs[i]) == size


@dataclass
class Scores:
    """The middle of the sandwich."""

    kind: str
    k: int
    levels: int | None
    total: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        shape = (self.k, self.k) if self.levels is None else (self.levels, self.k)
        self.total = np.zeros(shape)

    def add(self, piece: Piece, columns: np.ndarray, residual: np.ndarray) -> None:
        """Add scores ``columns * residual`` (the residual with its weight)."""
        if self.kind == "iid":
            return
        if self.kind == "HC1":
            self.total += (columns * (residual**2)[:, None]).T @ columns
            return
        codes, count = piece.cluster, self.levels or piece.units
        assert codes is not None
        sums = np.column_stack([np.bincount(codes, columns[:, j] * residual, count) for j in range(self.k)])
        self.total += sums.T @ sums if self.levels is None else sums

    def meat(self) -> np.ndarray:
        """Return the sum of squared scores, shape (k, k)."""
        return self.total if self.kind == "HC1" or self.levels is None else self.total.T @ self.total


def estimates_of(
    method: str,
    model: Model,
    files: io.Files,
    groups: Groups,
    estimate: np.ndarray,
    matrix: np.ndarray,
    applied: Correction,
    kept: Sequence[int],
    dropped: dict[int, str],
    extra: dict[str, Any],
) -> Estimates:
    """Return the result."""
    design = {
        "outcome": model.outcome,
        "effects": " + ".join(" x ".join(group) for group in model.effects) or "none",
        "weights": model.weights or "none",
        "covariance": model.covariance,
        "cluster": model.cluster or "none",
        "correction": applied.name,
        "correction_factor": applied.factor,
        "parameters_counted": applied.counted,
        "df": applied.df,
    }
    if method == "poisson":
        design["offset"] = model.offset or "none"
    return Estimates(
        method=method,
        keys=pd.DataFrame({"term": [model.terms[j] for j in kept]}),
        estimate=estimate,
        covariance=matrix,
        sample=Sample(files.given, files.used, dict(files.dropped), None, groups.clusters),
        design=design,
        level=model.level,
        extra={"columns": column_ledger(model.terms, dropped), **extra},
    )
