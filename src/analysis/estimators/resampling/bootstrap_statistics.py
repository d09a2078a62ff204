"""Kernel of the wild cluster bootstrap: two matrix products a chunk of draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import Floats
from ..errors import NotIdentifiedError
from ..linalg.parallel import run_chunks
from .cluster_sums import WildSums
from .weights import WildDraws

MANY_CLUSTERS = 500
"""Clusters from which squares are multiplied out instead of formed cluster by cluster."""

TIE = 1e-9
"""Relative distance within which a bootstrap statistic ties with the observed one."""


@dataclass(frozen=True)
class Moments:
    """Numerators and squared denominators of all draws, as polynomials in the null.

    Attributes
    ----------
    numerator : numpy.ndarray, shape (1 or 2, draws)
    squares : numpy.ndarray, shape (1 or 3, draws)
        With the null imposed: of e0, e0 and e1, e1.
    """

    numerator: np.ndarray
    squares: np.ndarray

    def statistics(self, null: float) -> np.ndarray:
        """Return the bootstrap t statistics (no small-sample factor), NaN where undefined."""
        if len(self.numerator) == 1:
            top, below = self.numerator[0], self.squares[0]
        else:
            top = self.numerator[0] - null * self.numerator[1]
            below = self.squares[0] - 2 * null * self.squares[1] + null**2 * self.squares[2]
        size = np.max(below, initial=0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(below > 1e-24 * size, top / np.sqrt(np.maximum(below, 0.0)), np.nan)


@dataclass(frozen=True)
class _Errors:
    """Sums for one or two sets of bootstrap errors: what a chunk of draws is multiplied by.

    Attributes
    ----------
    own, numerator, nuisance : sequences
        As in `WildSums`; one entry when the null is fixed.
    spread : numpy.ndarray, shape (clusters, K)
    """

    own: Sequence[np.ndarray]
    numerator: Sequence[np.ndarray]
    nuisance: Sequence[np.ndarray]
    spread: np.ndarray

    @property
    def pairs(self) -> list[tuple[int, int]]:
        return [(0, 0), (0, 1), (1, 1)] if len(self.own) == 2 else [(0, 0)]

    def moments(self, weights: np.ndarray) -> Moments:
        """Return numerators and squared denominators from the scores of every cluster."""
        both = [self._scores(weights, own, r) for own, r in zip(self.own, self.nuisance, strict=True)]
        squares = np.stack([_row_products(both[a], both[b]) for a, b in self.pairs])
        return Moments(np.stack([weights @ item for item in self.numerator]), squares)

    def _scores(self, weights: Floats, own: Floats, nuisance: Floats) -> np.ndarray:
        scores = weights * own if own.ndim == 1 else np.ascontiguousarray((own @ weights.T).T)
        if self.spread.shape[1]:
            scores -= (weights @ nuisance) @ self.spread.T
        return scores


class _Collapsed:
    """The same for many clusters: squares multiplied out, so no score of a cluster is ever formed."""

    def __init__(self, errors: _Errors) -> None:
        self.errors, self.k = errors, errors.spread.shape[1]
        crossed = [own[:, None] * errors.spread for own in errors.own]
        self.stack = np.column_stack([*errors.numerator, *errors.nuisance, *crossed])
        self.own = np.column_stack([errors.own[a] * errors.own[b] for a, b in errors.pairs])
        self.gram = errors.spread.T @ errors.spread

    def moments(self, weights: np.ndarray) -> Moments:
        """Return numerators and squared denominators from one product of the weights."""
        errors, sets = self.errors, len(self.errors.own)
        product = weights @ self.stack
        blocks = [product[:, sets + i * self.k : sets + (i + 1) * self.k] for i in range(2 * sets)]
        nuisance, crossed = blocks[:sets], blocks[sets:]
        squares = (weights * weights) @ self.own
        for column, (a, b) in enumerate(errors.pairs):
            squares[:, column] += _row_products(nuisance[a] @ self.gram, nuisance[b])
            squares[:, column] -= _row_products(nuisance[a], crossed[b]) + _row_products(
                nuisance[b], crossed[a]
            )
        return Moments(product[:, :sets].T, squares.T)


def _work(sums: WildSums, null: float | None) -> _Errors | _Collapsed:
    own, numerator, nuisance = sums.own, sums.numerator, sums.nuisance
    if sums.restricted and null is not None:
        own, numerator, nuisance = ((pair[0] - null * pair[1],) for pair in (own, numerator, nuisance))
    errors = _Errors(own, numerator, nuisance, sums.spread)
    dense = all(own.ndim == 1 for own in errors.own)
    return _Collapsed(errors) if dense and len(sums.scores) >= MANY_CLUSTERS else errors


@dataclass(frozen=True)
class _Chunk:
    """One chunk of draws for several coefficients: the work sent to a core."""

    work: Sequence[_Errors | _Collapsed]
    draws: WildDraws

    def __call__(self, number: int) -> list[Moments]:
        weights = self.draws.chunk(number)
        return [item.moments(weights) for item in self.work]


def bootstrap_moments(
    sums: Sequence[WildSums], draws: WildDraws, *, null: float | None, n_jobs: int | None
) -> list[Moments]:
    """Return the moments of every draw for each coefficient, all with the same auxiliary weights.

    Parameters
    ----------
    sums : sequence of WildSums
        Sharing their bootstrap clusters.
    draws : WildDraws
    null : float or None
        The one null needed; None keeps the polynomials, for intervals.
    n_jobs : int or None
    """
    work = [_work(item, null) for item in sums]
    found = run_chunks(_Chunk(work, draws), draws.chunks, n_jobs)
    return [_joined([chunk[i] for chunk in found]) for i in range(len(sums))]


def _joined(parts: list[Moments]) -> Moments:
    return Moments(
        np.concatenate([part.numerator for part in parts], axis=1),
        np.concatenate([part.squares for part in parts], axis=1),
    )


def _row_products(left: Floats, right: Floats) -> Floats:
    found: Floats = np.einsum("ij,ij->i", left, right)
    return found


def observed_statistic(sums: WildSums, null: float) -> float:
    """Return the t statistic of the sample, without small-sample factor."""
    return float((sums.estimate - null) / sums.std_error)


@dataclass(frozen=True)
class Tail:
    """How the observed statistic stands among the draws: strictly beyond, tied, and defined draws."""

    beyond: int
    tied: int
    defined: int

    @property
    def p_value(self) -> float:
        """Share of draws strictly beyond the observed statistic."""
        return self.beyond / self.defined

    @property
    def p_with_ties(self) -> float:
        """Share of draws beyond or tied."""
        return (self.beyond + self.tied) / self.defined


def tail(statistics: np.ndarray, observed: float, alternative: str) -> Tail:
    """Count draws beyond `observed` in the sense of `alternative`, and ties."""
    draws = statistics[~np.isnan(statistics)]
    if not len(draws):
        raise NotIdentifiedError("no draw has a statistic: the outcome does not vary around its fit")
    if alternative == "equal-tailed":
        up, down = (tail(draws, observed, side) for side in ("greater", "less"))
        low = min(up, down, key=lambda item: item.beyond)
        return Tail(min(2 * low.beyond, len(draws)), min(2 * low.tied, len(draws)), len(draws))
    if alternative == "two-sided":
        draws, observed = np.abs(draws), abs(observed)
    elif alternative == "less":
        draws, observed = -draws, -observed
    slack = TIE * abs(observed)
    beyond = int(np.count_nonzero(draws > observed + slack))
    return Tail(beyond, int(np.count_nonzero(draws >= observed - slack)) - beyond, len(draws))
