"""How a treatment was assigned, and the other assignments the same design could have made."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations, product

import numpy as np
import pandas as pd

from ..arrays import Floats, Ints
from ..errors import ColumnError, NotIdentifiedError

CHUNK_CELLS = 2**17
FEW_MEMBERS = 500
"""Members up to which whole rows are shuffled at once; beyond, places are sampled draw by draw."""


@dataclass(frozen=True)
class Paths:
    """Treatment paths of the places that were assigned.

    Attributes
    ----------
    place : numpy.ndarray of int, shape (n,)
        Assigned place of each row.
    period : numpy.ndarray of int, shape (n,)
    kinds : numpy.ndarray, shape (C, T)
        Distinct paths.
    label : numpy.ndarray of int, shape (places,)
        Path of each place.
    """

    place: np.ndarray
    period: np.ndarray
    kinds: np.ndarray
    label: np.ndarray

    @property
    def never(self) -> int | None:
        """Number of the path that is zero throughout, if a place has it."""
        found = np.flatnonzero((self.kinds == 0).all(axis=1))
        return int(found[0]) if len(found) else None

    def treatment(self, label: Ints) -> Floats:
        """Return the treatment of every row when places have the paths `label`, shape (n,) or (n, draws)."""
        found: Floats
        if label.ndim == 1:
            found = self.kinds[label[self.place], self.period]
            return found
        found = self.kinds[label[:, self.place].T, self.period[:, None]]
        return found


def read_paths(
    treatment: np.ndarray,
    place: np.ndarray,
    period: np.ndarray,
    names: tuple[str, str],
    start: np.ndarray | None = None,
) -> Paths:
    """Read each place's path; rows that are missing are filled only for a treatment that never stops.

    Parameters
    ----------
    treatment : numpy.ndarray, shape (n,)
    place, period : numpy.ndarray of int, shape (n,)
    names : tuple of str
        Of the treatment and the places, for messages.
    start : numpy.ndarray, shape (places,), optional
        Number of the period in which each place starts, infinity for never; else the first period with
        treatment 1 that has a row.

    Raises
    ------
    ColumnError
        Treatment varies within a place and period.
    NotIdentifiedError
        All places have one path, or paths have gaps and the treatment is not a 0/1 that stays on.
    """
    shape = (int(place.max()) + 1, int(period.max()) + 1)
    cell = place.astype(np.int64) * shape[1] + period
    low, high = np.full(shape[0] * shape[1], np.inf), np.full(shape[0] * shape[1], -np.inf)
    np.minimum.at(low, cell, treatment)
    np.maximum.at(high, cell, treatment)
    if (low < high).any():
        first = int(np.flatnonzero(low < high)[0])
        raise ColumnError(
            f"treatment {names[0]!r} varies within {names[1]!r} number {first // shape[1]} in one period "
            f"(number {first % shape[1]}): it was not assigned by {names[1]!r}; choose another design"
        )
    table = np.where(np.isfinite(low), low, np.nan).reshape(shape)
    if start is not None:
        table = _dated(table, start, names)
    elif np.isnan(table).any():
        table = _filled(table, names)
    kinds, label = np.unique(table, axis=0, return_inverse=True)
    if len(kinds) == 1:
        raise NotIdentifiedError(f"all {shape[0]} places of {names[1]!r} have one treatment path")
    return Paths(place, period, kinds, label.ravel())


def _filled(table: np.ndarray, names: tuple[str, str]) -> np.ndarray:
    start = first_treated(table)
    filled = (np.arange(table.shape[1]) >= start[:, None]).astype(np.float64)
    if not ((table == filled) | np.isnan(table)).all():
        raise NotIdentifiedError(
            f"{int(np.isnan(table).sum())} periods of {names[1]!r} have no row and treatment {names[0]!r} is "
            "not a 0/1 that stays on once it starts: what a place would have had there is unknown. "
            "Balance the panel"
        )
    return filled


def _dated(table: np.ndarray, start: np.ndarray, names: tuple[str, str]) -> np.ndarray:
    dated = (np.arange(table.shape[1]) >= start[:, None]).astype(np.float64)
    wrong = (table != dated) & ~np.isnan(table)
    if wrong.any():
        place, period = np.argwhere(wrong)[0]
        raise ColumnError(
            f"treatment {names[0]!r} contradicts the cohort in {int(wrong.sum())} cells, first {names[1]!r} "
            f"number {place}, period number {period}"
        )
    return dated


def start_numbers(
    cohort: np.ndarray, times: np.ndarray, place: np.ndarray, places: int, name: str
) -> np.ndarray:
    """Return the number of the first period at or after each place's cohort, infinity for never.

    Raises
    ------
    ColumnError
        Two cohorts in a place.
    """
    of_place = np.full(places, np.inf)
    of_place[place] = cohort
    if (of_place[place] != cohort).any():
        raise ColumnError(f"cohort {name!r} varies within an assigned place")
    found = np.searchsorted(times, of_place).astype(np.float64)
    return np.where(found < len(times), found, np.inf)


def first_treated(table: np.ndarray) -> np.ndarray:
    """Return the first period with treatment 1 of each place, infinity for never."""
    on = table == 1
    return np.where(on.any(axis=1), on.argmax(axis=1).astype(np.float64), np.inf)


def require_dates(paths: Paths, name: str) -> None:
    """Raise unless every path is 0 and then 1: only then are there dates to permute."""
    start = first_treated(paths.kinds)
    if not (paths.kinds == (np.arange(paths.kinds.shape[1]) >= start[:, None])).all():
        raise ColumnError(
            f"treatment {name!r} is not a 0/1 that stays on once it starts: it has no dates to permute"
        )
    if len(paths.kinds) - (paths.never is not None) < 2:
        raise NotIdentifiedError(f"treatment {name!r} starts on one date only: there are no dates to permute")


@dataclass(frozen=True)
class Assignments:
    """Assignments of the design: places that may swap paths, group by group.

    Attributes
    ----------
    paths : Paths
    groups : tuple of (members, labels)
        Places that swap among themselves, and the paths handed out, never-treated ones left out.
    draws : int
    seed : int or None
    enumerated : bool
        Every distinct assignment once, instead of draws.
    """

    paths: Paths
    groups: tuple[tuple[np.ndarray, np.ndarray], ...]
    draws: int
    seed: int | None
    enumerated: bool

    @property
    def treated(self) -> int:
        """Places with a path other than never treated, the same in every draw."""
        return sum(len(labels) for _, labels in self.groups)

    @property
    def chunk_draws(self) -> int:
        """Draws a chunk; does not depend on how the work is spread."""
        return max(16, CHUNK_CELLS // max(self.treated, 1))

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return -(-self.draws // self.chunk_draws)

    def chunk(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return treated places and their paths, each of shape (draws in the chunk, treated)."""
        first = number * self.chunk_draws
        size = min(self.chunk_draws, self.draws - first)
        if self.enumerated:
            rows = all_assignments(self.groups)[first : first + size]
            return rows[:, 0], rows[:, 1]
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(number,)))
        parts = [_chosen(rng, members, len(labels), size) for members, labels in self.groups]
        places = np.hstack(parts)
        labels = np.concatenate([labels for _, labels in self.groups])
        return places, np.broadcast_to(labels, places.shape)

    def labels(self, places: np.ndarray, kinds: np.ndarray) -> np.ndarray:
        """Return the path of every place, shape (draws, all places)."""
        out = np.repeat(self.paths.label[None], len(places), axis=0)
        for members, _ in self.groups:
            out[:, members] = -1 if self.paths.never is None else self.paths.never
        np.put_along_axis(out, places, kinds, axis=1)
        return out


def _chosen(rng: np.random.Generator, members: np.ndarray, count: int, size: int) -> np.ndarray:
    """Return `size` ordered samples of `count` members without replacement, shape (size, count)."""
    if len(members) > FEW_MEMBERS:
        rows = [rng.choice(len(members), count, replace=False) for _ in range(size)]
        return members[np.array(rows).reshape(size, count)]
    return rng.permuted(np.broadcast_to(members, (size, len(members))), axis=1)[:, :count]


def plan_assignments(paths: Paths, pools: np.ndarray, draws: int, seed: int | None) -> Assignments:
    """Return the plan: all distinct assignments when there are at most `draws`, else random ones.

    Parameters
    ----------
    paths : Paths
    pools : numpy.ndarray of int, shape (places,)
        Places of one number swap paths; -1 stays as it is.
    draws : int
    seed : int or None
    """
    groups = []
    for pool in np.unique(pools[pools >= 0]):
        members = np.flatnonzero(pools == pool)
        labels = paths.label[members]
        kept = labels if paths.never is None else labels[labels != paths.never]
        if len(np.unique(labels)) > 1:
            groups.append((members, np.sort(kept)))
    if not groups:
        raise NotIdentifiedError(
            "every place has the path of the others it may swap with: nothing to permute"
        )
    whole = math.prod(_count(len(members), labels) for members, labels in groups)
    if whole <= draws:
        return Assignments(paths, tuple(groups), whole, None, True)
    return Assignments(paths, tuple(groups), draws, seed, False)


def _count(members: int, labels: np.ndarray) -> int:
    counts = np.unique(labels, return_counts=True)[1].tolist()
    whole, left = 1, members
    for count in counts:
        whole *= math.comb(left, count)
        left -= count
    return whole


def all_assignments(groups: tuple[tuple[Ints, Ints], ...]) -> np.ndarray:
    """Return every distinct assignment, shape (assignments, 2, treated): places, then their paths."""
    each = [list(_within(members.tolist(), labels.tolist())) for members, labels in groups]
    rows = [
        [list(chain.from_iterable(part[side] for part in parts)) for side in (0, 1)]
        for parts in product(*each)
    ]
    return np.array(rows, dtype=np.int64)


def _within(members: list[int], labels: list[int]) -> Iterator[tuple[list[int], list[int]]]:
    if not labels:
        yield [], []
        return
    count = labels.count(labels[0])
    for chosen in combinations(members, count):
        left = [member for member in members if member not in chosen]
        for places, kinds in _within(left, labels[count:]):
            yield [*chosen, *places], [*labels[:count], *kinds]


def pools_of(stratum: pd.Series | None, place: np.ndarray, places: int, name: str | None) -> np.ndarray:
    """Return the stratum of each place, zeros when there is none.

    Raises
    ------
    ColumnError
        A place lies in two strata.
    """
    if stratum is None:
        return np.zeros(places, dtype=np.int64)
    codes = pd.factorize(stratum, sort=True)[0]
    found = np.zeros(places, dtype=np.int64)
    found[place] = codes
    if (found[place] != codes).any():
        raise ColumnError(f"stratum {name!r} varies within an assigned place")
    return found
