"""Tables, workbooks, R files and shapes read under guard: whatever is wrong with them is one clear error.

A file whose SHA-256 was verified is parsed in this process. Any other (a copy of one's own, a damaged one) is
parsed by a child process with bounds on memory and time, because parsers of such formats can be made to
allocate gigabytes or to stop the process.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...errors import AnalysisError, LayoutError
from .files import is_verified, locate

AGAIN = "Get the file again as data/raw/README.md says."
#: Bounds of a child that parses an unverified file: address space in bytes, seconds of processor, of clock.
CHILD_BYTES, CHILD_SECONDS, CHILD_PATIENCE = 2_000_000_000, 60, 180


@contextmanager
def reading(where: str) -> Iterator[None]:
    """Turn every error in reading a file into the package's own, which names the file; also as a decorator.

    Parameters
    ----------
    where : str
        Registered path or family.

    Raises
    ------
    LayoutError
        In place of an error of pandas, a parser or Python; the cause is kept.
    """
    try:
        yield
    except AnalysisError:
        raise
    except Exception as error:
        raise _unreadable(where, error) from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # a Rust parser gave up
            raise _unreadable(where, error) from error
        raise


def read_table(
    name: str, *, encoding: str = "utf-8", sep: str = ",", blanks: bool = False, path: Path | None = None
) -> pd.DataFrame:
    """Return a delimited file as text, one column a heading.

    Parameters
    ----------
    name : str
        Registered path.
    encoding, sep : str, optional
        As in `pandas.read_csv`.
    blanks : bool, default False
        Whether empty cells and words like ``NA`` stay as they are; else they are missing.
    path : pathlib.Path, optional
        A file to read in place of the registered one.

    Raises
    ------
    LayoutError
        If it is no such table: zero bytes in it, other letters than the encoding has, rows of unequal length.
    """
    with reading(name):
        content = _unpacked((path or locate(name)).read_bytes())
        if b"\0" in content:
            raise LayoutError("The table holds zero bytes.", where=name, remedy=AGAIN)
        text = io.StringIO(content.decode(encoding))
        frame = pd.read_csv(text, dtype="str", sep=sep, keep_default_na=not blanks)
        if not isinstance(frame.index, pd.RangeIndex):  # pandas takes what a heading lacks for an index
            raise LayoutError("Rows have more cells than the heading.", where=name, remedy=AGAIN)
        return frame


def read_cells(path: Path) -> np.ndarray:
    """Return the cells of a workbook's first sheet as objects; blanks are empty strings.

    Raises
    ------
    LayoutError
        If it is no workbook, is damaged, or asks for more memory or time than any published one.
    """
    with reading(path.name):
        if is_verified(path):
            return cells_of(path)
        rows = _in_child("cells", path)
        return np.array([[_cell(value) for value in row] for row in rows], dtype=object).reshape(
            len(rows), -1
        )


def read_rdata(name: str, table: str) -> pd.DataFrame:
    """Return a data frame of an R file.

    Parameters
    ----------
    name : str
        Registered path.
    table : str
        Name of the data frame in it.
    """
    path = locate(name)
    with reading(name):
        if is_verified(path):
            return rdata_of(path)[table]
        found = _in_child("rdata", path)
        if table not in found:
            raise LayoutError(f"The file holds no table {table}.", where=name, remedy=AGAIN)
        return pd.DataFrame(found[table])


def read_shapes(name: str, layer: str) -> Any:
    """Return a layer of a TopoJSON file as a GeoDataFrame, after `require_topology`."""
    import geopandas

    path = locate(name)
    with reading(name):
        require_topology(json.loads(path.read_bytes().decode("utf-8")), name)
        return geopandas.read_file(path, layer=layer, engine="pyogrio")


def require_topology(content: Any, where: str) -> None:
    """Raise LayoutError unless a TopoJSON topology is whole: its transform, arcs, and who uses them.

    GDAL reads without end where the transform is missing.
    """
    try:
        scale, shift = content["transform"]["scale"], content["transform"]["translate"]
        numbers = [float(value) for value in (*scale, *shift)]
        points = [number for arc in content["arcs"] for point in arc for number in point]
        sound = len(scale) == len(shift) == 2 and all(math.isfinite(number) for number in numbers)
        sound &= all(number > 0 for number in numbers[:2]) and all(type(number) is int for number in points)
        sound &= all(len(arc) > 1 and {len(point) for point in arc} == {2} for arc in content["arcs"])
        used = [
            index
            for layer in content["objects"].values()
            for shape in layer["geometries"]
            for index in _indices(shape.get("arcs", []))
        ]
        sound &= all(-len(content["arcs"]) <= index < len(content["arcs"]) for index in used)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LayoutError("The file is no whole TopoJSON topology.", where=where, remedy=AGAIN) from error
    if not sound:
        raise LayoutError("The topology's transform or arcs are damaged.", where=where, remedy=AGAIN)


def cells_of(path: Path) -> np.ndarray:
    """Return the cells of a workbook's first sheet, parsed in this process."""
    frame = pd.read_excel(
        path, engine="calamine", header=None, dtype=object, keep_default_na=False, na_values=[]
    )
    return frame.to_numpy(dtype=object)


def rdata_of(path: Path) -> dict[str, pd.DataFrame]:
    """Return the data frames of an R file, parsed in this process."""
    import pyreadr

    return dict(pyreadr.read_r(str(path)))


def _unpacked(content: bytes) -> bytes:
    """Return bytes as they are or, packed by gzip, unpacked up to `CHILD_BYTES`."""
    if content[:2] != b"\x1f\x8b":
        return content
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
        return stream.read(CHILD_BYTES)


def _indices(arcs: Any) -> Iterator[int]:
    for each in arcs:
        if isinstance(each, list):
            yield from _indices(each)
        else:
            yield each + 0


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, bool, int, float)) else str(value)


def _in_child(kind: str, path: Path) -> Any:
    """Return what a child process with bounds makes of a file, by way of JSON."""
    with tempfile.TemporaryDirectory() as aside:
        out = Path(aside) / "out.json"
        command = [sys.executable, "-m", "analysis.sources.registry.child", kind, str(path), str(out)]
        quiet = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}
        try:
            done = subprocess.run(command, capture_output=True, timeout=CHILD_PATIENCE, env=quiet)
        except subprocess.TimeoutExpired:
            raise LayoutError(
                f"The file was not read in {CHILD_PATIENCE} seconds.", where=path.name, remedy=AGAIN
            ) from None
        if done.returncode or not out.is_file():
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            why = said[-1][:200] if said else f"ended by signal {-done.returncode}"
            raise LayoutError(f"The file cannot be read: {why}.", where=path.name, remedy=AGAIN)
        return json.loads(out.read_bytes())


def _unreadable(where: str, error: BaseException) -> LayoutError:
    text = " ".join(str(error).split())[:200]
    return LayoutError(
        f"The file cannot be read as laid out: {type(error).__name__}: {text}.", where=where, remedy=AGAIN
    )
