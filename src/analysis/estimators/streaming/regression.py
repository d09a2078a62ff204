"""Least squares and Poisson regression on Parquet files, in passes over complete units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.frame import Effect
from ..core.result import Estimates
from ..errors import EstimationError, NotIdentifiedError
from ..regression.small_sample import Correction, Counts, correct
from . import files as io
from .model import (
    Groups,
    Model,
    Scores,
    bread_of,
    estimates_of,
    kept_of,
    kind_of,
    model_of,
    reader_of,
    require_counts,
    solve,
)
from .newton import Newton
from .sums import Sums, left_over


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
    {'treated': 2.0}
    """
    model = model_of(
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
        reader, summed = reader_of(files, model, zeros=False)
        first, groups = Sums(1 + len(model.terms), reader.offsets[-1]), Groups(reader)
        for piece in reader.pieces():
            first.add(piece, piece.z, piece.weight)
            groups.add(piece)
        groups.require_clusters()
        slopes, rank = first.effects()
        cross = first.cross - first.mixed.T @ slopes
        kept, dropped = kept_of(model, cross, first.squares)
        b = solve(cross, kept)
        scores = Scores(model.covariance, len(kept), groups.cluster_levels)
        second = np.zeros_like(cross)
        for piece in reader.pieces():
            left = left_over(piece, piece.z, piece.weight, slopes)
            second += left.T @ (left * piece.weight[:, None])
            columns = left[:, 1 + np.array(kept)]
            scores.add(piece, columns, (left[:, 0] - columns @ b) * piece.weight)
        total = second[0, 0] + first.within
        if not total > (1e-9**2) * (first.squares[0] + first.within):
            raise NotIdentifiedError("the outcome does not vary once the effects are absorbed")
        b, bread = solve(second, kept), bread_of(second, kept)
        rss = second[0, 0] - b @ second[1:, 0][kept] + first.within
        counts = groups.counts(files.used, len(kept), first.units, rank)
        applied = correct(model.correction, kind_of(model.covariance), counts)
        base = bread * (rss / files.used) if model.covariance == "iid" else bread @ scores.meat() @ bread
        extra = {"r2_within": 1 - rss / total, "df_absorbed": counts.rank, "cells": summed}
        return estimates_of(
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
    model = model_of(
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
        require_counts(files, outcome)
        reader, summed = reader_of(files, model, zeros=True)
        plain, groups = Sums(1 + len(model.terms), reader.offsets[-1]), Groups(reader)
        for piece in reader.pieces():
            plain.add(piece, piece.z, piece.weight)
            groups.add(piece)
        groups.require_clusters()
        slopes, rank = plain.effects()
        kept, dropped = kept_of(model, plain.cross - plain.mixed.T @ slopes, plain.squares)
        fit = Newton(reader, kept, reader.offsets[-1], plain)
        iterations = fit.run()
        sums, _ = fit.sums()
        effects_of, _ = sums.effects()
        scores, second = (
            Scores(model.covariance, len(kept), groups.cluster_levels),
            np.zeros_like(sums.cross),
        )
        for piece in reader.pieces():
            z, weight = fit.working(piece)
            left = left_over(piece, z, weight, effects_of)
            second += left.T @ (left * weight[:, None])
            scores.add(piece, left[:, 1:], z[:, 0] * weight)
        bread = bread_of(second, list(range(len(kept))))
        counts = groups.counts(files.used, len(kept), plain.units, rank)
        applied = _poisson_correction(model, counts)
        base = bread if model.covariance == "iid" else bread @ scores.meat() @ bread
        extra = {"iterations": iterations, "df_absorbed": counts.rank, "cells": summed}
        matrix = base * applied.factor
        return estimates_of("poisson", model, files, groups, fit.b, matrix, applied, kept, dropped, extra)


def _poisson_correction(model: Model, counts: Counts) -> Correction:
    applied = correct(model.correction, kind_of(model.covariance), counts)
    factor = applied.factor
    if model.correction == "stata":
        n = counts.clusters if model.covariance == "CRV1" and counts.clusters else counts.n
        factor = n / (n - 1)
    if model.covariance == "iid":
        factor = (counts.n - 1) / (counts.n - applied.counted) if applied.name == "fixest" else 1.0
    return Correction(applied.name, factor, applied.counted, np.inf)
