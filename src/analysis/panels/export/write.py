"""Export panels: files in the formats asked for, the codebook, and metadata for the CSV files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from ...errors import AnalysisError
from ...placing import staging
from ..catalog import describe, panel_names, require_panel
from ..store import load
from .formats import FORMATS
from .metadata import write_croissant, write_datapackage

CODEBOOK = "codebook.csv"
#: Day of the version exported, which the citation file bears too.
RELEASED = date(2026, 11, 24)


def export(
    out: Path, *, formats: Sequence[str] = ("csv",), only: Iterable[str] = (), version: str = "0.1.0"
) -> list[Path]:
    """Write panels with their rates, the codebook, and metadata.

    Parameters
    ----------
    out : pathlib.Path
        Folder for the files. What an earlier export left under the same names is replaced when all is made.
    formats : sequence of str
        Of ``csv``, ``xlsx``, ``parquet``, ``duckdb``, ``sqlite``.
    only : iterable of str, optional
        Panels to export; all when omitted.
    version : str
        Version written into the metadata.

    Returns
    -------
    list of pathlib.Path
        The files written. With ``csv`` there are ``datapackage.json`` (Frictionless) and ``croissant.json``.

    Raises
    ------
    AnalysisError
        If a format or panel is unknown, a package a format needs is missing, or the folder cannot be written
        to; nothing has been replaced then.
    """
    chosen = _checked(formats, only, out)
    frames = {name: load(name) for name in chosen}
    codebook = codebook_of(chosen)
    with staging(out / CODEBOOK, "making") as aside:
        made = [path for each in formats for path in FORMATS[each](frames, codebook, aside)]
        codebook.to_csv(aside / CODEBOOK, index=False, lineterminator="\n")
        made.append(aside / CODEBOOK)
        if "csv" in formats:
            files = {path.stem: path for path in made if path.parent.name == "csv"}
            made.append(write_datapackage(files, codebook, version, aside))
            made.append(write_croissant(files, codebook, version, RELEASED.isoformat(), aside))
        return [_put(path, aside, out) for path in made]


def codebook_of(names: Iterable[str]) -> pd.DataFrame:
    """Return the columns of panels: ``panel`` and what `analysis.panels.catalog.describe` says of each."""
    tables = []
    for name in names:
        table = describe(name)
        table.insert(0, "panel", name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _checked(formats: Sequence[str], only: Iterable[str], out: Path) -> list[str]:
    if unknown := [each for each in formats if each not in FORMATS]:
        raise AnalysisError(
            f"No format is named {', '.join(unknown)}.", remedy=f"There are: {', '.join(FORMATS)}."
        )
    chosen = list(dict.fromkeys(only)) or panel_names()
    for name in chosen:
        require_panel(name)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise AnalysisError(
            f"The folder cannot be written to: {error.strerror}.", where=str(out), remedy="Choose another."
        ) from error
    return chosen


def _put(path: Path, aside: Path, out: Path) -> Path:
    place = out / path.relative_to(aside)
    place.parent.mkdir(parents=True, exist_ok=True)
    os.replace(path, place)
    return place
