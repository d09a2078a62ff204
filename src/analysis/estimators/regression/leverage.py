"""Leverage of each row with absorbed effects: what HC2 and HC3 divide by."""

from __future__ import annotations

import numpy as np

from ..arrays import Floats
from ..core.frame import Arrays
from ..errors import EstimationError
from ..linalg.absorb import Absorber
from ..linalg.absorb_solve import Factor
from ..linalg.least_squares import Linear

CELLS = 200_000_000
"""Largest explicit matrix of dummies, in cells (1.6 GB)."""


def leverage(arrays: Arrays, fit: Linear) -> Floats:
    """Return the diagonal of the hat matrix of regressors and effects together, shape (n,)."""
    own = np.einsum("ij,ij->i", fit.columns @ fit.bread, fit.columns)
    own = own if arrays.weights is None else own * arrays.weights
    found: Floats = own + effects_leverage(arrays)
    return found


def effects_leverage(arrays: Arrays) -> Floats:
    """Return the diagonal of the projection on the effects, shape (n,).

    The largest effect is projected out; the dummies of the others, residualised, are held explicitly.

    Raises
    ------
    EstimationError
        When they would not fit in memory.
    """
    n = len(arrays.outcome)
    if not arrays.codes:
        return np.zeros(n)
    root = np.ones(n) if arrays.weights is None else np.sqrt(arrays.weights)
    sizes = [(int(item.max()) + 1) for item in arrays.codes]
    first = int(np.argmax(sizes))
    others = [i for i in range(len(sizes)) if i != first]
    explicit = [_columns(arrays, i, sizes[i], n) for i in others]
    if arrays.slopes[first] is not None:
        explicit.append(_columns(arrays, first, sizes[first], n)[:, sizes[first] :])
    mass = np.bincount(arrays.codes[first], root**2)
    share: Floats = root**2 / mass[arrays.codes[first]]
    if not explicit:
        return share
    block = Absorber([arrays.codes[first]], weights=arrays.weights)
    columns = block.residualize(np.hstack(explicit), overwrite=True) * root[:, None]
    basis = Factor(columns.T @ columns).orthonormal(columns)
    found: Floats = share + np.einsum("ij,ij->i", basis, basis)
    return found


def _columns(arrays: Arrays, i: int, levels: int, n: int) -> np.ndarray:
    if n * levels > CELLS:
        raise EstimationError(
            f"HC2 and HC3 need the leverage of each row: effect {arrays.effects[i]!r} has {levels} levels on "
            f"{n} rows, too many; use HC1 or cluster"
        )
    dummies = np.zeros((n, levels), order="F")
    dummies[np.arange(n), arrays.codes[i]] = 1.0
    slopes = arrays.slopes[i]
    return dummies if slopes is None else np.hstack([dummies, *[dummies * z[:, None] for z in slopes.T]])
