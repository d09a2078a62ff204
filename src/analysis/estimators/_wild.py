"""Kernel of the wild cluster bootstrap: two matrix products a chunk of draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ._draws import WildDraws
from ._parallel import run_chunks
from ._wild_sums import WildSums

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
class _Chunk:
    """One chunk of draws for several coefficients: the work sent to a core."""

    sums: Sequence[WildSums]
    draws: WildDraws
    null: float | None

    def __call__(self, number: int) -> list[Moments]:
        weights = self.draws.chunk(number)
        return [_moments(item, weights, self.null) for item in self.sums]


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
    found = run_chunks(_Chunk(sums, draws, null), draws.chunks, n_jobs)
    return [_joined([chunk[i] for chunk in found]) for i in range(len(sums))]


def _joined(parts: list[Moments]) -> Moments:
    return Moments(
        np.concatenate([part.numerator for part in parts], axis=1),
        np.concatenate([part.squares for part in parts], axis=1),
    )


def _moments(sums: WildSums, weights: np.ndarray, null: float | None) -> Moments:
    if sums.restricted and null is not None:
        own, numerator, nuisance = (
            pair[0] - null * pair[1] for pair in (sums.own, sums.numerator, sums.nuisance)
        )
        scores = _scores(weights, own, nuisance, sums.spread)
        return Moments((weights @ numerator)[None], _row_products(scores, scores)[None])
    both = [_scores(weights, own, r, sums.spread) for own, r in zip(sums.own, sums.nuisance, strict=True)]
    pairs = [(0, 0), (0, 1), (1, 1)] if sums.restricted else [(0, 0)]
    squares = np.stack([_row_products(both[a], both[b]) for a, b in pairs])
    return Moments(np.stack([weights @ item for item in sums.numerator]), squares)


def _scores(weights, own, nuisance, spread) -> np.ndarray:
    """Return bootstrap scores by cluster, shape (draws, clusters)."""
    scores = weights * own if own.ndim == 1 else np.ascontiguousarray((own @ weights.T).T)
    if spread.shape[1]:
        scores -= (weights @ nuisance) @ spread.T
    return scores


def _row_products(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", left, right)


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
