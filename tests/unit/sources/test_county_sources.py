"""Each known defect of the county files, by the function named for it; no raw file needed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.errors import ImpossibleValueError, LayoutError
from analysis.sources import estimated_state
from analysis.sources.census import population as census_population
from analysis.sources.county import (
    acs as acs_county,
)
from analysis.sources.county import (
    bea,
    county_mean,
    county_rates,
    elections,
    laus,
    medsl,
    saipe,
)
from analysis.sources.county import (
    icpsr as icpsr_county,
)
from analysis.sources.county.checks import as_integers, fips5, numbers

OFFENSES = icpsr_county.OFFENSES


def nacjd(**columns):
    base = {"fips": "06075", "year": 2005, "coverage": 100.0, "index": 8, "modified_index": 9}
    rows = max(len(v) for v in columns.values())
    frame = pd.DataFrame({**{k: [v] * rows for k, v in base.items()}, **columns})
    for name in [*OFFENSES, "population_covered", "agencies"]:
        frame[name] = pd.array(columns.get(name, [1] * rows), dtype="Int64")
    return frame


def test_the_record_layout_adds_up_to_97_characters():
    assert sum(width for _, width, _ in icpsr_county.layout()) == 97
    assert [name for name, _, _ in icpsr_county.layout()][-8:] == OFFENSES
    assert list(icpsr_county.studies()) == list(range(2000, 2013))


def test_index_changes_its_meaning_in_2009():
    frame = icpsr_county.split_index(nacjd(year=[2008, 2009], index=[10, 20], modified_index=[11, 21]))
    assert frame["part1_index"].tolist()[0] == 10 and pd.isna(frame["part1_index"].tolist()[1])
    assert frame["violent_index"].tolist()[1] == 20 and pd.isna(frame["violent_index"].tolist()[0])
    assert frame["part1_modified_index"].tolist()[0] == 11 and frame["property_index"].tolist()[1] == 21
    assert not {"index", "modified_index"} & set(frame.columns)


def test_coverage_zero_is_missing_and_never_zero():
    frame = icpsr_county.handle_defects(
        nacjd(fips=["06075", "06001"], coverage=[0.0, 0.0001], robbery=[0, 0])
    )
    assert pd.isna(frame["robbery_imputed"][0]) and pd.isna(frame["arson_imputed"][0])
    assert frame["robbery_imputed"][1] == 0


def test_boroughs_keep_their_share_where_the_indicator_is_zero():
    frame = icpsr_county.handle_defects(nacjd(fips=["36047"], coverage=[0.0], robbery=[6023]))
    assert frame["robbery_imputed"].tolist() == [6023] and frame["is_borough_share"].tolist() == [True]


def test_illinois_before_2008_is_marked():
    frame = icpsr_county.flag_illinois(nacjd(fips=["17031", "17031", "18001"], year=[2007, 2008, 2007]))
    assert frame["is_illinois_before_2008"].tolist() == [True, False, False]


def test_rapes_not_comparable_are_missing_and_so_is_no_other_offense():
    rows = {
        "fips": ["17031", "27053", "27053", "06075"],
        "year": [2012, 2004, 2005, 2005],
        "rape_legacy": [0, 5, 6, 7],
    }
    frame = icpsr_county.handle_defects(nacjd(**rows))
    assert frame["rape_legacy_imputed"].isna().tolist() == [True, False, True, False]
    assert frame["robbery_imputed"].notna().all()


def test_statewide_agencies_and_partial_reporters_are_marked():
    frame = icpsr_county.handle_defects(nacjd(fips=["09999", "01777", "01001"], coverage=[100.0, 50.0, 0.0]))
    assert frame["is_statewide_agency"].tolist() == [True, True, False]
    assert frame["is_partly_imputed"].tolist() == [False, True, False]


def record(**values):
    fields = {
        "study": "9999",
        "edition": "1",
        "part": "4",
        "fips_state": "1",
        "fips_county": "1",
        "coverage": "96.9390",
    }
    cells = [str((fields | values).get(name, "3")).rjust(width) for name, width, _ in icpsr_county.layout()]
    return "".join(cells).encode()


def test_a_record_is_decoded_field_by_field():
    frame = icpsr_county._decode(record(homicide=12, arson=34, population_arrests="") + b"\n", "x")
    assert frame.loc[0, ["homicide", "arson", "coverage"]].tolist() == [12, 34, 96.9390]
    assert np.isnan(frame.loc[0, "population_arrests"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (record()[:-1], "96 characters"),
        (b"", "0 characters"),
        (record(robbery="x"), "robbery holds 'x'"),
        (record(robbery=""), "robbery holds ''"),
        (record() + b"\n" + record()[:50], "line 2"),
    ],
)
def test_a_broken_record_says_where(content, message):
    with pytest.raises(LayoutError, match=message):
        icpsr_county._decode(content, "x.txt")


def test_another_year_is_refused():
    with pytest.raises(LayoutError, match="number of records is 1, not the 3178 of 2012"):
        icpsr_county.parse(record(), 2012, "x.txt")
    with pytest.raises(LayoutError, match="study number is 9999, not the 3451 of 2000"):
        icpsr_county.parse(record(), 2000, "x.txt")
    with pytest.raises(LayoutError, match="No county study of 2013"):
        icpsr_county.path_of(2013)


def two_year(mean_robbery, years=(2002,)):
    means = pd.DataFrame({"fips": ["06075"], **dict.fromkeys(OFFENSES, 2.0)}).assign(robbery=mean_robbery)
    published = nacjd(fips=["06075"] * 11, year=list(range(2002, 2013)))
    return county_mean.sum_2013_2014(means, published)


def test_the_two_year_sum_is_thirteen_means_less_eleven_years():
    sums = two_year(2.0)
    assert sums["robbery"].tolist() == [13 * 2 - 11] and "rape_either" in sums and "rape_legacy" not in sums


@pytest.mark.parametrize("mean", [2.01, 10 / 13, np.nan])
def test_a_two_year_sum_that_is_no_count_is_refused(mean):
    with pytest.raises(ImpossibleValueError, match="not a non-negative whole number"):
        two_year(mean)


def test_quality_three_is_low_coverage_and_missing_stays_missing():
    rates = pd.DataFrame({"kaplan_quality": pd.array([1, 2, 3, None], dtype="Int64")})
    marked = county_rates.flag_low_coverage(rates)["is_low_coverage"]
    assert marked.tolist()[:3] == [False, False, True] and pd.isna(marked[3])


def test_not_available_labor_force_is_missing():
    blank = laus.blank_not_available(pd.Series(["N.A.", "12,345"]))
    assert pd.isna(blank[0]) and numbers(blank, "x", thousands=True).tolist()[1] == 12345.0


def test_a_labor_force_line_that_is_no_record_says_its_number():
    with pytest.raises(LayoutError, match=r"2005\.txt, line 2"):
        laus.parse("heading\nCN01001 broken\nSOURCE:", 2005, "2005.txt")


def test_income_notes_are_dropped_and_must_be_there():
    frame = pd.DataFrame({"LineCode": ["1", None]})
    assert len(bea.drop_notes(frame, "x")) == 1
    with pytest.raises(LayoutError, match="truncated"):
        bea.drop_notes(frame.head(1), "x")


def test_zero_income_and_the_stray_year_are_not_estimates():
    rows = pd.DataFrame(
        {
            "fips": ["15005", "01001", "11001"],
            "year": [2001, 2001, 1996],
            "median_household_income_nominal": [0.0, 40_000.0, 34_436.0],
            "median_household_income_margin": [0.0, 1.0, 1.0],
            "poverty_rate": [0.0, 11.0, 21.9],
        }
    )
    kept = saipe.blank_zero(saipe.drop_stray_year(rows))
    assert kept["year"].tolist() == [2001, 2001]
    assert kept["poverty_rate"].isna().tolist() == [True, False]
    assert kept["median_household_income_nominal"].isna().tolist() == [True, False]


def test_population_codes_get_their_zeros_back():
    rows = pd.DataFrame({"STATE": ["1", "51"], "COUNTY": ["1", "840"]})
    assert census_population.pad_codes(rows, "x").tolist() == ["01001", "51840"]


def test_puerto_rico_is_left_out():
    assert acs_county.drop_puerto_rico(pd.DataFrame({"fips": ["72001", "06075"]}))["fips"].tolist() == [
        "06075"
    ]


def test_kansas_city_is_part_of_jackson_county():
    votes = {name: pd.array([1, 10, 100], dtype="Int64") for name in medsl._VOTES.values()}
    joined = medsl.join_kansas_city(pd.DataFrame({"fips": ["29095", "36000", "01001"], **votes}))
    assert joined["fips"].tolist() == ["29095", "01001"]
    assert joined["democratic_votes_2016"].tolist() == [11, 100]


def test_alaska_votes_by_district_and_are_left_out():
    frame = pd.DataFrame({"STATE_ABBR": ["AK", "CA"], "FIPS": ["02013", "06075"]})
    assert elections.drop_alaska(frame, "STATE_ABBR", "AK")["FIPS"].tolist() == ["06075"]


def test_codes_of_no_votes_and_repeated_counties():
    votes = pd.DataFrame(
        {"fips": ["15005", "26041", "26041", "39123"], "democratic_votes": [-9999.0, 1, 2, 3]}
    )
    kept = elections.blank_no_data(votes)
    assert kept["fips"].tolist() == ["26041", "26041", "39123"]
    assert elections.drop_repeated(kept, 2008)["democratic_votes"].tolist() == [1, 3]
    assert len(elections.drop_repeated(kept, 2012)) == 3
    assert pd.isna(elections.blank_word(pd.Series(["Candidates", "3"]))[0])


def test_state_totals_are_held_against_their_parts():
    counts = {name: [1, 1] for name in estimated_state.COLUMNS} | {"violent": [4, 4], "property": [3, 4]}
    counts |= {"rape_legacy": [1, 9], "year": [2012, 2013]}
    frame = estimated_state.check_parts(pd.DataFrame(counts).astype("Int64"))
    assert frame["parts_match"].tolist() == [True, False]
    assert frame["violent_without_rape_estimated"].tolist() == [3, 3]


def test_caveats_are_kept_and_blank_is_missing():
    kept = estimated_state.keep_caveats(pd.Series(["a\n  b", ""]))
    assert kept[0] == "a b" and pd.isna(kept[1])


def test_checks_name_the_row():
    with pytest.raises(LayoutError, match=r"data row 2.*Remedy|'1a'.*data row 2"):
        fips5(pd.Series(["06075", "1a"]), "x.csv")
    with pytest.raises(LayoutError, match="data row 3"):
        numbers(pd.Series(["1,000", "2", "three"], name="n"), "x.csv", thousands=True)
    with pytest.raises(ImpossibleValueError, match="data row 2"):
        as_integers(pd.DataFrame({"n": [1.0, 1.5]}), ["n"], "x.csv")
