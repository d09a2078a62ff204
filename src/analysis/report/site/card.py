"""The picture a shared link shows: question, answer, and the interval drawn."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping
from typing import Any

from ..exhibits.style import BLUE, FAINT, INK, RUST, SOFT, house_style
from ..exhibits.values import number

#: Inches and dots per inch: 1,200 by 630 pixels, what most services show whole.
_SIZE, _DPI = (12, 6.3), 100


def card_png(row: Mapping[str, Any]) -> bytes:
    """Return the card as PNG, the same bytes on every run with the same numbers."""
    import matplotlib.pyplot as plt

    with house_style():
        drawing = plt.figure(figsize=_SIZE, dpi=_DPI, facecolor="#fdfdfb", layout="none")
        drawing.text(
            0.06, 0.83, "Do sanctuary policies change crime?", fontsize=34, fontweight=600, color=INK
        )
        low, percent, high = (row[f"percent{end}"] for end in ("_low", "", "_high"))
        said = (
            f"Recorded violent crime in {row['used']} cities that forbid status inquiries, against what "
            f"was expected: {number(percent, '+.1f')}%, 95% interval {number(low, '+.1f')}% to "
            f"{number(high, '+.1f')}%."
        )
        drawing.text(0.06, 0.6, textwrap.fill(said, 62), fontsize=22, color=INK, linespacing=1.4)
        _interval(drawing.add_axes((0.08, 0.2, 0.84, 0.26)), low, percent, high)
        drawing.text(0.06, 0.06, "sanctuary-crime: paper, explorer, data and code", fontsize=16, color=SOFT)
        buffer = io.BytesIO()
        drawing.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None}, facecolor="#fdfdfb")
        plt.close(drawing)
    return buffer.getvalue()


def _interval(axes: Any, low: float, percent: float, high: float) -> None:
    reach = 1.25 * max(abs(low), abs(high))
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-1, 1)
    axes.axvline(0, color=RUST, lw=2)
    axes.hlines(0, low, high, color=BLUE, lw=8, alpha=0.45)
    axes.plot([percent], [0], "o", ms=16, color=BLUE)
    axes.xaxis.set_major_formatter(lambda value, _: f"{number(value, '+.0f')}%" if value else "0")
    axes.tick_params(axis="x", labelsize=16, color=FAINT)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
