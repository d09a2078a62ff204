"""Exposure to treated neighbours by rings of distance (Butts 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from ..arrays import Floats, Ints
from ..core.calendar import event_positions
from ..core.checks import codes, numeric, require_columns, require_unique
from ..core.entry import takes_frame
from ..errors import ColumnError, EstimationError, NotIdentifiedError

EARTH_KM = 6371.0088


@takes_frame
def exposure_rings(
    data: pd.DataFrame,
    *,
    unit: str,
    time: str,
    cohort: str,
    latitude: str,
    longitude: str,
    edges: Sequence[float] = (0.0, 25.0, 50.0, 100.0),
) -> pd.DataFrame:
    """Return for each row the distance to the nearest treated unit and the ring it puts the row in.

    Untreated units near treated ones may be affected too. With the rings beside treatment in one
    regression, treated units are compared with untreated ones beyond the last ring, and each ring's
    coefficient is the mean spillover onto untreated units at that distance, if none reaches further.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a unit and period.
    unit, time, cohort : str
        Columns; `cohort` as in `group_time`, constant within unit.
    latitude, longitude : str
        Degrees, constant within unit. Units without them are in no ring and have missing distances.
    edges : sequence of float
        Increasing ring limits in kilometres; a ring holds its lower limit, not its upper.

    Returns
    -------
    pandas.DataFrame
        Index of `data`; ``nearest_treated_km`` (great-circle distance to the nearest other unit treated
        by that period; missing before any is), one indicator ``ring_a_b`` for each ring (0 in rows in
        which the unit itself is treated), ``exposed_from`` (first period, treated or not, in which a
        treated unit is within the last edge; missing when never: a cohort for event studies of
        exposure) and ``is_own_treated``.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    KeyNotUniqueError
        A unit has two rows in one period.
    EstimationError
        If the edges are not increasing, or negative.
    NotIdentifiedError
        If no treated unit has coordinates.

    References
    ----------
    Butts (2021), doi:10.48550/arXiv.2105.03737.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.estimators import exposure_rings
    >>> frame = pd.DataFrame({"place": [1, 2, 3], "year": [2000] * 3, "first": [1999, 0, 0]})
    >>> frame["lat"], frame["lon"] = 40.0, [-100.0, -100.2, -103.0]
    >>> rings = exposure_rings(
    ...     frame, unit="place", time="year", cohort="first", latitude="lat", longitude="lon"
    ... )
    >>> rings["nearest_treated_km"].round(1).tolist()
    [nan, 17.0, 255.5]
    """
    limits = np.asarray(edges, float)
    if len(limits) < 2 or limits[0] < 0 or (np.diff(limits) <= 0).any():
        raise EstimationError(f"edges must be two or more increasing distances, not {list(edges)}")
    require_columns(data, [unit, time, cohort, latitude, longitude])
    if data[[unit, time]].isna().any().any():
        raise ColumnError(f"{unit!r} and {time!r} must not be missing: drop those rows")
    require_unique(data, unit, time)
    row, labels = codes(data[unit])
    calendar, when, starts = event_positions(data, time, cohort)
    first = _by_unit(starts, row, len(labels), cohort)
    place = _points(data, latitude, longitude, row, len(labels))
    dates, distance = _nearest_by_date(place, first, when)
    position = np.searchsorted(dates, when, side="right")
    nearest = np.column_stack([np.full(len(distance), np.inf), distance])[row, position]
    nearest = np.where(np.isnan(place[row, 0]), np.nan, nearest)
    own = when >= first[row]
    frame = {"nearest_treated_km": np.where(np.isinf(nearest), np.nan, nearest)}
    for low, high in pairwise(limits):
        frame[f"ring_{low:g}_{high:g}"] = ((nearest >= low) & (nearest < high) & ~own).astype(float)
    near = distance < limits[-1]
    begins = np.append(calendar.label(dates), np.nan)[
        np.where(near.any(axis=1), near.argmax(axis=1), len(dates))
    ]
    return pd.DataFrame({**frame, "exposed_from": begins[row], "is_own_treated": own}, index=data.index)


def _by_unit(values: Floats, row: Ints, units: int, name: str) -> np.ndarray:
    result = np.full(units, np.nan)
    result[row] = values
    same = (result[row] == values) | (np.isnan(result[row]) & np.isnan(values))
    if not same.all():
        raise ColumnError(f"{name!r} changes within {len(np.unique(row[~same]))} units: it must be constant")
    return result


def _points(data: pd.DataFrame, latitude: str, longitude: str, row: Ints, units: int) -> np.ndarray:
    """Return unit vectors of places, shape (units, 3), NaN where coordinates miss."""
    north, east = (_by_unit(numeric(data, name), row, units, name) for name in (latitude, longitude))
    if (np.abs(north) > 90).any() or (np.abs(east) > 360).any():
        raise ColumnError(f"{latitude!r} and {longitude!r} must be degrees, latitude within 90 of zero")
    phi, theta = np.radians(north), np.radians(east)
    place = np.column_stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)])
    place[np.isnan(place).any(axis=1)] = np.nan
    return place


def _nearest_by_date(place: Floats, first: Floats, when: Floats) -> tuple[np.ndarray, np.ndarray]:
    """Return adoption dates and, by date, each unit's distance to the nearest other treated unit in km."""
    located = ~np.isnan(place[:, 0])
    treated = located & (first <= when.max())
    if not treated.any():
        raise NotIdentifiedError("no treated unit has coordinates inside the panel's periods")
    dates = np.unique(first[treated])
    chord = np.full((len(place), len(dates)), np.inf)
    for k, date in enumerate(dates):
        members = np.flatnonzero(treated & (first == date))
        chord[located, k] = _nearest_other(place, np.flatnonzero(located), members)
    nearest = np.minimum.accumulate(chord, axis=1)
    arc = 2 * EARTH_KM * np.arcsin(np.minimum(nearest / 2, 1.0))
    return dates, np.where(np.isinf(nearest), np.inf, arc)


def _nearest_other(place: Floats, units: Ints, members: Ints) -> Floats:
    """Return the chord from each unit to the nearest member that is not itself."""
    distance, found = cKDTree(place[members]).query(place[units], k=2)
    itself = members[np.minimum(found[:, 0], len(members) - 1)] == units
    result: Floats = np.where(itself, distance[:, 1], distance[:, 0])
    return result
