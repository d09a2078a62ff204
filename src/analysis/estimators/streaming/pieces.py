"""Where files are cut into pieces of whole units, and rows summed to cells where that saves work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from .files import Files, quoted

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")

_CELLS_PAY = 4
"""Rows a cell from which summing rows to cells first is worth the pass it takes."""


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


def _spans(
    files: Files, view: str, column: str, paths: Sequence[str] | None = None
) -> list[tuple[int, int, int]] | None:
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
