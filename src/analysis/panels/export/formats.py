"""One panel as a file: CSV, Excel, Parquet, and as a table of a DuckDB or SQLite database.

Every format carries the rates that loading computes; Parquet and DuckDB carry what each column means, the
others a table ``codebook`` beside the data.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import MissingFileError

Frames = dict[str, pd.DataFrame]
#: Rows that one sheet of Excel holds, its heading included.
_SHEET_ROWS = 1_048_576
_EXTRA = 'Run `pip install "sanctuary-crime[export]"`.'


def write_csv(frames: Frames, codebook: pd.DataFrame, out: Path) -> list[Path]:
    """Write one CSV per panel; missing values are empty, dates and codes as text."""
    return [_csv(frame, out / "csv" / f"{name}.csv") for name, frame in frames.items()]


def write_parquet(frames: Frames, codebook: pd.DataFrame, out: Path) -> list[Path]:
    """Write one Parquet file per panel, each column with its unit and meaning in the field's metadata."""
    return [_parquet(frame, codebook, name, out) for name, frame in frames.items()]


def write_xlsx(frames: Frames, codebook: pd.DataFrame, out: Path) -> list[Path]:
    """Write one workbook per panel: the data and its codebook, one sheet each.

    Raises
    ------
    MissingFileError
        If XlsxWriter is not installed.
    """
    writer = _required("xlsxwriter", "XlsxWriter")
    return [_workbook(writer, frame, codebook, name, out) for name, frame in frames.items()]


def write_duckdb(frames: Frames, codebook: pd.DataFrame, out: Path) -> list[Path]:
    """Write one DuckDB database with a table per panel, comments on its columns, and a table ``codebook``.

    Raises
    ------
    MissingFileError
        If duckdb is not installed.
    """
    duckdb = _required("duckdb", "duckdb")
    place = _fresh(out / "panels.duckdb")
    with closing(duckdb.connect(str(place))) as base:
        for name, frame in {**frames, "codebook": codebook}.items():
            base.register("incoming", pa.Table.from_pandas(frame, preserve_index=False))
            base.execute(f'CREATE TABLE "{name}" AS SELECT * FROM incoming')
            base.unregister("incoming")
        for line in codebook.to_dict("records"):
            told = f"{line['meaning']} ({line['unit']})".replace("'", "''")
            base.execute(f'COMMENT ON COLUMN "{line["panel"]}"."{line["column"]}" IS \'{told}\'')
    return [place]


def write_sqlite(frames: Frames, codebook: pd.DataFrame, out: Path) -> list[Path]:
    """Write one SQLite database with a table per panel and a table ``codebook``."""
    place = _fresh(out / "panels.sqlite")
    with closing(sqlite3.connect(place)) as base, base:
        for name, frame in {**frames, "codebook": codebook}.items():
            plain = frame.astype(dict.fromkeys(frame.columns[frame.dtypes.eq("boolean")], "object"))
            plain.to_sql(name, base, index=False)
    return [place]


FORMATS: dict[str, Callable[[Frames, pd.DataFrame, Path], list[Path]]] = {
    "csv": write_csv,
    "xlsx": write_xlsx,
    "parquet": write_parquet,
    "duckdb": write_duckdb,
    "sqlite": write_sqlite,
}


def _csv(frame: pd.DataFrame, place: Path) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(place, index=False, lineterminator="\n")
    return place


def _parquet(frame: pd.DataFrame, codebook: pd.DataFrame, name: str, out: Path) -> Path:
    told = codebook[codebook["panel"].eq(name)].set_index("column")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    fields = [
        field.with_metadata(
            {"description": told.loc[field.name, "meaning"], "unit": told.loc[field.name, "unit"]}
        )
        for field in table.schema
    ]
    place = out / "parquet" / f"{name}.parquet"
    place.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.cast(pa.schema(fields, metadata=table.schema.metadata)), place, compression="zstd")
    return place


def _workbook(writer: ModuleType, frame: pd.DataFrame, codebook: pd.DataFrame, name: str, out: Path) -> Path:
    if len(frame) >= _SHEET_ROWS:
        raise MissingFileError(
            f"Panel {name} has more rows than a sheet of Excel holds.", remedy="Choose another format."
        )
    place = out / "xlsx" / f"{name}.xlsx"
    place.parent.mkdir(parents=True, exist_ok=True)
    options = {"constant_memory": True, "strings_to_urls": False, "strings_to_formulas": False}
    with writer.Workbook(str(place), options) as book:
        _sheet(book.add_worksheet("data"), frame)
        _sheet(book.add_worksheet("codebook"), codebook[codebook["panel"].eq(name)])
    return place


def _sheet(sheet: Any, frame: pd.DataFrame) -> None:
    sheet.write_row(0, 0, list(frame.columns))
    columns = [frame[name].astype(object).where(frame[name].notna(), None) for name in frame.columns]
    for number, row in enumerate(zip(*columns, strict=True), start=1):
        sheet.write_row(number, 0, row)


def _fresh(place: Path) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    return place


def _required(module: str, package: str) -> ModuleType:
    from importlib import import_module

    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingFileError(
            f"This format needs {package}, which is not installed.", remedy=_EXTRA
        ) from error
