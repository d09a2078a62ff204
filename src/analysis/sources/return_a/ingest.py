"""Master files to a Parquet dataset by year, in bounded memory, on one machine or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset
import pyarrow.parquet as pq

from ...errors import AnalysisError
from ...placing import put_in_place, staging
from ...spreadsheets import without_formulas
from . import layout
from .checks import LOOKED_AT
from .decoding import engine
from .dictionary import dictionary
from .framing import Source
from .reading import Ledger, Piece, bar, damaged_frame, ledger_frame, pieces, sources_of

#: Folders of a dataset.
YEARS, MONTHS = "agency_year", "agency_month"


@dataclass(frozen=True)
class Ingested:
    """What `ingest` wrote.

    Attributes
    ----------
    directory : pathlib.Path
        The dataset: ``agency_year/year=YYYY/*.parquet``, ``agency_month/year=YYYY/*.parquet``, and
        ``ledger.csv``, ``damaged.csv``, ``dictionary.csv``.
    ledger, damaged : pandas.DataFrame
        As in `analysis.sources.return_a.Reading`.
    """

    directory: Path
    ledger: pd.DataFrame
    damaged: pd.DataFrame


def ingest(
    paths: str | Path | Iterable[str | Path],
    directory: str | Path,
    *,
    jobs: int = 2,
    decoder: str = "auto",
    progress: bool = False,
    overwrite: bool = False,
    client: Any = None,
    tell: Callable[[str], None] | None = None,
) -> Ingested:
    """Write master files as a Parquet dataset that is read back lazily, year by year.

    Parameters
    ----------
    paths : path or iterable of paths
        Files, plain or zipped, of any years.
    directory : path
        Where the dataset goes; it appears whole, at the end, or not at all.
    jobs : int, optional
        Threads on this machine. The bytes written depend neither on it nor on `client`.
    decoder : str, optional
        One of `analysis.sources.return_a.decoding.ENGINES`.
    progress : bool, optional
        Show a bar of bytes read.
    overwrite : bool, optional
        Replace a dataset that is there.
    client : dask.distributed.Client, optional
        Run one task a file on its workers, which must see the same file system.
    tell : callable, optional
        Called with a sentence for each leftover of an interrupted run that is removed.

    Returns
    -------
    Ingested
        Every record is read or set aside: ``ledger.read + ledger.set_aside == ledger.records``.

    Raises
    ------
    AnalysisError
        If something is at `directory` and `overwrite` is false, or another run is writing there.
    MissingFileError, LayoutError
        As `read_agency_years`; nothing is written then.
    """
    directory, sources = Path(directory), sources_of(paths)
    _require_free(directory, overwrite)
    engine(decoder)
    with staging(directory, "ingesting", tell) as aside:
        _require_free(directory, overwrite)
        making = aside / "making"
        making.mkdir()
        with bar(sources, progress) as shown:
            if client is None:
                ledgers = [_ingest_source(each, making, jobs, decoder, shown.update) for each in sources]
            else:
                ledgers = list(_on_cluster(client, sources, making, decoder, shown))
        done = Ingested(directory, ledger_frame(ledgers), damaged_frame(ledgers))
        _write_tables(done, making)
        _require_as_counted(done.ledger, making)
        put_in_place(making, directory)
    return done


def _ingest_source(
    source: Source, making: Path, jobs: int, decoder: str, advance: Callable[[int], object] | None = None
) -> Ledger:
    ledger = Ledger(source)
    for piece in pieces(
        source, months=True, jobs=jobs, decoder=engine(decoder), then=_Writer(source, making)
    ):
        ledger.add(piece)
        if advance:
            advance(piece.bytes)
    ledger.require_readable()
    return ledger


def _on_cluster(
    client: Any, sources: list[Source], making: Path, decoder: str, shown: Any
) -> Iterator[Ledger]:
    tasks = [client.submit(_ingest_source, each, making, 1, decoder, pure=False) for each in sources]
    for source, task in zip(sources, tasks, strict=True):
        yield task.result()
        shown.update(source.bytes)


@dataclass(frozen=True)
class _Writer:
    """Writes a piece's tables, one file a year and chunk, and keeps only what is to be counted."""

    source: Source
    directory: Path

    def __call__(self, piece: Piece) -> Piece:
        for folder, table in ((YEARS, piece.years), (MONTHS, piece.months)):
            for year, part in _by_year(table):
                place = self.directory / folder / f"year={year}"
                place.mkdir(parents=True, exist_ok=True)
                _write(part, place / f"{self.source.part}-{piece.number:05d}.parquet")
        return Piece(piece.number, piece.bytes, piece.years.select(LOOKED_AT), None, piece.damages)


def _by_year(table: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    years = table["year"].to_numpy()
    rest = table.drop_columns("year")
    found = np.unique(years)
    for year in found:
        yield int(year), rest if len(found) == 1 else rest.filter(pc.equal(table["year"], pa.scalar(year)))


def _write(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd", compression_level=1, version="2.6")


def _write_tables(done: Ingested, making: Path) -> None:
    without_formulas(done.ledger).to_csv(making / "ledger.csv", index=False)
    without_formulas(done.damaged).to_csv(making / "damaged.csv", index=False)
    dictionary().to_csv(making / "dictionary.csv", index=False)


def _require_free(directory: Path, overwrite: bool) -> None:
    taken = directory.is_dir() and any(directory.iterdir())
    if directory.is_file() or (taken and not (overwrite and (directory / "ledger.csv").is_file())):
        raise AnalysisError(
            "Something is already there.",
            where=str(directory),
            remedy="Name another directory, or ask to overwrite a dataset made earlier.",
        )


def _require_as_counted(ledger: pd.DataFrame, making: Path) -> None:
    """Count the rows of the written data set as its readers find them; raise AnalysisError if any is lost."""
    for folder, each in ((YEARS, 1), (MONTHS, layout.MONTHS)):
        wanted = int(ledger["read"].sum()) * each
        found = pyarrow.dataset.dataset(making / folder, format="parquet", partitioning="hive").count_rows()
        if found != wanted:
            raise AnalysisError(
                f"The data set holds {found:,} rows in {folder}, not the {wanted:,} that were read.",
                where=str(making),
                remedy="This is a defect of the program: report it. Nothing was put in place.",
            )
