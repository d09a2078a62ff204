"""Newton's method for a Poisson regression whose largest effect is concentrated out within pieces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import Floats
from ..errors import NotConvergedError
from ..linalg.least_squares import Scaled
from .sums import Piece, Reader, Sums

_STEPS = 100
#: At a maximum steps shrink quadratically; where zeros are separated they keep their length and gain nothing.
_SHRINKS = 0.5


class Newton:
    """Newton's method on regressors and the smaller effects, the largest concentrated out."""

    def __init__(self, reader: Reader, kept: Sequence[int], levels: int, plain: Sums) -> None:
        self._reader, self._kept, self._levels = reader, np.array(kept), levels
        self.b, self._effects = np.zeros(len(kept)), np.zeros(levels)
        if reader.main is None:
            intercept = [j for j in kept if j == 0]
            self.b[: len(intercept)] = np.log(plain.cross[0, 1] / plain.cross[1, 1])

    def run(self) -> int:
        """Iterate to the maximum; return the number of steps."""
        sums, value = self.sums()
        last = None
        for step in range(1, _STEPS + 1):
            solved, _ = sums.effects()
            cross = sums.cross - sums.mixed.T @ solved
            shift = Scaled(cross[1:, 1:]).solve(cross[1:, 0])
            move = solved[:, 0] - solved[:, 1:] @ shift
            gain = float(shift @ sums.cross[1:, 0] + move @ sums.mixed[:, 0])
            before = self.b, self._effects
            if gain <= 1e-13 * (abs(value) * 1e-6 + 1):
                if _goes_on(shift, last):
                    break
                self.b, self._effects = before[0] + shift, before[1] + move
                return step
            sums, value = self._search(before, shift, move, value)
            last = shift
        raise NotConvergedError(
            "the Poisson fit has no maximum that it could reach: regressors may separate zeros from "
            "positive outcomes; leave one out, or use analysis.estimators.poisson, which looks for it"
        )

    def _search(
        self, before: tuple[Floats, Floats], shift: Floats, move: Floats, value: float
    ) -> tuple[Sums, float]:
        scale = 1.0
        while True:
            self.b, self._effects = before[0] + scale * shift, before[1] + scale * move
            sums, new = self.sums()
            if new >= value - 1e-10 * abs(value) or scale < 1e-4:
                return sums, new
            scale /= 2

    def sums(self) -> tuple[Sums, float]:
        """Return the working sums here and the log likelihood up to a constant."""
        sums, value = Sums(1 + len(self.b), self._levels), 0.0
        for piece in self._reader.pieces():
            z, weight, own = self._working(piece)
            sums.add(piece, z, weight)
            value += own
        return sums, value

    def working(self, piece: Piece) -> tuple[np.ndarray, np.ndarray]:
        """Return the working residual with the columns kept, and the weights ``w mu``."""
        return self._working(piece)[:2]

    def _working(self, piece: Piece) -> tuple[np.ndarray, np.ndarray, float]:
        y, columns = piece.z[:, 0], piece.z[:, 1 + self._kept]
        eta = columns @ self.b
        if piece.offset is not None:
            eta += piece.offset
        for codes in piece.dummies:
            eta += self._effects[codes]
        if piece.unit is not None:
            eta += self._of_units(piece, eta)
        mean = np.exp(eta)
        weight = piece.weight * mean
        value = float(piece.weight @ (y * eta - mean))
        return np.asfortranarray(np.column_stack([(y - mean) / mean, columns])), weight, value

    def _of_units(self, piece: Piece, eta: Floats) -> Floats:
        assert piece.unit is not None
        top = np.full(piece.units, -np.inf)
        np.maximum.at(top, piece.unit, eta)
        raised = np.bincount(piece.unit, piece.weight * np.exp(eta - top[piece.unit]), piece.units)
        seen = np.bincount(piece.unit, piece.weight * piece.z[:, 0], piece.units)
        found: Floats = (np.log(seen / raised) - top)[piece.unit]
        return found


def _goes_on(shift: np.ndarray, last: np.ndarray | None) -> bool:
    return last is not None and bool(np.linalg.norm(shift) > _SHRINKS * np.linalg.norm(last) > 0)
