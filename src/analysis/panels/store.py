"""Panels on disk: deterministic Parquet with a manifest beside it, written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import AlteredFileError, DuplicateKeyError, MissingFileError
from ..paths import policies_dir, processed_dir
from ..sources.registry.files import raw_files, sha256_of


def write_panel(
    name: str,
    frame: pd.DataFrame,
    *,
    keys: list[str],
    inputs: Iterable[str],
    dropped: Mapping[str, int],
    rates: Mapping[str, tuple[str, str, float]] | None = None,
    counts: Mapping[str, int] | None = None,
    directory: Path | None = None,
) -> Path:
    """Write one panel and its manifest; both appear together or neither does.

    Parameters
    ----------
    name : str
        Panel name; the file is ``name.parquet``, the manifest ``name.manifest.json``.
    frame : pandas.DataFrame
        Validated panel, sorted here by `keys`.
    keys : list of str
        Columns that identify a row.
    inputs : iterable of str
        Registered raw paths, or names of panels, the panel was built from.
    dropped : mapping of str to int
        Source rows that did not enter, by reason.
    rates : mapping of str to tuple, optional
        Columns that are ``count / population * base``, as (count, population, base): they are left out of the
        file, named in the manifest, and computed by `load`, to the bit (see `add_rates`).
    counts : mapping of str to int, optional
        Further counts for the manifest, such as rows by the method that matched them.
    directory : pathlib.Path, optional
        Where to write; the processed directory when omitted.

    Raises
    ------
    DuplicateKeyError
        If two rows share the key.
    """
    directory = directory or processed_dir()
    if frame.duplicated(keys).any():
        first = frame.loc[frame.duplicated(keys), keys].iloc[0].to_dict()
        raise DuplicateKeyError(f"Two rows of panel {name} share the key {first}.", where=name)
    frame = frame.sort_values(keys, kind="stable").reset_index(drop=True)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.parquet"
    rates = dict(rates or {})
    temporary = _write_parquet(frame.drop(columns=list(rates)), directory)
    manifest = _manifest(name, frame, keys, inputs, dropped, temporary) | {"rates": rates}
    if counts:
        manifest["counts"] = dict(counts)
    os.replace(temporary, path)
    _write_text(
        directory / f"{name}.manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    )
    return path


def load(name: str) -> pd.DataFrame:
    """Return a committed panel, verified against its manifest, with the rates the manifest names.

    Raises
    ------
    MissingFileError
        If the panel or its manifest is not there.
    AlteredFileError
        If the panel's bytes are not those of the manifest.
    """
    path = processed_dir() / f"{name}.parquet"
    if not path.is_file():
        raise MissingFileError(
            f"Panel {name} is missing.", where=str(path), remedy="Run `make data`, or restore it with git."
        )
    manifest = manifest_of(name)
    if sha256_of(path) != manifest["sha256"]:
        raise AlteredFileError(
            f"Panel {name} is not the one its manifest describes.", where=str(path), remedy="Run `make data`."
        )
    return add_rates(pd.read_parquet(path), manifest.get("rates", {}))[list(manifest["columns"])]


def add_rates(frame: pd.DataFrame, rates: Mapping[str, tuple[str, str, float]]) -> pd.DataFrame:
    """Return `frame` with rates: count / population * base, missing where the population is missing or zero.

    Parameters
    ----------
    frame : pandas.DataFrame
        Counts and populations.
    rates : mapping of str to tuple
        New column to (count, population, base), e.g. ``("homicide", "population", 1e5)``.
    """
    columns = {}
    for name, (count, population, base) in rates.items():
        people = frame[population].where(frame[population] > 0).astype("float64")
        columns[name] = frame[count].astype("float64") / people * base
    return frame.assign(**columns)


def manifest_of(name: str) -> dict:
    """Return a panel's manifest: keys, rows, rows a year, dropped by reason, inputs with hashes, SHA-256."""
    path = processed_dir() / f"{name}.manifest.json"
    if not path.is_file():
        raise MissingFileError(
            f"The manifest of panel {name} is missing.", where=str(path), remedy="Run `make data`."
        )
    return json.loads(path.read_text("utf-8"))


def _write_parquet(frame: pd.DataFrame, directory: Path) -> str:
    handle, temporary = tempfile.mkstemp(dir=directory, suffix=".parquet.part")
    os.close(handle)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table, temporary, compression="zstd", compression_level=9, version="2.6")
    os.chmod(temporary, 0o644)
    return temporary


def _manifest(name, frame, keys, inputs, dropped, parquet) -> dict:
    return {
        "panel": name,
        "keys": keys,
        "rows": len(frame),
        "rows_by_year": _rows_by_year(frame),
        "columns": {column: str(dtype) for column, dtype in frame.dtypes.items()},
        "dropped": dict(sorted(dropped.items())),
        "inputs": {path: _input_hash(path) for path in sorted(set(inputs))},
        "sha256": sha256_of(Path(parquet)),
    }


def _rows_by_year(frame: pd.DataFrame) -> dict[str, int]:
    if "year" not in frame:
        return {}
    return {str(year): int(count) for year, count in frame["year"].value_counts().sort_index().items()}


def _input_hash(path: str) -> str:
    if path.startswith("data/policies/"):
        return sha256_of(policies_dir() / path.removeprefix("data/policies/"))
    registered = raw_files().get(path)
    return registered.sha256 if registered else "panel of this project"


def _write_text(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text, "utf-8")
    os.replace(part, path)
