"""The committed file of decliners without a row is what the panels give, by another computation too."""

from __future__ import annotations

import pandas as pd

from analysis.panels.policies.cohorts import exposure
from analysis.panels.store import load
from analysis.studies.first_stage.leads import committed, leads, write
from analysis.studies.first_stage.spec import SPEC
from analysis.studies.first_stage.study import run


def test_the_file_is_what_the_study_finds():
    """When this fails because the list of policies has grown: python -m analysis.studies.first_stage.leads."""
    pd.testing.assert_frame_equal(committed(), leads(run()))


def test_the_file_is_written_to_the_same_bytes(tmp_path):
    again = write(tmp_path / "again.csv")
    from importlib.resources import files

    assert (
        again.read_bytes()
        == files("analysis.studies.first_stage")
        .joinpath(again.with_name("decliners_without_row.csv").name)
        .read_bytes()
    )


def test_declines_and_absence_from_the_list_are_counted_from_the_panels():
    table = committed().set_index("fips")
    years = load("county_detainers")
    declined = years.groupby("fips")["declined_local"].sum()
    assert (declined.reindex(table.index) == table["declined"]).all()
    named = exposure(load("policies"), load("undated_places"), unit="county").set_index("fips")[
        "exposed_from"
    ]
    assert not named.reindex(table.index).le(2015).fillna(False).any()
    enough = set(declined.index[declined.ge(SPEC.decliner)])
    assert set(table.index) <= enough and table["declined"].is_monotonic_decreasing
