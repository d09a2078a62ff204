"""Votes that cannot be believed are left missing; shifted blocks are found by their totals."""

from __future__ import annotations

import pandas as pd

from analysis.panels.geography.county_votes import better_2012, doubtful, drop_no_votes, vote_shares
from analysis.sources.county.elections import code_by_name, county_key

YEARS = (2000, 2004, 2008, 2012, 2016, 2020)
NAMES = pd.Series(
    {"47107": "McMinn County", "47109": "McNairy County", "47111": "Macon County", "47037": "Davidson"}
)


def votes(**totals):
    rows = [
        (fips, year, total * 0.4, total)
        for fips, series in totals.items()
        for year, total in zip(YEARS, series, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["fips", "year", "democratic_votes", "total_votes"])
    return frame.assign(fips=frame["fips"].str[1:])


def found(frame):
    wrong = frame[doubtful(frame, NAMES)]
    return set(zip(wrong["fips"], wrong["year"], strict=True))


def test_steady_and_growing_counties_are_believed():
    assert found(votes(f47107=[100, 120, 150, 190, 240, 300], f47109=[9, 9, 9, 9, 9, 9])) == set()


def test_a_total_far_from_both_neighbours_is_doubtful():
    assert found(votes(f47107=[100, 100, 300, 100, 100, 100])) == {("47107", 2008)}
    assert found(votes(f47107=[100, 30, 100, 100, 100, 100])) == {("47107", 2004)}


def test_the_last_and_first_years_have_no_second_neighbour():
    assert found(votes(f47107=[900, 100, 100, 100, 100, 900])) == set()


def test_a_share_far_from_both_neighbours_is_doubtful():
    frame = votes(f47107=[100] * 6)
    frame.loc[frame["year"] == 2008, "democratic_votes"] = 70
    assert found(frame) == {("47107", 2008)}


def test_two_doubtful_counties_make_the_block_in_m_doubtful():
    frame = votes(
        f47107=[100, 100, 300, 100, 100, 100],
        f47109=[300, 300, 100, 300, 300, 300],
        f47111=[100, 100, 110, 100, 100, 100],
        f47037=[100, 100, 110, 100, 100, 100],
    )
    assert found(frame) == {("47107", 2008), ("47109", 2008), ("47111", 2008)}


def test_the_order_of_rows_does_not_matter():
    frame = votes(f47107=[100, 100, 300, 100, 100, 100], f47109=[9] * 6)
    shuffled = frame.sample(frac=1, random_state=1)
    assert doubtful(shuffled, NAMES).sort_index().tolist() == doubtful(frame, NAMES).tolist()


def test_of_two_totals_of_2012_the_nearer_is_taken():
    frame = votes(f47107=[100, 100, 100, 180, 100, 100], f47109=[100] * 6)
    other = pd.DataFrame(
        {"fips": ["47107", "47109"], "year": 2012, "democratic_votes": [40, 9], "total_votes": [101, 90]}
    )
    chosen = better_2012(frame, other)
    totals = chosen[chosen["year"] == 2012].set_index("fips")["total_votes"]
    assert totals.to_dict() == {"47107": 101, "47109": 100} and len(chosen) == len(frame)


def test_a_county_without_a_democratic_vote_is_left_out():
    frame = pd.DataFrame({"democratic_votes": [0, 5, 0], "total_votes": [479, 10, 0]})
    assert drop_no_votes(frame)["total_votes"].tolist() == [10]


def test_shares_have_a_column_for_every_election():
    wide = vote_shares(votes(f47107=[100] * 6).query("year != 2008"))
    assert wide["democratic_vote_share_2004"].tolist() == [0.4]
    assert wide["democratic_vote_share_2008"].isna().all() and wide.shape == (1, 7)


def test_2012_is_keyed_by_the_name_printed():
    counties = pd.DataFrame(
        {
            "fips": ["08039", "08041", "51019", "51600", "51059"],
            "name": ["Elbert County", "El Paso County", "Bedford County", "Fairfax city", "Fairfax County"],
        }
    )
    printed = pd.DataFrame(
        {
            "FIPS": ["08039", "08041", "51515", "51600", "51059", "ALD01"],
            "COUNTY_NAME": [
                "El Paso",
                "Elbert",
                "Bedford City",
                "Fairfax City",
                "Fairfax",
                "Legislative District 1",
            ],
        }
    )
    assert code_by_name(printed, counties)["FIPS"].tolist() == [
        "08041",
        "08039",
        "51515",
        "51600",
        "51059",
        "ALD01",
    ]


def test_spellings_of_a_county_have_one_key():
    names = pd.Series(["St. Mary's County", "Saint Marys", "DeKalb", "De Kalb County", "LaSalle Parish"])
    assert county_key(names).tolist() == ["stmarys", "stmarys", "dekalb", "dekalb", "lasalle"]
