"""`Figure`: a drawing that cannot be had without its caption and its alternative text."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..prose import MIME, resolved
from .drawn import csv_of, drawn_data
from .values import MINUS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Drawing

_MINUS = re.compile(r"(>[^<]*?)(?<![\w])-(?=\d)")


@dataclass(frozen=True)
class Figure:
    """One figure as SVG, with what a reader who sees it and one who does not need.

    Attributes
    ----------
    svg : str
        The drawing, at its final width.
    caption : str
        Markdown: what the figure shows and how to read it.
    alt : str
        The figure in words, for readers who cannot see it: what is drawn, over what range, what stands out.
    label : str
        Name for references, ``fig:label`` in the text.
    data : str
        The numbers behind the drawing as CSV; empty where a figure has none to give.
    """

    svg: str
    caption: str
    alt: str
    label: str
    data: str = ""

    def __post_init__(self) -> None:
        for name in ("caption", "alt", "label"):
            if not getattr(self, name).strip():
                raise ValueError(f"a figure needs its {name}: say it in words")
        if self.alt.strip() == self.caption.strip():
            raise ValueError("the alternative text describes the drawing; it is not the caption again")

    @classmethod
    def from_matplotlib(
        cls, drawing: Drawing, *, caption: str, alt: str, label: str, data: pd.DataFrame | None = None
    ) -> Figure:
        """Return the figure of a matplotlib drawing, which is closed.

        Parameters
        ----------
        drawing : matplotlib.figure.Figure
            The drawing.
        caption, alt, label : str
            See `Figure`.
        data : pandas.DataFrame, optional
            The numbers behind it; read from the drawing itself when omitted (see `drawn_data`).
        """
        table = drawn_data(drawing) if data is None else data
        return cls(svg_of(drawing), caption, alt, label, csv_of(table))

    def to_json(self) -> dict[str, Any]:
        """Return the figure as plain values, to be stored in a notebook."""
        return {name: getattr(self, name) for name in ("svg", "caption", "alt", "label", "data")}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        image = base64.b64encode(self.svg.encode()).decode()
        shown = f"![{self.alt}](data:image/svg+xml;base64,{image})\n\n{resolved(self.caption)}"
        return {MIME: {"kind": "figure", "figure": self.to_json()}, "text/markdown": shown}


def svg_of(drawing: Drawing) -> str:
    """Return a matplotlib drawing as SVG without dates or random names, and close it."""
    import matplotlib.pyplot as plt

    from .style import house_style

    buffer = io.StringIO()
    with house_style():
        drawing.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    plt.close(drawing)
    return _MINUS.sub(rf"\1{MINUS}", buffer.getvalue())
