"""Rebuild panels from the raw files: the wanted ones and what they need, in the order of need."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from ..errors import AlteredFileError, LayoutError
from ..paths import processed_dir
from ..placing import write_text
from ..sources.registry.files import sha256_of
from .declared import PANELS
from .manifests import read_manifest
from .materials import Materials
from .panel import Built, Panel, in_order
from .store import write_panel
from .sums import write_sums

__all__ = ["PANELS", "Built", "Panel", "build_all", "require_known", "write_rows_by_year"]

ROWS_BY_YEAR = "rows_by_year.csv"
_MANIFEST = ".manifest.json"


def require_known(names: Iterable[str]) -> None:
    """Raise LayoutError unless every name is a panel's."""
    if unknown := [name for name in names if name not in PANELS]:
        raise LayoutError(
            f"No panel is named {', '.join(unknown)}.", remedy=f"There are: {', '.join(PANELS)}."
        )


def build_all(
    progress: Callable[[str], None] | None = None,
    *,
    directory: Path | None = None,
    only: Iterable[str] | None = None,
) -> dict[str, Path]:
    """Rebuild and write the panels.

    Parameters
    ----------
    progress : callable, optional
        Called with each panel's name before it is built.
    directory : pathlib.Path, optional
        Where to write; the processed directory when omitted. Give it the folder of
        `analysis.panels.store.replacing`, so that all panels are replaced together.
    only : iterable of str, optional
        Names of panels to write. What they need is built too, and nothing else; it is written only where the
        directory lacks it. All when omitted.

    Returns
    -------
    dict of str to pathlib.Path
        Where each panel was written, in order.

    Raises
    ------
    LayoutError
        If no panel has a name of `only`.
    AlteredFileError
        If a panel that is needed and not to be written differs from the one in the directory: the new panel
        would not belong to it.
    AnalysisError
        If a published file is missing, altered or not laid out as described.
    """
    directory = directory or processed_dir()
    wanted = list(PANELS) if only is None else list(only)
    require_known(wanted)
    materials, written = Materials(), {}
    for name in in_order(PANELS, wanted):
        if progress:
            progress(name)
        panel = PANELS[name]
        materials.built[name] = built = panel.build(materials)
        if name in wanted or not (directory / f"{name}.parquet").is_file():
            written[name] = _write(panel, built, directory)
        else:
            _require_same(panel, built, directory)
    write_rows_by_year(directory)
    return written


def write_rows_by_year(directory: Path) -> Path:
    """Write the rows a year of every panel in a directory, from their manifests: panel, year, rows."""
    lines = ["panel,year,rows"]
    for place in sorted(directory.glob(f"*{_MANIFEST}")):
        manifest = read_manifest(place, place.name.removesuffix(_MANIFEST))
        lines += [f"{manifest['panel']},{year},{rows}" for year, rows in manifest["rows_by_year"].items()]
    path = directory / ROWS_BY_YEAR
    write_text(path, "\n".join(lines) + "\n")
    write_sums(directory, [path.name])
    return path


def _write(panel: Panel, built: Built, directory: Path) -> Path:
    return write_panel(
        panel.name,
        built.frame,
        keys=panel.keys,
        inputs=built.inputs,
        dropped=built.dropped,
        counts=built.counts,
        directory=directory,
    )


def _require_same(panel: Panel, built: Built, directory: Path) -> None:
    there = directory / f"{panel.name}.parquet"
    with tempfile.TemporaryDirectory() as aside:
        inputs = [each for each in built.inputs if "/" in each]
        again = write_panel(
            panel.name, built.frame, keys=panel.keys, inputs=inputs, dropped={}, directory=Path(aside)
        )
        if sha256_of(again) == sha256_of(there):
            return
    raise AlteredFileError(
        f"Panel {panel.name} is needed, and is not what the published files give now.",
        where=str(there),
        remedy=f"Rebuild it together with what is made of it: add {panel.name} to --only, or leave it out.",
    )
