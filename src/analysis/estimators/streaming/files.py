"""Parquet files through DuckDB: rows checked and counted, then read in pieces that hold whole units."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ColumnError, EstimationError, NotIdentifiedError

Dataset = str | Path | Sequence[str | Path]

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BOOLEAN")
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
_VECTOR = 2048
"""Rows of a vector of DuckDB."""

_CELLS_PAY = 4
"""Rows a cell from which summing rows to cells first is worth the pass it takes."""


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
        return self.connection.execute(f"SELECT DISTINCT {names} FROM {self.table} ORDER BY ALL").df()

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
    columns = [f"{double(name)} AS {quoted('number ' + name)}" for name in wanted.numeric]
    columns += [quoted(name) for name in dict.fromkeys([*wanted.labels, *also])]
    files.connection.execute(
        f"CREATE VIEW complete AS SELECT {', '.join(columns)} FROM given WHERE NOT ({before})"
    )


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


def main_group(files: Files) -> int | None:
    """Return which group of labels has most levels, by an approximate count; None without any."""
    groups = files.wanted.groups
    if len(groups) < 2:
        return 0 if groups else None
    counts = ", ".join(f"approx_count_distinct(hash({_joined(group)}))" for group in groups)
    return int(np.argmax(files.rows(f"SELECT {counts} FROM {files.table}")[0]))


def _joined(names: Sequence[str]) -> str:
    return ", ".join(quoted(name) for name in names)


def sum_to_cells(files: Files) -> bool:
    """Sum rows to cells of equal regressors and labels where that saves work; return whether it did.

    A cell keeps its weight, the weighted mean of the outcome, its rows and the squares about the mean: all
    that coefficients, cluster scores and residual squares need.
    """
    outcome, weights = quoted("number " + files.wanted.numbers[0]), files.wanted.weights
    cell = [
        quoted("number " + n) for n in files.wanted.numeric if n not in (files.wanted.numbers[0], weights)
    ]
    cell += [quoted(name) for name in files.wanted.labels]
    if not cell:
        return False
    cells = files.rows(f"SELECT approx_count_distinct(hash({', '.join(cell)})) FROM {files.table}")[0][0]
    if cells * _CELLS_PAY > files.used:
        return False
    if weights is None:
        sums = (
            f"count(*)::DOUBLE AS weight, avg({outcome}) AS mean_, count(*)::DOUBLE AS rows_, "
            f"var_pop({outcome}) * count(*) AS within"
        )
    else:
        w = quoted("number " + weights)
        sums = (
            f"sum({w}) AS weight, sum({w} * {outcome}) / sum({w}) AS mean_, count(*)::DOUBLE AS rows_, "
            f"sum({w} * {outcome} * {outcome}) - sum({w} * {outcome}) ** 2 / sum({w}) AS within"
        )
    files.connection.execute(
        f"CREATE TABLE cells AS SELECT {', '.join(cell)}, {sums} FROM {files.table} GROUP BY ALL"
    )
    files.connection.execute(f"CREATE VIEW summed AS SELECT * RENAME (mean_ AS {outcome}) FROM cells")
    files.table = "summed"
    return True


def cut(files: Files, group: Sequence[str]) -> None:
    """Set where pieces are cut, so that each holds whole levels of `group`.

    Files sorted by one whole-number column are read as they are; others are sorted first, on disk.
    """
    files.key = quoted(group[0]) if len(group) == 1 and files.types[group[0]] in _WHOLE else None
    spans = _spans(files, "given", group[0]) if files.key and files.table in ("complete", "kept") else None
    if spans is None:
        spans = _sorted_copy(files, group)
    files.cuts = list(_cuts(spans, files.settings.rows))


def _sorted_copy(files: Files, group: Sequence[str]) -> list[tuple[int, int, int]]:
    key = files.key or f"hash({_joined(group)})"
    path = files.folder / "sorted.parquet"
    files.connection.execute(
        f"COPY (SELECT *, {key} AS key_ FROM {files.table} ORDER BY key_) TO '{path}' (FORMAT parquet)"
    )
    files.connection.execute(
        f"CREATE VIEW sorted AS SELECT * EXCLUDE (key_), key_ FROM read_parquet('{path}')"
    )
    files.table, files.key = "sorted", "key_"
    spans = _spans(files, "sorted", "key_", [str(path)])
    assert spans is not None
    return spans


def _spans(files: Files, view: str, column: str, paths: Sequence[str] | None = None):
    """Return lowest, highest value and rows of each row group, or None when they overlap or are unknown."""
    paths = files.paths if paths is None else paths
    named = column.replace("'", "''")
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    found = files.rows(
        "SELECT TRY_CAST(stats_min_value AS HUGEINT), TRY_CAST(stats_max_value AS HUGEINT), "
        f"row_group_num_rows FROM parquet_metadata([{listed}]) WHERE path_in_schema = '{named}' "
        "ORDER BY 1, 2"
    )
    if any(low is None or high is None for low, high, _ in found):
        return None
    overlap = any(a[1] > b[0] for a, b in pairwise(found))
    return None if overlap and view == "given" else found


def _cuts(spans: Sequence[tuple[int, int, int]], rows: int) -> Iterator[tuple[int, int]]:
    start, held = spans[0][0], 0
    for (_, _, count), (following, _, _) in pairwise(spans):
        held += count
        if held >= rows and following > start:
            yield start, following
            start, held = following, 0
    yield start, spans[-1][1] + 1
