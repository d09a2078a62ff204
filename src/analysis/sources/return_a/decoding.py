"""Chunks decoded: the damaged records set aside with a reason, the rest as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from ...errors import AnalysisError
from . import layout, plain, vectorised
from .framing import Chunk, Damage

#: Decoders by name; ``auto`` is the compiled one where numba is installed, else numpy's.
ENGINES = ("auto", "compiled", "numpy", "plain")


@dataclass(frozen=True)
class Records:
    """Undamaged records of one chunk.

    Attributes
    ----------
    block : numpy.ndarray of uint8, shape (n, 7385 or more)
        Their bytes.
    numbers : numpy.ndarray of int64, shape (n,)
        Number of each in its file, from one.
    damages : list of Damage
        The chunk's other records, in order.
    """

    block: np.ndarray
    numbers: np.ndarray
    damages: list[Damage]


def engine(name: str = "auto") -> ModuleType:
    """Return the decoder: a module with `check`, `months` and `totals`.

    Raises
    ------
    AnalysisError
        If there is none of that name, or numba is asked for and not installed.
    """
    if name == "plain":
        return plain
    if name == "numpy":
        return vectorised
    if name not in ENGINES:
        raise AnalysisError(f"No decoder {name!r}.", remedy=f"One of {', '.join(ENGINES)}.")
    try:
        from . import compiled
    except ImportError as error:
        if name == "auto":
            return vectorised
        raise AnalysisError(
            "numba is not installed.", remedy="pip install 'sanctuary-crime[fast]', or engine='numpy'."
        ) from error
    return compiled


def undamaged(chunk: Chunk, decoder: ModuleType) -> Records:
    """Return a chunk's undamaged records, and all that is damaged in it with the reason.

    Parameters
    ----------
    chunk : Chunk
        Records of the right length.
    decoder : module
        As `engine` returns it.
    """
    bad = decoder.check(chunk.block)
    if (bad < 0).all():
        return Records(chunk.block, chunk.records, chunk.damages)
    damages = [_damage(chunk, int(i), int(bad[i])) for i in np.flatnonzero(bad >= 0)]
    damages = sorted([*chunk.damages, *damages], key=lambda damage: damage.record)
    return Records(chunk.block[bad < 0], chunk.records[bad < 0], damages)


def reported(block: np.ndarray) -> np.ndarray:
    """Return which cards hold a return (types 5 and 2): bool (records, 12, 4)."""
    return plain.reported(block)


def _damage(chunk: Chunk, i: int, offset: int) -> Damage:
    row = chunk.block[i, : layout.LENGTH].tobytes()
    name, start, width = layout.describe(offset)
    held = row[start : start + width].decode("latin-1")
    reason = f"{name} cannot be {held!r}"
    if name == "state_number" and held.isdigit():
        reason = f"no state has the number {held}"
    head = row[:10].decode("latin-1")
    return Damage(int(chunk.records[i]), int(chunk.offsets[i]) + offset, layout.LENGTH, reason, head)
