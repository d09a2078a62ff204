"""County offenses 2000-2012: NACJD's fixed-width "Crimes Reported" part of the county-level UCR files.

The archive's series is *County-Level Detailed Arrest and Offense Data*; record layout and studies stand in
``layouts/``. NACJD completes the reports: three to eleven months are scaled to twelve, fewer are replaced by
rates of complete agencies of the same state and size, so that every count here is partly an estimate (Maltz
and Targonski 2002, Journal of Quantitative Criminology 18(3)). Names therefore end in ``_imputed``.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

from ...errors import LayoutError
from .. import layouts
from ..registry.files import locate
from ..registry.totals import reader
from .checks import as_integers, require_between, require_unique

_DIGITS = r"[0-9]+(\.[0-9]+)?|\.[0-9]+"
#: Offense columns, in the order of the record.
OFFENSES = [
    "homicide",
    "rape_legacy",
    "robbery",
    "aggravated_assault",
    "burglary",
    "larceny",
    "motor_vehicle_theft",
    "arson",
]
#: The five counties of New York City: one police department, whose total is shared out by population.
BOROUGHS = ("36005", "36047", "36061", "36081", "36085")
#: First year in which the index fields hold violent and property crimes.
INDEX_CHANGE = 2009
#: First year in which agencies of Illinois other than the largest cities are in the file.
ILLINOIS_COMPLETE = 2008
#: States and years whose rapes the FBI calls not comparable: state FIPS, first and last year. The caveats of
#: the FBI's state estimates say so of Illinois 1985-2013 and of Minnesota from 2005 (largest cities apart).
RAPE_NOT_COMPARABLE = (("17", 1985, 2013), ("27", 2005, 2015))


@cache
def layout() -> tuple[tuple[str, int, bool], ...]:
    """Return the record's fields in order: name, width, whether it may be blank."""
    text = files(layouts).joinpath("icpsr_county.csv").read_text("utf-8")
    return tuple(
        (r["field"], int(r["width"]), r["blank_allowed"] == "yes") for r in csv.DictReader(text.splitlines())
    )


@cache
def studies() -> dict[int, dict[str, str]]:
    """Return by year: study number, what the study field prints, number of records."""
    text = files(layouts).joinpath("icpsr_county_studies.csv").read_text("utf-8")
    return {int(r["year"]): r for r in csv.DictReader(text.splitlines())}


def path_of(year: int) -> str:
    """Return the registered path of a year's file.

    Raises
    ------
    LayoutError
        If no study covers the year.
    """
    if year not in studies():
        raise LayoutError(f"No county study of {year}.", where="icpsr_county", remedy="Years are 2000-2012.")
    return f"icpsr_county/{studies()[year]['study']}-0004-Data.txt"


@reader("county.icpsr.read_year", "icpsr_county")
def read_year(year: int) -> pd.DataFrame:
    """Return one year's records as published, after the checks of `parse`."""
    path = path_of(year)
    return parse(locate(path).read_bytes(), year, path)


def parse(content: bytes, year: int, where: str) -> pd.DataFrame:
    """Return the records of one file: one row a county (or statewide agency), nothing recoded.

    Raises
    ------
    LayoutError
        A record of another length, a blank or letter in a number, the wrong part, study or number of records.
    ImpossibleValueError
        A negative count or a coverage outside 0 to 100.
    DuplicateKeyError
        A county twice.
    """
    frame = _decode(content, where)
    _require_study(frame, year, where)
    frame.insert(0, "fips", _county_code(frame))
    frame.insert(1, "year", year)
    require_unique(frame, ["fips"], where)
    bounds = dict.fromkeys([*OFFENSES, "population_covered", "agencies"], (0.0, 2e7))
    require_between(frame, {"coverage": (0.0, 100.0), **bounds}, where)
    counts = [*OFFENSES, "index", "modified_index", "population_covered", "agencies"]
    return as_integers(frame, counts, where)


def read_published() -> pd.DataFrame:
    """Return 2000-2012 as published: zeros that stand for no data included."""
    return pd.concat([read_year(year) for year in studies()], ignore_index=True)


def read() -> pd.DataFrame:
    """Return 2000-2012 with every known defect of the series handled; see `handle_defects`."""
    return handle_defects(read_published())


def handle_defects(frame: pd.DataFrame) -> pd.DataFrame:
    """Apply, in order, the functions below; no row is dropped.

    Returns
    -------
    pandas.DataFrame
        ``fips, year, is_statewide_agency, population_covered, agencies, coverage`` (percent), the offenses
        with suffix ``_imputed``, the four index columns, and the flags ``is_partly_imputed``,
        ``is_borough_share``, ``is_illinois_before_2008``.
    """
    steps = (
        split_index,
        flag_statewide,
        flag_boroughs,
        flag_illinois,
        blank_uncovered,
        blank_rape,
        blank_september_11,
        flag_imputed,
    )
    for step in steps:
        frame = step(frame)
    first = ["fips", "year", "is_statewide_agency", "population_covered", "agencies", "coverage"]
    indices = ["part1_index", "part1_modified_index", "violent_index", "property_index"]
    flags = ["is_partly_imputed", "is_borough_share", "is_illinois_before_2008"]
    renamed = frame.rename(columns={name: f"{name}_imputed" for name in OFFENSES})
    return renamed[[*first, *[f"{name}_imputed" for name in OFFENSES], *indices, *flags]]


def split_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Give INDEX and MODINDX the names of what they hold: they change meaning in 2009.

    Before, INDEX is the seven Part I offenses and MODINDX adds arson; from 2009 they are violent and property
    crimes. Each column is missing in the years when the file does not hold it.
    """
    later = frame["year"] >= INDEX_CHANGE
    pairs = {
        "index": ("part1_index", "violent_index"),
        "modified_index": ("part1_modified_index", "property_index"),
    }
    new = {}
    for old, (before, after) in pairs.items():
        new[before], new[after] = frame[old].mask(later), frame[old].where(later)
    return frame.drop(columns=list(pairs)).assign(**new)


def flag_statewide(frame: pd.DataFrame) -> pd.DataFrame:
    """Mark agencies of a whole state (county codes 777 and 999), which belong to no county."""
    return frame.assign(is_statewide_agency=frame["fips"].str[2:].isin(["777", "999"]))


def flag_boroughs(frame: pd.DataFrame) -> pd.DataFrame:
    """Mark New York's five counties: shares of one total, the same mix of offenses in each."""
    return frame.assign(is_borough_share=frame["fips"].isin(BOROUGHS))


def flag_illinois(frame: pd.DataFrame) -> pd.DataFrame:
    """Mark Illinois before 2008, where the file holds little beyond Chicago and a few large cities."""
    illinois = frame["fips"].str[:2].eq("17") & (frame["year"] < ILLINOIS_COMPLETE)
    return frame.assign(is_illinois_before_2008=illinois)


def blank_uncovered(frame: pd.DataFrame) -> pd.DataFrame:
    """Make counts missing where the coverage indicator is zero: no agency reported, and zero is no count.

    The boroughs are kept: the indicator is zero for some of them in 2008 and 2010 because the one agency is
    filed in another borough, while its total was reported.
    """
    uncovered = (frame["coverage"] == 0) & ~frame["is_borough_share"]
    return frame.assign(**{name: frame[name].mask(uncovered) for name in OFFENSES})


def blank_rape(frame: pd.DataFrame) -> pd.DataFrame:
    """Make rape missing where the FBI calls it not comparable; Chicago's are printed as zero."""
    return frame.assign(rape_legacy=frame["rape_legacy"].mask(rape_not_comparable(frame)))


def blank_september_11(frame: pd.DataFrame) -> pd.DataFrame:
    """Make New York's homicides of 2001 missing: they hold shares of the deaths of 11 September."""
    affected = frame["is_borough_share"] & (frame["year"] == 2001)
    return frame.assign(homicide=frame["homicide"].mask(affected))


def rape_not_comparable(frame: pd.DataFrame) -> pd.Series:
    """Return, by row of ``fips, year``, whether the state's rapes of that year are not comparable."""
    found = pd.Series(False, index=frame.index)
    for state, first, last in RAPE_NOT_COMPARABLE:
        found |= frame["fips"].str[:2].eq(state) & frame["year"].between(first, last)
    return found


def flag_imputed(frame: pd.DataFrame) -> pd.DataFrame:
    """Mark counties with data of which some agency-months are estimates (coverage above 0, below 100)."""
    return frame.assign(is_partly_imputed=(frame["coverage"] > 0) & (frame["coverage"] < 100))


def _decode(content: bytes, where: str) -> pd.DataFrame:
    lines = content.splitlines()
    width = sum(size for _, size, _ in layout())
    wrong = next((i for i, line in enumerate(lines) if len(line) != width), None)
    if wrong is not None or not lines:
        row, length = (wrong or 0) + 1, len(lines[wrong]) if wrong is not None else 0
        raise LayoutError(
            f"A record has {length} characters, not {width}: truncated or another layout.",
            where=f"{where}, line {row}",
            remedy="Get the file again as data/raw/README.md says.",
        )
    table = np.frombuffer(b"".join(lines), dtype="S1").reshape(len(lines), width)
    columns, start = {}, 0
    for name, size, blank_allowed in layout():
        cells = np.ascontiguousarray(table[:, start : start + size]).view(f"S{size}").ravel()
        columns[name] = _numbers(cells, name, blank_allowed, where)
        start += size
    return pd.DataFrame(columns)


def _numbers(cells: np.ndarray, name: str, blank_allowed: bool, where: str) -> np.ndarray:
    text = pd.Series(np.char.decode(cells, "latin-1")).str.strip(" ")
    plain = text.str.fullmatch(_DIGITS)
    values = pd.to_numeric(text.where(plain), errors="coerce").to_numpy(dtype="float64")
    wrong = (~plain & ~((text == "") & blank_allowed)).to_numpy()
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise LayoutError(
            f"Field {name} holds {text.iloc[row]!r}, not a number.",
            where=f"{where}, line {row + 1}",
            remedy="Get the file again as data/raw/README.md says.",
        )
    return values


def _county_code(frame: pd.DataFrame) -> pd.Series:
    code = frame["fips_state"] * 1000 + frame["fips_county"]
    return code.astype("int64").astype("str").str.zfill(5)


def _require_study(frame: pd.DataFrame, year: int, where: str) -> None:
    expected = studies()[year]
    found = {
        "study number": (int(frame["study"].iloc[0]), int(expected["prints"])),
        "part": (int(frame["part"].iloc[0]), 4),
        "number of records": (len(frame), int(expected["records"])),
    }
    for what, (got, wanted) in found.items():
        if got != wanted:
            raise LayoutError(
                f"The {what} is {got}, not the {wanted} of {year}: truncated, or the file of another year.",
                where=where,
                remedy="Get the file again as data/raw/README.md says.",
            )
