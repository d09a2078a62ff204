"""`Figure`: a drawing that cannot be had without its caption and its alternative text."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..prose import MIME
from .values import MINUS

if TYPE_CHECKING:
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
    """

    svg: str
    caption: str
    alt: str
    label: str

    def __post_init__(self):
        for name in ("caption", "alt", "label"):
            if not getattr(self, name).strip():
                raise ValueError(f"a figure needs its {name}: say it in words")
        if self.alt.strip() == self.caption.strip():
            raise ValueError("the alternative text describes the drawing; it is not the caption again")

    @classmethod
    def from_matplotlib(cls, drawing: Drawing, *, caption: str, alt: str, label: str) -> Figure:
        """Return the figure of a matplotlib drawing, which is closed."""
        return cls(svg_of(drawing), caption, alt, label)

    def to_json(self) -> dict[str, Any]:
        """Return the figure as plain values, to be stored in a notebook."""
        return {"svg": self.svg, "caption": self.caption, "alt": self.alt, "label": self.label}

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, Any]:
        image = base64.b64encode(self.svg.encode()).decode()
        shown = f"![{self.alt}](data:image/svg+xml;base64,{image})\n\n{self.caption}"
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
