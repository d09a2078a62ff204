"""Dates of adoption given to cities that never adopt: the permuted data on which designs are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...estimators.errors import NotIdentifiedError
from .specification import BY_SIZE, BY_STATE
from .windows import Windows


@dataclass(frozen=True)
class Assignments:
    """Cities treated in each permuted data set.

    Attributes
    ----------
    rows, dates : numpy.ndarray of int, shape (D, K)
        Positions of cities and of their dates, the same city more than once when drawn with replacement.
    """

    rows: np.ndarray
    dates: np.ndarray

    def __len__(self) -> int:
        """Return the number of data sets."""
        return len(self.rows)

    def controls(self, never: np.ndarray) -> np.ndarray:
        """Return the never-adopting cities not drawn, shape (D, N)."""
        kept = np.tile(never, (len(self.rows), 1))
        np.put_along_axis(kept, self.rows, False, axis=1)
        return kept


def observed(table: Windows) -> Assignments:
    """Return the adoptions as they were, as one data set."""
    rows, dates = table.treated()
    return Assignments(rows[None, :], dates[None, :])


def permuted(table: Windows, how: str, *, draws: int, seed: int) -> Assignments:
    """Return permuted data sets in one of the ways of `specification`."""
    makers: dict[str, Callable[..., Assignments]] = {BY_SIZE: by_size, BY_STATE: by_state}
    return makers[how](table, draws=draws, seed=seed)


def by_size(table: Windows, *, draws: int, seed: int, replace: bool = True) -> Assignments:
    """Give each adopter's date to a never-adopting city of its size class with a comparison at that date.

    Parameters
    ----------
    table : Windows
    draws, seed : int
    replace : bool
        Draw with replacement, as Conley and Taber (2011, doi:10.1162/REST_a_00049) do. Without, each city
        is drawn once per data set unless its class has fewer cities than there are dates.
    """
    rows, dates = table.treated()
    random = np.random.default_rng(seed)
    size = table.cities["size"].to_numpy()
    chosen = np.empty((draws, len(rows)), int)
    order = random.random((draws, len(size)))
    pools = [
        np.flatnonzero(table.never & (size == size[row]) & table.usable[date])
        for row, date in zip(rows, dates, strict=True)
    ]
    for k in sorted(range(len(rows)), key=lambda k: len(pools[k])):
        pool = pools[k]
        if replace:
            chosen[:, k] = random.choice(pool, draws)
        else:
            chosen[:, k] = pool[order[:, pool].argmin(axis=1)]
            np.put_along_axis(order, chosen[:, [k]], np.inf, axis=1)
    return Assignments(chosen, np.broadcast_to(dates, chosen.shape))


def by_state(table: Windows, *, draws: int, seed: int, again: bool = False) -> Assignments:
    """Give all dates of an adopting state to never-adopting cities of one other state, of like size.

    States are drawn without replacement among those with enough cities, the largest adopters first; inside a
    state each date goes to an unused city of the adopter's size class, or of the nearest class that has one.

    Parameters
    ----------
    table : Windows
    draws, seed : int
    again : bool
        Where states run out, draw one of them again, and where none has enough cities take the one with the
        most that can be compared; else states must not run out.
    """
    rows, dates = table.treated()
    random = np.random.default_rng(seed)
    state, size = table.cities["state"].to_numpy(), table.cities["size"].to_numpy()
    groups = sorted(_by(state[rows]).items(), key=lambda item: (-len(item[1]), item[0]))
    pools = _by(state, table.never)
    fits = [[name for name, pool in pools.items() if _enough(table, pool, dates[m])] for _, m in groups]
    if again:
        most = max(pools, key=lambda name: (table.usable[:, pools[name]].sum(axis=1).min(), name))
        fits = [able or [most] for able in fits]
    names, orders = _drawn_states(fits, pools, draws, random, again)
    chosen = np.empty((draws, len(rows)), int)
    for group, (_, members) in enumerate(groups):
        for name in pools:
            at = np.flatnonzero([drawn[group] == name for drawn in names])
            if len(at):
                order = np.array([orders[draw][group] for draw in at])
                found = _matched(table, rows[members], dates[members], order, size)
                chosen[np.ix_(at, members)] = found
    return Assignments(chosen, np.broadcast_to(dates, chosen.shape))


def _drawn_states(
    fits: list[list[str]],
    pools: dict[str, np.ndarray],
    draws: int,
    random: np.random.Generator,
    again: bool,
) -> tuple[list[list[str]], list[list[np.ndarray]]]:
    """Return, by draw and group, the state drawn for it and that state's cities in a random order."""
    names: list[list[str]] = []
    orders: list[list[np.ndarray]] = []
    for _ in range(draws):
        taken: list[str] = []
        shuffled = []
        for able in fits:
            free = [name for name in able if name not in taken] or (able if again else [])
            taken.append(free[random.integers(len(free))])
            shuffled.append(random.permutation(pools[taken[-1]]))
        names.append(taken)
        orders.append(shuffled)
    return names, orders


def _enough(table: Windows, pool: np.ndarray, dates: np.ndarray) -> bool:
    """Whether at every date twice as many of the pool as there are dates have a comparison."""
    return bool(table.usable[np.ix_(np.unique(dates), pool)].sum(axis=1).min() >= 2 * len(dates))


def _by(labels: np.ndarray, kept: np.ndarray | None = None) -> dict[str, np.ndarray]:
    at = np.arange(len(labels)) if kept is None else np.flatnonzero(kept)
    return {str(label): at[labels[at] == label] for label in np.unique(labels[at])}


def _matched(
    table: Windows, rows: np.ndarray, dates: np.ndarray, order: np.ndarray, size: np.ndarray
) -> np.ndarray:
    """Return for each order of cities, one a draw, the city nearest in size to each adopter, none twice."""
    found = np.empty((len(order), len(rows)), int)
    left = np.ones(order.shape, dtype=bool)
    for k in np.argsort(-size[rows], kind="stable"):
        apart = np.abs(size[order] - size[rows[k]])
        far = np.iinfo(apart.dtype).max
        apart = np.where(left & table.usable[dates[k]][order], apart, far)
        if (apart == far).all(axis=1).any():
            raise NotIdentifiedError("a drawn state has no city left to compare at an adopter's date")
        first = apart.argmin(axis=1)[:, None]
        found[:, k] = np.take_along_axis(order, first, axis=1)[:, 0]
        np.put_along_axis(left, first, False, axis=1)
    return found


def alternatives(table: Windows) -> dict[str, int]:
    """Return how many states could take the place of the largest adopting state, and of the smallest."""
    rows, _ = table.treated()
    state = table.cities["state"].to_numpy()
    needed = [len(members) for members in _by(state[rows]).values()]
    have = [len(members) for members in _by(state, table.never).values()]
    return {
        "largest": sum(n >= 2 * max(needed) for n in have),
        "smallest": sum(n >= 2 * min(needed) for n in have),
    }
