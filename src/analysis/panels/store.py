"""Panels on disk: deterministic Parquet with a manifest beside it, listed by digest, replaced all at once."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import AlteredFileError, AnalysisError, DuplicateKeyError, MissingFileError
from ..paths import policies_dir, processed_dir
from ..placing import put_in_place, staging, write_text
from ..sources.registry.files import raw_files, sha256_of
from .basis import basis_of, with_basis
from .manifests import read_manifest, require_as_described
from .rates import Rate, rates_of
from .reads import note
from .sums import read_sums, require_listed, write_sums

#: Inputs that are committed files of the list of dated policies begin like this.
_POLICIES = "data/policies/"


def write_panel(
    name: str,
    frame: pd.DataFrame,
    *,
    keys: list[str],
    inputs: Iterable[str],
    dropped: Mapping[str, int],
    counts: Mapping[str, int] | None = None,
    directory: Path | None = None,
) -> Path:
    """Write one panel, its manifest and its digests.

    Parameters
    ----------
    name : str
        Panel name; the file is ``name.parquet``, the manifest ``name.manifest.json``.
    frame : pandas.DataFrame
        Validated panel, sorted here by `keys`. The rates of `analysis.panels.rates` are left out of the file
        and computed by `load`, to the bit.
    keys : list of str
        Columns that identify a row.
    inputs : iterable of str
        Registered raw paths, or names of panels in `directory`, the panel was built from.
    dropped : mapping of str to int
        Source rows that did not enter, by reason.
    counts : mapping of str to int, optional
        Further counts for the manifest, such as rows by the method that matched them.
    directory : pathlib.Path, optional
        Where to write; the processed directory when omitted. Killed on the way, it holds a panel that `load`
        refuses: to replace panels all at once, write into the folder that `replacing` gives.

    Raises
    ------
    DuplicateKeyError
        If two rows share the key.
    MissingFileError
        If an input is neither a registered file nor a panel of the directory.
    AnalysisError
        If an input may not be passed on and no basis is written for what is taken of it.
    """
    directory = directory or processed_dir()
    if frame.duplicated(keys).any():
        first = frame.loc[frame.duplicated(keys), keys].iloc[0].to_dict()
        raise DuplicateKeyError(f"Two rows of panel {name} share the key {first}.", where=name)
    frame = frame.sort_values(keys, kind="stable").reset_index(drop=True)
    directory.mkdir(parents=True, exist_ok=True)
    hashes = {each: input_hash(each, directory) for each in sorted(set(inputs))}
    basis = basis_of(name, hashes, directory)
    temporary = _write_parquet(frame.drop(columns=list(rates_of(name))), directory)
    manifest = _manifest(name, frame, keys, hashes, dropped, temporary)
    if counts:
        manifest["counts"] = dict(counts)
    manifest = with_basis(manifest, basis)
    path = directory / f"{name}.parquet"
    os.replace(temporary, path)
    write_text(manifest_path(name, directory), json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    write_sums(directory, [path.name, f"{name}.manifest.json"])
    return path


def load(name: str, *, of_today: bool = True) -> pd.DataFrame:
    """Return a committed panel, verified, with the rates of `analysis.panels.rates`.

    Parameters
    ----------
    name : str
        Panel name.
    of_today : bool, default True
        Whether the panels it was made of must be those that are there.

    Raises
    ------
    MissingFileError
        If the panel, its manifest or the list of digests is not there.
    AlteredFileError
        If the panel or its manifest is not the listed one, if rows, columns or types are not those of the
        manifest, or if it was made of other panels than those that are there.
    """
    directory = processed_dir()
    path = directory / f"{name}.parquet"
    if not path.is_file():
        raise MissingFileError(
            f"Panel {name} is missing.", where=str(path), remedy="Run `make data`, or restore it with git."
        )
    sums = read_sums(directory)
    require_listed(path, sums)
    manifest = manifest_of(name)
    require_listed(manifest_path(name, directory), sums)
    if of_today:
        require_made_of_today(manifest, sums)
    frame = _in_order(add_rates(pd.read_parquet(path), rates_of(name)), manifest)
    require_as_described(frame, manifest, path)
    return frame


def require_made_of_today(manifest: Mapping[str, Any], sums: Mapping[str, str]) -> None:
    """Raise AlteredFileError if a panel was made of other panels than the listed ones."""
    for each, digest in manifest["inputs"].items():
        if "/" not in each and sums.get(f"{each}.parquet") != digest:
            raise AlteredFileError(
                f"Panel {manifest['panel']} was made of another {each} than the one that is there.",
                where=f"{manifest['panel']}.manifest.json",
                remedy="Run `make data` (or `make multiverse`, if it is named so), or restore with git.",
            )


def require_made_of_sources(manifest: Mapping[str, Any]) -> None:
    """Raise AlteredFileError if a panel was made of other published files than the registered ones."""
    directory = processed_dir()
    for each, digest in manifest["inputs"].items():
        if "/" in each and input_hash(each, directory) != digest:
            raise AlteredFileError(
                f"Panel {manifest['panel']} was made of another {each} than the registered one.",
                where=f"{manifest['panel']}.manifest.json",
                remedy="Run `make data`.",
            )


@contextmanager
def replacing(directory: Path | None = None, tell: Callable[[str], None] | None = None) -> Iterator[Path]:
    """Give a copy of the panels directory to write panels into; at the end it takes the directory's place.

    All panels are replaced in one step, or none: when the body raises, or the process is killed, the
    directory is as it was. The list of digests is that of the panels written, others keep their lines.

    Parameters
    ----------
    directory : pathlib.Path, optional
        The processed directory when omitted.
    tell : callable, optional
        Called with a sentence for each leftover of an interrupted run that is removed.

    Raises
    ------
    AnalysisError
        If another run is replacing them.
    """
    directory = directory or processed_dir()
    with staging(directory, "making", tell) as aside:
        stage = aside / "making"
        stage.mkdir()
        for each in directory.iterdir() if directory.is_dir() else ():
            if not each.is_file():
                raise AnalysisError(
                    "A folder stands among the panels, which are replaced as a whole.",
                    where=str(each),
                    remedy="Move it elsewhere.",
                )
            _link(each, stage / each.name)
        yield stage
        put_in_place(stage, directory)


def add_rates(frame: pd.DataFrame, rates: Mapping[str, Rate]) -> pd.DataFrame:
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


def manifest_path(name: str, directory: Path | None = None) -> Path:
    """Return where a panel's manifest stands."""
    return (directory or processed_dir()) / f"{name}.manifest.json"


def manifest_of(name: str) -> dict[str, Any]:
    """Return a panel's manifest: what the committed file holds and what it was made from.

    Parameters
    ----------
    name : str
        Panel name.

    Returns
    -------
    dict
        ``keys``, ``columns``, ``rows``, ``rows_by_year``, ``dropped`` (rows of the sources by reason),
        ``inputs`` (files and panels with their digests) and the SHA-256 of the file.

    Raises
    ------
    MissingFileError, AlteredFileError
        If it is not there, or damaged.

    Examples
    --------
    >>> manifest_of("city_year")["keys"]
    ['ori', 'year']
    """
    note(name)
    return read_manifest(manifest_path(name), name)


def input_hash(each: str, directory: Path) -> str:
    """Return the SHA-256 of an input: registered for a raw file, as it stands for a panel or policy list.

    Raises
    ------
    MissingFileError
        If it is neither.
    """
    if registered := raw_files().get(each):
        return registered.sha256
    if each.startswith(_POLICIES):
        path = policies_dir() / each.removeprefix(_POLICIES)
    else:
        path = directory / f"{each}.parquet"
    if not path.is_file():
        raise MissingFileError(
            f"{each} is neither a registered file nor a panel.", where=str(path), remedy="Run `make data`."
        )
    return sha256_of(path)


def _link(path: Path, other: Path) -> None:
    try:
        os.link(path, other)
    except OSError:  # file systems without hard links
        shutil.copy2(path, other)


def _in_order(frame: pd.DataFrame, manifest: Mapping[str, Any]) -> pd.DataFrame:
    """Return the columns as the manifest orders them, if they are the same."""
    names = list(manifest["columns"])
    return frame[names] if set(names) == set(frame.columns) and len(names) == frame.shape[1] else frame


def _write_parquet(frame: pd.DataFrame, directory: Path) -> str:
    handle, temporary = tempfile.mkstemp(dir=directory, suffix=".parquet.part")
    os.close(handle)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table, temporary, compression="zstd", compression_level=9, version="2.6")
    os.chmod(temporary, 0o644)
    return temporary


def _manifest(
    name: str,
    frame: pd.DataFrame,
    keys: list[str],
    hashes: dict[str, str],
    dropped: Mapping[str, int],
    parquet: str,
) -> dict[str, Any]:
    return {
        "panel": name,
        "keys": keys,
        "rows": len(frame),
        "rows_by_year": _rows_by_year(frame),
        "columns": {column: str(dtype) for column, dtype in frame.dtypes.items()},
        "dropped": dict(sorted(dropped.items())),
        "inputs": hashes,
        "sha256": sha256_of(Path(parquet)),
    }


def _rows_by_year(frame: pd.DataFrame) -> dict[str, int]:
    if "year" not in frame:
        return {}
    return {str(year): int(count) for year, count in frame["year"].value_counts().sort_index().items()}
