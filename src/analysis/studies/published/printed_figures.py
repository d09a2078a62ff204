"""Printed figures with the precision their text shows, in exact arithmetic."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from ...errors import ImpossibleValueError

_DECIMAL = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.(?P<places>\d+))?")
_RATIO = re.compile(r"[+-]?\d+/[1-9]\d*")


@dataclass(frozen=True)
class Printed:
    """A figure as printed.

    Attributes
    ----------
    value : fractions.Fraction
        The figure.
    half_unit : fractions.Fraction
        Half a unit of its last printed digit.
    """

    value: Fraction
    half_unit: Fraction

    def covers(self, estimate: float) -> bool:
        """Whether an estimate lies within half a unit of the last printed digit, both ends included."""
        return math.isfinite(estimate) and abs(Fraction(estimate) - self.value) <= self.half_unit

    def within(self, low: float, high: float) -> bool:
        """Whether an interval covers the figure; never for an interval that is not there."""
        return low <= high and low <= self.value <= high

    def at_most(self, estimate: float) -> bool:
        """Whether an estimate reaches the figure, to within half a unit."""
        return math.isfinite(estimate) and Fraction(estimate) >= self.value - self.half_unit


def parse_printed(text: str, precision: str = "") -> Printed:
    """Return a printed figure with its precision.

    Parameters
    ----------
    text : str
        ``-35.5``, ``4,353``, ``.0120`` or ``-1/3``; a typographic minus is read as a minus.
    precision : str, optional
        The unit of the last digit that means something, for round figures (``22,300`` to the hundred) and for
        ratios, where it is required.

    Raises
    ------
    ImpossibleValueError
        If the text is no figure, the precision is not positive, or a ratio comes without one.
    """
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    found = _DECIMAL.fullmatch(plain)
    ratio = _RATIO.fullmatch(plain)
    if not ratio and not (found and re.search(r"\d", plain)):
        raise _no_figure(text)
    unit = _unit(text, precision) if precision or not found else Fraction(1, 10 ** len(found["places"] or ""))
    return Printed(Fraction(plain.replace(",", "")), unit / 2)


def _unit(text: str, precision: str) -> Fraction:
    try:
        unit = Fraction(precision)
    except (ValueError, ZeroDivisionError) as error:
        raise _no_figure(f"{text} to {precision!r}") from error
    if unit <= 0:
        raise _no_figure(f"{text} to {precision!r}")
    return unit


def _no_figure(text: str) -> ImpossibleValueError:
    return ImpossibleValueError(
        f"{text!r} is no printed figure.", remedy="Write it as the source prints it, and the unit of a ratio."
    )
