"""Spatial covariance: scores of places within a great-circle distance of one another are correlated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from ..arrays import Array, Floats
from ..core.checks import require_option
from ..errors import ColumnError, EstimationError

EARTH_RADIUS_KM = 6371.01
"""Mean radius of the Earth in kilometres."""


@dataclass(frozen=True)
class Conley:
    """A spatial covariance for ``covariance=``.

    Parameters
    ----------
    latitude, longitude : str
        Columns in degrees.
    cutoff_km : float
        Scores of places further apart than this great-circle distance are uncorrelated.
    kernel : {"uniform", "bartlett"}
        Weight 1, or falling linearly to 0 at the cutoff.
    time : str, optional
        Column of periods: when given, only scores of the same period are paired; otherwise all are,
        so that a place is also correlated with itself over time.

    Notes
    -----
    Conley (1999, doi:10.1016/S0304-4076(98)00084-0). The uniform kernel need not give a positive
    semi-definite matrix.
    """

    latitude: str
    longitude: str
    cutoff_km: float
    kernel: str = "uniform"
    time: str | None = None

    def __post_init__(self) -> None:
        require_option("kernel", self.kernel, ("uniform", "bartlett"))
        if not self.cutoff_km > 0:
            raise EstimationError(f"cutoff_km must be positive, not {self.cutoff_km}")


def conley_meat(
    scores: np.ndarray, latitude: np.ndarray, longitude: np.ndarray, spec: Conley, period: Any = None
) -> np.ndarray:
    """Return ``sum over pairs of K(d) s s'``, shape (k, k); `period` are codes, or None to pair all."""
    _require_degrees(latitude, longitude, spec)
    if period is None:
        return _meat(scores, latitude, longitude, spec)
    total = np.zeros((scores.shape[1], scores.shape[1]))
    for code in range(int(period.max()) + 1):
        rows = np.flatnonzero(period == code)
        total += _meat(scores[rows], latitude[rows], longitude[rows], spec)
    return total


def _meat(scores: Floats, latitude: Array, longitude: Array, spec: Conley) -> np.ndarray:
    places, which = np.unique(np.column_stack([latitude, longitude]), axis=0, return_inverse=True)
    sums = np.column_stack([np.bincount(which.ravel(), s, len(places)) for s in scores.T])
    near = _neighbours(places, spec)
    found: np.ndarray = sums.T @ (near @ sums)
    return found


def _neighbours(places: np.ndarray, spec: Conley) -> sparse.csr_array:
    """Return the sparse symmetric matrix of kernel weights between places."""
    from scipy.spatial import cKDTree

    points = unit_sphere(places[:, 0], places[:, 1])
    angle = min(spec.cutoff_km / EARTH_RADIUS_KM, np.pi)
    pairs = cKDTree(points).query_pairs(2 * np.sin(angle / 2) * (1 + 1e-12), output_type="ndarray")
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    distance = great_circle_km(places[pairs[:, 0]], places[pairs[:, 1]])
    weight = np.ones(len(pairs)) if spec.kernel == "uniform" else 1.0 - distance / spec.cutoff_km
    inside = distance <= spec.cutoff_km
    left, right, weight = pairs[inside, 0], pairs[inside, 1], weight[inside]
    n = len(places)
    upper = sparse.coo_array((weight, (left, right)), shape=(n, n)).tocsr()
    return (upper + upper.T + sparse.eye_array(n)).tocsr()


def unit_sphere(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Return points on the unit sphere, shape (n, 3), from degrees."""
    phi, theta = np.radians(latitude), np.radians(longitude)
    return np.column_stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)])


def great_circle_km(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return great-circle distances in km between rows of (latitude, longitude) in degrees (haversine)."""
    a, b = np.radians(a), np.radians(b)
    half = np.sin((b - a) / 2) ** 2
    inner = half[:, 0] + np.cos(a[:, 0]) * np.cos(b[:, 0]) * half[:, 1]
    found: np.ndarray = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(inner, 0, 1)))
    return found


def _require_degrees(latitude: Floats, longitude: Floats, spec: Conley) -> None:
    if np.abs(latitude).max() > 90:
        raise ColumnError(f"column {spec.latitude!r} holds latitudes beyond 90 degrees")
    if np.abs(longitude).max() > 360:
        raise ColumnError(f"column {spec.longitude!r} holds longitudes beyond 360 degrees")
