"""The look of the figures: type, widths, colours, and settings that make the bytes repeatable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib import font_manager
from matplotlib.colors import LinearSegmentedColormap

FULL = 6.5
INK, SOFT, FAINT = "#1d1f24", "#6c717a", "#d6d9de"
BLUE, RUST, TEAL, GOLD, PLUM, SLATE = "#1f5c99", "#c2542d", "#2b8a7e", "#c99a2e", "#7a4b8c", "#7d8894"
CYCLE = (BLUE, RUST, TEAL, GOLD, PLUM, SLATE)
SEQUENTIAL = LinearSegmentedColormap.from_list("house", ["#f4f1ea", "#b9cfe0", "#5d92be", BLUE, "#12365c"])
SANS = "Source Sans Pro"

_FACES = {
    "font_source_sans_pro": ("SourceSansPro", "Regular", "It", "Semibold", "Bold"),
    "font_source_serif_pro": ("SourceSerifPro", "Regular", "It", "Semibold", "Bold"),
}


def font_files(package: str) -> list[Path]:
    """Return the TrueType files of a font package that the reports use; empty when it is not installed."""
    if find_spec(package) is None:
        return []
    stem, *faces = _FACES[package]
    with as_file(files(package)) as place:
        found = {path.stem: path for path in sorted(place.rglob("*.ttf"))}
    return [found[f"{stem}-{face}"] for face in faces if f"{stem}-{face}" in found]


@contextmanager
def house_style() -> Iterator[None]:
    """Draw within this context to get the reports' look.

    Yields
    ------
    None
    """
    with mpl.rc_context(_settings()):  # type: ignore[arg-type]
        yield


_LINES = {
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.4,
    "axes.prop_cycle": cycler(color=CYCLE),
}
_GROUND = {
    "axes.unicode_minus": True,
    "figure.figsize": (FULL, 3.4),
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "sanctuary-crime",
    "path.simplify": True,
}


def _settings() -> dict[str, Any]:
    return {
        "font.family": _register(),
        "font.size": 8.5,
        "axes.titlesize": 9,
        "axes.titleweight": 600,
        "axes.titlelocation": "left",
        "axes.labelsize": 8.5,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "legend.fontsize": 8,
        "legend.frameon": False,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": SOFT,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        **_LINES,
        **_GROUND,
    }


def _register() -> str:
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    paths = font_files("font_source_sans_pro")
    for path in paths:
        if str(path) not in known:
            font_manager.fontManager.addfont(path)
    return SANS if paths else "DejaVu Sans"
