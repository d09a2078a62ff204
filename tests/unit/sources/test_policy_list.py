"""The list of dated policies: the committed one, and copies with one thing wrong."""

from __future__ import annotations

import json
import re
import shutil

import pandas as pd
import pytest

from analysis.errors import (
    DuplicateKeyError,
    ImpossibleValueError,
    LayoutError,
    MissingFileError,
    UnknownPlaceError,
)
from analysis.paths import policies_dir
from analysis.sources.policy import companions, dated, readme
from analysis.sources.policy.datapackage import DESCRIPTOR, descriptor, render
from analysis.sources.policy.hosts import HOSTS, publishers, read_hosts, source_of
from analysis.sources.policy.instruments import without_quotations
from analysis.sources.policy.readme import README
from analysis.sources.policy.readme import render as render_readme


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(policies_dir(), tmp_path / "policies")


def spoil(directory, row, **cells):
    """Change cells of one row of the copy and return the name of its file."""
    place = next(p for p in (directory / "rows").glob("*.csv") if f"\n{row}," in p.read_text("utf-8"))
    table = pd.read_csv(place, dtype=str, keep_default_na=False)
    for column, value in cells.items():
        table.loc[table["row"].eq(str(row)), column] = value
    table.to_csv(place, index=False, lineterminator="\n")
    return f"rows/{place.name}"


def a_row(**wanted):
    rows = dated.read_text()
    for column, value in wanted.items():
        rows = rows[rows[column].eq(value)]
    return int(rows["row"].iloc[0])


def test_the_list_has_no_problem_that_stops_it():
    assert not [p for p in dated.problems(dated.read_text()) if p.is_fatal]


def test_every_row_of_the_files_is_read_once():
    lines = sum(len(pd.read_csv(p)) for p in (policies_dir() / "rows").glob("*.csv"))
    rows = dated.read_rows()
    assert len(rows) == lines and rows["row"].tolist() == list(range(2, lines + 2))
    assert (rows["adopted_from"] <= rows["adopted_to"]).all()
    assert rows["ended_to"].notna().sum() == rows["ended"].ne("").sum() > 0
    assert (rows["ended_to"] >= rows["adopted_from"]).where(rows["ended_to"].notna(), True).all()


def test_each_flag_says_what_its_column_says():
    text, rows = dated.read_text(), dated.read_rows()
    for flag in dated.FLAGS:
        assert rows[flag].tolist() == text[flag].eq("yes").tolist()
    bounds = rows[rows["is_upper_bound"]]
    known = bounds["earliest"].str[:4].eq(bounds["adopted"].str[:4])
    assert bounds["is_year_certain"].tolist() == known.tolist() and 0 < known.sum() < len(known)
    assert rows.loc[~rows["is_upper_bound"], "is_year_certain"].all()


def test_no_instrument_carries_the_words_of_others():
    instruments = dated.read_text()["instrument"]
    assert instruments.map(without_quotations).tolist() == instruments.tolist()


SPOILT = [
    ({"adopted": "2015-02-30"}, ImpossibleValueError, "2015-02-30"),
    ({"adopted": ""}, ImpossibleValueError, "is not a date"),
    ({"adopted": "soon"}, ImpossibleValueError, "soon"),
    ({"precision": "decade"}, ImpossibleValueError, "precision"),
    ({"ended": "1961"}, ImpossibleValueError, "before the adoption"),
    ({"ended": "2010-13"}, ImpossibleValueError, "2010-13"),
    ({"earliest": "2026"}, ImpossibleValueError, "lies after adopted"),
    ({"kind": "town"}, ImpossibleValueError, "kind 'town'"),
    ({"policy_type": "welcoming"}, ImpossibleValueError, "welcoming"),
    ({"basis": "rumor"}, ImpossibleValueError, "rumor"),
    ({"confidence": "sure"}, ImpossibleValueError, "sure"),
    ({"is_policy": "TRUE"}, ImpossibleValueError, "is_policy"),
    ({"instrument": ""}, ImpossibleValueError, "instrument"),
    ({"state": "ZZ"}, ImpossibleValueError, "state"),
    ({"state": "KY"}, ImpossibleValueError, "not that of its file"),
    ({"geoid": "224230"}, UnknownPlaceError, "224230"),
    ({"geoid": "0624230"}, UnknownPlaceError, "0624230"),
    ({"geoid": "0299991"}, UnknownPlaceError, "0299991"),
    ({"ori": ""}, UnknownPlaceError, "ori"),
    ({"source_url": ""}, ImpossibleValueError, "source_url"),
    ({"source_url": "https://nobody.example/x"}, ImpossibleValueError, "has no line in source_hosts"),
    ({"source_type": "court"}, ImpossibleValueError, "not what source_hosts.csv says"),
    ({"source_type": "gossip"}, ImpossibleValueError, "gossip"),
    ({"aggregator": "Somebody"}, ImpossibleValueError, "Somebody"),
    ({"primary_source": "none named"}, ImpossibleValueError, "belongs to an aggregator"),
    ({"archived_url": "archive"}, ImpossibleValueError, "is no address"),
]


@pytest.mark.parametrize(("cells", "error", "told"), SPOILT, ids=lambda x: str(x)[:40])
def test_a_spoilt_row_is_refused_with_its_file_and_number(copy, cells, error, told):
    row = a_row(state="AK", kind="city", place="Anchorage")
    file = spoil(copy, row, **cells)
    with pytest.raises(error, match=told) as caught:
        dated.read_rows(copy)
    assert f"{file}, row {row}" in str(caught.value) and "Remedy:" in str(caught.value)


def test_an_agency_serves_one_place_of_the_list(copy):
    fairbanks = a_row(state="AK", place="Fairbanks")
    spoil(
        copy,
        a_row(state="AK", place="Anchorage"),
        ori=dated.read_text().set_index("row").loc[fairbanks, "ori"],
    )
    with pytest.raises(UnknownPlaceError, match=rf"stands for two places .* row {fairbanks}"):
        dated.read_rows(copy)


def test_one_code_has_one_name(copy):
    rows = dated.read_text()
    twice = rows[rows.duplicated(["kind", "geoid"])].iloc[0]
    spoil(copy, twice["row"], place="Elsewhere")
    with pytest.raises(UnknownPlaceError, match=f"row {twice['row']}"):
        dated.read_rows(copy)


def lines_of(copy, state="AK"):
    place = copy / "rows" / f"{state}.csv"
    return place, place.read_text("utf-8").splitlines()


def test_a_deleted_row_shows(copy):
    place, lines = lines_of(copy)
    gone = lines.pop(2).split(",")[0]
    place.write_text("\n".join(lines) + "\n", "utf-8")
    with pytest.raises(ImpossibleValueError, match=f"Row {gone} is gone"):
        dated.read_rows(copy)


@pytest.mark.parametrize("renumber", [False, True])
def test_a_repeated_row_is_refused(copy, renumber):
    place, lines = lines_of(copy)
    number = max(dated.read_text()["row"]) + 1
    again = ",".join([str(number), *lines[1].split(",")[1:]]) if renumber else lines[1]
    place.write_text("\n".join([*lines, again]) + "\n", "utf-8")
    with pytest.raises(DuplicateKeyError, match=str(number) if renumber else "row 2"):
        dated.read_rows(copy)


def test_other_columns_are_refused_by_name(copy):
    place, lines = lines_of(copy)
    place.write_text("\n".join([lines[0].replace("confidence", "certainty"), *lines[1:]]) + "\n", "utf-8")
    with pytest.raises(LayoutError, match=r"missing: \['confidence'\]; unknown: \['certainty'\]"):
        dated.read_rows(copy)


def test_no_list_no_rows(tmp_path):
    with pytest.raises(MissingFileError, match="No list"):
        dated.read_rows(tmp_path)
    with pytest.raises(MissingFileError, match="state_bans"):
        companions.read_state_bans(tmp_path)


def test_the_type_of_a_source_is_its_host_s():
    hosts = publishers(read_hosts())
    assert source_of("https://www.aclu.org/x", hosts).type == "advocacy for"
    sheet = source_of("https://github.com/austinbrian/sheriffs/blob/x", hosts)
    assert (sheet.type, sheet.aggregator) == ("advocacy against", "Center for Immigration Studies")
    assert source_of("https://github.com/somebody/else", hosts) is None
    assert source_of("https://aclu.org.example/x", hosts) is None


def test_a_host_stands_once_and_has_a_known_type(copy):
    with (copy / HOSTS).open("a", encoding="utf-8") as handle:
        handle.write("aclu.org,,press,again,no\n")
    with pytest.raises(LayoutError, match=r"aclu\.org"):
        read_hosts(copy)


def test_the_small_tables_hold_together():
    bans = companions.read_state_bans().set_index("state")
    assert bans.loc["TX", "effective_from"] == pd.Timestamp("2017-09-01")
    assert bans.loc["IN", ["effective_from", "effective_to"]].tolist() == [
        pd.Timestamp("2011-01-01"),
        pd.Timestamp("2011-12-31"),
    ]
    assert pd.isna(bans.loc["MT", "effective_to"])
    assert len(companions.read_undated()) and len(companions.read_refused_votes())


SMALL = [
    (companions.read_state_bans, companions.STATE_BANS, "effective", "2011-6"),
    (companions.read_state_bans, companions.STATE_BANS, "state", "ZZ"),
    (companions.read_undated, companions.UNDATED, "kind", "borough"),
    (companions.read_undated, companions.UNDATED, "geoid", "06"),
    (companions.read_refused_votes, companions.REFUSED, "voted", "2005"),
    (companions.read_refused_votes, companions.REFUSED, "source_type", "rumor"),
    (companions.read_counties_inside, companions.CITY_COUNTIES, "fips", "1001"),
]


@pytest.mark.parametrize(("reader", "name", "column", "value"), SMALL)
def test_spoilt_small_tables_are_refused(copy, reader, name, column, value):
    table = pd.read_csv(copy / name, dtype=str, keep_default_na=False)
    table.loc[1, column] = value
    table.to_csv(copy / name, index=False)
    with pytest.raises((ImpossibleValueError, UnknownPlaceError), match=f"{name}, row 3"):
        reader(copy)


def test_a_line_twice_is_refused(copy):
    place = copy / companions.CITY_COUNTIES
    place.write_text(place.read_text("utf-8") + place.read_text("utf-8").splitlines()[1] + "\n", "utf-8")
    with pytest.raises(DuplicateKeyError, match="repeats row 2"):
        companions.read_counties_inside(copy)


@pytest.mark.raw
def test_the_counties_inside_cities_are_those_of_the_published_table():
    from analysis.sources.county.city_counties import read_city_counties

    pd.testing.assert_frame_equal(companions.read_counties_inside(), read_city_counties(), check_dtype=False)


def test_the_descriptor_is_the_committed_one():
    assert (policies_dir() / DESCRIPTOR).read_text("utf-8") == render()


def test_frictionless_finds_the_package_valid_and_a_spoilt_one_not(copy):
    frictionless = pytest.importorskip("frictionless")
    report = frictionless.validate(str(copy / DESCRIPTOR))
    assert report.valid and report.stats["tasks"] == len(descriptor()["resources"])
    spoil(copy, max(dated.read_text()["row"]), confidence="sure")
    again = frictionless.validate(str(copy / DESCRIPTOR))
    assert not again.valid and "constraint-error" in {kind for (kind,) in again.flatten(["type"])}


def test_a_column_nobody_defined_has_no_descriptor(copy):
    place = copy / companions.STATE_BANS
    place.write_text(place.read_text("utf-8").replace("law", "statute", 1), "utf-8")
    with pytest.raises(LayoutError, match="state_bans"):
        json.dumps(descriptor(copy))


def test_the_counts_of_the_readme_are_the_list_s():
    text = (policies_dir() / README).read_text("utf-8")
    rows = dated.read_text()
    assert render_readme(text, rows) == text
    assert render_readme(text, rows.iloc[1:]) != text
    for pattern in readme._COUNTS.values():
        assert len(re.findall(pattern, text, flags=re.MULTILINE)) == 1
