"""Effects that cross clusters: what their projection adds to the scores of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from ..arrays import Floats
from ..linalg.absorb import Absorber, _Block
from ..linalg.absorb_solve import DenseSchur, Factor
from ..linalg.groups import group_sum

BLOCK = 64


@dataclass(frozen=True)
class Effects:
    """Absorbed effects with what the absorber needs of them, and an absorber of all.

    Attributes
    ----------
    codes : sequence of numpy.ndarray of int, each shape (n,)
    slopes : sequence of (numpy.ndarray, shape (n, p), or None)
    weights : numpy.ndarray, shape (n,), or None
    """

    codes: Sequence[np.ndarray]
    slopes: Sequence[np.ndarray | None]
    weights: np.ndarray | None

    def absorber(self) -> Absorber:
        """Return the absorber of all these effects."""
        return Absorber(self.codes, weights=self.weights, slopes=self.slopes)

    def only(self, which: Sequence[bool]) -> Effects:
        """Return the effects marked True."""
        pick = [i for i, keep in enumerate(which) if keep]
        return Effects([self.codes[i] for i in pick], [self.slopes[i] for i in pick], self.weights)

    @property
    def width(self) -> int:
        """Number of columns, dependent ones included."""
        return sum(
            (int(code.max()) + 1) * (1 + (0 if z is None else z.shape[1]))
            for code, z in zip(self.codes, self.slopes, strict=True)
        )

    def parts(self) -> list[tuple[np.ndarray, int, np.ndarray | None]]:
        """Return (codes, levels, factor) of each set of columns: dummies, then dummies times slopes."""
        found: list[tuple[np.ndarray, int, np.ndarray | None]] = []
        for code, z in zip(self.codes, self.slopes, strict=True):
            levels = int(code.max()) + 1
            found.append((code, levels, None))
            found += [(code, levels, np.ascontiguousarray(column)) for column in ([] if z is None else z.T)]
        return found

    def sums(self, values: np.ndarray, groups: np.ndarray, n_groups: int) -> np.ndarray:
        """Return weighted sums of `values` by group and column, shape (n_groups, width)."""
        tables = []
        for code, levels, factor in self.parts():
            key = groups.astype(np.int64) * levels + code
            weight = values if factor is None else values * factor
            weight = weight if self.weights is None else weight * self.weights
            tables.append(np.bincount(key, weight, n_groups * levels).reshape(n_groups, levels))
        return np.hstack(tables) if tables else np.zeros((n_groups, 0))

    def columns(self) -> sparse.csc_array:
        """Return the columns themselves, shape (n, width), sparse."""
        n = len(self.codes[0])
        blocks = [
            sparse.csc_array(
                (np.ones(n) if factor is None else factor, (np.arange(n), code)), shape=(n, levels)
            )
            for code, levels, factor in self.parts()
        ]
        return sparse.csc_array(sparse.hstack(blocks))


def nested(codes: np.ndarray, groups: np.ndarray) -> bool:
    """Whether each level of `codes` lies within one of `groups`."""
    home = np.zeros(int(codes.max()) + 1, dtype=np.int64)
    home[codes] = groups
    return bool((home[codes] == groups).all())


def split(effects: Effects, partitions: Sequence[np.ndarray]) -> tuple[Effects, Effects]:
    """Return the effects nested in every one of `partitions`, and those that cross."""
    inside = [all(nested(code, groups) for groups in partitions) for code in effects.codes]
    return effects.only(inside), effects.only([not item for item in inside])


def crossing_factor(inside: Effects, crossing: Effects) -> Factor:
    """Return the factor of the crossing columns' gram matrix once the nested effects are projected out."""
    if len(inside.codes) == 1:
        codes, slopes = inside.codes[0], inside.slopes[0]
        main = _Block(codes, int(codes.max()) + 1, slopes, inside.weights)
        rest = [(c, int(c.max()) + 1, z) for c, z in zip(crossing.codes, crossing.slopes, strict=True)]
        return DenseSchur(main, rest, inside.weights)._factor
    return Factor(_gram(inside, crossing))


def _gram(inside: Effects, crossing: Effects) -> np.ndarray:
    columns, absorber = crossing.columns(), inside.absorber()
    weighted = columns if crossing.weights is None else sparse.diags_array(crossing.weights) @ columns
    out = np.empty((crossing.width, crossing.width))
    for start in range(0, crossing.width, BLOCK):
        block = np.asfortranarray(columns[:, start : start + BLOCK].toarray())
        out[:, start : start + BLOCK] = weighted.T @ absorber.residualize(block, overwrite=True)
    return (out + out.T) / 2


def residual_columns(inside: Effects, crossing: Effects) -> np.ndarray:
    """Return the crossing columns once the nested effects are projected out, shape (n, width)."""
    if not crossing.codes:
        return np.empty((0, 0))
    return inside.absorber().residualize(np.asfortranarray(crossing.columns().toarray()), overwrite=True)


def cluster_products(
    codes: np.ndarray, levels: int, left: np.ndarray, right: np.ndarray, weights: Any
) -> Floats:
    """Return sums by cluster of ``left * right * weights`` for each column of `right`."""
    return group_sum(codes, right, levels, left if weights is None else left * weights)
