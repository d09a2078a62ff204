"""What the explorer's files hold is what the panels hold, and nothing is lost on the way."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.panels import load
from analysis.report.explorer import cities, counties
from analysis.report.explorer.compact import EncodingError, packed, plain, records, unpacked, write_script
from analysis.report.explorer.write import _as_rows

_NUMBERS = st.lists(st.one_of(st.none(), st.integers(-(10**9), 10**9)), max_size=30)


@given(_NUMBERS)
def test_a_packed_column_comes_back_whole(values):
    assert unpacked(packed(values)) == values


def test_a_number_that_is_not_whole_is_refused_with_its_place():
    with pytest.raises(EncodingError, match=r"2\.5") as error:
        packed([1, 2.5], where="CA0380100 robbery")
    assert "CA0380100 robbery" in str(error.value)


def test_missing_values_of_every_kind_are_missing():
    assert [plain(value) for value in (pd.NA, np.nan, None, np.int64(3), "x")] == [None, None, None, 3, "x"]
    assert records(pd.DataFrame({"a": [1, None], "b": ["x", None]})) == [{"a": 1, "b": "x"}, {}]


def test_a_script_is_json_in_a_call_and_refuses_what_json_cannot_say(tmp_path):
    path = write_script(tmp_path, "name", {"a": [1, None, "ü"]})
    text = path.read_text("utf-8")
    assert json.loads(text.removeprefix('SC.put("name",').removesuffix(");\n")) == {"a": [1, None, "ü"]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_script(tmp_path, "name", {"a": float("nan")})


@pytest.fixture(scope="module")
def vermont() -> tuple[dict, pd.DataFrame]:
    city_year, breaks = load("city_year"), load("series_breaks")
    own = city_year[city_year["state"].isin(["VT", "AK"])]
    return cities.city_shards({"city_year": own, "series_breaks": breaks}), own


def test_every_count_of_every_agency_comes_back(vermont):
    shards, panel = vermont
    compared = 0
    for shard in shards.values():
        for place in shard["places"]:
            own = panel[panel["ori"].eq(place["ori"])].sort_values("year")
            for name, text in zip(shard["names"], place["data"].split(";"), strict=True):
                truth = [None if pd.isna(value) else int(value) for value in own[name]]
                assert (unpacked(text) or [None] * len(own)) == truth, (place["ori"], name)
                compared += len(truth)
    assert compared == len(panel) * len(shards["VT"]["names"])


def test_totals_are_kept_where_they_are_not_the_sum_of_their_parts():
    frame = load("city_year").query("ori == 'CA0380100'").reset_index(drop=True)
    frame.loc[0, "property"] = frame.loc[0, "property"] + 7
    shards = cities.city_shards({"city_year": frame, "series_breaks": load("series_breaks")})
    kept = shards["CA"]["places"][0]["totals"]["property"]
    assert kept == {str(frame.loc[0, "year"]): int(frame.loc[0, "property"])}


def test_rows_of_a_shard_leave_out_names_and_nothing_else(vermont):
    shard = vermont[0]["AK"]
    small = _as_rows(shard)
    for place, row in zip(shard["places"], small["places"], strict=True):
        again = {name: value for name, value in zip(small["fields"], row, strict=False) if value != 0}
        assert again == place


def test_counties_come_back_with_their_pooled_years():
    panels = {name: load(name) for name in ("county_year", "county_2013_2014", "counties")}
    panels["county_year"] = panels["county_year"].query("state == 'DE'")
    shard = counties.county_shards(panels)["DE"]
    assert len(shard["places"]) == panels["county_year"]["fips"].nunique()
    for place in shard["places"]:
        own = panels["county_year"].query("fips == @place['fips']").sort_values("year")
        columns = dict(zip(shard["names"], place["data"].split(";"), strict=True))
        values = unpacked(columns["robbery_imputed"])
        assert values == [int(v) for v in own["robbery_imputed"].dropna()]
        pooled = dict(zip(shard["pooled"], unpacked(place["pooled"]), strict=True))
        truth = panels["county_2013_2014"].set_index("fips").loc[place["fips"]]
        assert pooled["robbery_imputed_2013_2014"] == truth["robbery_imputed_2013_2014"]
