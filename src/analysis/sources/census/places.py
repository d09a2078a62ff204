"""Readers of the Census Bureau's tables of places: population 2000-2019 and ACS 2015 characteristics.

None of these tables prints a FIPS code. Names stay as printed; `analysis.panels.geography.places` joins them.
"""

from __future__ import annotations

import pandas as pd

from ...errors import DuplicateKeyError, ImpossibleValueError, LayoutError
from ..registry.files import locate
from ..registry.tables import read_table
from ..registry.totals import reader
from ..states import usps_by

INTERCENSAL = "census_population/sub_est00int_places_2000_2010.csv"
POSTCENSAL = "census_population/SUB-IP-EST2019-ANNRES.xlsx"
CITIES_1YR = "census_acs/acs2015_1yr_cities.csv"
#: Place files of ACS 2011-15: path, columns printed, names given here.
ACS_PLACES = {
    "census_acs/MedianHouseholdIncome2015.csv": (["Median Income"], ["income"]),
    "census_acs/PercentagePeopleBelowPovertyLevel.csv": (["poverty_rate"], ["poverty_percent"]),
    "census_acs/PercentOver25CompletedHighSchool.csv": (["percent_completed_hs"], ["high_school_percent"]),
}
RACE_PLACES = "census_acs/ShareRaceByCity.csv"
_RACES = ["white", "black", "native_american", "asian", "hispanic"]
#: Codes of the ACS files that stand for no value.
ACS_MISSING = ("-", "(X)", "")
#: Bounds at which median household income is coded, in dollars.
INCOME_TOP, INCOME_BOTTOM = 250_000.0, 2_500.0

_CITY_COLUMNS = [
    "City",
    "State",
    "Median Age",
    "Male Population",
    "Female Population",
    "Total Population",
    "Number of Veterans",
    "Foreign-born",
    "Average Household Size",
    "State Code",
    "Race",
    "Count",
]


@reader("census.places.read_intercensal_places", INTERCENSAL)
def read_intercensal_places() -> pd.DataFrame:
    """Return the intercensal population of incorporated places, 2000-2010, one row a place.

    Returns
    -------
    pandas.DataFrame
        ``state`` (USPS), ``name`` (without suffix; ``Saint`` spelt out), ``latitude``, ``longitude``
        (degrees), ``population_2000`` ... ``population_2010`` (persons on 1 July). Fifteen pairs of places
        share state and name: the key is state, name and coordinates.

    Raises
    ------
    LayoutError
        If the columns are not those of the published file.
    ImpossibleValueError
        If a population is not a whole number of persons or a coordinate is not on the globe.
    DuplicateKeyError
        If a place occurs twice.
    """
    years = [f"Pop{year}" for year in range(2000, 2011)]
    raw = read_table(INTERCENSAL, blanks=True)
    _columns(raw, ["City", "State", "Lat", "Long", *years], INTERCENSAL)
    table = pd.DataFrame(
        {
            "state": raw["State"],
            "name": raw["City"],
            "latitude": _numbers(raw["Lat"], INTERCENSAL, -90, 90),
            "longitude": _numbers(raw["Long"], INTERCENSAL, -180, 180),
        }
    )
    for printed in years:
        table[f"population_{printed[3:]}"] = _persons(raw[printed], INTERCENSAL)
    return _unique(table, ["state", "name", "latitude", "longitude"], INTERCENSAL)


@reader("census.places.read_postcensal_places", POSTCENSAL)
def read_postcensal_places() -> pd.DataFrame:
    """Return the postcensal population of incorporated places, 2010-2019, one row a row printed.

    Returns
    -------
    pandas.DataFrame
        ``state`` (USPS), ``name`` (with its legal suffix), ``population_2010`` ... ``population_2019``
        (persons on 1 July; estimates of the 2019 vintage). Eleven names occur twice within their state
        because two places bear them.

    Raises
    ------
    LayoutError
        If the sheet's header, or a row before its notes, is not as published.
    ImpossibleValueError
        If a population is not a whole number of persons.
    """
    sheet = pd.read_excel(locate(POSTCENSAL), header=None, engine="calamine")
    header = [str(cell) for cell in sheet.iloc[1]]
    wanted = ["Geographic Area", "Census", "Estimates Base", *(f"{y}.0" for y in range(2010, 2020))]
    if header != wanted:
        raise LayoutError(f"The header reads {header}.", where=f"{POSTCENSAL}, row 2", remedy="Get it again.")
    rows = sheet.iloc[2:]
    rows = rows[rows[3].notna()]
    names = rows[0].str.rsplit(", ", n=1, expand=True)
    table = pd.DataFrame({"state": names[1].map(usps_by("name")), "name": names[0]})
    if table["state"].isna().any():
        unknown = rows.loc[table["state"].isna(), 0].iloc[0]
        raise LayoutError(f"{unknown!r} does not end in a state.", where=POSTCENSAL, remedy="Get it again.")
    for place, year in enumerate(range(2010, 2020), start=3):
        table[f"population_{year}"] = _persons(
            rows[place].astype("string").str.removesuffix(".0"), POSTCENSAL
        )
    return table.reset_index(drop=True)


@reader("census.places.read_acs_places", "census_acs")
def read_acs_places() -> pd.DataFrame:
    """Return income, poverty and schooling of places, ACS 2011-15, one row a place.

    The three files are joined one to one on state and name; a place in some of them only has missing values
    for the rest.

    Returns
    -------
    pandas.DataFrame
        ``state`` (USPS) and ``name`` (key, with suffix), ``income`` (median household income, dollars; the
        bound itself where coded), ``income_coding`` (``exact``, ``top`` for ``250,000+``, ``bottom`` for
        ``2,500-``; missing where no income), ``poverty_percent`` (of persons), ``high_school_percent`` (of
        those over 25). The codes ``-``, ``(X)`` and blank are missing.

    Raises
    ------
    LayoutError
        If the columns of a file are not those published.
    ImpossibleValueError
        If a value is neither a known code nor a number within bounds.
    DuplicateKeyError
        If a place occurs twice in a file.
    """
    joined: pd.DataFrame | None = None
    for path, (printed, given) in ACS_PLACES.items():
        table = _read_acs(path, printed, given)
        joined = table if joined is None else joined.merge(table, how="outer", validate="one_to_one")
    assert joined is not None
    return joined.sort_values(["state", "name"], kind="stable").reset_index(drop=True)


@reader("census.places.read_race_places", RACE_PLACES)
def read_race_places() -> pd.DataFrame:
    """Return race and ethnicity of places, 2010 Census, one row a place.

    The carrier dates the file 2015, but it is older: of the 60 places that are whole counties every one has
    the county's Hispanic and black percentages of the 2010 Census, and its names are those of 2010.

    Returns
    -------
    pandas.DataFrame
        ``state`` (USPS) and ``name`` (key, with suffix), and in percent of persons ``white_percent``,
        ``black_percent``, ``native_american_percent``, ``asian_percent`` (each alone, Hispanic or not),
        ``hispanic_percent``. The code ``(X)`` is missing.

    Raises
    ------
    LayoutError, ImpossibleValueError, DuplicateKeyError
        As `read_acs_places`.
    """
    printed = [f"share_{race}" for race in _RACES]
    table = _read_acs(RACE_PLACES, printed, [f"{race}_percent" for race in _RACES])
    return table.sort_values(["state", "name"], kind="stable").reset_index(drop=True)


@reader("census.places.read_acs_cities", CITIES_1YR)
def read_acs_cities() -> pd.DataFrame:
    """Return ACS 2015 (one-year) totals of cities of 65,000 persons and more, one row a city.

    The file prints a row for each race; what it repeats is checked to be the same and kept once.

    Returns
    -------
    pandas.DataFrame
        ``state`` (USPS) and ``name`` (key), ``population`` (persons), ``foreign_born`` (persons, missing
        where blank).

    Raises
    ------
    LayoutError
        If the columns are not those published, or a city's rows disagree on what they repeat.
    ImpossibleValueError
        If a count is not a whole number, or more persons are foreign-born than live there.
    """
    raw = read_table(CITIES_1YR, sep=";", blanks=True, encoding="utf-8-sig")
    _columns(raw, _CITY_COLUMNS, CITIES_1YR)
    city = raw[["State Code", "City", "Total Population", "Foreign-born"]].drop_duplicates(ignore_index=True)
    city.columns = pd.Index(["state", "name", "population", "foreign_born"])
    if city.duplicated(["state", "name"]).any():
        first = city.loc[city.duplicated(["state", "name"]), ["state", "name"]].iloc[0].to_list()
        raise LayoutError(f"The rows of {first} disagree on what they repeat.", where=CITIES_1YR)
    city["population"] = _persons(city["population"], CITIES_1YR)
    born = city["foreign_born"].where(city["foreign_born"] != "")
    city["foreign_born"] = _persons(born, CITIES_1YR)
    if (city["foreign_born"] > city["population"]).any():
        raise ImpossibleValueError("More foreign-born persons than persons.", where=CITIES_1YR)
    return city.sort_values(["state", "name"], kind="stable").reset_index(drop=True)


def _read_acs(path: str, printed: list[str], given: list[str]) -> pd.DataFrame:
    raw = read_table(path, blanks=True, encoding="latin-1")
    raw.columns = pd.Index([raw.columns[0].title(), *raw.columns[1:]])
    _columns(raw, ["Geographic Area", "City", *printed], path)
    table = pd.DataFrame({"state": raw["Geographic Area"], "name": _ascii(raw["City"].str.strip())})
    for column, name in zip(printed, given, strict=True):
        if name == "income":
            table[name], table["income_coding"] = _incomes(raw[column], path)
        else:
            table[name] = _numbers(_present(raw[column]), path, 0, 100)
    return _unique(table, ["state", "name"], path)


def _ascii(names: pd.Series) -> pd.Series:
    # The files differ in how they garble letters outside ASCII; '_' stands for each, as one of them does.
    return names.str.replace(r"[^\x00-\x7f]", "_", regex=True)


def _present(text: pd.Series) -> pd.Series:
    return text.where(~text.isin(ACS_MISSING))


def _incomes(text: pd.Series, path: str) -> tuple[pd.Series, pd.Series]:
    coding = pd.Series("exact", index=text.index, dtype=object)
    coding[text == "250,000+"], coding[text == "2,500-"] = "top", "bottom"
    coding = coding.mask(_present(text).isna())
    values = _present(text).replace({"250,000+": f"{INCOME_TOP:.0f}", "2,500-": f"{INCOME_BOTTOM:.0f}"})
    return _numbers(values, path, INCOME_BOTTOM, INCOME_TOP), coding


def _numbers(text: pd.Series, path: str, low: float, high: float) -> pd.Series:
    values = pd.to_numeric(text, errors="coerce").astype("float64")
    bad = text.notna() & ~values.between(low, high)
    if bad.any():
        raise ImpossibleValueError(
            f"{text[bad].iloc[0]!r} is not a number between {low} and {high}.",
            where=f"{path}, row {text.index[bad][0] + 2}, column {text.name}",
            remedy="Get the file again.",
        )
    return values


def _persons(text: pd.Series, path: str) -> pd.Series:
    values = _numbers(text, path, 0, 50_000_000)
    if not (values.dropna() % 1 == 0).all():
        raise ImpossibleValueError(f"{text.name} holds a fraction of a person.", where=path)
    return values.astype("Int64")


def _columns(raw: pd.DataFrame, names: list[str], path: str) -> None:
    if list(raw.columns) != names:
        raise LayoutError(
            f"The columns are {list(raw.columns)}, not {names}.", where=path, remedy="Get the file again."
        )


def _unique(table: pd.DataFrame, keys: list[str], path: str) -> pd.DataFrame:
    twice = table.duplicated(keys)
    if twice.any():
        first = table.loc[twice, keys].iloc[0].to_dict()
        raise DuplicateKeyError(f"Two rows share the key {first}.", where=path, remedy="Get the file again.")
    return table
