"""Every county file, damaged in memory: truncated, a column gone, a key twice, a value that cannot be."""

from __future__ import annotations

import re
from functools import cache

import pandas as pd
import pyreadr
import pytest

from analysis.errors import AnalysisError, DuplicateKeyError, ImpossibleValueError, LayoutError
from analysis.sources import estimated_state
from analysis.sources.census import geography
from analysis.sources.census import population as census_population
from analysis.sources.county import (
    acs as acs_county,
)
from analysis.sources.county import (
    bea,
    county_mean,
    county_rates,
    elections,
    health_rankings,
    laus,
    medsl,
    nchs,
    opportunity_insights,
    saipe,
)
from analysis.sources.county import (
    icpsr as icpsr_county,
)
from analysis.sources.registry.files import locate

pytestmark = pytest.mark.raw


def text(path, **options):
    return pd.read_csv(locate(path), dtype="str", encoding="latin-1", **options)


@cache
def counties():
    return census_population.read_counties()[["fips", "name"]]


BEA = "bea_cainc1/CAINC1_HI_1969_2018.csv"
HEALTH = health_rankings.PATH
#: name: (how to read the frame, parser, key column to repeat, value column, impossible value)
READERS = {
    "county_mean": (
        lambda: text(county_mean.PATH), county_mean.parse, "county_code", "avg_robbery (2002-2014)", "-1"
    ),
    "county_rates": (lambda: text(county_rates.PATH), county_rates.parse, "county", "violent_crime_rate", "-1"),
    "saipe": (lambda: text(saipe.PATH), saipe.parse, "fips", "povertyR", "101"),
    "population": (
        lambda: text(census_population.PATH), census_population.parse_counties, "COUNTY", "POPESTIMATE2015", "0"
    ),
    "acs_2010": (
        lambda: pyreadr.read_r(str(locate(acs_county.COMPLETE)))["county_complete"],
        acs_county.parse_2010, "fips", "hispanic_2010", 101.0,
    ),
    "acs_2015": (lambda: text(acs_county.ACS_2015), acs_county.parse_2015, "CensusId", "Hispanic", "101"),
    "non_citizens": (
        lambda: text(acs_county.NON_CITIZEN), acs_county.parse_non_citizens, "fips", "noncit_pop", "-5"
    ),
    "opportunity": (
        lambda: text(opportunity_insights.CHARACTERISTICS),
        opportunity_insights.parse_characteristics, "county", "share_hisp2000", "1.2",
    ),
    "table_12": (
        lambda: text(opportunity_insights.TABLE_12), opportunity_insights.parse_table_12, "cty",
        "cs_born_foreign", "-2",
    ),
    "medsl": (lambda: text(medsl.PATH), medsl.parse, "fips", "trump16", "-1"),
    "nchs": (lambda: text(nchs.PATH), nchs.parse, "fips_code", "urb.code2013", "7"),
    "elections": (
        lambda: text(elections.path_of(2004)),
        lambda frame, where: elections.parse(frame, 2004, where, counties()), "FIPS", "VOTES_DEM", "-1",
    ),
    "estimated": (
        lambda: text(estimated_state.PATH, keep_default_na=False),
        estimated_state.parse, "state_abbr", "robbery", "-1",
    ),
    "health": (
        lambda: pyreadr.read_r(str(locate(HEALTH)))["countyhealth14"], health_rankings.parse, "FIPS",
        "Violent.crime.Numerator", -1.0,
    ),
    "bea": (
        lambda: text(BEA), lambda frame, where: bea.parse(frame, range(2000, 2018), where), "GeoFIPS", "2005", "-1"
    ),
}  # fmt: skip


@cache
def frame_of(name):
    return READERS[name][0]()


@pytest.mark.parametrize("name", READERS)
def test_the_file_itself_is_read(name):
    assert len(READERS[name][1](frame_of(name).copy(), "file")) > 10


@pytest.mark.parametrize("name", READERS)
def test_a_truncated_file_is_refused(name):
    frame = frame_of(name)
    with pytest.raises(LayoutError, match=r"truncated.*file|Where: file"):
        READERS[name][1](frame.iloc[: len(frame) // 2].copy(), "file")


@pytest.mark.parametrize("name", READERS)
def test_a_missing_column_is_named(name):
    column = READERS[name][3]
    with pytest.raises(LayoutError, match=re.escape(column)):
        READERS[name][1](frame_of(name).drop(columns=column), "file")


@pytest.mark.parametrize("name", READERS)
def test_a_repeated_key_is_refused(name):
    frame, key = frame_of(name).copy(), READERS[name][2]
    first, second = pair(frame, name)
    frame.loc[second] = frame.loc[first]
    with pytest.raises(DuplicateKeyError, match=r"share the key.*Where: file, data row \d+"):
        READERS[name][1](frame, "file")
    assert key in frame


@pytest.mark.parametrize("name", READERS)
def test_an_impossible_value_is_refused_with_its_row(name):
    _, parse, _, column, value = READERS[name]
    frame = frame_of(name).copy()
    frame.loc[pair(frame, name)[0], column] = value
    with pytest.raises(ImpossibleValueError, match=r"outside .*Where: file, data row \d+"):
        parse(frame, "file")


@pytest.mark.parametrize("name", [n for n in READERS if n not in ("acs_2010", "health")])
def test_a_word_for_a_number_is_refused(name):
    frame = frame_of(name).copy()
    frame.loc[pair(frame, name)[0], READERS[name][3]] = "many"
    with pytest.raises(LayoutError, match=r"'many', not a number.*data row \d+"):
        READERS[name][1](frame, "file")


def pair(frame, name):
    """Two rows that are counties, far enough in for state and national rows to be past."""
    if name == "bea":
        return 4, 7
    return (50, 51) if name != "population" else (2, 3)


def nacjd(year=2012):
    return locate(icpsr_county.path_of(year)).read_bytes()


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        (lambda c: c[: len(c) // 2], LayoutError, "truncated"),
        (lambda c: c[: 98 * 3000], LayoutError, "number of records is 3000, not the 3178"),
        (lambda c: c[:98] + c, LayoutError, "number of records is 3179"),
        (lambda c: c[:98] + c[: 98 * 3177], DuplicateKeyError, "'01001'.*data row 2"),
        (lambda c: c.replace(b"100.0000", b"900.0000", 1), ImpossibleValueError, "coverage is 900"),
        (lambda c: c[:60] + b"-" + c[61:], (LayoutError, ImpossibleValueError), "row 1|line 1"),
    ],
)
def test_a_damaged_nacjd_file_is_refused(damage, error, message):
    with pytest.raises(error, match=message):
        icpsr_county.parse(damage(nacjd()), 2012, "file")


def test_the_file_of_another_year_is_refused():
    with pytest.raises(LayoutError, match="of 2011"):
        icpsr_county.parse(nacjd(2009), 2011, "file")
    with pytest.raises(LayoutError, match="of 2004"):
        icpsr_county.parse(nacjd(2003), 2004, "file")


def test_a_damaged_labor_force_table_is_refused():
    table = locate("bls_laus/2005.txt").read_text("latin-1")
    lines = table.splitlines()
    with pytest.raises(LayoutError, match="truncated"):
        laus.parse("\n".join(lines[:1000]), 2005, "file")
    with pytest.raises(LayoutError, match="3,216 records, fewer than 3,217"):
        laus.parse("\n".join([*lines[:6], *lines[7:]]), 2005, "file")
    with pytest.raises(LayoutError, match="table is of 2005, not 2006"):
        laus.parse(table, 2006, "file")
    with pytest.raises(DuplicateKeyError, match="01001"):
        laus.parse("\n".join([*lines[:7], lines[6], *lines[7:]]), 2005, "file")
    with pytest.raises(ImpossibleValueError, match=r"unemployment_rate is 103\.8"):
        laus.parse(table.replace("   3.8\n", " 103.8\n", 1), 2005, "file")


def test_damaged_shapes_are_refused():
    import geopandas

    shapes = geopandas.read_file(locate(geography.PATH), layer="counties", engine="pyogrio")
    with pytest.raises(LayoutError, match="3230 shapes"):
        geography.parse(shapes.iloc[1:], "counties", "file")
    emptied = shapes.copy()
    emptied.loc[0, "geometry"] = emptied.loc[emptied["id"] == "51610", "geometry"].iloc[0]
    with pytest.raises(LayoutError, match=r"'04015'.*are empty"):
        geography.parse(emptied, "counties", "file")


def test_every_error_is_one_a_user_can_act_on():
    with pytest.raises(AnalysisError) as caught:
        saipe.parse(frame_of("saipe").iloc[:10], "census_saipe/file.csv")
    assert "census_saipe/file.csv" in str(caught.value) and "Remedy:" in str(caught.value)
