"""Parquet files through DuckDB: rows checked and counted, then read in pieces that hold whole units."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import ColumnError, EstimationError, NotIdentifiedError

Dataset = str | Path | Sequence[str | Path]

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BOOLEAN")
_VECTOR = 2048
"""Rows of a vector of DuckDB."""


@dataclass(frozen=True)
class Settings:
    """How files are read: memory of DuckDB, threads, rows a piece, folder for sorted copies."""

    memory: str = "800MB"
    threads: int | None = None
    rows: int = 500_000
    scratch: str | Path | None = None


@dataclass(frozen=True)
class Wanted:
    """The columns of a model: numbers (outcome first), groups of label columns, and what weighs."""

    numbers: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    cluster: str | None = None
    weights: str | None = None
    offset: str | None = None

    @property
    def numeric(self) -> list[str]:
        """Every column that must hold numbers."""
        extra = [name for name in (self.weights, self.offset) if name is not None]
        return list(dict.fromkeys([*self.numbers, *extra]))

    @property
    def labels(self) -> list[str]:
        """Every column of labels."""
        own = [name for group in self.groups for name in group]
        return list(dict.fromkeys([*own, *([self.cluster] if self.cluster else [])]))


@dataclass
class Files:
    """An open data set: its complete rows as a view, what was dropped, where pieces are cut."""

    connection: Any
    wanted: Wanted
    settings: Settings
    folder: Path
    paths: list[str]
    types: dict[str, str]
    given: int = 0
    used: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    table: str = "complete"
    key: str | None = None
    cuts: list[tuple[int, int] | None] = field(default_factory=lambda: [None])

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        found: list[tuple[Any, ...]] = self.connection.execute(query).fetchall()
        return found

    def levels(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return the distinct levels of label columns, sorted."""
        names = ", ".join(quoted(name) for name in columns)
        found: pd.DataFrame = self.connection.execute(
            f"SELECT DISTINCT {names} FROM {self.table} ORDER BY ALL"
        ).df()
        return found

    def pieces(self) -> Iterator[pd.DataFrame]:
        """Give the rows piece by piece; a piece holds every row of each level of the key."""
        if self.key is None:
            reader = self.connection.cursor().execute(f"SELECT * FROM {self.table}")
            vectors = -(-self.settings.rows // _VECTOR)
            while len(piece := reader.fetch_df_chunk(vectors)):
                yield piece
            return
        for cut in self.cuts:
            where = "" if cut is None else f" WHERE {self.key} >= {cut[0]} AND {self.key} < {cut[1]}"
            piece = self.connection.execute(f"SELECT * FROM {self.table}{where}").df()
            if len(piece):
                yield piece


def quoted(name: str) -> str:
    """Return a column's name for SQL."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def opened(dataset: Dataset, wanted: Wanted, settings: Settings, also: Sequence[str] = ()) -> Iterator[Files]:
    """Open a data set with its incomplete rows counted by reason; `also` names columns that may be missing.

    Raises
    ------
    ColumnError
        A column is absent, or holds text or infinity where numbers belong.
    EstimationError
        DuckDB is not installed, or there is no such file.
    NotIdentifiedError
        No row is complete.
    """
    try:
        import duckdb
    except ImportError as error:
        raise EstimationError("DuckDB is not installed: pip install duckdb") from error
    paths = _paths(dataset)
    with tempfile.TemporaryDirectory(dir=settings.scratch) as folder, duckdb.connect() as connection:
        connection.execute(f"SET memory_limit='{settings.memory}'")
        connection.execute(f"SET temp_directory='{folder}'")
        connection.execute("SET preserve_insertion_order=false")
        if settings.threads is not None:
            connection.execute(f"SET threads={int(settings.threads)}")
        relation = connection.read_parquet(paths)
        types = dict(zip(relation.columns, map(str, relation.types), strict=True))
        relation.create_view("given")
        files = Files(connection, wanted, settings, Path(folder), paths, types)
        _require(files, also)
        _count(files, also)
        yield files


def _paths(dataset: Dataset) -> list[str]:
    given = [dataset] if isinstance(dataset, str | Path) else list(dataset)
    paths: list[str] = []
    for each in given:
        place = Path(each)
        found = sorted(place.rglob("*.parquet")) if place.is_dir() else sorted(place.parent.glob(place.name))
        paths += [str(path) for path in found]
    if not paths:
        raise EstimationError(f"no Parquet file at {[str(each) for each in given]}: name files or a folder")
    return paths


def _require(files: Files, also: Sequence[str]) -> None:
    named = [*files.wanted.numeric, *files.wanted.labels, *also]
    if absent := [name for name in named if name not in files.types]:
        raise ColumnError(f"no column {absent}; the data has {list(files.types)[:30]}")
    for name in files.wanted.numeric:
        if not files.types[name].startswith((*_NUMBERS, "U")):
            raise ColumnError(f"column {name!r} holds {files.types[name]}, not numbers: convert it first")


def _count(files: Files, also: Sequence[str]) -> None:
    """Count rows by the first reason to leave them out, and make the view of the others."""
    wanted = files.wanted
    reasons = {
        f"missing {name}": f"({quoted(name)} IS NULL OR isnan({double(name)}))" for name in wanted.numeric
    }
    reasons |= {
        f"missing {name}": _absent(files, name) for name in wanted.labels if name not in wanted.numeric
    }
    if wanted.weights is not None:
        reasons[f"zero {wanted.weights}"] = f"{double(wanted.weights)} = 0"
    selected, before = ["count(*)"], "false"
    for test in reasons.values():
        selected.append(f"count(*) FILTER (WHERE ({test}) AND NOT ({before}))")
        before = f"{before} OR coalesce({test}, false)"
    selected += [f"count(*) FILTER (WHERE isinf({double(name)}))" for name in wanted.numeric]
    if wanted.weights is not None:
        selected.append(f"min({double(wanted.weights)})")
    found = list(files.rows(f"SELECT {', '.join(selected)} FROM given")[0])
    files.given, counts = found[0], found[1 : 1 + len(reasons)]
    infinite = found[1 + len(reasons) : 1 + len(reasons) + len(wanted.numeric)]
    for name, count in zip(wanted.numeric, infinite, strict=True):
        if count:
            raise ColumnError(f"column {name!r} holds {count} infinite values: drop or correct them")
    if wanted.weights is not None and found[-1] is not None and found[-1] < 0:
        raise ColumnError(f"column {wanted.weights!r} holds negative weights")
    files.dropped = {reason: count for reason, count in zip(reasons, counts, strict=True) if count}
    files.used = files.given - sum(files.dropped.values())
    if not files.used:
        raise NotIdentifiedError(f"no complete row: dropped {files.dropped} of {files.given} rows")
    _keep(files, also, f"NOT ({before})")


def _keep(files: Files, also: Sequence[str], where: str) -> None:
    wanted = files.wanted
    columns = [f"{double(name)} AS {quoted('number ' + name)}" for name in wanted.numeric]
    columns += [quoted(name) for name in dict.fromkeys([*wanted.labels, *also])]
    files.connection.execute(f"CREATE VIEW complete AS SELECT {', '.join(columns)} FROM given WHERE {where}")


def double(name: str) -> str:
    """Return a column as a double for SQL."""
    return f"CAST({quoted(name)} AS DOUBLE)"


def _absent(files: Files, name: str) -> str:
    test = f"{quoted(name)} IS NULL"
    return f"({test} OR isnan({quoted(name)}))" if files.types[name] in ("FLOAT", "DOUBLE") else test


def drop_levels(files: Files, *, singletons: bool, zeros: bool) -> None:
    """Leave out rows alone in a level of an effect, and levels of zero outcomes only, until none is left."""
    groups = files.wanted.groups
    if not groups or not (singletons or zeros):
        return
    for i, group in enumerate(groups):
        names = ", ".join(f"{quoted(name)} {files.types[name]}" for name in group)
        files.connection.execute(f"CREATE TABLE gone_{i} ({names})")
    while True:
        found = 0
        if zeros:
            found += _mark(files, f"sum({quoted('number ' + files.wanted.numbers[0])}) = 0", "all-zero group")
        if singletons and not found:
            found += _mark(files, "count(*) = 1", "singleton")
        if not found:
            return
        if not files.used:
            raise NotIdentifiedError(f"no row is left: dropped {files.dropped} of {files.given} rows")


def _mark(files: Files, having: str, reason: str) -> int:
    lost = 0
    for i, group in enumerate(files.wanted.groups):
        names = ", ".join(quoted(name) for name in group)
        files.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE found AS SELECT {names}, count(*) AS rows_ FROM {files.table} "
            f"GROUP BY {names} HAVING {having}"
        )
        rows = files.rows("SELECT coalesce(sum(rows_), 0) FROM found")[0][0]
        if not rows:
            continue
        lost += int(rows)
        files.dropped[reason] = files.dropped.get(reason, 0) + int(rows)
        files.used -= int(rows)
        files.connection.execute(f"INSERT INTO gone_{i} SELECT {names} FROM found")
        joins = " ".join(
            f"ANTI JOIN gone_{j} USING ({', '.join(quoted(n) for n in other)})"
            for j, other in enumerate(files.wanted.groups)
        )
        files.connection.execute(f"CREATE OR REPLACE VIEW kept AS SELECT * FROM complete {joins}")
        files.table = "kept"
    return lost
