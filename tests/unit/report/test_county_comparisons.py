"""What is expected of an adopting county follows the study's own comparison counties, added up by hand here."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.panels import load
from analysis.studies.places import county_paths
from analysis.studies.staggered_counties.sample import PANELS, county_sample
from analysis.studies.staggered_counties.spec import SPEC


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return county_sample({name: load(name) for name in PANELS}, spec=SPEC).frame


def test_the_expected_rate_is_the_county_s_own_moved_as_its_comparison_counties(frame):
    paths = county_paths(frame)
    periods = sorted(set(frame["year"]))
    by_county = {fips: own.set_index("year") for fips, own in frame.groupby("fips")}
    compared = 0
    for fips, path in paths.groupby("fips"):
        own = by_county[fips]
        cell = frame[
            frame["state"].eq(own["state"].iloc[0])
            & frame["nchs_class_2013"].eq(own["nchs_class_2013"].iloc[0])
            & frame["cohort"].eq(0)
        ]
        names = [f for f, rows in cell.groupby("fips") if sorted(rows["year"]) == periods]
        others = cell[cell["fips"].isin(names)].groupby("year").sum(numeric_only=True)
        assert path["counties"].eq(len(names)).all() and names
        early = own[own.index < own["cohort"].iloc[0]]
        for name in ("violent_without_rape", "property"):
            pooled = others[name] / others["people"]
            level = early[name].sum() / sum(early["people"] * pooled[early.index])
            for row in path.to_dict("records"):
                assert row[name] == pytest.approx(1e5 * level * pooled[row["year"]], rel=1e-12)
                compared += 1
            fitted = sum(path.set_index("year")[name][early.index] * early["people"]) / 1e5
            assert fitted == pytest.approx(early[name].sum(), rel=1e-12), "fits the years before in sum"
    assert compared > 500


def test_only_adopters_have_a_path(frame):
    adopting = set(frame.loc[frame["cohort"].gt(0), "fips"])
    with_path = set(county_paths(frame)["fips"])
    assert with_path < adopting
