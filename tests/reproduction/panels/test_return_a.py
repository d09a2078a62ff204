"""The FBI's own files: known totals, every record accounted for, the same bytes rebuilt, Table 8 explained."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.panels.crime.missing_months import clearance_rates, treat_missing_months
from analysis.panels.crime.return_a import (
    COMPARED,
    KINDS,
    agreement,
    join_return_a,
    last_agreement,
    table8_differences,
    with_aggravated_assault,
)
from analysis.panels.store import load, manifest_of
from analysis.sources.registry.files import family_files, locate
from analysis.sources.return_a import fields, framing, layout, plain, read_agency_months, read_agency_years
from analysis.sources.return_a.decoding import engine, undamaged

FILES = [file.path for file in family_files("fbi_return_a") if file.path.endswith(".zip")]
RECORDS = {
    1960: 8452,
    1961: 8456,
    1962: 7825,
    1963: 8713,
    1964: 9038,
    1965: 9097,
    1966: 9147,
    1967: 9276,
    1968: 9398,
    1969: 9477,
    1970: 9836,
    1971: 10509,
    1972: 11303,
    2013: 22202,
}


@pytest.fixture(scope="module")
def every_year():
    return read_agency_years([locate(path) for path in FILES])


def chunks_of(path):
    return framing.chunks(framing.sources_of(locate(path))[0])


@pytest.mark.raw
def test_every_record_is_read_or_set_aside(every_year):
    ledger = every_year.ledger
    assert dict(zip(sorted(RECORDS), ledger["records"], strict=True)) == RECORDS
    assert (ledger["read"] + ledger["set_aside"] == ledger["records"]).all()
    assert (ledger["bytes"] // (layout.LENGTH + 2)).tolist()[1:] == ledger["records"].tolist()[1:]
    assert len(every_year.frame) == ledger["read"].sum() == sum(RECORDS.values()) - 2
    assert every_year.frame.groupby("source", observed=True)["year"].nunique().eq(1).all()
    # One agency of Alabama has stray bytes in two years.
    assert every_year.damaged["record"].tolist() == [131, 131]
    assert every_year.damaged["reason"].tolist() == [
        "cleared_detail of month 1 cannot be 'K'",
        "cleared_detail of month 6 cannot be '_'",
    ]
    assert ledger["oris_repeated"].sum() == 3


@pytest.mark.raw
def test_known_figures(every_year):
    frame = every_year.frame.set_index(["year", "ori7"])
    assert frame.loc[(1960, "NY03030"), "actual_murder"] == 390
    assert (every_year.frame.query("year == 2013")["months_reported"] == 12).sum() == 15_110
    chicago = frame.loc[(2013, "ILCPD00")]
    assert chicago["months_reported"] == 12 and chicago["months_cleared"] == 0
    assert pd.isna(chicago["cleared_murder"])


@pytest.mark.raw
def test_printed_grand_totals_are_the_sums(every_year):
    """The file checks itself: 14 years, four cards each, and two annual cards of 1964 that do not add up."""
    assert every_year.ledger["cards_not_adding_up"].tolist() == [0, 0, 0, 0, 2, *[0] * 9]


@pytest.mark.raw
@pytest.mark.parametrize("path", [FILES[4], FILES[12], FILES[13]])
def test_records_are_rebuilt_byte_for_byte(path):
    bytes_compared = 0
    for chunk in chunks_of(path):
        block = undamaged(chunk, engine()).block[::3, : layout.LENGTH]
        np.testing.assert_array_equal(fields.join(fields.split(block)), block)
        bytes_compared += block.size
    assert bytes_compared > 20_000_000


@pytest.mark.raw
@pytest.mark.parametrize("path", [FILES[4], FILES[13]])
def test_decoders_agree_on_published_records(path):
    chunk = next(iter(chunks_of(path)))
    fast, slow = engine(), engine("numpy")
    np.testing.assert_array_equal(fast.check(chunk.block), slow.check(chunk.block))
    block = undamaged(chunk, fast).block
    np.testing.assert_array_equal(fast.months(block), slow.months(block))
    odd = (block[:, layout.HEADER :] >= ord("J")).sum(axis=1).argsort(kind="stable")[-120:]
    sample = np.ascontiguousarray(block[np.r_[odd, 0:120]])
    np.testing.assert_array_equal(fast.months(sample), plain.months(sample))
    for got, wanted in zip(fast.totals(sample), plain.totals(sample), strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.raw
def test_months_add_up_to_years(every_year):
    months = read_agency_months(locate(FILES[12]))
    sums = months.frame.groupby("record", sort=True)[layout.count_columns()].sum(min_count=1)
    years = every_year.frame.query("year == 1972").set_index("record")[layout.count_columns()]
    pd.testing.assert_frame_equal(sums, years, check_dtype=False)
    assert months.ledger.equals(every_year.ledger.iloc[[12]].reset_index(drop=True))


@pytest.fixture(scope="module")
def joined():
    return join_return_a(load("city_year"), load("return_a_2013"))


def test_table_8_of_2013_against_the_master_file(joined):
    assert len(joined) == 9276 and joined["in_master"].all()
    table = agreement(joined).set_index("quantity")
    assert (table["compared"] >= 8990).all()
    share = table["share_equal"]
    assert share["population"] >= 0.999 and share["homicide"] >= 0.99 and share["robbery"] >= 0.98
    assert (share[list(COMPARED)] >= 0.84).all()
    unequal = table["compared"] - table["equal"] - table["higher"] - table["lower"]
    assert unequal.max() == 2


def test_every_difference_has_a_kind(joined):
    differences = table8_differences(joined)
    assert set(differences["kind"]) <= set(KINDS) - {"unexplained", "not in the master file"}
    counts = differences["kind"].value_counts()
    assert counts.sum() == len(differences) == 3149
    assert last_agreement(joined) == "2014-05"
    assert differences.query("quantity == 'homicide'")["kind"].value_counts().to_dict() == {
        "updated later than the last agreement": 62,
        "no return in the master file": 2,
    }
    printed = joined["larceny"].notna()
    early = joined["last_updated"].str[:7] <= "2014-05"
    same = joined["larceny"] == joined["larceny_reported"]
    assert (~same[printed & early].fillna(False)).sum() <= 2
    assert early.sum() > 5000


def test_chicago_gets_its_missing_total(joined):
    chicago = joined[joined["ori"] == "ILCPD0000"].iloc[0]
    assert pd.isna(chicago["violent"]) and chicago["months_reported"] == 12
    assert chicago["rape_reported"] > 0 and pd.isna(chicago["homicide_cleared"])


def test_the_panel_is_the_whole_file():
    assert manifest_of("return_a_2013")["rows"] == RECORDS[2013]


@pytest.mark.raw
def test_what_the_treatments_of_missing_months_do(every_year):
    year = every_year.frame.query("year == 2013")
    treated = treat_missing_months(year, ["actual_murder"])
    assert treated["treatment"].value_counts().sum() == RECORDS[2013]
    sums = treated[[f"actual_murder_{rule}" for rule in ("complete", "scaled", "county_file")]].sum()
    assert sums.is_monotonic_increasing and sums.iloc[0] == 13_973
    assault = with_aggravated_assault(year)
    assert assault["actual_aggravated_assault"].isna().sum() == year["actual_assault"].isna().sum()


@pytest.mark.raw
def test_no_file_lies_on_either_side_of_a_policy(every_year):
    """Clearances: 1964-1972 and 2013, so that no agency is seen both before and after an adoption since 2000."""
    rates = clearance_rates(
        every_year.frame.drop_duplicates(["ori7", "year"], keep=False), ["murder", "robbery"]
    )
    seen = rates.groupby("year")["robbery_clearance_rate"].count()
    assert seen[seen > 0].index.tolist() == [*range(1964, 1973), 2013]
    assert (every_year.frame["year"] >= 2000).sum() == RECORDS[2013]
