"""Small-sample conventions: what a covariance is multiplied by, and the degrees of freedom of its t."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import EstimationError

NAMES = ("fixest", "stata", "linearmodels", "statsmodels", "none")


@dataclass(frozen=True)
class Counts:
    """What the conventions count.

    Attributes
    ----------
    n : int
        Rows.
    k : int
        Estimated coefficients, a constant included.
    sizes : tuple of int
        Parameters of each absorbed effect: levels, times one plus the number of slopes.
    nested : tuple of bool
        Which effects are nested in a cluster.
    nested_in_all : tuple of bool
        Which are nested in every clustering.
    rank, rank_nested : int
        Exact degrees of freedom absorbed by all effects, and by the nested ones together.
    clusters : int or None
        Clusters; the smaller number under two-way clustering.
    """

    n: int
    k: int
    sizes: tuple[int, ...] = ()
    nested: tuple[bool, ...] = ()
    nested_in_all: tuple[bool, ...] = ()
    rank: int = 0
    rank_nested: int = 0
    clusters: int | None = None

    @property
    def all_levels(self) -> int:
        """Parameters of all effects less one for each effect but the first."""
        return sum(self.sizes) - max(len(self.sizes) - 1, 0)


@dataclass(frozen=True)
class Correction:
    """A convention applied: its name, the factor, the parameters it counted, and the df of t."""

    name: str
    factor: float
    counted: int
    df: float | np.ndarray


def correct(name: str, kind: str, counts: Counts) -> Correction:
    """Apply a convention.

    Parameters
    ----------
    name : {"fixest", "stata", "linearmodels", "statsmodels", "none"}
        * ``fixest``: n - 1 over n - K for clusters, n over n - K otherwise; K counts coefficients and
          levels, one fewer for each further effect; effects nested in the clusters count one each.
          Times G / (G - 1), the smaller G when two-way. t with G - 1, or n - K.
        * ``stata`` (reghdfe): the same shape; K counts the exact degrees of freedom of the effects that
          are not nested, plus one if any is nested.
        * ``linearmodels`` (PanelOLS): n over n - K with K all levels, unless a single effect is nested in
          the clusters (in both); no G factor. t with n less all levels.
        * ``statsmodels``: as if every effect were a dummy column: K exact. Normal, but t for iid.
        * ``none``: factor 1 and the normal distribution.
    kind : {"iid", "hetero", "cluster"}
        Conley counts as hetero.
    counts : Counts

    Returns
    -------
    Correction

    Raises
    ------
    EstimationError
        Unknown name, or no degree of freedom left.
    """
    if name not in NAMES:
        raise EstimationError(f"unknown correction {name!r}: use one of {', '.join(NAMES)}")
    counted, df = _CONVENTIONS[name](kind, counts)
    if counts.n - counted <= 0:
        raise EstimationError(f"no degrees of freedom: {counts.n} rows, {counted} parameters ({name})")
    return Correction(name, _factor(name, kind, counts, counted), counted, float(df))


def _fixest(kind: str, c: Counts) -> tuple[int, float]:
    counted = c.k + c.all_levels
    if kind == "cluster" and any(c.nested):
        counted -= sum(size for size, inside in zip(c.sizes, c.nested, strict=True) if inside)
        counted += sum(c.nested)
    return counted, _df(kind, c, counted)


def _stata(kind: str, c: Counts) -> tuple[int, float]:
    counted = c.k + c.rank
    if kind == "cluster" and any(c.nested):
        counted = c.k + c.rank - c.rank_nested + 1
    return counted, _df(kind, c, counted)


def _linearmodels(kind: str, c: Counts) -> tuple[int, float]:
    everything = c.k + c.all_levels
    alone_inside = kind == "cluster" and len(c.sizes) == 1 and c.nested_in_all[0]
    return (c.k if alone_inside else everything), c.n - everything


def _statsmodels(kind: str, c: Counts) -> tuple[int, float]:
    counted = c.k + c.rank
    return counted, c.n - counted if kind == "iid" else np.inf


def _none(kind: str, c: Counts) -> tuple[int, float]:
    return 0, np.inf


_CONVENTIONS: dict[str, Callable[[str, Counts], tuple[int, float]]] = {
    "fixest": _fixest,
    "stata": _stata,
    "linearmodels": _linearmodels,
    "statsmodels": _statsmodels,
    "none": _none,
}


def _df(kind: str, c: Counts, counted: int) -> float:
    return c.clusters - 1 if kind == "cluster" and c.clusters else c.n - counted


def _factor(name: str, kind: str, c: Counts, counted: int) -> float:
    if name == "none":
        return 1.0
    left = c.n - counted
    if kind == "cluster" and name != "linearmodels" and c.clusters:
        return (c.n - 1) / left * c.clusters / (c.clusters - 1)
    return c.n / left
