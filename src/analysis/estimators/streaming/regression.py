"""Least squares and Poisson regression on Parquet files, in passes over complete units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..core.checks import as_list, require_level, require_option
from ..core.frame import Effect
from ..core.result import Estimates, Sample
from ..errors import ColumnError, EstimationError, NotConvergedError, NotIdentifiedError
from ..linalg.least_squares import Scaled, select
from ..regression.few_clusters import require_two, warn_few
from ..regression.ols import INTERCEPT, as_effects, column_ledger, require_identified
from ..regression.small_sample import Correction, Counts, correct
from . import files as io
from .sums import Piece, Reader, Sums, left_over

_KINDS = ("iid", "HC1", "CRV1")
_STEPS = 100


@dataclass(frozen=True)
class _Model:
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


def ols(
    dataset: io.Dataset,
    *,
    outcome: str,
    treatment: str | Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    effects: Effect | Sequence[Effect] = (),
    weights: str | None = None,
    cluster: str | None = None,
    covariance: str | None = None,
    correction: str = "fixest",
    singletons: str = "drop",
    level: float = 0.95,
    memory: str = "800MB",
    threads: int | None = None,
    rows: int = 500_000,
    scratch: str | None = None,
) -> Estimates:
    """Regress an outcome on regressors with absorbed effects, on Parquet files larger than memory.

    The estimand and every number are those of `analysis.estimators.ols`; rows are read in pieces and never
    held together.

    Parameters
    ----------
    dataset : path, or sequence of paths
        Parquet files, a pattern of them, or a folder.
    outcome, treatment, covariates, effects, weights, level
        As in `analysis.estimators.ols`. All effects but the one with most levels may have 4,000 levels
        together; all rows of one level of that one are held in memory at once.
    cluster : str, optional
        One column.
    covariance : {"iid", "HC1", "CRV1"}, optional
        ``"CRV1"`` with `cluster` and ``"HC1"`` without, when omitted.
    correction : {"fixest", "stata", "linearmodels", "statsmodels", "none"}
    singletons : {"drop", "keep"}
    memory : str
        Limit of DuckDB, e.g. ``"800MB"``; pieces come on top of it, about 200 bytes a row and regressor.
    threads : int, optional
        Of DuckDB; all cores when omitted.
    rows : int
        Rows a piece, at least.
    scratch : str, optional
        Folder for a sorted copy, which is made where files are not sorted by the effect with most levels (or
        that is no whole number); the system's when omitted.

    Returns
    -------
    Estimates
        Keyed by ``term``. ``extra``: ``columns``, ``r2_within``, ``df_absorbed``, ``cells`` (whether rows
        were summed to cells first). ``sample.rows`` is None.

    Raises
    ------
    ColumnError, NotIdentifiedError, TooFewClustersError
        As in `analysis.estimators.ols`.
    EstimationError
        DuckDB is not installed, there is no such file, or the smaller effects have too many levels.

    Notes
    -----
    Where four rows or more share all regressors and labels they are summed to cells first (without ``HC1``):
    Wong, Forsell, Lewis, Mao and Wardrop (2021), doi:10.48550/arXiv.2102.11297.

    Examples
    --------
    >>> import tempfile, pandas as pd
    >>> from analysis.estimators import streaming
    >>> frame = pd.DataFrame([(u, t) for u in range(6) for t in range(2000, 2004)], columns=["unit", "year"])
    >>> frame["treated"] = ((frame["unit"] > 2) & (frame["year"] > frame["unit"] + 1997)).astype(int)
    >>> frame["y"] = 2.0 * frame["treated"] + frame["unit"] * frame["year"] % 5
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     frame.to_parquet(f"{folder}/panel.parquet")
    ...     fit = streaming.ols(folder, outcome="y", treatment="treated", effects=["unit", "year"])
    >>> fit.coef().round(3).to_dict()
    {'treated': 2.263}
    """
    model = _model(
        outcome,
        treatment,
        covariates,
        effects,
        weights,
        cluster,
        None,
        covariance,
        correction,
        singletons,
        level,
    )
    settings = io.Settings(memory, threads, rows, scratch)
    with io.opened(dataset, model.wanted, settings) as files:
        reader, summed = _reader(files, model, zeros=False)
        first, groups = Sums(1 + len(model.terms), reader.offsets[-1]), _Groups(reader)
        for piece in reader.pieces():
            first.add(piece, piece.z, piece.weight)
            groups.add(piece)
        slopes, rank = first.effects()
        cross = first.cross - first.mixed.T @ slopes
        kept, dropped = _kept(model, cross, first.squares)
        b = _solve(cross, kept)
        scores = _Scores(model.covariance, len(kept), groups.cluster_levels)
        second = np.zeros_like(cross)
        for piece in reader.pieces():
            left = left_over(piece, piece.z, piece.weight, slopes)
            second += left.T @ (left * piece.weight[:, None])
            columns = left[:, 1 + np.array(kept)]
            scores.add(piece, columns, (left[:, 0] - columns @ b) * piece.weight)
        total = second[0, 0] + first.within
        if not total > (1e-9**2) * (first.squares[0] + first.within):
            raise NotIdentifiedError("the outcome does not vary once the effects are absorbed")
        b, bread = _solve(second, kept), _bread(second, kept)
        rss = second[0, 0] - b @ second[1:, 0][kept] + first.within
        counts = groups.counts(files.used, len(kept), first.units, rank)
        applied = correct(model.correction, _kind(model.covariance), counts)
        base = bread * (rss / files.used) if model.covariance == "iid" else bread @ scores.meat() @ bread
        extra = {"r2_within": 1 - rss / total, "df_absorbed": counts.rank, "cells": summed}
        return _estimates(
            "ols", model, files, groups, b, base * applied.factor, applied, kept, dropped, extra
        )


def poisson(
    dataset: io.Dataset,
    *,
    outcome: str,
    treatment: str | Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    effects: Effect | Sequence[Effect] = (),
    offset: str | None = None,
    weights: str | None = None,
    cluster: str | None = None,
    covariance: str | None = None,
    correction: str = "fixest",
    singletons: str = "drop",
    level: float = 0.95,
    memory: str = "800MB",
    threads: int | None = None,
    rows: int = 500_000,
    scratch: str | None = None,
) -> Estimates:
    """Fit a Poisson regression with absorbed effects on Parquet files larger than memory.

    The estimand and every number are those of `analysis.estimators.poisson`. The effect with most levels is
    concentrated out within pieces, so that a Newton step is one pass and needs no memory for it.

    Parameters
    ----------
    dataset, treatment, covariates, effects, weights, cluster, covariance, correction, singletons, level
        As in `ols` of this package.
    outcome : str
        Not negative.
    offset : str, optional
        Added to the linear predictor with coefficient one.
    memory, threads, rows, scratch
        As in `ols` of this package.

    Returns
    -------
    Estimates
        Keyed by ``term``. ``extra``: ``columns``, ``iterations``, ``df_absorbed``, ``cells``.

    Raises
    ------
    ColumnError
        As in `ols`, or the outcome is negative.
    NotConvergedError
        The maximum was not reached: regressors may separate zeros from positive outcomes, which only
        `analysis.estimators.poisson` looks for (levels of effects with zeros only are left out here too).
    NotIdentifiedError, TooFewClustersError, EstimationError

    Notes
    -----
    Given the others, a unit's effect is ``log(sum w y / sum w exp(eta))``; the Hessian of what is left is the
    cross-product of the other columns less their means by unit on the weights ``w mu``.
    """
    model = _model(
        outcome,
        treatment,
        covariates,
        effects,
        weights,
        cluster,
        offset,
        covariance,
        correction,
        singletons,
        level,
    )
    if correction == "linearmodels":
        raise EstimationError("linearmodels has no Poisson model: choose another correction")
    settings = io.Settings(memory, threads, rows, scratch)
    with io.opened(dataset, model.wanted, settings) as files:
        _require_counts(files, outcome)
        reader, summed = _reader(files, model, zeros=True)
        plain, groups = Sums(1 + len(model.terms), reader.offsets[-1]), _Groups(reader)
        for piece in reader.pieces():
            plain.add(piece, piece.z, piece.weight)
            groups.add(piece)
        slopes, rank = plain.effects()
        kept, dropped = _kept(model, plain.cross - plain.mixed.T @ slopes, plain.squares)
        fit = _Newton(reader, kept, reader.offsets[-1], plain)
        iterations = fit.run()
        sums, _ = fit.sums()
        effects_of, _ = sums.effects()
        scores, second = (
            _Scores(model.covariance, len(kept), groups.cluster_levels),
            np.zeros_like(sums.cross),
        )
        for piece in reader.pieces():
            z, weight = fit.working(piece)
            left = left_over(piece, z, weight, effects_of)
            second += left.T @ (left * weight[:, None])
            scores.add(piece, left[:, 1:], z[:, 0] * weight)
        bread = _bread(second, list(range(len(kept))))
        counts = groups.counts(files.used, len(kept), plain.units, rank)
        applied = _poisson_correction(model, counts)
        base = bread if model.covariance == "iid" else bread @ scores.meat() @ bread
        extra = {"iterations": iterations, "df_absorbed": counts.rank, "cells": summed}
        matrix = base * applied.factor
        return _estimates("poisson", model, files, groups, fit.b, matrix, applied, kept, dropped, extra)


def _model(
    outcome,
    treatment,
    covariates,
    effects,
    weights,
    cluster,
    offset,
    covariance,
    correction,
    singletons,
    level,
):
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
    return _Model(
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


def _reader(files: io.Files, model: _Model, *, zeros: bool) -> tuple[Reader, bool]:
    io.drop_levels(files, singletons=model.singletons == "drop", zeros=zeros)
    main = io.main_group(files)
    summed = model.covariance != "HC1" and io.sum_to_cells(files)
    if main is not None:
        io.cut(files, files.wanted.groups[main])
    return Reader(files, main, intercept=not model.effects, summed=summed), summed


def _require_counts(files: io.Files, outcome: str) -> None:
    column = io.quoted("number " + outcome)
    low, total = files.rows(f"SELECT min({column}), sum({column}) FROM complete")[0]
    if low < 0:
        raise ColumnError(f"outcome {outcome!r} holds negative values (lowest {low}): Poisson needs none")
    if total == 0:
        raise NotIdentifiedError("every outcome is zero: a Poisson model has no finite estimate")


def _kept(model: _Model, cross: np.ndarray, squares: np.ndarray) -> tuple[list[int], dict[int, str]]:
    kept, dropped = select(cross[1:, 1:], np.sqrt(squares[1:]))
    require_identified(model.terms, dropped, model.treatments)
    if not kept:
        raise NotIdentifiedError("no regressor varies once the effects are absorbed")
    return kept, dropped


def _solve(cross: np.ndarray, kept: Sequence[int]) -> np.ndarray:
    inner = cross[1:, 1:][np.ix_(kept, kept)]
    return Scaled(inner).solve(cross[1:, 0][list(kept)])


def _bread(cross: np.ndarray, kept: Sequence[int]) -> np.ndarray:
    return Scaled(cross[1:, 1:][np.ix_(kept, kept)]).inverse()


def _kind(covariance: str) -> str:
    return {"iid": "iid", "HC1": "hetero", "CRV1": "cluster"}[covariance]


def _poisson_correction(model: _Model, counts: Counts) -> Correction:
    applied = correct(model.correction, _kind(model.covariance), counts)
    factor = applied.factor
    if model.correction == "stata":
        n = counts.clusters if model.covariance == "CRV1" and counts.clusters else counts.n
        factor = n / (n - 1)
    if model.covariance == "iid":
        factor = (counts.n - 1) / (counts.n - applied.counted) if applied.name == "fixest" else 1.0
    return Correction(applied.name, factor, applied.counted, np.inf)


class _Groups:
    """Counts of clusters and which effects are nested in them, gathered piece by piece."""

    def __init__(self, reader: Reader):
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
class _Scores:
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


class _Newton:
    """Newton's method on regressors and the smaller effects, the largest concentrated out."""

    def __init__(self, reader: Reader, kept: Sequence[int], levels: int, plain: Sums):
        self._reader, self._kept, self._levels = reader, np.array(kept), levels
        self.b, self._effects = np.zeros(len(kept)), np.zeros(levels)
        if reader.main is None:
            intercept = [j for j in kept if j == 0]
            self.b[: len(intercept)] = np.log(plain.cross[0, 1] / plain.cross[1, 1])

    def run(self) -> int:
        """Iterate to the maximum; return the number of steps."""
        sums, value = self.sums()
        for step in range(1, _STEPS + 1):
            solved, _ = sums.effects()
            cross = sums.cross - sums.mixed.T @ solved
            shift = Scaled(cross[1:, 1:]).solve(cross[1:, 0])
            move = solved[:, 0] - solved[:, 1:] @ shift
            gain = float(shift @ sums.cross[1:, 0] + move @ sums.mixed[:, 0])
            before = self.b, self._effects
            if gain <= 1e-13 * (abs(value) * 1e-6 + 1):
                self.b, self._effects = before[0] + shift, before[1] + move
                return step
            sums, value = self._search(before, shift, move, value)
        raise NotConvergedError(
            f"the Poisson fit did not converge in {_STEPS} passes: regressors may separate zeros from "
            "positive outcomes; leave one out, or use analysis.estimators.poisson, which looks for it"
        )

    def _search(self, before, shift, move, value) -> tuple[Sums, float]:
        scale = 1.0
        while True:
            self.b, self._effects = before[0] + scale * shift, before[1] + scale * move
            sums, new = self.sums()
            if new >= value - 1e-10 * abs(value) or scale < 1e-4:
                return sums, new
            scale /= 2

    def sums(self) -> tuple[Sums, float]:
        """Return the working sums here and the log likelihood up to a constant."""
        sums, value = Sums(1 + len(self.b), self._levels), 0.0
        for piece in self._reader.pieces():
            z, weight, own = self._working(piece)
            sums.add(piece, z, weight)
            value += own
        return sums, value

    def working(self, piece: Piece) -> tuple[np.ndarray, np.ndarray]:
        """Return the working residual with the columns kept, and the weights ``w mu``."""
        return self._working(piece)[:2]

    def _working(self, piece: Piece) -> tuple[np.ndarray, np.ndarray, float]:
        y, columns = piece.z[:, 0], piece.z[:, 1 + self._kept]
        eta = columns @ self.b
        if piece.offset is not None:
            eta += piece.offset
        for codes in piece.dummies:
            eta += self._effects[codes]
        if piece.unit is not None:
            eta += self._of_units(piece, eta)
        mean = np.exp(eta)
        weight = piece.weight * mean
        value = float(piece.weight @ (y * eta - mean))
        return np.asfortranarray(np.column_stack([(y - mean) / mean, columns])), weight, value

    def _of_units(self, piece: Piece, eta: np.ndarray) -> np.ndarray:
        assert piece.unit is not None
        top = np.full(piece.units, -np.inf)
        np.maximum.at(top, piece.unit, eta)
        raised = np.bincount(piece.unit, piece.weight * np.exp(eta - top[piece.unit]), piece.units)
        seen = np.bincount(piece.unit, piece.weight * piece.z[:, 0], piece.units)
        return (np.log(seen / raised) - top)[piece.unit]


def _estimates(
    method: str,
    model: _Model,
    files: io.Files,
    groups: _Groups,
    estimate: np.ndarray,
    matrix: np.ndarray,
    applied: Correction,
    kept: Sequence[int],
    dropped: dict[int, str],
    extra: dict[str, Any],
) -> Estimates:
    if groups.clusters is not None and model.cluster is not None:
        require_two(groups.clusters, model.cluster)
        warn_few(groups.clusters, model.cluster)
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
