"""Whole tables as CSV and JSON at addresses that stay: policies, specifications, estimates and others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from ...errors import MissingFileError
from ...panels import load
from ...studies.multiverse import study as multiverse
from ...studies.paper import exhibits, headline
from ..explorer.compact import dumped, records
from ..explorer.detainers import PANEL


def write_tables(directory: Path) -> list[str]:
    """Write every table as ``name.csv`` and ``name.json``; return the names."""
    directory.mkdir(parents=True, exist_ok=True)
    names = []
    for name, frame in tables():
        (directory / f"{name}.csv").write_text(frame.to_csv(index=False, lineterminator="\n"), "utf-8")
        (directory / f"{name}.json").write_text(dumped(records(frame)) + "\n", "utf-8")
        names.append(name)
    return names


def tables() -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the name and rows of every table."""
    yield "policies", load("policy_rows")
    yield "policies_by_definition", load("policies")
    yield "series_breaks", load("series_breaks")
    yield "specifications", multiverse.admitted(multiverse.results())
    yield "estimates", headline.table()
    lines = {
        name: line.rename("power").rename_axis("effect") for name, line in exhibits.power_curves().items()
    }
    yield "power", pd.concat(lines, names=["design"]).reset_index()
    try:
        panel = load(PANEL)
    except MissingFileError:
        return
    counts = panel.drop(columns=["fips", "year"]).fillna(0).sum(axis=1)
    yield "detainers", panel[counts.gt(0)]
