"""Auxiliary weights of the wild cluster bootstrap, drawn in chunks with a random stream each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Floats
from ..core.checks import require_option
from ..errors import EstimationError

MAMMEN = np.array([-(np.sqrt(5) - 1) / 2, (np.sqrt(5) + 1) / 2])
MAMMEN_LOW = (np.sqrt(5) + 1) / (2 * np.sqrt(5))
WEBB = np.concatenate([-np.sqrt([1.5, 1.0, 0.5]), np.sqrt([0.5, 1.0, 1.5])])
DISTRIBUTIONS = ("rademacher", "webb", "mammen", "normal")
CHUNK_CELLS = 2**17
_SIGNS_OF_BYTE = 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1) - 1.0
LARGEST_ENUMERATION = 2**24


@dataclass(frozen=True)
class WildDraws:
    """How the auxiliary weights of every draw come about.

    Attributes
    ----------
    distribution : {"rademacher", "webb", "mammen", "normal"}
        Each has mean 0 and variance 1. Rademacher: -1 or 1; Webb (2014, QED working paper 1315): six
        points; Mammen (1993): two points with third moment 1.
    clusters : int
        Bootstrap clusters, one weight each.
    draws : int
        Draws made; ``2**clusters`` when `enumerated`.
    seed : int or None
        None only when enumerated.
    enumerated : bool
        All sign vectors once each, instead of draws.
    """

    distribution: str
    clusters: int
    draws: int
    seed: int | None
    enumerated: bool

    @property
    def chunk_draws(self) -> int:
        """Draws a chunk; depends on the number of clusters alone, so that bits depend on nothing else."""
        return max(32, CHUNK_CELLS // max(self.clusters, 1))

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return -(-self.draws // self.chunk_draws)

    def chunk(self, number: int) -> np.ndarray:
        """Return the weights of one chunk, shape (draws in the chunk, clusters)."""
        first = number * self.chunk_draws
        size = min(self.chunk_draws, self.draws - first)
        if self.enumerated:
            return _signs_of(np.arange(first, first + size), self.clusters)
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(number,)))
        return _DRAW[self.distribution](rng, (size, self.clusters))


def plan_draws(distribution: str, clusters: int, draws: int, seed: int | None) -> WildDraws:
    """Return the plan of draws: every sign vector once when ``2**clusters <= draws``, else random.

    Raises
    ------
    EstimationError
        On an unknown distribution, fewer than one draw, or a missing seed.
    """
    require_option("distribution", distribution, DISTRIBUTIONS)
    if draws < 1:
        raise EstimationError(f"draws must be at least 1, not {draws}")
    whole = 2**clusters
    if distribution == "rademacher" and whole <= min(draws, LARGEST_ENUMERATION):
        return WildDraws(distribution, clusters, whole, None, True)
    if seed is None:
        raise EstimationError(f"seed is needed: {draws} draws are fewer than all 2**{clusters} sign vectors")
    return WildDraws(distribution, clusters, int(draws), int(seed), False)


def _signs_of(numbers: np.ndarray, clusters: int) -> np.ndarray:
    bits = (numbers[:, None] >> np.arange(clusters)) & 1
    return 1.0 - 2.0 * bits


def _rademacher(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    count = shape[0] * shape[1]
    packed = np.frombuffer(rng.bytes(-(-count // 8)), dtype=np.uint8)
    return np.take(_SIGNS_OF_BYTE, packed, axis=0).ravel()[:count].reshape(shape)


def _webb(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return WEBB[rng.integers(0, 6, size=shape, dtype=np.uint8)]


def _mammen(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    found: Floats = MAMMEN[(rng.random(shape) >= MAMMEN_LOW).astype(np.int8)]
    return found


def _normal(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return rng.standard_normal(shape)


_DRAW = {"rademacher": _rademacher, "webb": _webb, "mammen": _mammen, "normal": _normal}
